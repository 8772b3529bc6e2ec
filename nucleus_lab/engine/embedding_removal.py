"""Taking vectors away: with what they are of, with their index, or for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from nucleus_lab.engine.embedding_schema import embedding, embedding_index, embedding_segment
from nucleus_lab.engine.embeddings import IndexRow, changed, find, listing
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import among, json_list


def forget(
    connection: Connection, dataset_id: int, member: str, keys_of: Any, values: dict[str, str]
) -> None:
    """Drop the vectors of things that are about to be deleted; their lines go when files merge.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        member: ``item``, ``annotation`` or ``prediction``.
        keys_of: Sub-query of primary keys.
        values: Its parameters.
    """
    for row in listing(connection, dataset_id):
        gone = connection.execute(
            delete(embedding).where(
                embedding.c.embedding_index_id == row.id,
                embedding.c.member == member,
                embedding.c.member_id.in_(keys_of),
            ),
            values,
        )
        if gone.rowcount:
            changed(connection, row.id)


def forget_replaced(
    connection: Connection, dataset_id: int, pictures: Mapping[int, tuple[str, str | None]]
) -> None:
    """Drop the vectors made of pictures that are about to be replaced by others.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        pictures: New location and stored file of items, by primary key.
    """
    index = find(connection, dataset_id, "image", "internal")
    if index is None:
        return
    rows = select(item.c.id, item.c.location, item.c.media_key).where(among(item.c.id, "keys"))
    found = connection.execute(rows, {"keys": json_list(pictures)}).all()
    replaced = [
        key
        for key, location, media_key in found
        # A file that was not sent again is kept, and so is what was seen in it.
        if location != pictures[key][0] or pictures[key][1] not in {None, media_key}
    ]
    gone = connection.execute(
        delete(embedding).where(
            embedding.c.embedding_index_id == index.id,
            embedding.c.member == "item",
            among(embedding.c.member_id, "keys"),
        ),
        {"keys": json_list(replaced)},
    )
    if gone.rowcount:
        changed(connection, index.id)


def remove(connection: Connection, row: IndexRow) -> tuple[int, list[str]]:
    """Delete an index with its vectors; the next one of its level becomes the primary one.

    Args:
        connection: The open write transaction; the dataset is locked.
        row: The index.

    Returns:
        How many vectors went, and the files to remove once the transaction is kept.
    """
    gone, files = _empty(connection, row)
    connection.execute(delete(embedding_index).where(embedding_index.c.id == row.id))
    if row.is_primary:
        for other in listing(connection, row.dataset_id):
            if other.level == row.level:
                change = update(embedding_index).where(embedding_index.c.id == other.id)
                connection.execute(change.values(is_primary=True))
                break
    return gone, files


def renew(connection: Connection, row: IndexRow, embedder: str, dimension: int) -> list[str]:
    """Make room for the vectors of another embedder.

    Args:
        connection: The open write transaction; the dataset is locked.
        row: The index.
        embedder: Name of the new one.
        dimension: Numbers of its vectors.

    Returns:
        The files to remove once the transaction is kept.
    """
    _, files = _empty(connection, row)
    change = update(embedding_index).where(embedding_index.c.id == row.id)
    connection.execute(change.values(embedder=embedder, dimension=dimension))
    changed(connection, row.id)
    return files


def _empty(connection: Connection, row: IndexRow) -> tuple[int, list[str]]:
    segments = embedding_segment.c
    ours = segments.embedding_index_id == row.id
    files = list(connection.scalars(select(segments.file).where(ours)))
    vectors = delete(embedding).where(embedding.c.embedding_index_id == row.id)
    gone = connection.execute(vectors).rowcount
    connection.execute(delete(embedding_segment).where(ours))
    return gone, files
