"""Lines: open chains of points, such as lane markings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec

from nucleus_lab.annotation.base import (
    Annotation,
    AnnotationType,
    ObjectWire,
    Prediction,
    annotation_type,
    prediction_wire,
)
from nucleus_lab.annotation.payloads import (
    add_score,
    reading,
    score_fields,
    set_score,
    set_target,
    shared_fields,
    shown,
)
from nucleus_lab.annotation.points import Point, Vertex, bounds, read_vertices
from nucleus_lab.annotation.rows import (
    UNNAMED,
    ObjectRow,
    add_extra,
    digest,
    extra_of,
    json_text,
    json_value,
)
from nucleus_lab.wire import encode


@dataclass(slots=True)
class LineAnnotation(Annotation):
    """A line through two or more points, not closed and without area.

    Args:
        label: Class name.
        vertices: Points in order; mappings with ``x`` and ``y`` are taken too.
        reference_id: Item that carries it.
        annotation_id: Unique name on its item; none is made up.
        metadata: Anything JSON can hold, by key.
        track_reference_id: Name that groups the objects of one thing over several items.

    Raises:
        InvalidInputError: A vertex is neither a point nor a mapping, or not finite.

    Example:
        >>> LineAnnotation("bus", [Point(1, 1), Point(2, 3), Point(3, 1)], "image_2").vertices[1]
        Point(x=2, y=3)
    """

    TYPE: ClassVar[str] = "line"

    label: str
    vertices: list[Point]
    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    track_reference_id: str | None = None

    def __post_init__(self) -> None:
        self.vertices = read_vertices(self.vertices)
        self.metadata = self.metadata or {}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> LineAnnotation:
        """Make the annotation from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The annotation.
        """
        with reading("line", payload):
            return cls(
                vertices=payload["geometry"]["vertices"],
                **shared_fields(payload),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``label``, ``type``, ``geometry`` and the ids; ``None`` is kept.
        """
        return {
            "label": self.label,
            "type": "line",
            "geometry": {"vertices": [vertex.to_payload() for vertex in self.vertices]},
            "reference_id": self.reference_id,
            "annotation_id": self.annotation_id,
            "metadata": self.metadata,
            "track_reference_id": self.track_reference_id,
        }


@dataclass(slots=True, init=False)
class LinePrediction(LineAnnotation, Prediction):
    """A line that a model predicted.

    Args:
        label: Class name.
        vertices: Points in order; mappings with ``x`` and ``y`` are taken too.
        reference_id: Item that carries it; may be left out where
            ``dataset_item_id`` is given.
        confidence: 0 to 1.
        annotation_id: Unique name on its item; none is made up.
        metadata: Anything JSON can hold, by key.
        class_pdf: Probability of each class, 0 to 1.
        track_reference_id: Name that groups the objects of one thing over several items.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: A vertex is neither a point nor a mapping, or a number is out of range.
    """

    confidence: float | None = None
    class_pdf: dict[str, float] | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(  # noqa: PLR0913 - the published signature
        self,
        label: str,
        vertices: list[Point],
        reference_id: str | None = None,
        confidence: float | None = None,
        annotation_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        class_pdf: dict[str, float] | None = None,
        track_reference_id: str | None = None,
        *,
        dataset_item_id: str | None = None,
        dataset_id: str | None = None,
    ) -> None:
        LineAnnotation.__init__(
            self,
            label,
            vertices,
            reference_id,  # type: ignore[arg-type]
            annotation_id,
            metadata,
            track_reference_id,
        )
        set_score(self, confidence, class_pdf)
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> LinePrediction:
        """Make the prediction from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The prediction.
        """
        with reading("line", payload):
            return cls(
                vertices=payload["geometry"]["vertices"],
                **shared_fields(payload),
                **score_fields(payload),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation; ``confidence`` and ``class_pdf`` unless they are ``None``.
        """
        return add_score(LineAnnotation.to_payload(self), self)


class LineGeometry(msgspec.Struct, gc=False):
    """``geometry`` of a line.

    Attributes:
        vertices: Points in order.
    """

    vertices: Annotated[list[Vertex], msgspec.Meta(min_length=1)]


class LineWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="line"):
    """Payload of a line.

    Attributes:
        label: Class name.
        geometry: The vertices.
    """

    label: str
    geometry: LineGeometry


def _to_row(wire: Any) -> ObjectRow:
    pairs = [(vertex.x, vertex.y) for vertex in wire.geometry.vertices]
    key, unnamed = wire.annotation_id, None
    if key is None:
        key = digest("line", wire.label, [number for pair in pairs for number in pair])
        unnamed = True
    return (
        key,
        wire.label,
        None,
        *bounds(pairs),
        encode(wire.geometry).decode(),
        json_text(wire.metadata),
        wire.track_reference_id,
        extra_of(wire, **{UNNAMED: unnamed}),
    )


def _to_payload(
    reference_id: str, row: ObjectRow, confidence: float | None = None
) -> dict[str, Any]:
    extra = json_value(row[10]) or {}
    payload = {
        "label": row[1],
        "type": "line",
        "geometry": json_value(row[7]),
        "reference_id": reference_id,
        "annotation_id": None if extra.get(UNNAMED) else row[0],
        "metadata": json_value(row[8]) or {},
        "track_reference_id": row[9],
    }
    add_extra(payload, extra, confidence)
    return payload


LINE = annotation_type(
    AnnotationType(
        name="line",
        code=2,
        group="line",
        annotation=LineAnnotation,
        prediction=LinePrediction,
        geometric=True,
        wire=LineWire,
        prediction_wire=prediction_wire(LineWire),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
