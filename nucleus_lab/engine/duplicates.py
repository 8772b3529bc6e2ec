"""Items that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, select, update

from nucleus_lab import identifiers
from nucleus_lab.bulk import batches
from nucleus_lab.engine import references
from nucleus_lab.engine.schema import dataset, item
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import NotFoundError, NucleusError
from nucleus_lab.similar import keep_unlike, read_hash

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.work import Task

_AT_ONCE: Final = 64

_ITEMS: Final = Statement(
    lambda: (
        select(
            item.c.id,
            item.c.reference_id,
            item.c.phash,
            item.c.location,
            item.c.media_key,
            dataset.c.use_privacy_mode,
        )
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(item.c.dataset_id == bindparam("dataset_id"), item.c.kind == "image")
    )
)
_SET: Final = Statement(
    lambda: update(item).where(item.c.id == bindparam("key")).values(phash=bindparam("new"))
)


def chosen(
    connection: Connection,
    dataset_id: int,
    reference_ids: Sequence[str] | None,
    item_ids: Sequence[str] | None,
) -> list[int] | None:
    """Find the items that a caller names.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_ids: The caller's ids of them, or ``None``.
        item_ids: Their ids on the wire, or ``None``.

    Returns:
        Primary keys; ``None`` when the caller names none.

    Raises:
        NotFoundError: The dataset has no such item.
    """
    if reference_ids is not None:
        known = references.keys_of(connection, dataset_id, list(dict.fromkeys(reference_ids)))
        for name in reference_ids:
            if name not in known:
                raise references.unknown(name, dataset_id)
        return list(known.values())
    if item_ids is None:
        return None
    keys = list(dict.fromkeys(identifiers.decode(identifiers.ITEM, public) for public in item_ids))
    found = references.references_of(connection, dataset_id, keys)
    for key in keys:
        if key not in found:
            shown = identifiers.encode(identifiers.DATASET, dataset_id)
            public = identifiers.encode(identifiers.ITEM, key)
            raise NotFoundError(f"dataset {shown} has no item {public!r}")
    return keys


def find(
    engine: Engine, dataset_id: int, keys: list[int] | None, threshold: int, task: Task
) -> dict[str, Any]:
    """Find items of which no two look alike.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        keys: Primary keys of the items to look at; ``None`` for all pictures.
        threshold: Bits in which pictures that count as the same may differ.
        task: Is told how far it is, and which pictures cannot be read; those items are kept.

    Returns:
        The final message of the job.
    """
    with engine.store.read() as connection:
        rows = _ITEMS.rows(connection, dataset_id=dataset_id)
    if keys is not None:
        wanted = set(keys)
        rows = [row for row in rows if row[0] in wanted]
    hashes = {row[0]: row[2] for row in rows}
    _complete(engine, rows, hashes, task)
    known = [(read_hash(hashes[row[0]], row[1]), row[1], row[0]) for row in rows if hashes[row[0]]]
    known.sort()
    unlike = [known[index] for index in keep_unlike([entry[0] for entry in known], threshold)]
    kept = [(name, key) for _, name, key in unlike]
    kept += sorted((row[1], row[0]) for row in rows if not hashes[row[0]])
    return {
        "unique_item_ids": [identifiers.encode(identifiers.ITEM, key) for _, key in kept],
        "unique_reference_ids": [name for name, _ in kept],
        "stats": {
            "threshold": threshold,
            "original_count": len(rows),
            "deduplicated_count": len(kept),
        },
    }


def _complete(
    engine: Engine, rows: list[tuple[Any, ...]], hashes: dict[int, str | None], task: Task
) -> None:
    """Look at the pictures that nobody has looked at yet, and remember what they look like."""
    from nucleus_lab.engine import pictures
    from nucleus_lab.engine.media import in_threads

    missing = [row for row in rows if row[2] is None]

    def look(row: tuple[Any, ...]) -> str | None:
        try:
            content = engine.media.thumbnails.original(Source(row[3], row[4], bool(row[5])))
            return pictures.check(content, row[3], engine.settings.max_pixels)[3]
        except NucleusError as fault:
            task.error(f"item {row[1]!r} was kept without a look at its picture: {fault}")
            return None

    done = len(rows) - len(missing)
    for batch in batches(missing, _AT_ONCE):
        task.progress(done, len(rows) + 1)
        seen = in_threads(look, batch, engine.settings.media_threads)
        new = [(row[0], found) for row, found in zip(batch, seen, strict=True) if found]
        with engine.store.write() as connection:
            _SET.many(connection, new, "key", "new")
        hashes.update(new)
        done += len(batch)
