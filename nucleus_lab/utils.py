"""Reading raw answers, under the names by which scripts for the published package import it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.slice.rows import read_groups, read_rows


def format_prediction_response(response: Mapping[str, Any]) -> Any:
    """Read an answer that holds the predictions on an item.

    Args:
        response: The answer, with predictions by type under ``annotations``.

    Returns:
        Predictions by type; the answer itself when there are none.
    """
    found = response.get("annotations")
    return dict(read_groups(found, predictions=True)) if found else response


def format_dataset_item_response(response: Mapping[str, Any]) -> dict[str, Any]:
    """Read an answer that holds an item and its annotations.

    Args:
        response: The answer of ``refloc``, ``iloc`` or ``loc``.

    Returns:
        ``item``, and ``annotations`` by type.

    Raises:
        InvalidInputError: One of the two is missing.
    """
    for key in ("annotations", "item"):
        if key not in response:
            raise InvalidInputError(f"the answer has no {key!r}: {sorted(response)}", path=key)
    return {
        "item": DatasetItem.from_json(response["item"]),
        "annotations": dict(read_groups(response["annotations"])),
    }


def convert_export_payload(
    api_payload: Iterable[Mapping[str, Any]], has_predictions: bool = False
) -> list[dict[str, Any]]:
    """Read the rows of an export.

    Args:
        api_payload: What is under ``exportedRows`` or ``data``.
        has_predictions: Whether the rows hold predictions rather than annotations.

    Returns:
        A row an item: ``item``, and ``annotations`` or ``predictions`` by type.
    """
    return read_rows(api_payload, predictions=has_predictions)
