"""Cuboids: upright boxes in space, turned about the vertical axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, sin
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
from nucleus_lab.annotation.payloads import (
    add_score,
    reading,
    score_fields,
    set_score,
    set_target,
    shared_fields,
    shown,
)
from nucleus_lab.annotation.points import Corner, Point3D, in_space
from nucleus_lab.annotation.quantity import Coordinate, Size, finite, size
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
class CuboidAnnotation(Annotation):
    """An upright box in a point cloud.

    Args:
        label: Class name.
        position: Centre, in metres.
        dimensions: Length (x), width (y) and height (z), in metres, 0 or more.
        yaw: Turn about the z axis, in radians.
        reference_id: Item (a point cloud) that carries it.
        annotation_id: Unique name on its item; none is made up.
        metadata: Anything JSON can hold, by key.
        track_reference_id: Name that groups the objects of one thing over several items.

    Raises:
        InvalidInputError: A number is not finite or a dimension negative.

    Example:
        >>> car = CuboidAnnotation("car", Point3D(100, 100, 10), Point3D(5, 10, 5), 0, "cloud_1")
        >>> car.to_payload()["geometry"]["yaw"]
        0
    """

    TYPE: ClassVar[str] = "cuboid"

    label: str
    position: Point3D
    dimensions: Point3D
    yaw: float
    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    track_reference_id: str | None = None

    def __post_init__(self) -> None:
        self.metadata = self.metadata or {}
        self.position = in_space(self.position, "position")
        self.dimensions = in_space(self.dimensions, "dimensions")
        self.yaw = finite(self.yaw, "yaw")
        for axis in ("x", "y", "z"):
            size(getattr(self.dimensions, axis), f"dimensions.{axis}")

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> CuboidAnnotation:
        """Make the annotation from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The annotation.
        """
        with reading("cuboid", payload):
            return cls(**_geometry_fields(payload), **shared_fields(payload))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``label``, ``type``, ``geometry``, ``reference_id``; the rest unless it is empty.
        """
        payload: dict[str, Any] = {
            "label": self.label,
            "type": "cuboid",
            "geometry": {
                "position": self.position.to_payload(),
                "dimensions": self.dimensions.to_payload(),
                "yaw": self.yaw,
            },
            "reference_id": self.reference_id,
        }
        _add_given(payload, self.annotation_id, self.metadata, self.track_reference_id)
        return payload


@dataclass(slots=True, init=False)
class CuboidPrediction(CuboidAnnotation, Prediction):
    """An upright box that a model predicted in a point cloud.

    Args:
        label: Class name.
        position: Centre, in metres.
        dimensions: Length (x), width (y) and height (z), in metres, 0 or more.
        yaw: Turn about the z axis, in radians.
        reference_id: Item (a point cloud) that carries it; may be left out where
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
        InvalidInputError: A number is not finite, a dimension negative, or a confidence outside
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
        position: Point3D,
        dimensions: Point3D,
        yaw: float,
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
        CuboidAnnotation.__init__(
            self,
            label,
            position,
            dimensions,
            yaw,
            reference_id,  # type: ignore[arg-type]
            annotation_id,
            metadata,
            track_reference_id,
        )
        set_score(self, confidence, class_pdf)
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> CuboidPrediction:
        """Make the prediction from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The prediction.
        """
        with reading("cuboid", payload):
            return cls(
                **_geometry_fields(payload), **shared_fields(payload), **score_fields(payload)
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation; ``confidence`` and ``class_pdf`` unless they are ``None``.
        """
        return add_score(CuboidAnnotation.to_payload(self), self)


def _add_given(
    payload: dict[str, Any], annotation_id: str | None, metadata: Any, track: str | None
) -> None:
    """Add the keys that a cuboid leaves out when they are empty."""
    if annotation_id:
        payload["annotation_id"] = annotation_id
    if metadata:
        payload["metadata"] = metadata
    if track:
        payload["track_reference_id"] = track


def _geometry_fields(payload: dict[str, Any]) -> dict[str, Any]:
    geometry = payload["geometry"]
    return {
        "position": Point3D.from_json(geometry["position"]),
        "dimensions": Point3D.from_json(geometry["dimensions"]),
        "yaw": geometry["yaw"],
    }


class Dimensions(msgspec.Struct, gc=False):
    """Edges of a cuboid on the wire.

    Attributes:
        x: Length in metres.
        y: Width in metres.
        z: Height in metres.
    """

    x: Size
    y: Size
    z: Size


class CuboidGeometry(msgspec.Struct, gc=False):
    """``geometry`` of a cuboid.

    Attributes:
        position: Centre.
        dimensions: Edges.
        yaw: Radians.
    """

    position: Corner
    dimensions: Dimensions
    yaw: Coordinate


class CuboidWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="cuboid"):
    """Payload of a cuboid.

    Attributes:
        label: Class name.
        geometry: Centre, edges and turn.
    """

    label: str
    geometry: CuboidGeometry


def _to_row(wire: Any) -> ObjectRow:
    geometry = wire.geometry
    position, edges, yaw = geometry.position, geometry.dimensions, geometry.yaw
    key, unnamed = wire.annotation_id, None
    if not key:
        flat = [position.x, position.y, position.z, edges.x, edges.y, edges.z, yaw]
        key = digest("cuboid", wire.label, flat)
        unnamed = True
    # The box around the turned footprint.
    width = abs(edges.x * cos(yaw)) + abs(edges.y * sin(yaw))
    height = abs(edges.x * sin(yaw)) + abs(edges.y * cos(yaw))
    return (
        key,
        wire.label,
        None,
        position.x - width / 2,
        position.y - height / 2,
        width,
        height,
        encode(geometry).decode(),
        json_text(wire.metadata),
        wire.track_reference_id,
        extra_of(wire, **{UNNAMED: unnamed}),
    )


def _to_payload(
    reference_id: str, row: ObjectRow, confidence: float | None = None
) -> dict[str, Any]:
    extra = json_value(row[10]) or {}
    payload: dict[str, Any] = {
        "label": row[1],
        "type": "cuboid",
        "geometry": json_value(row[7]),
        "reference_id": reference_id,
    }
    _add_given(payload, None if extra.get(UNNAMED) else row[0], json_value(row[8]), row[9])
    add_extra(payload, extra, confidence)
    return payload


CUBOID = annotation_type(
    AnnotationType(
        name="cuboid",
        code=5,
        group="cuboid",
        annotation=CuboidAnnotation,
        prediction=CuboidPrediction,
        geometric=True,
        wire=CuboidWire,
        prediction_wire=prediction_wire(CuboidWire),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
