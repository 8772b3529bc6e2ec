"""Cuts and filters collections: what fits into one request, and what has a picture."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.location import is_local


def without(collection: Collection, dropped: set[int]) -> Collection:
    """Leave items out, with everything on them.

    Args:
        collection: The whole.
        dropped: Indexes of items.

    Returns:
        The rest; the same object when nothing is dropped.
    """
    if not dropped:
        return collection
    kept = [at for at in range(len(collection.items)) if at not in dropped]
    new_index = {old: new for new, old in enumerate(kept)}
    boxes = collection.boxes
    kept_boxes = [number for number, at in enumerate(boxes.item) if at in new_index]
    picked = _picked_boxes(boxes, kept_boxes)
    picked.item = [new_index[at] for at in picked.item]
    gone = {collection.items.reference_id[at] for at in dropped}
    return Collection(
        _picked_items(collection.items, kept),
        picked,
        [value for value in collection.others if value.reference_id not in gone],
        [],
        collection.problems,
    )


def _picked_items(items: ItemColumns, kept: Sequence[int]) -> ItemColumns:
    columns = {name: getattr(items, name) for name in items.__slots__}
    return ItemColumns(**{
        name: [column[at] for at in kept] if column else [] for name, column in columns.items()
    })


def _picked_boxes(boxes: BoxColumns, kept: Sequence[int]) -> BoxColumns:
    columns = {name: getattr(boxes, name) for name in boxes.__slots__}
    return BoxColumns(**{
        name: [column[at] for at in kept] if column else [] for name, column in columns.items()
    })


def portions(
    collection: Collection, *, most_items: int, most_boxes: int, most_bytes: int | None = None
) -> Iterator[tuple[ItemColumns, BoxColumns]]:
    """Cut items and their boxes into requests.

    Args:
        collection: The whole; boxes in ascending order of item.
        most_items: Items in one portion.
        most_boxes: Boxes in one portion; those of one item stay together, however many.
        most_bytes: Bytes of local pictures in one portion, where they travel along; one picture
            may exceed it.

    Yields:
        Items and their boxes, whose indexes start at 0.
    """
    items, boxes = collection.items, collection.boxes
    if most_bytes is None and 0 < len(items) <= most_items and len(boxes) <= most_boxes:
        yield items, _without_empty_metadata(boxes)
        return
    start = 0
    while start < len(items):
        end = min(start + most_items, len(items))
        if most_bytes is not None:
            end = _within(items.location, start, end, most_bytes)
        first, last = bisect_left(boxes.item, start), bisect_left(boxes.item, end)
        if last - first > most_boxes:
            end = max(boxes.item[first + most_boxes], start + 1)
            last = bisect_left(boxes.item, end)
        some_items = ItemColumns(**{
            name: getattr(items, name)[start:end] for name in items.__slots__
        })
        some_boxes = BoxColumns(**{
            name: getattr(boxes, name)[first:last] for name in boxes.__slots__
        })
        if start:
            some_boxes.item = [at - start for at in some_boxes.item]
        yield some_items, _without_empty_metadata(some_boxes)
        start = end


def _without_empty_metadata(boxes: BoxColumns) -> BoxColumns:
    if boxes.metadata and not any(boxes.metadata):
        boxes.metadata = []
    return boxes


def _within(locations: Sequence[str], start: int, end: int, most_bytes: int) -> int:
    total = 0
    for at in range(start, end):
        if is_local(locations[at]):
            total += Path(locations[at]).stat().st_size
        if total > most_bytes:
            return max(at, start + 1)
    return end
