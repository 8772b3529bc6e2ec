"""Merging the files of an index: few large ones, without the lines of what was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from nucleus_lab.engine import datasets, embeddings
from nucleus_lab.engine.embedding_schema import embedding, embedding_segment
from nucleus_lab.engine.embeddings import OBJECTS, IndexRow
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

LARGE: Final = 65_536
"""Vectors of a file that is large enough to stay as it is."""

_MOST_SMALL: Final = 8
_DEAD_SHARE: Final = 0.25

_MOVE: Final = Statement(
    lambda: (
        update(embedding)
        .where(
            embedding.c.embedding_index_id == bindparam("of_index"),
            embedding.c.member == bindparam("kind"),
            embedding.c.member_id == bindparam("key"),
        )
        .values(segment_id=bindparam("segment"), line=bindparam("place"))
    )
)


def merge(engine: Engine, index: IndexRow) -> int:
    """Merge files where that pays, and forget vectors of what is gone.

    Readers go on with the old files; when the index changes meanwhile, nothing is merged.

    Args:
        engine: The workspace.
        index: The index.

    Returns:
        How many files were replaced.
    """
    with engine.store.write() as connection:
        datasets.lock(connection, index.dataset_id, changes=False)
        _forget_deleted(connection, index)
    with engine.store.read() as connection:
        found = [row for row in embeddings.listing(connection, index.dataset_id) if row == index
                 or row.id == index.id]  # fmt: skip
        if not found:
            return 0
        now = found[0]
        chosen = _worth_merging(connection, now)
        lines = _lines_of(connection, now, [segment[0] for segment in chosen])
    if not chosen:
        return 0
    parts = {key: engine.vectors.open(file, count, now.dimension) for key, file, count, _ in chosen}
    file = _written(engine, parts, lines) if lines else None
    kept = False
    try:
        with engine.store.write() as connection:
            datasets.lock(connection, now.dataset_id, changes=False)
            latest = embeddings.listing(connection, now.dataset_id)
            if not any(row.id == now.id and row.change_seq == now.change_seq for row in latest):
                return 0
            _swap(connection, now, [segment[0] for segment in chosen], lines, file)
            kept = True
    finally:
        if file is not None and not kept:
            engine.vectors.remove([file])
    engine.vectors.remove(segment[1] for segment in chosen)
    return len(chosen)


def _forget_deleted(connection: Connection, index: IndexRow) -> None:
    """Drop the vectors of what was deleted together with something larger, as a run or a scene."""
    gone = 0
    for kind, table in {"item": item, **OBJECTS}.items():
        there = select(table.c.id).where(table.c.id == embedding.c.member_id).exists()
        gone += connection.execute(
            delete(embedding).where(
                embedding.c.embedding_index_id == index.id, embedding.c.member == kind, ~there
            )
        ).rowcount
    if gone:
        embeddings.changed(connection, index.id)


def _worth_merging(connection: Connection, index: IndexRow) -> list[tuple[Any, ...]]:
    """Return key, file, count and live lines of the files to replace."""
    segments = embedding_segment.c
    used = (
        select(embedding.c.segment_id, func.count().label("live"))
        .where(embedding.c.embedding_index_id == index.id)
        .group_by(embedding.c.segment_id)
        .subquery()
    )
    rows = connection.execute(
        select(segments.id, segments.file, segments.count, func.coalesce(used.c.live, 0))
        .outerjoin(used, used.c.segment_id == segments.id)
        .where(segments.embedding_index_id == index.id)
    ).all()
    found = [tuple(row) for row in rows]
    thin = [row for row in found if row[3] < row[2] * (1 - _DEAD_SHARE)]
    small = [row for row in found if row[2] < LARGE]
    if len(small) <= _MOST_SMALL:
        small = thin and small  # a thin file takes the small ones along
    return list(dict.fromkeys([*thin, *small]))


def _lines_of(
    connection: Connection, index: IndexRow, segments: list[int]
) -> list[tuple[str, int, int, int]]:
    columns = embedding.c
    rows = (
        select(columns.member, columns.member_id, columns.segment_id, columns.line)
        .where(columns.embedding_index_id == index.id, columns.segment_id.in_(segments))
        .order_by(columns.segment_id, columns.line)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(rows)]


def _written(engine: Engine, parts: dict[int, Any], lines: list[tuple[str, int, int, int]]) -> str:
    import numpy as np

    segments = np.array([line[2] for line in lines])
    places = np.array([line[3] for line in lines])
    blocks = [part[places[segments == key]] for key, part in parts.items()]
    order = np.concatenate([np.flatnonzero(segments == key) for key in parts])
    merged = np.empty((len(lines), blocks[0].shape[1]), np.float32)
    merged[order] = np.concatenate(blocks)
    return engine.vectors.write(merged)


def _swap(
    connection: Connection,
    index: IndexRow,
    old: list[int],
    lines: list[tuple[str, int, int, int]],
    file: str | None,
) -> None:
    if file is not None:
        values = {"embedding_index_id": index.id, "file": file, "count": len(lines)}
        made = insert(embedding_segment).values(values).returning(embedding_segment.c.id)
        segment = connection.scalar(made)
        rows = [(index.id, line[0], line[1], segment, place) for place, line in enumerate(lines)]
        _MOVE.many(connection, rows, "of_index", "kind", "key", "segment", "place")
    connection.execute(delete(embedding_segment).where(embedding_segment.c.id.in_(old)))
    embeddings.changed(connection, index.id)
