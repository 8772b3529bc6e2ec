"""Results as pandas tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nucleus_lab.magics.refusal import Refused


def item_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Flatten items: one column a metadata key.

    Args:
        rows: What ``Dataset.rows`` returns.

    Returns:
        One mapping an item.
    """
    found = []
    for row in rows:
        flat = {name: row.get(name) for name in ("reference_id", "id", "width", "height")}
        flat["annotations"] = len(row.get("annotations") or ())
        flat["location"] = row.get("location")
        found.append(flat | _under("metadata", row.get("metadata")))
    return found


def object_rows(objects: Iterable[Any]) -> list[dict[str, Any]]:
    """Flatten annotations, predictions, matches or scenes.

    Args:
        objects: The values.

    Returns:
        One mapping each, its geometry as columns such as ``geometry.x``.
    """
    found = []
    for each in objects:
        payload = each.to_payload() if hasattr(each, "to_payload") else _fields(each)
        flat: dict[str, Any] = {}
        for name, value in payload.items():
            if name in {"metadata", "geometry"} and isinstance(value, Mapping):
                flat |= _under(name, value)
            else:
                flat[name] = value
        found.append(flat)
    return found


def data_frame(rows: list[dict[str, Any]]) -> Any:
    """Make a pandas table.

    Args:
        rows: One mapping a row.

    Returns:
        A DataFrame.

    Raises:
        Refused: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as fault:
        raise Refused(
            "--as frame needs pandas, which is not installed here: %pip install pandas, or use "
            "--as items"
        ) from fault
    return pandas.DataFrame(rows)


def _under(name: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {f"{name}.{key}": value for key, value in (values or {}).items()}


def _fields(value: Any) -> dict[str, Any]:
    from dataclasses import fields, is_dataclass

    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(vars(value))
