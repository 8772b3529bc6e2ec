"""Pictures with their annotations as values: what the formats of labeling tools read and write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import cos, radians, sin
from pathlib import Path
from typing import Any, Final

from nucleus_lab.columns import Collection
from nucleus_lab.formats import pictures
from nucleus_lab.location import is_local

_IMAGE_FOLDERS: Final = ("images", "JPEGImages", "imgs", "")


@dataclass(slots=True)
class Sheet:
    """One picture and what was marked on it.

    Attributes:
        name: Its reference id, with forward slashes.
        width: Pixels, where known.
        height: Pixels, where known.
        url: Its address, if it is no file beside the annotations.
        metadata: Of the item.
        values: Annotations, in order.
    """

    name: str
    width: int | None = None
    height: int | None = None
    url: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)


def collect(
    collection: Collection, sheets: list[Sheet], root: Path, images: Path | None, where: str
) -> None:
    """Turn sheets into items, boxes and other annotations.

    Args:
        collection: Where to put them.
        sheets: What was read; a name that comes twice is left out the second time.
        root: Folder of the annotation file, below which the pictures are looked for.
        images: Folder of the pictures, where the caller named one.
        where: The file, for messages.
    """
    unique: dict[str, Sheet] = {}
    for sheet in sheets:
        if sheet.name in unique:
            collection.problems.append(
                f"{where}: the picture {sheet.name!r} is there twice: its second entry was left "
                "out; keep one"
            )
        unique.setdefault(sheet.name, sheet)
    local = [sheet.name for sheet in unique.values() if sheet.url is None]
    top = images or root
    folder = pictures.Folder(top)
    bases = [top] if images else [top / name for name in _IMAGE_FOLDERS]
    base, missing = pictures.place(local, bases, folder)
    lost = set(missing)
    items = collection.items
    for sheet in unique.values():
        location = sheet.url
        if location is None:
            location = os.path.join(base, sheet.name)  # noqa: PTH118 - hot
            if sheet.name in lost:
                collection.missing.append(location)
            elif sheet.width is None or sheet.height is None:
                sheet.width, sheet.height = pictures.size(location)
        at = len(items)
        items.reference_id.append(sheet.name)
        items.location.append(location)
        items.width.append(sheet.width)
        items.height.append(sheet.height)
        items.metadata.append(sheet.metadata or None)
        for value in sheet.values:
            if value.TYPE == "box":
                _add_box(collection, at, value)
            else:
                collection.others.append(value)


def _add_box(collection: Collection, at: int, value: Any) -> None:
    boxes = collection.boxes
    boxes.item.append(at)
    boxes.label.append(value.label)
    boxes.annotation_id.append(value.annotation_id)
    boxes.x.append(value.x)
    boxes.y.append(value.y)
    boxes.width.append(value.width)
    boxes.height.append(value.height)
    boxes.metadata.append(value.metadata or None)


def sheets_of(collection: Collection) -> Iterator[tuple[Sheet, str]]:
    """Go through a collection picture by picture.

    Args:
        collection: Items, boxes and other annotations.

    Yields:
        Each picture with its annotations, boxes first; and its location.
    """
    from nucleus_lab.annotation import BoxAnnotation

    items, boxes = collection.items, collection.boxes
    values: dict[str, list[Any]] = {name: [] for name in items.reference_id}
    for number, at in enumerate(boxes.item):
        name = items.reference_id[at]
        values[name].append(
            BoxAnnotation(
                boxes.label[number],
                boxes.x[number],
                boxes.y[number],
                boxes.width[number],
                boxes.height[number],
                name,
                boxes.annotation_id[number],
                boxes.metadata[number] if boxes.metadata else None,
            )
        )
    for value in collection.others:
        if value.reference_id in values:
            values[value.reference_id].append(value)
    for at, name in enumerate(items.reference_id):
        location = items.location[at]
        metadata = (items.metadata[at] if items.metadata else None) or {}
        url = None if is_local(location) else location
        yield (
            Sheet(name, items.width[at], items.height[at], url, metadata, values[name]),
            location,
        )


def unwritable(collection: Collection, sheet: Sheet, value: Any, tool: str) -> None:
    """Note an annotation that a format has no place for.

    Args:
        collection: What is written.
        sheet: The picture.
        value: The annotation.
        tool: The format, for people.
    """
    collection.problems.append(
        f"{sheet.name}: an annotation of type {value.TYPE} has no place in {tool} and was left out"
    )


def rotated(
    x: float, y: float, width: float, height: float, degrees: float, center: tuple[float, float]
) -> list[tuple[float, float]]:
    """Turn a rectangle clockwise, as it is seen (y grows downwards).

    Args:
        x: Left edge before it is turned.
        y: Top edge.
        width: Pixels.
        height: Pixels.
        degrees: By how much.
        center: The point that stays.

    Returns:
        Its corners.
    """
    sine, cosine = sin(radians(degrees)), cos(radians(degrees))
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return [
        (
            center[0] + (left - center[0]) * cosine - (top - center[1]) * sine,
            center[1] + (left - center[0]) * sine + (top - center[1]) * cosine,
        )
        for left, top in corners
    ]


def near(value: float) -> float:
    """Undo the rounding of a number that went through per cent or text.

    Args:
        value: Pixels.

    Returns:
        The whole number within a millionth of a pixel, else the number to nine places.
    """
    whole = round(value)
    return float(whole) if abs(value - whole) < 1e-6 else round(value, 9)


def categories(name: str, chosen: dict[str | None, list[str]], multiple: bool = False) -> list[Any]:
    """Make the categories of a picture.

    Args:
        name: Its reference id.
        chosen: Labels by taxonomy; ``None`` for the default one.
        multiple: Whether one label makes a multicategory too.

    Returns:
        A category for one label, a multicategory for several.
    """
    from nucleus_lab.annotation import CategoryAnnotation, MultiCategoryAnnotation

    made: list[Any] = []
    for taxonomy, labels in chosen.items():
        distinct = list(dict.fromkeys(labels))
        if len(distinct) == 1 and not multiple:
            made.append(CategoryAnnotation(distinct[0], name, taxonomy))
        elif distinct:
            made.append(MultiCategoryAnnotation(distinct, name, taxonomy))
    return made
