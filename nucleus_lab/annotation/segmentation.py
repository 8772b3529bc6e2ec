"""Segmentation masks: a picture of class or instance numbers over a whole item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

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
    add_target,
    reading,
    reference_id_of,
    set_target,
    shown,
    target_fields,
)
from nucleus_lab.annotation.rows import ObjectRow, add_extra, extra_of, json_value
from nucleus_lab.annotation.segment import Segment, SegmentWire, numbered
from nucleus_lab.bulk import listed
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.location import is_local, written
from nucleus_lab.wire import encode

KEY = "nucleus:mask"
"""Key of every mask: an item has one, whatever its id."""


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
        InvalidInputError: ``mask_url`` is empty, or ``annotations`` is no list of segments.

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
        self.mask_url = written(self.mask_url)
        self.annotations = listed("annotations", self.annotations, "segments")
        for index, entry in enumerate(self.annotations):
            if isinstance(entry, dict):
                self.annotations[index] = Segment.from_json(entry)
            elif not isinstance(entry, Segment):
                raise InvalidInputError(
                    f"annotations[{index}] is {entry!r}: give a Segment, or a mapping with label "
                    "and index",
                    field=f"annotations[{index}]",
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
            return cls(**_fields(payload))

    @classmethod
    def from_rle(
        cls,
        rles: Sequence[Mapping[str, Any]],
        segments: Sequence[Segment | str],
        reference_id: str,
        path: str | Path,
        annotation_id: str | None = None,
        *,
        semantic: bool = False,
    ) -> Self:
        """Make the mask from run-length masks as COCO writes them, and write its picture.

        ::

            rles = [{"size": [480, 640], "counts": "…"}, {"size": [480, 640], "counts": [307200]}]
            mask = SegmentationAnnotation.from_rle(rles, ["car", "car"], "1.jpg", "masks/1.png")

        Where two overlap, the later one is seen.

        Args:
            rles: ``size`` (height, width) and ``counts`` (text, bytes or numbers) of each.
            segments: What each stands for: a label, or a segment with the index to draw. Labels
                are numbered from 1 on: each instance has a number of its own.
            reference_id: Item that carries the mask.
            path: PNG file to write; an older one is replaced.
            annotation_id: The caller's name of the mask.
            semantic: Number the labels by class: equal labels share one number.

        Returns:
            The mask; its ``mask_url`` is the path.

        Raises:
            InvalidInputError: There are more of one than of the other, or a mask is none, of
                another size, or has runs that do not fit it.
        """
        from nucleus_lab.annotation import mask_pictures

        where = f"the mask of item {reference_id!r}"
        if len(rles) != len(segments):
            raise InvalidInputError(
                f"{where} has {len(rles)} run-length masks and {len(segments)} segments: give one "
                "segment a mask"
            )
        drawn = numbered(segments, semantic=semantic)
        pixels = mask_pictures.paint(rles, [segment.index for segment in drawn], where)
        mask_pictures.write(pixels, Path(path))
        named = {segment.index: segment for segment in reversed(drawn)}
        return cls(str(path), [named[key] for key in sorted(named)], reference_id, annotation_id)

    def to_rle(self, picture: bytes | str | Path | None = None) -> list[dict[str, Any]]:
        """Write the segments down in runs, as COCO does.

        ::

            mask.to_rle(dataset.mask_bytes(object_id))

        Args:
            picture: The picture of the mask, or its path; ``None`` where ``mask_url`` is a path.

        Returns:
            ``label``, ``index``, ``metadata``, ``size`` and ``counts`` (compressed) of each
            segment; one without a pixel has runs of background only.

        Raises:
            InvalidInputError: The picture is at a URL and was not given.
            MediaError: The picture is missing, unreadable, or has colours.
        """
        from nucleus_lab.annotation import mask_pictures, run_length

        if picture is None and not is_local(self.mask_url):
            raise InvalidInputError(
                f"the mask {self.mask_url!r} is at a URL: give its picture, as "
                "dataset.mask_bytes(object_id) reads it",
                field="picture",
            )
        given = self.mask_url if picture is None else picture
        try:
            content = given if isinstance(given, bytes) else Path(given).read_bytes()
        except OSError as fault:
            raise MediaError(f"the mask {str(given)!r} cannot be read: {fault}") from fault
        pixels = mask_pictures.read(content, self.mask_url)
        return [
            {**segment.to_payload(), **run_length.encode(pixels == segment.index)}
            for segment in self.annotations
        ]

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
        reference_id: Item that carries the mask; may be left out where ``dataset_item_id`` is
            given.
        annotation_id: The caller's name of it; given back, and otherwise without effect.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: ``mask_url`` is empty, or ``annotations`` is no list of segments.
    """

    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(
        self,
        mask_url: str,
        annotations: list[Segment],
        reference_id: str | None = None,
        annotation_id: str | None = None,
        dataset_item_id: str | None = None,
        *,
        dataset_id: str | None = None,
    ) -> None:
        SegmentationAnnotation.__init__(self, mask_url, annotations, reference_id, annotation_id)  # type: ignore[arg-type]
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> SegmentationPrediction:
        """Make the mask from its payload.

        Args:
            payload: What :meth:`to_payload` returns; the ``type`` is not looked at.

        Returns:
            The mask.
        """
        with reading("segmentation", payload):
            return cls(**_fields(payload), **target_fields(payload))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation, and the ids by which it names its item, if any.
        """
        return add_target(SegmentationAnnotation.to_payload(self), self)


def _fields(payload: dict[str, Any]) -> dict[str, Any]:
    if "mask_url" not in payload:
        raise InvalidInputError(
            f"a payload of type {payload.get('type')!r} is read as a segmentation, which "
            f"needs a mask_url; found the keys {sorted(payload)}"
        )
    return {
        "mask_url": payload["mask_url"],
        "annotations": [Segment.from_json(entry) for entry in payload.get("annotations", [])],
        "reference_id": reference_id_of(payload),
        "annotation_id": payload.get("annotation_id"),
    }


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
