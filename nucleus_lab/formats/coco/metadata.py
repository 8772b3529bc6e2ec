"""What COCO says of pictures and boxes beside their names and places: their metadata."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, mul
from typing import Any

from nucleus_lab.formats.coco.records import BareEntry, Entry, Picture


def item_metadata(image: Picture, split: str) -> dict[str, Any]:
    """Collect what a picture has beside its name and size.

    Args:
        image: The entry of ``images``.
        split: Split that the file is named for; empty when it is for none.

    Returns:
        Its id, split, licence, addresses and date, as far as they are known.
    """
    metadata: dict[str, Any] = dict(image.metadata) if image.metadata else {}
    metadata["coco_image_id"] = image.id
    if image.split or split:
        metadata["split"] = image.split or split
    if image.license is not None and image.license != "":
        metadata["license"] = image.license
    if image.coco_url:
        metadata["coco_url"] = image.coco_url
    if image.flickr_url:
        metadata["flickr_url"] = image.flickr_url
    if image.date_captured is not None and image.date_captured != "":
        metadata["date_captured"] = image.date_captured
    return metadata


_TOLD = ("license", "coco_url", "flickr_url", "date_captured")
"""What a file may say of a picture, and the metadata of its item keeps."""


def pictures_metadata(images: Sequence[Picture], split: str) -> list[dict[str, Any]]:
    """Collect what pictures have beside their names and sizes.

    Where all pictures tell the same things, as in nearly all files, nothing is asked of each.

    Args:
        images: The entries of ``images``.
        split: Split that the file is named for; empty when it is for none.

    Returns:
        For each what :func:`item_metadata` finds.
    """
    columns: dict[str, list[Any]] = {"coco_image_id": list(map(attrgetter("id"), images))}
    if split:
        columns["split"] = [split] * len(images)
    for name in ("split", "metadata", *_TOLD):
        values = list(map(attrgetter(name), images))
        if name in _TOLD and all(values):
            columns[name] = values
        elif values.count(None) < len(values):
            return [item_metadata(image, split) for image in images]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def box_metadata(entry: Entry | BareEntry) -> dict[str, Any] | None:
    """Collect what a box has beside its corners.

    Args:
        entry: The COCO annotation.

    Returns:
        Its attributes, ``iscrowd`` when set, and ``area`` when it is not that of the box.
    """
    area, box = entry.area, entry.bbox
    plain = area is None or (box is not None and abs(area - box[2] * box[3]) <= 1e-6 * area)
    if plain and not entry.iscrowd and not entry.attributes and not entry.metadata:
        return None
    metadata = {**(entry.attributes or {}), **(entry.metadata or {})}
    if entry.iscrowd:
        metadata["iscrowd"] = 1
    if not plain:
        metadata["area"] = area
    return metadata


def boxes_metadata(
    entries: Sequence[Entry | BareEntry], widths: Sequence[float], heights: Sequence[float]
) -> list[dict[str, Any] | None]:
    """Collect what boxes have beside their corners.

    Nearly all files have nothing else about a box, which is told faster for all at once.

    Args:
        entries: The COCO annotations.
        widths: Widths of their boxes in pixels.
        heights: Heights of the boxes.

    Returns:
        For each what :func:`box_metadata` finds.
    """
    bare = isinstance(entries[0], BareEntry) if entries else True
    if not bare:
        bare = not any(map(attrgetter("iscrowd"), entries)) and all(
            list(map(attrgetter(name), entries)).count(None) == len(entries)
            for name in ("attributes", "metadata")
        )
    if bare and _plain_areas(list(map(attrgetter("area"), entries)), widths, heights):
        return [None] * len(entries)
    return list(map(box_metadata, entries))


def _plain_areas(
    areas: Sequence[float | None], widths: Sequence[float], heights: Sequence[float]
) -> bool:
    """Tell whether no box says another area than its own, within a millionth."""
    if areas == list(map(mul, widths, heights)):
        return True
    return all(
        area is None or abs(area - width * height) <= 1e-6 * area
        for area, width, height in zip(areas, widths, heights, strict=True)
    )
