"""The records of a COCO file, decoded straight into typed structs.

A typed decode costs a quarter of a generic one and no dictionaries, and its error names the path
(``$.annotations[17].bbox``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

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


class Dataset(msgspec.Struct):
    """A whole file."""

    images: list[Picture]
    annotations: list[Entry] = []
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
    try:
        text = path.read_bytes()
    except OSError as fault:
        raise MediaError(f"{path} cannot be read: {fault.strerror}", path=str(path)) from fault
    try:
        found: _T = wire.decoder_of(kind).decode(text.removeprefix(b"\xef\xbb\xbf"))
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
