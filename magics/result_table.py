"""The rows that a query of objects, matches or scenes shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.slicing import reference_ids_of
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from nucleus_lab import Dataset

_BRIEF = 80


def objects_table(dataset: Dataset, level: str, objects: Sequence[Any], most: int) -> Table:
    """Lay out what a query found.

    Args:
        dataset: The dataset that was asked.
        level: ``annotations``, ``predictions``, ``matches`` or ``scenes``.
        objects: What it found.
        most: Rows at most.

    Returns:
        The table; its elements are the objects.
    """
    first = list(objects[:most])
    note = f"the first {len(first):,} of {len(objects):,}" if len(first) < len(objects) else ""
    if level == "matches":
        items = reference_ids_of(dataset, [each.dataset_item_id for each in first])
        head = ["item", "counts as", "ground truth", "prediction", "IoU"]
        rows = [_match(item, each) for item, each in zip(items, first, strict=True)]
    elif level == "scenes":
        head = ["scene", "kind", "metadata"]
        rows = [(each.reference_id, type(each).__name__, _brief(each.metadata)) for each in first]
    elif level == "predictions":
        head = ["item", "label", "kind", "confidence", "annotation id", "metadata"]
        rows = [_prediction(each) for each in first]
    else:
        head = ["item", "label", "kind", "annotation id", "metadata"]
        rows = [_annotation(each) for each in first]
    return Table(head, rows, first, "nothing matches", note)


def _annotation(each: Any) -> tuple[Any, ...]:
    labels = getattr(each, "labels", None) or getattr(each, "annotations", None) or ()
    names = [str(getattr(one, "label", one)) for one in labels]
    return (
        getattr(each, "reference_id", "") or "",
        getattr(each, "label", None) or ", ".join(names),
        type(each).__name__,
        getattr(each, "annotation_id", "") or "",
        _brief(getattr(each, "metadata", None)),
    )


def _prediction(each: Any) -> tuple[Any, ...]:
    row, confidence = _annotation(each), getattr(each, "confidence", None)
    return (*row[:3], "" if confidence is None else f"{confidence:.3f}", *row[3:])


def _match(item: str, each: Any) -> tuple[Any, ...]:
    paired = each.model_prediction_id is not None and each.ground_truth_annotation_id is not None
    return (
        item,
        str(each.confusion_category),
        each.ground_truth_annotation_label or "",
        each.model_prediction_label or "",
        f"{each.iou:.3f}" if paired else "",
    )


def _brief(metadata: Mapping[str, Any] | None) -> str:
    text = ", ".join(f"{key}: {value}" for key, value in (metadata or {}).items())
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"
