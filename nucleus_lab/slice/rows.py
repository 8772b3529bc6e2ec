"""Rows of answers to values: items with their annotations or predictions, grouped by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.annotation.box_columns import boxes_from_rows, predicted_boxes_from_rows
from nucleus_lab.bulk import collector_paused
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.transport.connection import Connection

Groups = defaultdict[str, list[Any]]
_BOXES = ANNOTATION_TYPES["box"].group


@cache
def _readers(predictions: bool) -> dict[str, Callable[[Iterable[dict[str, Any]]], list[Any]]]:
    """What reads each group key that answers use (``box`` … ``segmentation``)."""
    return {
        kind.group: (kind.prediction if predictions else kind.annotation).from_payloads
        for kind in ANNOTATION_TYPES.values()
    }


def read_groups(payload: Mapping[str, Any], *, predictions: bool = False) -> Groups:
    """Read type-keyed lists of payloads.

    Args:
        payload: Group key to a list of payloads, to one payload, or to ``None``; other keys are
            ignored.
        predictions: Read predictions rather than ground truth.

    Returns:
        Group key to values; a type that is absent reads as ``[]``.
    """
    groups: Groups = defaultdict(list)
    for group, read in _readers(predictions).items():
        rows = payload.get(group)
        if rows:
            groups[group] = read([rows] if isinstance(rows, dict) else rows)
    return groups


def read_row(row: Mapping[str, Any], *, predictions: bool = False) -> dict[str, Any]:
    """Read one row of an export.

    Args:
        row: ``item`` beside the groups.
        predictions: Read predictions rather than ground truth.

    Returns:
        ``item``, and ``annotations`` or ``predictions`` grouped by type.
    """
    return {
        "item": DatasetItem.from_json(row["item"]),
        "predictions" if predictions else "annotations": read_groups(row, predictions=predictions),
    }


def read_rows(
    rows: Iterable[Mapping[str, Any]], *, predictions: bool = False
) -> list[dict[str, Any]]:
    """Read many rows of an export.

    Args:
        rows: As for :func:`read_row`.
        predictions: Read predictions rather than ground truth.

    Returns:
        As :func:`read_row`, in order.
    """
    with collector_paused():
        return [read_row(row, predictions=predictions) for row in rows]


def read_narrow_page(
    answer: Mapping[str, Any], *, predictions: bool = False
) -> list[dict[str, Any]]:
    """Read a page whose plain boxes are bare rows.

    Args:
        answer: ``items``, ``keys``, ``boxes`` and ``labels``.
        predictions: Read predictions rather than ground truth.

    Returns:
        ``item``, and ``annotations`` or ``predictions`` grouped by type, of each item in order.
    """
    name = "predictions" if predictions else "annotations"
    found: list[dict[str, Any]] = []
    owners: dict[int, tuple[str, Callable[[Any], None]]] = {}
    boxes: dict[int, list[Any]] = {}
    for key, row in zip(answer["keys"], answer["items"], strict=True):
        item = DatasetItem.from_json(row["item"])
        groups: Groups = defaultdict(list)
        if len(row) > 1:
            groups = read_groups(row, predictions=predictions)
        own = boxes[key] = groups[_BOXES]
        owners[key] = (row["item"]["reference_id"], own.append)
        found.append({"item": item, name: groups})
    read_boxes = predicted_boxes_from_rows if predictions else boxes_from_rows
    read_boxes(answer["boxes"], owners, dict(answer["labels"]))
    for row, own in zip(found, boxes.values(), strict=True):
        if not own:
            del row[name][_BOXES]  # an absent type reads as ``[]``
    return found


def narrow_pages(
    client: Connection, route: str, page_size: int, *, predictions: bool = False, **extra: Any
) -> Iterator[dict[str, Any]]:
    """Read items with their objects from a route whose plain boxes are bare rows.

    Args:
        client: The connection that asks.
        route: Route of the pages.
        page_size: Items of a page at most.
        predictions: Read predictions rather than ground truth.
        **extra: What else the route wants in each request.

    Yields:
        As :func:`read_narrow_page`.
    """
    answers = pages(client, route, page_size, **extra)
    while True:
        with collector_paused():  # one pause for both: what a page is read from is gone then
            answer = next(answers, None)
            rows = None if answer is None else read_narrow_page(answer, predictions=predictions)
            answer = None
        if rows is None:
            return
        yield from rows


def pages(client: Connection, route: str, page_size: int, **extra: Any) -> Iterator[dict[str, Any]]:
    """Ask for page after page.

    Args:
        client: The connection that asks.
        route: Route of the pages.
        page_size: Rows of a page at most.
        **extra: What else the route wants in each request.

    Yields:
        Each answer.
    """
    token: str | None = None
    while True:
        answer = client.make_request(
            {"pageToken": token, "pageSize": page_size, **extra}, route, "POST"
        )
        token = answer["nextPageToken"]
        yield answer
        if not token:
            return


def paged(
    client: Connection, route: str, page_size: int, *, rows: str, **extra: Any
) -> Iterator[list[Any]]:
    """Ask for page after page.

    Args:
        client: The connection that asks.
        route: Route of the pages.
        page_size: Rows of a page at most.
        rows: Key of the answer that holds the rows.
        **extra: What else the route wants in each request.

    Yields:
        The rows of each page that has any.
    """
    for answer in pages(client, route, page_size, **extra):
        if answer[rows]:
            yield answer[rows]
