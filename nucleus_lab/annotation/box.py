"""Boxes: axis-aligned rectangles in pixels. The type that comes by the million."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar

import msgspec

from nucleus_lab.annotation.base import (
    Annotation,
    AnnotationType,
    ObjectWire,
    Prediction,
    annotation_type,
    prediction_wire,
)
from nucleus_lab.annotation.payloads import add_score, item_id_of, reading, set_target, shown
from nucleus_lab.annotation.quantity import Coordinate, Size, finite, fraction, size
from nucleus_lab.annotation.rows import UNNAMED, ObjectRow, add_extra, digest, extra_of, json_value
from nucleus_lab.wire import encode

_new = object.__new__


@dataclass(slots=True, init=False)
class BoxAnnotation(Annotation):
    """A box around something in a picture.

    NaN, infinite and negative sizes are refused here. :meth:`from_json` trusts the numbers of a
    payload, since JSON holds no NaN and an upload is validated on arrival.

    Args:
        label: Class name.
        x: Pixels from the left border of the image to the left border of the box.
        y: Pixels from the top border of the image to the top border of the box.
        width: Pixels, 0 or more.
        height: Pixels, 0 or more.
        reference_id: Item that carries the box.
        annotation_id: Unique name on its item; by default made from label, numbers and
            reference id, so that uploading the same box again changes nothing.
        metadata: Anything JSON can hold, by key.
        embedding_vector: Vector of this object; all of a dataset have one length.
        track_reference_id: Name that groups the boxes of one object over several items.

    Raises:
        InvalidInputError: A number is NaN, infinite, or a negative size.

    Example:
        >>> BoxAnnotation("car", 0, 0, 10, 10, "image_1").annotation_id
        'car-0-0-10-10-image_1'
    """

    TYPE: ClassVar[str] = "box"

    label: str
    x: float
    y: float
    width: float
    height: float
    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    embedding_vector: list[float] | None = None
    track_reference_id: str | None = None

    # Written out rather than generated: with the checks in __post_init__ it costs a third more.
    def __init__(  # noqa: PLR0913, PLR0917 - the published signature
        self,
        label: str,
        x: float,
        y: float,
        width: float,
        height: float,
        reference_id: str,
        annotation_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        embedding_vector: list[float] | None = None,
        track_reference_id: str | None = None,
    ) -> None:
        # One sum stands for four checks: it is NaN or infinite if any part is, and it compares to
        # a numpy bool if any part comes from numpy (which starting at 0.0 keeps from overflowing).
        # Whatever fails here is looked at one by one.
        try:
            plain = (
                (-inf < 0.0 + x + y + width + height < inf) is True
                and width >= 0.0
                and height >= 0.0
            )
        except (TypeError, ValueError, OverflowError):  # text, arrays, huge whole numbers
            plain = False
        if not plain:
            x, y = finite(x, "x"), finite(y, "y")
            width, height = size(width, "width"), size(height, "height")
        self.label = label
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.reference_id = reference_id
        # "!s" spares the float formatter: a third less.
        self.annotation_id = (
            f"{label}-{x!s}-{y!s}-{width!s}-{height!s}-{reference_id}"
            if annotation_id is None
            else annotation_id
        )
        self.metadata = {} if metadata is None else metadata
        self.embedding_vector = embedding_vector
        self.track_reference_id = track_reference_id

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> BoxAnnotation:
        """Make a box from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The box.

        Raises:
            InvalidInputError: A key is missing.
        """
        self = _new(cls)
        try:
            geometry = payload["geometry"]
            self.label = payload["label"]
            self.x = geometry["x"]
            self.y = geometry["y"]
            self.width = geometry["width"]
            self.height = geometry["height"]
            self.reference_id = payload["reference_id"]
            self.annotation_id = payload["annotation_id"]
            self.metadata = payload["metadata"]
            self.embedding_vector = payload["embedding_vector"]
            self.track_reference_id = payload["track_reference_id"]
        except (KeyError, TypeError):
            _read_sparse(self, payload)
        if self.annotation_id is None:
            self.annotation_id = _default_id(self)
        if self.metadata is None:
            self.metadata = {}
        return self

    @classmethod
    def from_payloads(cls, payloads: Iterable[dict[str, Any]]) -> list[Any]:
        """Make the boxes that many payloads describe; faster than one by one.

        Args:
            payloads: What :meth:`to_payload` returns.

        Returns:
            One box a payload, in order.
        """
        if cls is not BoxAnnotation:
            return [cls.from_json(payload) for payload in payloads]
        boxes: list[Any] = []
        for payload in payloads:
            box = _new(BoxAnnotation)
            try:
                geometry = payload["geometry"]
                box.label = payload["label"]
                box.x = geometry["x"]
                box.y = geometry["y"]
                box.width = geometry["width"]
                box.height = geometry["height"]
                box.reference_id = payload["reference_id"]
                box.annotation_id = payload["annotation_id"]
                box.metadata = payload["metadata"]
                box.embedding_vector = payload["embedding_vector"]
                box.track_reference_id = payload["track_reference_id"]
            except (KeyError, TypeError):
                _read_sparse(box, payload)
            if box.annotation_id is None or box.metadata is None:
                box = cls.from_json(payload)
            boxes.append(box)
        return boxes

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``label``, ``type``, ``geometry`` and the ids; ``None`` is kept.
        """
        return {
            "label": self.label,
            "type": "box",
            "geometry": {
                "x": self.x,
                "y": self.y,
                "width": self.width,
                "height": self.height,
            },
            "reference_id": self.reference_id,
            "annotation_id": self.annotation_id,
            "metadata": self.metadata,
            "embedding_vector": self.embedding_vector,
            "track_reference_id": self.track_reference_id,
        }


@dataclass(slots=True, init=False)
class BoxPrediction(BoxAnnotation, Prediction):
    """A box that a model predicted.

    Args:
        label: Class name.
        x: Pixels from the left border of the image to the left border of the box.
        y: Pixels from the top border of the image to the top border of the box.
        width: Pixels, 0 or more.
        height: Pixels, 0 or more.
        reference_id: Item that carries the box; may be left out where
            ``dataset_item_id`` is given.
        confidence: 0 to 1.
        annotation_id: Unique name on its item; made like that of a :class:`BoxAnnotation`.
        metadata: Anything JSON can hold, by key.
        class_pdf: Probability of each class, 0 to 1.
        embedding_vector: Vector of this object.
        track_reference_id: Name that groups the boxes of one object over several items.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: A number is NaN, infinite, a negative size, or a confidence outside
            0 to 1.
    """

    confidence: float | None = None
    class_pdf: dict[str, float] | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(  # noqa: PLR0913, PLR0917 - the published signature
        self,
        label: str,
        x: float,
        y: float,
        width: float,
        height: float,
        reference_id: str | None = None,
        confidence: float | None = None,
        annotation_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        class_pdf: dict[str, float] | None = None,
        embedding_vector: list[float] | None = None,
        track_reference_id: str | None = None,
        *,
        dataset_item_id: str | None = None,
        dataset_id: str | None = None,
    ) -> None:
        BoxAnnotation.__init__(
            self,
            label,
            x,
            y,
            width,
            height,
            reference_id,  # type: ignore[arg-type]
            annotation_id,
            metadata,
            embedding_vector,
            track_reference_id,
        )
        if type(confidence) is float and 0.0 <= confidence <= 1.0:
            self.confidence = confidence
        else:
            self.confidence = fraction(confidence, "confidence")
        self.class_pdf = class_pdf
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> BoxPrediction:
        """Make a predicted box from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The box.
        """
        self: Any = BoxAnnotation.from_json.__func__(cls, payload)  # type: ignore[attr-defined]
        self.confidence = payload.get("confidence")
        self.class_pdf = payload.get("class_pdf")
        set_target(self, item_id_of(payload), payload.get("dataset_id"))
        return self  # type: ignore[no-any-return]

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of a box; ``confidence`` and ``class_pdf`` unless they are ``None``.
        """
        return add_score(BoxAnnotation.to_payload(self), self)


def _default_id(box: BoxAnnotation) -> str:
    return f"{box.label}-{box.x!s}-{box.y!s}-{box.width!s}-{box.height!s}-{box.reference_id}"


def _read_sparse(box: BoxAnnotation, payload: dict[str, Any]) -> None:
    """Read a payload that leaves optional keys out; slower than reading a complete one."""
    with reading("box", payload):
        geometry = payload["geometry"]
        box.label = payload.get("label", 0)
        box.x = geometry["x"]
        box.y = geometry["y"]
        box.width = geometry["width"]
        box.height = geometry["height"]
        # Only a prediction can name its item in another way.
        given = payload if type(box) is BoxAnnotation else {"reference_id": None, **payload}
        box.reference_id = given["reference_id"]
        box.annotation_id = payload.get("annotation_id")
        box.metadata = payload.get("metadata")
        box.embedding_vector = payload.get("embedding_vector")
        box.track_reference_id = payload.get("track_reference_id")


class BoxGeometry(msgspec.Struct, gc=False):
    """``geometry`` of a box.

    Attributes:
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Pixels.
        height: Pixels.
    """

    x: Coordinate
    y: Coordinate
    width: Size
    height: Size


class BoxWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="box"):
    """Payload of a box.

    Attributes:
        label: Class name.
        geometry: The four numbers.
        embedding_vector: Vector of this object.
    """

    label: str
    geometry: BoxGeometry
    embedding_vector: list[Coordinate] | None = None  # type: ignore[misc]


def _to_row(wire: Any) -> ObjectRow:
    geometry = wire.geometry
    x, y, width, height = geometry.x, geometry.y, geometry.width, geometry.height
    key = wire.annotation_id
    metadata = wire.metadata
    extra = None
    if key is None:
        key = digest("box", wire.label, [x, y, width, height])
        extra = extra_of(wire, **{UNNAMED: True})
    elif (
        wire.embedding_vector is not None or wire.task_id is not None or wire.class_pdf is not None
    ):
        extra = extra_of(wire)
    return (
        key,
        wire.label,
        None,
        x,
        y,
        width,
        height,
        None,
        encode(metadata).decode() if metadata else None,
        wire.track_reference_id,
        extra,
    )


def _to_payload(
    reference_id: str, row: ObjectRow, confidence: float | None = None
) -> dict[str, Any]:
    key, label, _, x, y, width, height, _, metadata, track, extra_text = row
    extra = json_value(extra_text) if extra_text else None
    payload = {
        "label": label,
        "type": "box",
        "geometry": {"x": x, "y": y, "width": width, "height": height},
        "reference_id": reference_id,
        "annotation_id": key,
        "metadata": json_value(metadata) if metadata else {},
        "embedding_vector": None,
        "track_reference_id": track,
    }
    if extra:
        if extra.get(UNNAMED):
            payload["annotation_id"] = None
        payload["embedding_vector"] = extra.get("embedding_vector")
        add_extra(payload, extra, confidence)
    elif confidence is not None:
        payload["confidence"] = confidence
    return payload


BOX = annotation_type(
    AnnotationType(
        name="box",
        code=1,
        group="box",
        annotation=BoxAnnotation,
        prediction=BoxPrediction,
        geometric=True,
        wire=BoxWire,
        prediction_wire=prediction_wire(BoxWire),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
