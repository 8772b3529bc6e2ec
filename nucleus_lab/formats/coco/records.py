"""The records of a COCO file, decoded straight into typed structs.

A typed decode costs a quarter of a generic one and no dictionaries, and its error names the path
(``$.annotations[17].bbox``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError, MediaError

Number = int | float
Id = int | str


class Rle(msgspec.Struct, gc=False):
    """A run-length mask: ``size`` is height, width; ``counts`` text (compressed) or numbers."""

    size: tuple[int, int]
    counts: str | list[int]


class Picture(msgspec.Struct, gc=False):
    """One entry of ``images``."""

    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None
    license: Id | None = None
    coco_url: str | None = None
    flickr_url: str | None = None
    date_captured: Id | None = None
    split: str | None = None
    metadata: dict[str, Any] | None = None


class Category(msgspec.Struct):
    """One entry of ``categories``; ``skeleton`` counts keypoints from 1."""

    id: int
    name: str
    supercategory: str | None = None
    keypoints: list[str] | None = None
    skeleton: list[tuple[int, int]] | None = None
    isthing: int | bool | None = None


class Entry(msgspec.Struct, gc=False):
    """One entry of ``annotations``, or of a results file (then with ``score`` and no ``id``)."""

    image_id: Id
    category_id: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    id: Id | None = None
    segmentation: list[list[float]] | Rle | None = None
    keypoints: list[float] | None = None
    iscrowd: int | bool = 0
    area: float | None = None
    score: float | None = None
    attributes: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    segments_info: msgspec.Raw | None = None


class BareEntry(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One entry of ``annotations`` that is a box and nothing else, as all of most detection files.

    Read from the same texts as :class:`Entry`, in two thirds of its time and half of its memory;
    what it cannot hold is known to be absent without a look at each.
    """

    image_id: Id
    category_id: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    id: Id | None = None
    area: float | None = None
    iscrowd: Literal[0] = 0
    segmentation: tuple[()] = ()

    keypoints: ClassVar[None] = None
    attributes: ClassVar[None] = None
    metadata: ClassVar[None] = None
    segments_info: ClassVar[None] = None


class Dataset(msgspec.Struct):
    """A whole file."""

    images: list[Picture]
    annotations: list[Entry] = []
    categories: list[Category] = []


class BareDataset(msgspec.Struct):
    """A whole file whose annotations are boxes and nothing else."""

    images: list[Picture]
    annotations: list[BareEntry] = []
    categories: list[Category] = []


_T = TypeVar("_T")


def load(path: Path, kind: type[_T]) -> _T:
    """Decode a file.

    Args:
        path: JSON file.
        kind: What it must hold.

    Returns:
        The records.

    Raises:
        MediaError: The file cannot be read.
        InvalidInputError: It is no JSON, or not of the COCO shape; with file and place.
    """
    return _decoded(_content(path), path, kind)


def load_dataset(path: Path) -> Dataset | BareDataset:
    """Decode a file of pictures and annotations.

    Args:
        path: JSON file.

    Returns:
        The records; bare ones where the file holds boxes alone.

    Raises:
        MediaError: The file cannot be read.
        InvalidInputError: It is no JSON, or not of the COCO shape; with file and place.
    """
    content = _content(path)
    try:
        bare: BareDataset = wire.decoder_of(BareDataset).decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Mostly at the first annotation; faults of the file are told by the full form.
        return _decoded(content, path, Dataset)
    return bare


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as fault:
        raise MediaError(f"{path} cannot be read: {fault.strerror}", path=str(path)) from fault


def _decoded(content: bytes, path: Path, kind: type[_T]) -> _T:
    try:
        found: _T = wire.decoder_of(kind).decode(content)
        return found
    except msgspec.ValidationError as fault:
        raise InvalidInputError(
            f"{path} is not of the COCO form: {fault}. See https://cocodataset.org/#format-data, "
            "or name another format.",
            path=str(path),
        ) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InvalidInputError(
            f"{path} is no valid JSON: {fault}. The file may be cut short; NaN and Infinity are "
            "not allowed either.",
            path=str(path),
        ) from fault
