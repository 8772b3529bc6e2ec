"""Finding items that look alike without asking a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.deduplication import DeduplicationStats
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.similar import check_threshold, keep_unlike, read_hash

Given = TypeVar("Given")


@dataclass(slots=True)
class LocalDeduplicationResult(Generic[Given]):
    """What is left.

    Args:
        unique: Those of the given objects that are left.
        unique_dataset_items: The item of each.
        unique_reference_ids: The reference id of each.
        stats: How many there were and how many are left.
    """

    unique: list[Given]
    unique_dataset_items: list[DatasetItem]
    unique_reference_ids: list[str | None]
    stats: DeduplicationStats


def deduplicate_by_phash(
    objects: Iterable[Given],
    threshold: int,
    *,
    sort_key: Callable[[Given], str | int] | None = None,
) -> LocalDeduplicationResult[Given]:
    """Keep one of any items that look alike.

    The order of the objects does not matter: of those that look alike, the one with the lowest
    hash stays, and of equal hashes the one that sorts first. Runs here and asks nobody::

        rows = dataset.items_and_annotation_generator()
        result = deduplicate_by_phash(rows, threshold=10)

    Args:
        objects: Items that were read, or rows of an export with an ``item``.
        threshold: Bits in which pictures that count as the same may differ, 0 to 64.
        sort_key: Decides between equal hashes; the reference id when left out.

    Returns:
        What is left, sorted by hash.

    Raises:
        InvalidInputError: The threshold is out of range, or an item has no ``phash``.
        TypeError: An object is neither an item nor a row with one.
    """
    check_threshold(threshold)
    entries: list[tuple[int, tuple[int, Any], Given, DatasetItem]] = []
    for place, value in enumerate(objects):
        item = _item_of(value)
        number = read_hash(item.phash, f"item {item.reference_id!r}")
        tie = item.reference_id if sort_key is None else sort_key(value)
        entries.append((number, _rank(tie, place), value, item))
    try:
        entries.sort(key=lambda entry: entry[:2])
    except TypeError as fault:
        raise InvalidInputError(f"sort_key returned what cannot be compared: {fault}") from fault
    kept = [entries[index] for index in keep_unlike([entry[0] for entry in entries], threshold)]
    return LocalDeduplicationResult(
        [entry[2] for entry in kept],
        [entry[3] for entry in kept],
        [entry[3].reference_id for entry in kept],
        DeduplicationStats(threshold, len(entries), len(kept)),
    )


def _item_of(value: Any) -> DatasetItem:
    item = value.get("item") if isinstance(value, Mapping) else value
    if not isinstance(item, DatasetItem):
        raise TypeError(
            f"a {type(value).__name__} was given: deduplicate DatasetItems, or rows of an export, "
            "which have one under 'item'"
        )
    return item


def _rank(tie: str | int | None, place: int) -> tuple[int, Any]:
    """Numbers before texts before what has neither, so that any mixture has an order."""
    if tie is None:
        return 2, place
    return (0, tie) if isinstance(tie, int) else (1, tie)
