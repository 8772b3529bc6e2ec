"""Segmentation masks: a picture of class or instance numbers over a whole item."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index as whole
from pathlib import Path
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
from nucleus_lab.annotation.payloads import reading
from nucleus_lab.annotation.rows import ObjectRow, add_extra, extra_of, json_value
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local
from nucleus_lab.wire import encode

KEY = "nucleus:mask"
"""Key of every mask: an item has one, whatever its id."""


@dataclass(slots=True)
class Segment:
    """What one pixel value of a mask stands for: a class, or one instance of a class.

    Args:
        label: Class name.
        index: Pixel value, 0 to 255.
        metadata: Anything JSON can hold, by key.

    Raises:
        InvalidInputError: The index is no whole number.
    """

    label: str
    index: int
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        try:
            self.index = int(self.index) if isinstance(self.index, str) else whole(self.index)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"index is {self.index!r}: give the pixel value as a whole number", field="index"
            ) from None

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Segment:
        """Make a segment from its payload.

        Args:
            payload: ``label``, ``index`` and perhaps ``metadata``.

        Returns:
            The segment.
        """
        return cls(payload.get("label", ""), payload["index"], payload.get("metadata"))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``label`` and ``index``; ``metadata`` unless it is ``None``.
        """
        payload: dict[str, Any] = {"label": self.label, "index": self.index}
        if self.metadata is not None:
            payload["metadata"] = self.metadata
        return payload


@dataclass(slots=True)
class SegmentationAnnotation(Annotation):
    """A mask over a whole item, of which an item has at most one.

    Args:
        mask_url: URL or local path of a PNG picture of the item's size, with a class or instance
            number in each pixel.
        annotations: What the numbers stand for.
        reference_id: Item that carries the mask.
        annotation_id: The caller's name of it; given back, and otherwise without effect.

    Raises:
        InvalidInputError: ``mask_url`` is empty.

    Example:
        >>> mask = SegmentationAnnotation("s3://b/m.png", [Segment("road", 1)], "image_2")
        >>> mask.has_local_files_to_upload()
        False
    """

    TYPE: ClassVar[str] = "mask"

    mask_url: str
    annotations: list[Segment]
    reference_id: str
    annotation_id: str | None = None

    def __post_init__(self) -> None:
        if not self.mask_url:
            raise InvalidInputError(
                "mask_url is empty: give the URL or the path of the mask", field="mask_url"
            )

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> SegmentationAnnotation:
        """Make the mask from its payload.

        Args:
            payload: What :meth:`to_payload` returns; the ``type`` is not looked at.

        Returns:
            The mask.

        Raises:
            InvalidInputError: There is no ``mask_url``.
        """
        with reading("segmentation", payload):
            if "mask_url" not in payload:
                raise InvalidInputError(
                    f"a payload of type {payload.get('type')!r} is read as a segmentation, which "
                    f"needs a mask_url; found the keys {sorted(payload)}"
                )
            return cls(
                mask_url=payload["mask_url"],
                annotations=[Segment.from_json(entry) for entry in payload.get("annotations", [])],
                reference_id=payload["reference_id"],
                annotation_id=payload.get("annotation_id"),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``type``, ``mask_url``, ``annotations`` and the ids; ``None`` is kept.
        """
        return {
            "type": "mask",
            "mask_url": self.mask_url,
            "annotations": [segment.to_payload() for segment in self.annotations],
            "annotation_id": self.annotation_id,
            "reference_id": self.reference_id,
        }

    def has_local_files_to_upload(self) -> bool:
        """Say whether the mask is a file on this machine.

        Returns:
            Whether ``mask_url`` is a path.

        Raises:
            FileNotFoundError: It is a path, and there is no such file.
        """
        if not is_local(self.mask_url):
            return False
        if not Path(self.mask_url).is_file():
            raise FileNotFoundError(
                f"the mask {self.mask_url!r} of item {self.reference_id!r} does not exist: give "
                "the path of a PNG file or a URL"
            )
        return True


@dataclass(slots=True)
class SegmentationPrediction(SegmentationAnnotation, Prediction):
    """A mask that a model predicted, of which an item has at most one per model.

    Args:
        mask_url: URL or local path of a PNG picture of the item's size, with a class or instance
            number in each pixel.
        annotations: What the numbers stand for.
        reference_id: Item that carries the mask.
        annotation_id: The caller's name of it; given back, and otherwise without effect.

    Raises:
        InvalidInputError: ``mask_url`` is empty.
    """


class SegmentWire(msgspec.Struct, gc=False):
    """One segment on the wire.

    Attributes:
        label: Class name.
        index: Pixel value; as text too, as the published examples write it.
        metadata: Mapping of anything JSON can hold.
    """

    label: str
    index: Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}$")]
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.index = int(self.index)


class MaskWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="mask"):
    """Payload of a mask.

    Attributes:
        mask_url: URL or path.
        annotations: Its segments.
    """

    mask_url: Annotated[str, msgspec.Meta(min_length=1)]
    annotations: list[SegmentWire] = msgspec.field(default_factory=list)


def _to_row(wire: Any) -> ObjectRow:
    segments = [
        {"label": segment.label, "index": segment.index}
        | ({} if segment.metadata is None else {"metadata": segment.metadata})
        for segment in wire.annotations
    ]
    return (
        KEY,
        None,
        None,
        None,
        None,
        None,
        None,
        encode({"mask_url": wire.mask_url, "annotations": segments}).decode(),
        None,
        None,
        extra_of(wire, annotation_id=wire.annotation_id),
    )


def _to_payload(
    reference_id: str, row: ObjectRow, confidence: float | None = None
) -> dict[str, Any]:
    geometry = json_value(row[7])
    extra = json_value(row[10]) or {}
    payload = {
        "type": "mask",
        "mask_url": geometry["mask_url"],
        "annotations": geometry["annotations"],
        "annotation_id": extra.get("annotation_id"),
        "reference_id": reference_id,
    }
    add_extra(payload, extra, confidence)
    return payload


MASK = annotation_type(
    AnnotationType(
        name="mask",
        code=8,
        group="segmentation",
        annotation=SegmentationAnnotation,
        prediction=SegmentationPrediction,
        geometric=True,
        wire=MaskWire,
        prediction_wire=prediction_wire(MaskWire, scored=False),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
