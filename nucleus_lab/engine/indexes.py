"""Indexes of metadata keys, made where queries on a large dataset ask for a key.

An index is partial (one dataset) and of an expression of :mod:`nucleus_lab.query.json_path`. Each
key gets one of the kinds of its values, which tells a query in microseconds that, say, no item
holds a list there, and one for each kind that can be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, func, literal_column, select, text

from nucleus_lab.engine import index_making
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.store import Store
from nucleus_lab.query.json_path import JSONValue, kind_at

LARGE: Final = 50_000
"""Items from which a dataset gets indexes; below, a scan is as fast."""

MOST_KEYS: Final = 16
"""Keys of one dataset that get an index: each costs a little at every write."""

_KINDS: Final = ("text", "number", "boolean", "array", "object", "null")
_COMPARED: Final = ("text", "number")
_NAMES: Final = {
    "sqlite": Statement(
        lambda: text(
            "SELECT name FROM sqlite_master "
            "WHERE type = 'index' AND substr(name, 1, :size) = :prefix"
        )
    ),
    "postgresql": Statement(
        lambda: text(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() "
            "AND substr(indexname, 1, :size) = :prefix"
        )
    ),
}
_LAST = Statement(
    lambda: select(func.max(item.c.position)).where(item.c.dataset_id == bindparam("dataset_id"))
)


def name_of(dataset_id: int, path: Sequence[str], kind: str) -> str:
    """Name the index of a key.

    Args:
        dataset_id: Primary key of the dataset.
        path: Keys from the outside in.
        kind: ``kind``, ``text`` or ``number``: what it holds.

    Returns:
        The name.
    """
    digest = hashlib.blake2b("\0".join(path).encode(), digest_size=8).hexdigest()
    return f"ix_metadata_{dataset_id}_{digest}_{kind}"


def names_with(connection: Connection, prefix: str) -> set[str]:
    """Return the names of indexes that begin with a prefix.

    Args:
        connection: The open transaction.
        prefix: The beginning.

    Returns:
        The names.
    """
    statement = _NAMES[connection.dialect.name]
    return {row[0] for row in statement.rows(connection, prefix=prefix, size=len(prefix))}


def indexed(connection: Connection, dataset_id: int) -> frozenset[str]:
    """Return what :func:`known_kinds` needs to know about a dataset, to be asked for once.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Names of its indexes.
    """
    return frozenset(names_with(connection, f"ix_metadata_{dataset_id}_"))


def known_kinds(
    connection: Connection, dataset_id: int, path: Sequence[str], names: frozenset[str]
) -> frozenset[str] | None:
    """Return the kinds of values that items hold under a key, if an index knows.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        path: Keys from the outside in.
        names: What :func:`indexed` returned.

    Returns:
        Kinds as :func:`~nucleus_lab.query.json_path.kind_at` names them; ``None`` without an index.
    """
    if name_of(dataset_id, path, "kind") not in names:
        return None
    row = connection.execute(_held(dataset_id, tuple(path))).one()
    return frozenset(kind for kind, found in zip(_KINDS, row, strict=True) if found)


@lru_cache(maxsize=256)
def _held(dataset_id: int, path: tuple[str, ...]) -> Any:
    # The key of the dataset stands in the text: a partial index asks for that.
    owner = bindparam(None, dataset_id, BigInteger(), literal_execute=True)
    return select(
        *(
            select(1)
            .select_from(item)
            .where(item.c.dataset_id == owner, kind_at(item.c.metadata, *path) == kind)
            .exists()
            .label(kind)
            for kind in _KINDS
        )
    )


def note_use(store: Store, dataset_id: int, paths: Iterable[Sequence[str]], size: int) -> None:
    """Have the indexes of keys made, behind the query that used them without.

    Args:
        store: The database.
        dataset_id: Primary key of the dataset.
        paths: Keys that a query has just used without an index.
        size: Items of the dataset, about.
    """
    if size < LARGE:
        return
    for path in paths:
        name = name_of(dataset_id, path, "kind")
        index_making.soon(store, name, partial(_make, dataset_id=dataset_id, path=tuple(path)))


def ensure(store: Store, dataset_id: int, path: Sequence[str]) -> bool:
    """Make the indexes of a key; nothing happens when it has them.

    Args:
        store: The database.
        dataset_id: Primary key of the dataset.
        path: Keys from the outside in.

    Returns:
        Whether the key has indexes now; ``False`` when the dataset has enough already.
    """
    with store.write() as connection:
        return _make(connection, dataset_id, path)


def _make(connection: Connection, dataset_id: int, path: Sequence[str]) -> bool:
    names = names_with(connection, f"ix_metadata_{dataset_id}_")
    if name_of(dataset_id, path, "kind") in names:
        return True
    if sum(name.endswith("_kind") for name in names) >= MOST_KEYS:
        return False
    for kind in ("kind", *_COMPARED):
        _create(connection, dataset_id, path, kind)
    return True


def text_counts(
    connection: Connection, dataset_id: int, path: Sequence[str], most: int
) -> list[tuple[str, int]]:
    """Count the items of each text under a key, from its index.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        path: Keys from the outside in; they have an index.
        most: Values at most.

    Returns:
        Texts and numbers, most frequent first.
    """
    expression: Any = JSONValue("text", literal_column("metadata"), path)
    written = expression.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    # Left to itself, SQLite reads the whole table in the order of positions.
    index = name_of(dataset_id, path, "text")
    hint = f" INDEXED BY {index}" if connection.dialect.name == "sqlite" else ""
    rows = connection.exec_driver_sql(
        f"SELECT {written} AS value, count(*) FROM item{hint} "
        f"WHERE dataset_id = {dataset_id:d} AND {written} IS NOT NULL "
        f"GROUP BY {written} LIMIT {most:d}"
    )
    return sorted(((row[0], row[1]) for row in rows), key=lambda pair: (-pair[1], pair[0]))


def _create(connection: Connection, dataset_id: int, path: Sequence[str], kind: str) -> None:
    # SQLite takes no table name inside the expression of an index.
    expression: Any = JSONValue(kind, literal_column("metadata"), path)
    written = expression.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    name = name_of(dataset_id, path, kind)
    # With the position, in which answers are ordered: else SQLite prefers to walk the positions.
    connection.exec_driver_sql(
        f"CREATE INDEX IF NOT EXISTS {name} ON item (({written}), position) "
        f"WHERE dataset_id = {dataset_id:d}"
    )


def drop(connection: Connection, dataset_id: int) -> int:
    """Drop the indexes of a dataset, when it is deleted.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Indexes dropped.
    """
    names = names_with(connection, f"ix_metadata_{dataset_id}_")
    for name in names:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    return len(names)


def size_of(connection: Connection, dataset_id: int) -> int:
    """Return about how many items a dataset has, without counting them.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        The position behind its last item.
    """
    (last,) = _LAST.rows(connection, dataset_id=dataset_id)[0]
    return 0 if last is None else int(last) + 1
