"""Reads COCO panoptic files: one mask a picture, whose colours number the segments.

The number of a segment is ``red + 256 green + 65536 blue``. Here each segment gets a small number
of its own, and the mask is drawn anew with those when it is uploaded.

Source: https://cocodataset.org/#format-data, section 4, Panoptic Segmentation.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nucleus_lab.annotation import Segment, SegmentationAnnotation
from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import ReadOptions
from nucleus_lab.formats.coco import layout
from nucleus_lab.formats.coco.reading import add_items, by_id, named
from nucleus_lab.formats.coco.records import Category, Id, Picture, load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUMBER: Final = "panoptic_id"
"""Key in the metadata of a segment: its number in the file that it was read from."""

OWN_KEYS: Final = frozenset({NUMBER, "iscrowd", "isthing"})
"""Keys in the metadata of a segment that have a place of their own in a panoptic file."""

_MOST_SEGMENTS: Final = 65_535
_MOST_PIXELS: Final = 200_000_000


class _Part(msgspec.Struct):
    id: int
    category_id: int
    iscrowd: int | bool = 0
    area: float | None = None
    bbox: list[float] | None = None
    attributes: dict[str, Any] | None = None


class _Mask(msgspec.Struct):
    image_id: Id
    file_name: str
    segments_info: list[_Part]


class _Panoptic(msgspec.Struct):
    images: list[Picture]
    annotations: list[_Mask] = []
    categories: list[Category] = []


@dataclass(slots=True)
class PanopticMask(SegmentationAnnotation):
    """A mask whose file numbers its segments by colour.

    Args:
        mask_url: Path of the file with the colours.
        annotations: The segments, numbered from 1.
        reference_id: Item that carries the mask.
        annotation_id: Name of the mask.
        numbers: Number of each segment in the file.
    """

    numbers: tuple[int, ...] = ()

    def content(self) -> bytes:
        """Draw the mask with the indexes of the segments.

        Returns:
            A PNG of one channel.
        """
        import numpy as np
        from PIL import Image

        found = _numbers(Path(self.mask_url))
        order = np.argsort(self.numbers)
        ascending = np.array(self.numbers, np.int64)[order]
        indexes = np.array([segment.index for segment in self.annotations], np.uint16)[order]
        at = np.minimum(np.searchsorted(ascending, found), len(ascending) - 1)
        drawn = np.where(ascending[at] == found, indexes[at], 0)
        drawn = drawn.astype(np.uint8 if len(indexes) < 256 else np.uint16)
        buffer = io.BytesIO()
        Image.fromarray(drawn).save(buffer, "PNG")
        return buffer.getvalue()


def read_panoptic(path: Path, options: ReadOptions) -> Collection:
    """Read a panoptic file and hold its masks against it.

    Args:
        path: The JSON file; the masks lie in the folder of its name beside it, in ``panoptic`` or
            beside it.
        options: ``images`` names the folder of the pictures.

    Returns:
        Items, and a mask for each that has one. The metadata of a segment has its
        ``panoptic_id``, ``iscrowd`` where it is a crowd, ``isthing`` 0 where its category is
        stuff, and what else stands under ``attributes``.

    Raises:
        InvalidInputError: The masks are nowhere, or the file is not of the form.
    """
    collection = Collection()
    with collector_paused():
        data = load(path, _Panoptic)
        index = by_id(data.images, path)
        categories = named(data.categories, path)
        add_items(path, layout.root_of(path, [path]), options, collection, "", data.images)
        names = [
            pictures.safe_name(entry.file_name, f"{path}: annotations[{number}]")
            for number, entry in enumerate(data.annotations)
        ]
        bases = [path.with_suffix(""), path.parent / "panoptic", path.parent]
        base, missing = pictures.place(names, bases, pictures.Folder(path.parent))
        if names and len(missing) == len(names):
            raise InvalidInputError(
                f"{path} names masks such as {names[0]}, and none of them is in "
                f"{', '.join(str(folder) for folder in bases)}: put them into one of these folders",
                path=str(path),
            )
        masked: set[int] = set()
        for entry, name in zip(data.annotations, names, strict=True):
            owner = index.get(entry.image_id, -1)
            fault = _fault(entry, owner, categories, masked)
            mask = None
            if not fault:
                masked.add(owner)
                mask = _mask(entry, base / name, categories, collection, owner)
                fault = _unfit(mask, data.images[owner])
            if fault or mask is None:
                collection.problems.append(f"{path.name}: the mask {name} {fault}")
            else:
                collection.others.append(mask)
    return collection


def _fault(entry: _Mask, owner: int, categories: dict[int, Category], masked: set[int]) -> str:
    if owner < 0:
        return f"has the image_id {entry.image_id!r}, which is not among the images: correct it"
    if owner in masked:
        return f"is a second one of image {entry.image_id}: an item has one mask"
    if not entry.segments_info:
        return "has no segments: add segments_info, or leave the mask out"
    if len(entry.segments_info) > _MOST_SEGMENTS:
        return f"has {len(entry.segments_info)} segments and {_MOST_SEGMENTS} are possible"
    numbers = [part.id for part in entry.segments_info]
    if len(set(numbers)) < len(numbers):
        return "has two segments of one id: give each its own"
    for part in entry.segments_info:
        if part.category_id not in categories:
            return (
                f"has a segment of category_id {part.category_id}, which is not among the "
                "categories: add the category"
            )
    return ""


def _mask(
    entry: _Mask,
    file: Path,
    categories: dict[int, Category],
    collection: Collection,
    owner: int,
) -> PanopticMask:
    segments = []
    for number, part in enumerate(entry.segments_info, 1):
        metadata: dict[str, Any] = {**(part.attributes or {}), NUMBER: part.id}
        if part.iscrowd:
            metadata["iscrowd"] = 1
        if categories[part.category_id].isthing == 0:
            metadata["isthing"] = 0
        segments.append(Segment(categories[part.category_id].name, number, metadata))
    return PanopticMask(
        str(file),
        segments,
        collection.items.reference_id[owner],
        None,
        tuple(part.id for part in entry.segments_info),
    )


def _unfit(mask: PanopticMask, image: Picture) -> str:
    """Say what is wrong with the file of a mask; ``""`` when it fits."""
    import numpy as np

    try:
        found = _numbers(Path(mask.mask_url))
    except MediaError as fault:
        return f"cannot be read: {fault.message}"
    height, width = found.shape
    if image.width and image.height and (width, height) != (image.width, image.height):
        return (
            f"has {width} x {height} pixels and its picture {image.width} x {image.height}: give "
            "a mask of the size of the picture"
        )
    strange = np.setdiff1d(found, (0, *mask.numbers))
    if strange.size:
        return f"has pixels of segment {int(strange[0])}, which segments_info does not list"
    return ""


def _numbers(file: Path) -> NDArray[np.int64]:
    """Read the number of the segment of each pixel."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise MediaError(f"{file} has more than {_MOST_PIXELS:,} pixels", path=str(file))
            colours = np.asarray(picture.convert("RGB"), np.int64)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as fault:
        raise MediaError(f"{file} is no readable picture ({fault})", path=str(file)) from fault
    numbers: NDArray[np.int64] = colours @ np.array([1, 256, 65_536])
    return numbers
