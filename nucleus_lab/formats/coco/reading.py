"""Reads COCO datasets: images and boxes as columns, polygons, masks and keypoints as values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain, compress, islice, repeat
from operator import attrgetter, ge, gt, lt
from pathlib import Path
from typing import Any

from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import BoxColumns, Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import ReadOptions
from nucleus_lab.formats.coco import layout
from nucleus_lab.formats.coco.metadata import box_metadata, item_metadata, plain_areas
from nucleus_lab.formats.coco.records import BareEntry, Category, Entry, Id, Picture, load_dataset
from nucleus_lab.formats.coco.shapes import shapes_of
from nucleus_lab.location import is_local

_Entry = Entry | BareEntry

_USUAL = ("https://", "http://")


def _all(entries: Sequence[Any], name: str) -> list[Any]:
    """Read one attribute of many records, at the speed of a built-in loop."""
    return list(map(attrgetter(name), entries))


def _each(entries: Sequence[Any], name: str) -> Iterator[Any]:
    """Read one attribute of record after record, where the first find ends the search."""
    return map(attrgetter(name), entries)


def read_dataset(path: Path, options: ReadOptions) -> Collection:
    """Read a COCO dataset.

    Args:
        path: The JSON file, or the folder above one file or one file for each split.
        options: ``images`` names the folder of the pictures.

    Returns:
        Items named by their path below the folder of the pictures, and their annotations.
    """
    files = layout.chosen(path)
    root = layout.root_of(path, files)
    collection = Collection()
    with collector_paused():
        for file in files:
            split = layout.split_of(file) if len(files) > 1 else ""
            _Reader(file, root, options, collection, split).read()
    twice = pictures.repeated(collection.items.reference_id)
    if twice:
        raise InvalidInputError(
            f"{path} holds the picture {twice[0]!r} more than once"
            f"{f' (and {len(twice) - 1} others)' if len(twice) > 1 else ''}: "
            "every file_name must be named by one entry of images",
            path=str(path),
        )
    return collection


class _Reader:
    """Reads one file into a collection."""

    def __init__(
        self, file: Path, root: Path, options: ReadOptions, collection: Collection, split: str
    ) -> None:
        self.file = file
        self.root = root
        self.options = options
        self.collection = collection
        self.split = split
        self.rising = False  # every annotation has an id, and no two the same
        self.first = len(collection.items)

    def read(self) -> None:
        data = load_dataset(self.file)
        if any(entry.segments_info is not None for entry in data.annotations[:1]):
            raise InvalidInputError(
                f"{self.file} is a panoptic file: name the instances file of the same pictures",
                path=str(self.file),
            )
        self.items(data.images)
        index = by_id(data.images, self.file)
        categories = named(data.categories, self.file)
        entries, owners = self._owned(data.annotations, index, categories)
        self._boxes(entries, owners, categories)
        self._others(entries, owners, categories)

    def items(self, images: Sequence[Picture]) -> None:
        """Read the pictures.

        Args:
            images: The entries of ``images``.
        """
        names = _all(images, "file_name")
        for number, name in enumerate(names):
            if not pictures.is_plain_name(name):
                names[number] = pictures.safe_name(name, f"{self.file}: images[{number}]")
        if self.options.remote:
            self._remote_items(images, names)
            return
        top = self.options.images or self.root
        bases = [top] if self.options.images else layout.picture_folders(self.root, self.file)
        base, missing = pictures.place(names, bases, pictures.Folder(top))
        start = base if self.options.images else _reference_root(base, self.root)
        prefix = "" if base == start else f"{base.relative_to(start).as_posix()}/"
        items = self.collection.items
        items.reference_id += [prefix + name for name in names]
        items.location += [os.path.join(base, name) for name in names]  # noqa: PTH118 - hot
        self.collection.missing += [str(base / name) for name in missing]
        self._item_sizes(images)

    def _remote_items(self, images: Sequence[Picture], names: list[str]) -> None:
        urls = _all(images, "coco_url")
        for number, url in enumerate(urls):
            if not url or (not url.startswith(_USUAL) and is_local(url)):
                raise InvalidInputError(
                    f"{self.file}: images[{number}] has no address in coco_url: "
                    "import with the local pictures, or add the addresses",
                    path=str(self.file),
                )
        self.collection.items.reference_id += names
        self.collection.items.location += urls
        self._item_sizes(images)

    def _item_sizes(self, images: Sequence[Picture]) -> None:
        items = self.collection.items
        widths, heights = _all(images, "width"), _all(images, "height")
        items.width += widths
        items.height += heights
        items.metadata += [item_metadata(image, self.split) for image in images]
        for number, (width, height) in enumerate(zip(widths, heights, strict=True)):
            if (width is not None and width < 1) or (height is not None and height < 1):
                raise InvalidInputError(
                    f"{self.file}: images[{number}] is {width} x {height} pixels: "
                    "both must be 1 or above, or be left out",
                    path=str(self.file),
                )

    def _owned(
        self, entries: Sequence[_Entry], index: dict[Id, int], categories: dict[int, Category]
    ) -> tuple[Sequence[_Entry], list[int]]:
        """Drop entries of unknown pictures or categories; sort the rest by picture."""
        owners = list(map(index.get, _each(entries, "image_id"), repeat(-1)))
        self.rising = _rise(_all(entries, "id"))
        if not self.rising:
            for number, entry in enumerate(entries):
                if entry.id is None:
                    entry.id = f"entry-{number}"
        used = set(_each(entries, "category_id"))
        kept: Sequence[int] = range(len(entries))
        if not used <= categories.keys() or -1 in owners:
            kept = [
                number
                for number, entry in enumerate(entries)
                if self._is_known(number, entry, owners[number], categories)
            ]
        if len(kept) < len(entries) or any(map(gt, owners, islice(owners, 1, None))):
            kept = sorted(kept, key=owners.__getitem__)
            entries = [entries[number] for number in kept]
            owners = [owners[number] for number in kept]
        return entries, owners

    def _is_known(
        self, number: int, entry: _Entry, owner: int, categories: dict[int, Category]
    ) -> bool:
        fault = ""
        if owner < 0:
            fault = f"image_id {entry.image_id!r} is not among the images: correct it"
        elif entry.category_id not in categories:
            fault = f"category_id {entry.category_id} is not among the categories: add the category"
        if fault:
            self.collection.problems.append(f"{self.file.name}: annotations[{number}]: {fault}")
        return not fault

    def _boxes(
        self, entries: Sequence[_Entry], owners: list[int], categories: dict[int, Category]
    ) -> None:
        columns = self.collection.boxes
        items = self.collection.items
        first = self.first
        boxes = _all(entries, "bbox")
        if None in boxes:
            there = [at for at, box in enumerate(boxes) if box is not None]
            entries, owners = [entries[at] for at in there], [owners[at] for at in there]
            boxes = [boxes[at] for at in there]
        widths = [width or 1e9 for width in items.width[first:]]
        heights = [height or 1e9 for height in items.height[first:]]
        numbers: list[float] = list(chain.from_iterable(boxes))
        corners = [numbers[place::4] for place in range(4)]
        if not _all_inside(corners, owners, widths, heights):
            good = [
                w > 0 and h > 0 and x < widths[at] and y < heights[at] and x + w > 0 and y + h > 0
                for at, (x, y, w, h) in zip(owners, boxes, strict=True)
            ]
            for at, entry, fits in zip(owners, entries, good, strict=True):
                if not fits:
                    self._bad_box(entry, items.width[first + at], items.height[first + at])
            entries, owners = list(compress(entries, good)), list(compress(owners, good))
            corners = [list(compress(values, good)) for values in corners]
        names = {number: category.name for number, category in categories.items()}
        columns.item += [first + at for at in owners] if first else owners
        columns.label += map(names.__getitem__, _each(entries, "category_id"))
        columns.annotation_id += map(format, _each(entries, "id"))  # as str does, a third sooner
        if entries:
            xs, ys, ws, hs = corners
            columns.x += xs
            columns.y += ys
            columns.width += ws
            columns.height += hs
            # Nearly all files have nothing else about a box, which is told faster for all at once.
            bare = isinstance(entries[0], BareEntry) or (
                not any(_each(entries, "iscrowd"))
                and all(
                    _all(entries, name).count(None) == len(entries)
                    for name in ("attributes", "metadata")
                )
            )
            bare = bare and plain_areas(_all(entries, "area"), ws, hs)
            columns.metadata += [None] * len(entries) if bare else map(box_metadata, entries)
        if not self.rising:
            self._repeated_ids(columns, len(entries))

    def _bad_box(self, entry: _Entry, width: int | None, height: int | None) -> None:
        box = entry.bbox or (0.0, 0.0, 0.0, 0.0)
        if 0 in box[2:] and getattr(entry, "keypoints", None):
            return  # keypoints on one line enclose nothing: they are read, and there is no box
        fault = (
            f"a box of {box[2]:g} x {box[3]:g} pixels: width and height must be above 0"
            if not (box[2] > 0 and box[3] > 0)
            else f"a box outside its picture of {width} x {height} pixels"
        )
        self.collection.problems.append(
            f"{self.file.name}: annotation {entry.id} of image {entry.image_id} has {fault} "
            f"(bbox {list(box)}): correct or remove it"
        )

    def _repeated_ids(self, columns: BoxColumns, added: int) -> None:
        """Leave out boxes whose id an earlier box of the same picture has."""
        start = len(columns) - added
        if len(set(columns.annotation_id[start:])) == added:
            return
        seen: set[tuple[int, str]] = set()
        again = []
        for at in range(start, len(columns)):
            key = (columns.item[at], columns.annotation_id[at])
            if key in seen:
                again.append(at)
            seen.add(key)
        for at in reversed(again):
            self.collection.problems.append(
                f"{self.file.name}: annotation {columns.annotation_id[at]} occurs twice on "
                f"{self.collection.items.reference_id[columns.item[at]]}: give each its own id"
            )
            for name in columns.__slots__:
                column = getattr(columns, name)
                if column:
                    del column[at]

    def _others(
        self, entries: Sequence[_Entry], owners: list[int], categories: dict[int, Category]
    ) -> None:
        if not entries or isinstance(entries[0], BareEntry):
            return
        if not any(_each(entries, "segmentation")) and not any(_each(entries, "keypoints")):
            return
        references = self.collection.items.reference_id
        seen: set[tuple[int, str]] = set()
        for owner, entry in zip(owners, entries, strict=True):
            if not entry.segmentation and not entry.keypoints:
                continue
            where = f"{self.file.name}: annotation {entry.id} of image {entry.image_id}"
            category = categories[entry.category_id]  # type: ignore[index]
            try:
                values = shapes_of(entry, category, references[self.first + owner], where)
            except InvalidInputError as fault:
                text = str(fault)
                self.collection.problems.append(text if where in text else f"{where}: {text}")
                continue
            for value in values:
                key = (owner, value.annotation_id)
                if key in seen:
                    self.collection.problems.append(f"{where} repeats the id of an earlier one")
                else:
                    seen.add(key)
                    self.collection.others.append(value)


def _rise(ids: Sequence[Id | None]) -> bool:
    """Tell whether each id is above the one before: then none is missing, and no two are alike."""
    try:
        return None not in ids[:1] and all(map(lt, ids, islice(ids, 1, None)))  # type: ignore[arg-type]
    except TypeError:  # one is missing, or texts stand among numbers
        return False


def _all_inside(
    corners: Sequence[Sequence[float]],
    owners: Sequence[int],
    widths: Sequence[float],
    heights: Sequence[float],
) -> bool:
    """Tell whether every box has a size and meets its picture; else a closer look is due."""
    if not owners:
        return True
    xs, ys, ws, hs = corners
    if min(ws) <= 0 or min(hs) <= 0 or min(xs) < 0 or min(ys) < 0:
        return False
    if max(xs) < min(widths) and max(ys) < min(heights):
        return True  # inside the smallest picture, hence inside each box's own
    return not (
        any(map(ge, xs, map(widths.__getitem__, owners)))
        or any(map(ge, ys, map(heights.__getitem__, owners)))
    )


def _reference_root(base: Path, root: Path) -> Path:
    """The folder that reference ids start from: ``images`` where there is one."""
    images = root / "images"
    if base == images or images in base.parents:
        return images
    return root if base == root or root in base.parents else base


def add_items(
    file: Path,
    root: Path,
    options: ReadOptions,
    collection: Collection,
    split: str,
    images: Sequence[Picture],
) -> None:
    """Read the pictures of a file as items.

    Args:
        file: The annotation file.
        root: The folder that nothing may leave.
        options: ``images`` names the folder of the pictures.
        collection: Takes the items.
        split: Split that the file is named for.
        images: Its pictures.
    """
    _Reader(file, root, options, collection, split).items(images)


def by_id(images: Sequence[Picture], file: Path) -> dict[Id, int]:
    """Number the pictures by their ids.

    Args:
        images: The pictures.
        file: The annotation file.

    Returns:
        Place by id.

    Raises:
        InvalidInputError: Two have one id.
    """
    index = {image.id: number for number, image in enumerate(images)}
    if len(index) < len(images):
        twice = pictures.repeated(str(image.id) for image in images)
        raise InvalidInputError(
            f"{file}: the image id {twice[0]} occurs more than once: every image needs its own",
            path=str(file),
        )
    return index


def named(categories: Sequence[Category], file: Path) -> dict[int, Category]:
    """Find the categories by their ids.

    Args:
        categories: The categories.
        file: The annotation file.

    Returns:
        Category by id.

    Raises:
        InvalidInputError: Two have one id.
    """
    found = {category.id: category for category in categories}
    if len(found) < len(categories):
        twice = pictures.repeated(str(category.id) for category in categories)
        raise InvalidInputError(
            f"{file}: the category id {twice[0]} occurs more than once: each needs its own",
            path=str(file),
        )
    return found
