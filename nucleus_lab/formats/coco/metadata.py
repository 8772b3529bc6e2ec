"""What COCO says of pictures and boxes beside their names and places: their metadata."""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq, mul
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


def plain_areas(
    areas: Sequence[float | None], widths: Sequence[float], heights: Sequence[float]
) -> bool:
    """Tell whether no box says another area than its own.

    Args:
        areas: What the file says; ``None`` for nothing.
        widths: Widths of the boxes in pixels.
        heights: Heights of the boxes.

    Returns:
        Whether all areas are those of the boxes, within a millionth.
    """
    if all(map(eq, areas, map(mul, widths, heights))):
        return True
    return all(
        area is None or abs(area - width * height) <= 1e-6 * area
        for area, width, height in zip(areas, widths, heights, strict=True)
    )
