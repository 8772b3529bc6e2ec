"""Many boxes as columns: how the SDK sends them, and how the engine reads them.

A payload a box costs two mappings and two structs before anything is stored. As columns the same
boxes cross the seam as nine lists, which the store takes as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from nucleus_lab.annotation.base import ANNOTATION_TYPES
from nucleus_lab.annotation.box import BoxAnnotation, BoxGeometry, BoxPrediction, BoxWire
from nucleus_lab.annotation.quantity import Coordinate, Fraction, Size
from nucleus_lab.annotation.rows import json_value
from nucleus_lab.errors import InvalidInputError

_COLUMNS: Final = ("reference_id", "label", "annotation_id", "x", "y", "width", "height")
_RARE: Final = {
    BoxAnnotation: ("embedding_vector", "track_reference_id"),
    BoxPrediction: (
        "embedding_vector",
        "track_reference_id",
        "class_pdf",
        "dataset_item_id",
        "dataset_id",
    ),
}
_METADATA: Final = attrgetter("metadata")


def columns_of(boxes: Sequence[Any]) -> dict[str, list[Any]] | None:
    """Return boxes as columns.

    Args:
        boxes: Annotations or predictions.

    Returns:
        The columns; ``None`` when not all are plain boxes with an id, so that each needs a payload
        of its own.
    """
    kinds = set(map(type, boxes))
    kind = kinds.pop() if len(kinds) == 1 else None
    rare = _RARE.get(kind) if kind else None
    if rare is None:
        return None
    for name in rare:
        if list(map(attrgetter(name), boxes)).count(None) < len(boxes):
            return None
    columns = {name: list(map(attrgetter(name), boxes)) for name in _COLUMNS}
    if None in columns["annotation_id"]:
        return None
    metadata = list(map(_METADATA, boxes))
    columns["metadata"] = metadata if any(metadata) else []
    if kind is BoxPrediction:
        columns["confidence"] = [box.confidence for box in boxes]
    return columns


def boxes_from_rows(
    rows: Iterable[Sequence[Any]],
    owners: Mapping[int, tuple[str, Callable[[BoxAnnotation], None]]],
    labels: Mapping[int, str],
) -> None:
    """Make the boxes of many items from bare rows, and hand each to its item.

    Args:
        rows: Key of the item, anything, number of the label, annotation id, x, y, width, height,
            metadata or ``None``, anything.
        owners: By key, the reference id of an item and what takes its boxes.
        labels: Names of the labels.
    """
    new = BoxAnnotation.__new__
    for item, _, label, name, x, y, width, height, metadata, _ in rows:
        box = new(BoxAnnotation)  # what is stored was checked on its way in
        box.label = labels[label]
        box.x = x
        box.y = y
        box.width = width
        box.height = height
        box.reference_id, take = owners[item]
        box.annotation_id = name
        box.metadata = {} if metadata is None else metadata
        box.embedding_vector = None
        box.track_reference_id = None
        take(box)


def predicted_boxes_from_rows(
    rows: Iterable[Sequence[Any]],
    owners: Mapping[int, tuple[str, Callable[[BoxPrediction], None]]],
    labels: Mapping[int, str],
) -> None:
    """Make the predicted boxes of many items from bare rows, and hand each to its item.

    Args:
        rows: As for :func:`boxes_from_rows`, with the confidence at the end.
        owners: By key, the reference id of an item and what takes its boxes.
        labels: Names of the labels.
    """
    new = BoxPrediction.__new__
    for item, _, label, name, x, y, width, height, metadata, confidence in rows:
        box = new(BoxPrediction)  # what is stored was checked on its way in
        box.label = labels[label]
        box.x = x
        box.y = y
        box.width = width
        box.height = height
        box.reference_id, take = owners[item]
        box.annotation_id = name
        box.metadata = {} if metadata is None else metadata
        box.embedding_vector = None
        box.track_reference_id = None
        box.confidence = confidence
        box.class_pdf = None
        box.dataset_item_id = None
        box.dataset_id = None
        take(box)


def box_payloads_from_rows(
    rows: Iterable[tuple[Any, ...]],
    owners: Mapping[int, tuple[str, Callable[[dict[str, Any]], None]]],
    labels: Mapping[int | None, str | None],
) -> None:
    """Make the payloads of many stored boxes, and hand each to its item.

    Args:
        rows: Item, anything, label, annotation id, x, y, width, height, JSON text of the metadata
            and confidence of boxes that have nothing else.
        owners: Reference id of each item, and what takes a payload.
        labels: Names of the labels.
    """
    for item, _, label, name, x, y, width, height, metadata, confidence in rows:
        reference_id, take = owners[item]
        payload = {
            "label": labels[label],
            "type": "box",
            "geometry": {"x": x, "y": y, "width": width, "height": height},
            "reference_id": reference_id,
            "annotation_id": name,
            "metadata": json_value(metadata) if metadata else {},
            "embedding_vector": None,
            "track_reference_id": None,
        }
        if confidence is not None:
            payload["confidence"] = confidence
        take(payload)


class BoxesWire(msgspec.Struct):
    """Plain boxes of known items, one list an attribute, all of one length.

    Attributes:
        reference_id: Items that carry them.
        label: Class names.
        annotation_id: The caller's ids.
        x: Left edges in pixels.
        y: Top edges in pixels.
        width: Pixels.
        height: Pixels.
        metadata: Mappings, ``None`` where empty; an empty list when no box has any.
        confidence: 0 to 1, for predictions; an empty list for ground truth.
    """

    reference_id: list[str]
    label: list[str]
    annotation_id: list[str]
    x: list[Coordinate]
    y: list[Coordinate]
    width: list[Size]
    height: list[Size]
    metadata: list[dict[str, Any] | None] = []
    confidence: list[Fraction | None] = []

    def __len__(self) -> int:
        return len(self.reference_id)

    def check(self) -> None:
        """Hold the lists against each other.

        Raises:
            InvalidInputError: Two differ in length.
        """
        for name in self.__struct_fields__:
            size = len(getattr(self, name))
            if size != len(self) and not (size == 0 and name in {"metadata", "confidence"}):
                raise InvalidInputError(
                    f"boxes.{name} has {size} values and boxes.reference_id has {len(self)}: give "
                    "every column the same number",
                    path=f"boxes.{name}",
                )

    def structs(self, *, scored: bool) -> list[Any]:
        """Return each box as the struct of its payload.

        Args:
            scored: Whether they are predictions.

        Returns:
            What a list of payloads would have been read as.
        """
        kind: Any = ANNOTATION_TYPES["box"].prediction_wire if scored else BoxWire
        found = []
        for at, reference_id in enumerate(self.reference_id):
            more = {"confidence": self.confidence[at]} if scored and self.confidence else {}
            found.append(
                kind(
                    reference_id=reference_id,
                    label=self.label[at],
                    annotation_id=self.annotation_id[at],
                    geometry=BoxGeometry(self.x[at], self.y[at], self.width[at], self.height[at]),
                    metadata=self.metadata[at] if self.metadata else None,
                    **more,
                )
            )
        return found
