"""Items: their rows, positions and metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, case, func, select, text, update

from nucleus_lab.engine import bulk_write, cameras, clock, datasets, references
from nucleus_lab.engine.schema import dataset, item
from nucleus_lab.engine.statements import Statement, among, json_list


class ItemRow(NamedTuple):
    """One item to be stored.

    Attributes:
        reference_id: Unique in the dataset.
        kind: ``image`` or ``pointcloud``.
        location: URL, or the local path as the caller wrote it.
        media_key: Name of the content in the media store; ``None`` for a URL.
        width: Pixels, where known.
        height: Pixels, where known.
        metadata: JSON text, ``None`` when empty.
        embedding_info: JSON text, ``None`` when empty.
        phash: What the picture looks like, in 64 bits as text, where it is known.
    """

    reference_id: str
    kind: str
    location: str
    media_key: str | None = None
    width: int | None = None
    height: int | None = None
    metadata: str | None = None
    embedding_info: str | None = None
    phash: str | None = None


class Counts(msgspec.Struct):
    """What became of the items of one call.

    Attributes:
        new: Stored.
        updated: Already there, and overwritten.
        ignored: Already there, and left alone.
        known: Primary keys of those that were there, by reference id.
        first: Position of the first new one.
    """

    new: int = 0
    updated: int = 0
    ignored: int = 0
    known: dict[str, int] = {}
    first: int = 0


def _update() -> Any:
    # A size that was measured once is not forgotten because a second upload does not know it.
    same = item.c.location == bindparam("new_location")
    values: dict[str, Any] = {
        name: bindparam(f"new_{name}", type_=item.c[name].type)
        for name in ("kind", "location", "metadata", "embedding_info")
    }
    for name in ("media_key", "width", "height", "phash"):
        given = bindparam(f"new_{name}", type_=item.c[name].type)
        values[name] = case((same, func.coalesce(given, item.c[name])), else_=given)
    return update(item).where(item.c.id == bindparam("key")).values(values)


_UPDATE = Statement(_update)
_UPDATE_PLACES: Final = (
    "key", "new_kind", "new_location", "new_media_key", "new_width", "new_height", "new_metadata",
    "new_embedding_info", "new_phash",
)  # fmt: skip


def insert(
    connection: Connection, dataset_id: int, rows: Sequence[ItemRow], *, update: bool
) -> Counts:
    """Store items; leave or overwrite those whose reference id is taken.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        rows: The items in order; no reference id twice.
        update: Whether to overwrite.

    Returns:
        What became of them.
    """
    known = references.keys_of(connection, dataset_id, [row[0] for row in rows])
    new = [row for row in rows if row[0] not in known] if known else rows
    first = 0
    if new:
        first = datasets.take_positions(connection, dataset_id, len(new))
        columns = dict(zip(ItemRow._fields, zip(*new, strict=True), strict=True))
        columns["position"] = tuple(range(first, first + len(new)))
        columns["created_at"] = (clock.now(),) * len(new)
        bulk_write.upsert_columns(
            connection, item, columns, key=(), same={"dataset_id": dataset_id}
        )
    if update and known:
        from nucleus_lab.engine import embedding_removal

        changes = [(known[row[0]], *row[1:]) for row in rows if row[0] in known]
        pictures = {change[0]: (change[2], change[3]) for change in changes}
        embedding_removal.forget_replaced(connection, dataset_id, pictures)
        _UPDATE.many(connection, changes, *_UPDATE_PLACES)
        _mark_again(connection, dataset_id, known)
        return Counts(new=len(new), updated=len(known), known=known, first=first)
    return Counts(new=len(new), ignored=len(known), known=known, first=first)


_SINCE = Statement(
    lambda: (
        select(item.c.id)
        .where(item.c.dataset_id == bindparam("dataset_id"), item.c.position >= bindparam("first"))
        .order_by(item.c.position)
    )
)


def keys_after(
    connection: Connection, dataset_id: int, rows: Sequence[ItemRow], counts: Counts
) -> dict[str, int]:
    """Find the keys of items that :func:`insert` has just stored, without looking each up.

    Args:
        connection: The transaction of the insertion; nothing was inserted since.
        dataset_id: Primary key of the dataset.
        rows: The items that were given.
        counts: What became of them.

    Returns:
        Primary key by reference id, of all of them.
    """
    if not counts.new:
        return counts.known
    fresh = _SINCE.rows(connection, dataset_id=dataset_id, first=counts.first)
    names = (row[0] for row in rows if row[0] not in counts.known)
    return counts.known | dict(zip(names, (key for (key,) in fresh), strict=True))


def _mark_again(connection: Connection, dataset_id: int, known: Mapping[str, int]) -> None:
    """Put back what labeling notes in the metadata of items, which an upload replaces."""
    from nucleus_lab.engine import labeling_marks

    if labeling_marks.any_in(connection, dataset_id):
        labeling_marks.renew(connection, list(known.values()))


_METADATA = Statement(
    lambda: select(item.c.reference_id, item.c.id, item.c.metadata).where(
        item.c.dataset_id == bindparam("dataset_id"), among(item.c.reference_id, "wanted")
    )
)
_SET_METADATA = Statement(
    lambda: (
        update(item)
        .where(item.c.id == bindparam("key"))
        .values(metadata=bindparam("new", type_=item.c.metadata.type))
    )
)


def merge_metadata(
    connection: Connection, dataset_id: int, changes: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Set keys of the metadata of items; their other keys stay, and ``None`` removes a camera.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        changes: New values by key, by reference id.

    Returns:
        The reference ids that the dataset does not have.
    """
    rows = _METADATA.rows(connection, dataset_id=dataset_id, wanted=json_list(changes))
    known: dict[str, tuple[int, str | None]] = {name: (key, old) for name, key, old in rows}
    ready = []
    for name, new in changes.items():
        if name in known:
            key, old = known[name]
            ready.append((key, cameras.merged(old, new)))
    _SET_METADATA.many(connection, ready, "key", "new")
    return [name for name in changes if name not in known]


def close_gaps(connection: Connection, dataset_id: int) -> None:
    """Make positions 0, 1, 2 … again after deletes.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
    """
    connection.execute(
        text(
            "UPDATE item SET position = ranked.place FROM (SELECT id, row_number() OVER "
            "(ORDER BY position) - 1 AS place FROM item WHERE dataset_id = :dataset) AS ranked "
            "WHERE item.id = ranked.id AND item.position <> ranked.place"
        ),
        {"dataset": dataset_id},
    )
    count = datasets.size(connection, dataset_id)
    change = update_dataset(dataset_id).values(next_position=count, positions_dense=True)
    connection.execute(change)


def update_dataset(dataset_id: int) -> Any:
    """Begin an update of a dataset's row.

    Args:
        dataset_id: Primary key.

    Returns:
        The statement, without values.
    """
    return update(dataset).where(dataset.c.id == dataset_id)


def positions_dense(connection: Connection, dataset_id: int) -> bool:
    """Say whether positions have no gaps.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Whether position ``i`` is the item that ``iloc(i)`` means.
    """
    return bool(
        connection.scalar(select(dataset.c.positions_dense).where(dataset.c.id == dataset_id))
    )
