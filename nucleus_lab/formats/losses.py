"""What a format has no place for beside whole annotations: said after writing, in one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any, Final

from nucleus_lab.columns import Collection

_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Keeps:
    """What a format has a place for; ``None`` stands for all there may be.

    Attributes:
        items: Keys of the metadata of items.
        boxes: Keys of the metadata of boxes.
        shapes: Keys of the metadata of all other annotations.
        typed: Whether numbers and truth values in metadata stay what they are.
        typed_anyway: Keys of which they do where the others become text.
        confidence: Whether predictions keep their confidence.
        skeletons: Whether keypoints keep the edges between them.
    """

    items: Container[str] | None = None
    boxes: Container[str] | None = None
    shapes: Container[str] | None = None
    typed: bool = True
    typed_anyway: Container[str] = ()
    confidence: bool = True
    skeletons: bool = True


def unwritten(collection: Collection, keeps: Keeps, name: str) -> list[str]:
    """Say what of a collection a format has no place for.

    Args:
        collection: What was written.
        keeps: What the format keeps.
        name: Name of the format.

    Returns:
        A sentence for each kind of loss.
    """
    told: list[str] = []
    boxes, others = collection.boxes, collection.others
    shapes = [getattr(value, "metadata", None) for value in others]
    for rows, kept, noun in (
        (collection.items.metadata, keeps.items, "items"),
        (boxes.metadata, keeps.boxes, "boxes"),
        (shapes, keeps.shapes, "annotations other than boxes"),
    ):
        if kept is None:
            continue
        lost = Counter(key for row in rows for key in row or () if key not in kept)
        if lost:
            told.append(f"{name} has no place for metadata of {noun}: {_listed(lost)} left out")
    if not keeps.typed:
        changed = _untyped([*boxes.metadata, *shapes], keeps.typed_anyway)
        if changed:
            told.append(f"{name} keeps metadata as text: {_listed(changed)} come back as text")
    if not keeps.confidence and (
        boxes.confidence or any(getattr(value, "confidence", None) is not None for value in others)
    ):
        told.append(f"{name} has no place for the confidence of predictions: it was left out")
    edges = (
        0 if keeps.skeletons else sum(bool(getattr(value, "skeleton", None)) for value in others)
    )
    if edges:
        told.append(
            f"{name} has no place for the edges between keypoints: those of {edges:,} annotations "
            "were left out"
        )
    return told


def _untyped(rows: Iterable[dict[str, Any] | None], kept: Container[str]) -> Counter[str]:
    return Counter(
        key
        for row in rows
        for key, value in (row or {}).items()
        if not isinstance(value, str) and key not in kept
    )


def _listed(keys: Counter[str]) -> str:
    named = ", ".join(f"{key} ({count:,})" for key, count in keys.most_common(_NAMED))
    rest = len(keys) - _NAMED
    return f"{named} and {rest} more keys" if rest > 0 else named
