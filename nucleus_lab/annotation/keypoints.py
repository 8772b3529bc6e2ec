"""Keypoints: named points of one thing, joined by a skeleton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
from nucleus_lab.annotation.points import bounds
from nucleus_lab.annotation.quantity import Coordinate, finite
from nucleus_lab.annotation.rows import (
    UNNAMED,
    ObjectRow,
    add_extra,
    digest,
    extra_of,
    json_text,
    json_value,
)
from nucleus_lab.bulk import listed
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import encode


@dataclass(slots=True)
class Keypoint:
    """A point of a skeleton, which may be hidden.

    Args:
        x: Pixels from the left border; ``None`` only when not visible.
        y: Pixels from the top border; ``None`` only when not visible.
        visible: Whether it can be seen.

    Raises:
        InvalidInputError: It is visible and has no place, or a coordinate is not finite.
    """

    x: float | None = None
    y: float | None = None
    visible: bool = True

    def __post_init__(self) -> None:
        self.x = None if self.x is None else finite(self.x, "x")
        self.y = None if self.y is None else finite(self.y, "y")
        self.visible = bool(self.visible)
        if self.visible and (self.x is None or self.y is None):
            raise InvalidInputError(
                f"a visible keypoint needs x and y, found x={self.x!r} and y={self.y!r}: "
                "give both, or visible=False"
            )

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Keypoint:
        """Make a keypoint from its payload.

        Args:
            payload: ``x``, ``y`` and ``visible``.

        Returns:
            The keypoint.
        """
        return cls(payload.get("x"), payload.get("y"), payload.get("visible", True))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``x``, ``y`` and ``visible``.
        """
        return {"x": self.x, "y": self.y, "visible": self.visible}


def _skeleton_fault(
    count: int, names: Sequence[str], skeleton: Sequence[Sequence[int]] | None
) -> str | None:
    """Say what is wrong with names or skeleton, if anything is."""
    if len(names) != count:
        return f"there are {count} keypoints and {len(names)} names: give one name each"
    if len(set(names)) != len(names):
        repeated = next(name for name in names if list(names).count(name) > 1)
        return f"the keypoint name {repeated!r} is there twice: names must differ"
    for index, segment in enumerate(skeleton or ()):
        if len(segment) != 2:
            return f"skeleton[{index}] is {list(segment)!r}: give two keypoint indexes"
        for end in segment:
            if end != int(end) or not 0 <= end < count:
                return f"skeleton[{index}] names keypoint {end}: there are {count}, from 0"
    return None


@dataclass(slots=True)
class KeypointsAnnotation(Annotation):
    """Named points of one thing, such as the joints of a person.

    Args:
        label: Class name.
        keypoints: The points.
        names: One name for each point, all different.
        skeleton: Pairs of indexes that are joined by a line; ``None`` for none.
        reference_id: Item that carries them.
        annotation_id: Unique name on its item; by default made from label and reference id.
        metadata: Anything JSON can hold, by key.
        track_reference_id: Name that groups the objects of one thing over several items.

    Raises:
        InvalidInputError: Names and points differ in number, a name comes twice, or the skeleton
            names a point that is not there.

    Example:
        >>> points = [Keypoint(100, 100), Keypoint(visible=False)]
        >>> KeypointsAnnotation("face", points, ["nose", "chin"], [[0, 1]], "i").annotation_id
        'face-i-keypoints'
    """

    TYPE: ClassVar[str] = "keypoints"

    label: str
    keypoints: list[Keypoint]
    names: list[str]
    skeleton: list[list[int]] | None
    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    track_reference_id: str | None = None

    def __post_init__(self) -> None:
        self.keypoints = [
            Keypoint.from_json(point) if isinstance(point, dict) else point
            for point in listed("keypoints", self.keypoints, "keypoints")
        ]
        self.names = listed("names", self.names, "texts")
        self.metadata = self.metadata or {}
        for index, point in enumerate(self.keypoints):
            if not isinstance(point, Keypoint):
                raise InvalidInputError(
                    f"keypoints[{index}] is {point!r}: give a Keypoint", field=f"keypoints[{index}]"
                )
        if self.skeleton is not None:
            self.skeleton = [
                [finite(end, "skeleton") for end in listed("skeleton", pair, "pairs of indexes")]
                for pair in listed("skeleton", self.skeleton, "pairs of indexes")
            ]
        fault = _skeleton_fault(len(self.keypoints), self.names, self.skeleton)
        if fault:
            raise InvalidInputError(fault)
        if self.annotation_id is None:
            self.annotation_id = f"{self.label}-{self.reference_id}-keypoints"

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> KeypointsAnnotation:
        """Make the annotation from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The annotation.
        """
        with reading("keypoints", payload):
            return cls(**_geometry_fields(payload), **shared_fields(payload))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``label``, ``type``, ``geometry`` and the ids; ``None`` is kept.
        """
        return {
            "label": self.label,
            "type": "keypoints",
            "geometry": {
                "keypoints": [point.to_payload() for point in self.keypoints],
                "names": self.names,
                "skeleton": self.skeleton,
            },
            "reference_id": self.reference_id,
            "annotation_id": self.annotation_id,
            "metadata": self.metadata,
            "track_reference_id": self.track_reference_id,
        }


@dataclass(slots=True, init=False)
class KeypointsPrediction(KeypointsAnnotation, Prediction):
    """Named points that a model predicted.

    Args:
        label: Class name.
        keypoints: The points.
        names: One name for each point, all different.
        skeleton: Pairs of indexes that are joined by a line; ``None`` for none.
        reference_id: Item that carries them; may be left out where
            ``dataset_item_id`` is given.
        confidence: 0 to 1.
        annotation_id: Unique name on its item; by default made from label and reference id.
        metadata: Anything JSON can hold, by key.
        class_pdf: Probability of each class, 0 to 1.
        track_reference_id: Name that groups the objects of one thing over several items.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: Names, skeleton or a number do not fit.
    """

    confidence: float | None = None
    class_pdf: dict[str, float] | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(  # noqa: PLR0913, PLR0917 - the published signature
        self,
        label: str,
        keypoints: list[Keypoint],
        names: list[str],
        skeleton: list[list[int]] | None,
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
        KeypointsAnnotation.__init__(
            self,
            label,
            keypoints,
            names,
            skeleton,
            reference_id,  # type: ignore[arg-type]
            annotation_id,
            metadata,
            track_reference_id,
        )
        set_score(self, confidence, class_pdf)
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> KeypointsPrediction:
        """Make the prediction from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The prediction.
        """
        with reading("keypoints", payload):
            return cls(
                **_geometry_fields(payload), **shared_fields(payload), **score_fields(payload)
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation; ``confidence`` and ``class_pdf`` unless they are ``None``.
        """
        return add_score(KeypointsAnnotation.to_payload(self), self)


def _geometry_fields(payload: dict[str, Any]) -> dict[str, Any]:
    geometry = payload["geometry"]
    return {
        "keypoints": geometry["keypoints"],
        "names": geometry["names"],
        "skeleton": geometry.get("skeleton"),
    }


class KeypointWire(msgspec.Struct, gc=False):
    """One keypoint on the wire.

    Attributes:
        x: Pixels; ``None`` only when not visible.
        y: Pixels; ``None`` only when not visible.
        visible: Whether it can be seen.
    """

    x: Coordinate | None = None
    y: Coordinate | None = None
    visible: bool = True

    def __post_init__(self) -> None:
        if self.visible and (self.x is None or self.y is None):
            raise ValueError("a visible keypoint needs x and y")


class KeypointsGeometry(msgspec.Struct, gc=False):
    """``geometry`` of keypoints.

    Attributes:
        keypoints: The points.
        names: One name each.
        skeleton: Pairs of indexes.
    """

    keypoints: list[KeypointWire]
    names: list[str]
    skeleton: list[list[int]] | None = None

    def __post_init__(self) -> None:
        fault = _skeleton_fault(len(self.keypoints), self.names, self.skeleton)
        if fault:
            raise ValueError(fault)


class KeypointsWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="keypoints"):
    """Payload of keypoints.

    Attributes:
        label: Class name.
        geometry: Points, names and skeleton.
    """

    label: str
    geometry: KeypointsGeometry


def _to_row(wire: Any) -> ObjectRow:
    geometry = wire.geometry
    points = geometry.keypoints
    key, unnamed = wire.annotation_id, None
    if key is None:
        flat = [number for point in points for number in (point.x, point.y, point.visible)]
        key = digest("keypoints", wire.label, flat, f"{geometry.names}{geometry.skeleton}")
        unnamed = True
    return (
        key,
        wire.label,
        None,
        *bounds((point.x, point.y) for point in points if point.x is not None is not point.y),
        encode(geometry).decode(),
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
        "type": "keypoints",
        "geometry": json_value(row[7]),
        "reference_id": reference_id,
        "annotation_id": None if extra.get(UNNAMED) else row[0],
        "metadata": json_value(row[8]) or {},
        "track_reference_id": row[9],
    }
    add_extra(payload, extra, confidence)
    return payload


KEYPOINTS = annotation_type(
    AnnotationType(
        name="keypoints",
        code=4,
        group="keypoints",
        annotation=KeypointsAnnotation,
        prediction=KeypointsPrediction,
        geometric=True,
        wire=KeypointsWire,
        prediction_wire=prediction_wire(KeypointsWire),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
