"""Reads COCO datasets: images and boxes as columns, polygons, masks and keypoints as values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, repeat
from operator import attrgetter, ge, not_
from pathlib import Path
from typing import Any

from nucleus_lab import wire
from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import BoxColumns, Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import ReadOptions
from nucleus_lab.formats.coco import layout
from nucleus_lab.formats.coco.metadata import boxes_metadata, pictures_metadata
from nucleus_lab.formats.coco.records import BareEntry, Category, Entry, Id, Picture, load_dataset
from nucleus_lab.formats.coco.shapes import shapes_of
from nucleus_lab.location import is_local

_Entry = Entry | BareEntry

_USUAL = ("https://", "http://")


@dataclass(slots=True)
class _Rows:
    """Entries of ``annotations``, with what is read of each more than once as columns.

    Attributes:
        entries: The entries.
        owner: Place of the picture of each among those of the file.
        category: Id of its category.
        id: Its own id; a made one where it has none.
    """

    entries: Sequence[_Entry]
    owner: list[int]
    category: list[int]
    id: list[Id]

    def at(self, places: Sequence[int]) -> _Rows:
        """Pick some of them, in the order given."""
        return _Rows(
            [self.entries[at] for at in places],
            [self.owner[at] for at in places],
            [self.category[at] for at in places],
            [self.id[at] for at in places],
        )


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
        rows = self._owned(data.annotations, index, categories)
        self._boxes(rows, categories)
        self._others(rows, categories)

    def items(self, images: Sequence[Picture]) -> None:
        """Read the pictures.

        Args:
            images: The entries of ``images``.
        """
        names = _all(images, "file_name")
        if not pictures.are_plain_names(names):
            names = [
                pictures.safe_name(name, f"{self.file}: images[{number}]")
                for number, name in enumerate(names)
            ]
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
        if None in urls or not all(map(str.startswith, urls, repeat(_USUAL))):
            for number, url in enumerate(urls):
                if not url or is_local(url):
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
        items.metadata += pictures_metadata(images, self.split)
        if _are_sizes(widths) and _are_sizes(heights):
            return
        for number, (width, height) in enumerate(zip(widths, heights, strict=True)):
            if (width is not None and width < 1) or (height is not None and height < 1):
                raise InvalidInputError(
                    f"{self.file}: images[{number}] is {width} x {height} pixels: "
                    "both must be 1 or above, or be left out",
                    path=str(self.file),
                )

    def _owned(
        self, entries: Sequence[_Entry], index: dict[Id, int], categories: dict[int, Category]
    ) -> _Rows:
        """Drop entries of unknown pictures or categories; sort the rest by picture."""
        owners = list(map(index.get, _each(entries, "image_id"), repeat(-1)))
        ids = _all(entries, "id")
        if None in ids:
            for number, entry in enumerate(entries):
                if entry.id is None:
                    entry.id = f"entry-{number}"
            ids = _all(entries, "id")
        rows = _Rows(entries, owners, _all(entries, "category_id"), ids)
        if -1 in owners or not set(rows.category) <= categories.keys():
            rows = rows.at([
                number
                for number, entry in enumerate(entries)
                if self._is_known(number, entry, owners[number], categories)
            ])
        if sorted(rows.owner) != rows.owner:
            rows = rows.at(sorted(range(len(rows.owner)), key=rows.owner.__getitem__))
        return rows

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

    def _boxes(self, rows: _Rows, categories: dict[int, Category]) -> None:
        columns = self.collection.boxes
        items = self.collection.items
        first = self.first
        boxes = _all(rows.entries, "bbox")
        if None in boxes:
            there = [at for at, box in enumerate(boxes) if box is not None]
            rows, boxes = rows.at(there), [boxes[at] for at in there]
        if not boxes:
            return
        widths = [width or 1e9 for width in items.width[first:]]
        heights = [height or 1e9 for height in items.height[first:]]
        numbers: list[float] = list(chain.from_iterable(boxes))
        corners = [numbers[place::4] for place in range(4)]
        if not _all_inside(corners, rows.owner, widths, heights):
            good = [
                w > 0 and h > 0 and x < widths[at] and y < heights[at] and x + w > 0 and y + h > 0
                for at, (x, y, w, h) in zip(rows.owner, boxes, strict=True)
            ]
            for at, name, entry in compress(
                zip(rows.owner, rows.id, rows.entries, strict=True), map(not_, good)
            ):
                self._bad_box(name, entry, items.width[first + at], items.height[first + at])
            rows = rows.at(list(compress(range(len(good)), good)))
            corners = [list(compress(values, good)) for values in corners]
        names = {number: category.name for number, category in categories.items()}
        added, distinct = _texts(rows.id)
        columns.item += [first + at for at in rows.owner] if first else rows.owner
        columns.label += map(names.__getitem__, rows.category)
        columns.annotation_id += added
        xs, ys, ws, hs = corners
        columns.x += xs
        columns.y += ys
        columns.width += ws
        columns.height += hs
        columns.metadata += boxes_metadata(rows.entries, ws, hs)
        if not distinct:
            self._repeated_ids(columns, len(added))

    def _bad_box(self, name: Id, entry: _Entry, width: int | None, height: int | None) -> None:
        box = entry.bbox or (0.0, 0.0, 0.0, 0.0)
        if 0 in box[2:] and getattr(entry, "keypoints", None):
            return  # keypoints on one line enclose nothing: they are read, and there is no box
        fault = (
            f"a box of {box[2]:g} x {box[3]:g} pixels: width and height must be above 0"
            if not (box[2] > 0 and box[3] > 0)
            else f"a box outside its picture of {width} x {height} pixels"
        )
        self.collection.problems.append(
            f"{self.file.name}: annotation {name} of image {entry.image_id} has {fault} "
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

    def _others(self, rows: _Rows, categories: dict[int, Category]) -> None:
        entries = rows.entries
        if not entries or isinstance(entries[0], BareEntry):
            return
        if not any(_each(entries, "segmentation")) and not any(_each(entries, "keypoints")):
            return
        references = self.collection.items.reference_id
        seen: set[tuple[int, str]] = set()
        for owner, name, entry in zip(rows.owner, rows.id, entries, strict=True):
            if not entry.segmentation and not entry.keypoints:
                continue
            where = f"{self.file.name}: annotation {name} of image {entry.image_id}"
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


def _are_sizes(values: Sequence[int | None]) -> bool:
    """Tell whether all pictures have a size, and one above 0."""
    return None not in values and min(values, default=1) >= 1  # type: ignore[type-var, operator]


def _texts(ids: Sequence[Id]) -> tuple[list[str], bool]:
    """Write ids as texts; tell whether no two are surely alike."""
    text = wire.encode(ids).decode()
    if not ids or '"' in text:  # some are texts, and 1 may stand beside "1"
        texts = list(map(str, ids))
        return texts, len(set(texts)) == len(texts)
    return text[1:-1].split(","), len(set(ids)) == len(ids)


def _all_inside(
    corners: Sequence[Sequence[float]],
    owners: Sequence[int],
    widths: Sequence[float],
    heights: Sequence[float],
) -> bool:
    """Tell whether every box has a size and meets its picture; else a closer look is due."""
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
