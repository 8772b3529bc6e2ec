"""Running queries: ids, pages and counts of items, objects, matches and scenes.

A page goes on after the last row of the page before (by position, so that it costs what it holds);
a query with its own order, limit or sample is paged by offset.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import secrets
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, func, select, tuple_

from nucleus_lab.engine import column_indexes, indexes
from nucleus_lab.engine.query_run import prepare, run_statement
from nucleus_lab.engine.query_select import Selection, driven, select_rows
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import InvalidInputError

__all__ = [
    "MOST_ROWS",
    "Selection",
    "count_of",
    "improve",
    "item_filter",
    "keys_of",
    "page_of",
    "select_rows",
]

MOST_ROWS: Final = 100_000
"""Rows of one page at most."""

_MOST_READY: Final = 8


def improve(store: Store, found: Selection) -> None:
    """Have indexes made for what a query has used, when it pays; call it after the transaction.

    Args:
        store: The database.
        found: A selection that was just read.
    """
    with store.read() as connection:
        size = indexes.size_of(connection, found.dataset_id)
        if size < indexes.LARGE:
            return
        known = column_indexes.existing(connection)
    indexes.note_use(store, found.dataset_id, found.unindexed, size)
    if "compared" not in found.ready:
        found.ready["compared"] = column_indexes.wanted(found.where)
    wanted = [
        offer
        for offer in found.ready["compared"]
        if offer.name not in known and (offer.expression is None or store.dialect == "sqlite")
    ]
    column_indexes.note_use(store, wanted, size)


def item_filter(
    connection: Connection,
    dataset_id: int,
    text: str | None,
    run_id: int | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> ColumnElement[bool]:
    """Return a query as a condition over the table of items.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        text: The query; ``None`` or empty selects everything.
        run_id: Model run that predictions and matches are of.
        parameters: Values of ``{name}``.

    Returns:
        A boolean expression over ``schema.item`` that includes the dataset. A limit or a sample
        in the query is kept; an order is not.

    Raises:
        QueryError: The query cannot be read.
    """
    found = select_rows(connection, dataset_id, text, run_id=run_id, parameters=parameters)
    query = found.query
    if query.limit is query.offset is query.sample is None:
        return and_(*found.where)
    keys = _keys(connection, found, _seed(found, None), query.offset or 0, query.limit)
    wanted = bindparam(None, keys, BigInteger(), expanding=True, literal_execute=True)
    return item.c.id.in_(wanted)


def keys_of(connection: Connection, found: Selection) -> list[int]:
    """Return the primary keys of all rows that a query selects.

    Args:
        connection: The open transaction.
        found: The selection.

    Returns:
        The keys in the order of the query.

    Raises:
        QueryError: The database cannot compute a value of the query.
    """
    return _keys(connection, found, _seed(found, None), found.query.offset or 0, found.query.limit)


def count_of(connection: Connection, found: Selection) -> int:
    """Count the rows that a query selects.

    Args:
        connection: The open transaction.
        found: The selection.

    Returns:
        The number of rows, after limit and sample.

    Raises:
        QueryError: The database cannot compute a value of the query.
    """
    query = found.query
    ready = found.ready.get("count")
    if ready is None:
        counted: Any = select(func.count()).select_from(found.source).where(*found.where)
        if found.alone is not None:
            counted = select(found.alone.counted())
        ready = found.ready["count"] = prepare(connection, counted)
    total = int(run_statement(connection, found.query.source, ready)[0][0])
    if query.sample is not None:
        total = min(total, query.sample)
    total = max(0, total - (query.offset or 0))
    return total if query.limit is None else min(total, query.limit)


def page_of(
    connection: Connection, found: Selection, token: str | None, size: int
) -> tuple[list[int], str | None]:
    """Return the keys of one page.

    Args:
        connection: The open transaction.
        found: The selection.
        token: What the page before returned; ``None`` for the first page.
        size: Rows at most.

    Returns:
        The keys, and the token of the next page or ``None``.

    Raises:
        InvalidInputError: The token is not ours, or the size is out of range.
        QueryError: The database cannot compute a value of the query.
    """
    if not 1 <= size <= MOST_ROWS:
        raise InvalidInputError(f"pageSize is {size}: use 1 to {MOST_ROWS}", path="pageSize")
    first, second = _read_token(token, plain=found.plain)
    if found.plain:
        return _page_after(connection, found, first, second, size)
    seed = _seed(found, second)
    start = (found.query.offset or 0) + first
    limit = found.query.limit
    wanted = size + 1 if limit is None else max(0, min(size + 1, limit - first))
    keys = _keys(connection, found, seed, start, wanted)
    if len(keys) <= size:
        return keys, None
    return keys[:size], f"o-{first + size}-{seed}"


def _page_after(
    connection: Connection, found: Selection, position: int, key: int, size: int
) -> tuple[list[int], str | None]:
    if position >= 0 and found.row is item:
        # Where the last item is now: positions move up when gaps are closed between two pages.
        now = connection.scalar(select(item.c.position).where(item.c.id == key))
        position = position if now is None else now
    chosen = _selective(connection, found, size)
    if chosen:
        by_index = found.ready.get(("driven", chosen))
        if by_index is None:
            by_index = driven(found, [found.drivers[at] for at in chosen])
            found.ready["driven", chosen] = by_index
        found = by_index
    statement = found.ready.get(size) if position < 0 else None
    if statement is None:
        statement = select(*found.position).select_from(found.source).where(*found.where)
        if position >= 0:
            statement = statement.where(tuple_(*found.position) > tuple_(position, key))
        statement = statement.order_by(*found.sort).limit(size + 1)
        if position < 0:
            statement = found.ready[size] = prepare(connection, statement)
    rows = run_statement(connection, found.query.source, statement)
    if len(rows) <= size:
        return [row[1] for row in rows], None
    rows = rows[:size]
    return [row[1] for row in rows], f"k-{rows[-1][0]}-{rows[-1][1]}"


def _selective(connection: Connection, found: Selection, size: int) -> tuple[int, ...]:
    """Choose the indexes that find all rows sooner than a walk of the dataset fills a page."""
    if not found.drivers:
        return ()
    total = indexes.size_of(connection, found.dataset_id)
    # Rows to walk for a page, size · total ÷ matches, against twice the matches to be sorted.
    most = math.isqrt(max(1, size * total // 2))
    best: dict[int, tuple[int, int]] = {}
    for at, driver in enumerate(found.drivers):
        probe = found.ready.get(("probe", at, most))
        if probe is None:
            probe = prepare(connection, select(driver.keys.counted(most)))
            found.ready["probe", at, most] = probe
        rows = run_statement(connection, found.query.source, probe)[0][0]
        if rows < most:
            best[driver.place] = min((rows, at), best.get(driver.place, (rows, at)))
    return tuple(sorted(at for _, at in best.values()))


def _read_token(token: str | None, *, plain: bool) -> tuple[int, int]:
    if not token:
        return (-1, -1) if plain else (0, -1)
    kind, *numbers = token.split("-")
    if kind != ("k" if plain else "o") or len(numbers) != 2 or not all(map(str.isdigit, numbers)):
        raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
    return int(numbers[0]), int(numbers[1])


def _seed(found: Selection, given: int | None) -> int:
    """Return the seed of a sample; pages of one answer share theirs through the token."""
    if found.query.seed is not None:
        return found.query.seed
    return given if given is not None and given >= 0 else secrets.randbelow(2**31)


def _keys(
    connection: Connection, found: Selection, seed: int, start: int, size: int | None
) -> list[int]:
    plan = (start, size)
    ready = found.ready.get(plan) if found.query.sample is None else None
    if ready is None:
        ready = _keys_statement(connection, found, seed, start, size)
        if found.query.sample is None and len(found.ready) < _MOST_READY:
            ready = found.ready[plan] = prepare(connection, ready)
    return [row[0] for row in run_statement(connection, found.query.source, ready)]


def _keys_statement(
    connection: Connection, found: Selection, seed: int, start: int, size: int | None
) -> Any:
    if found.alone is not None and found.plain and not start and size is None:
        return found.alone.ordered()
    where = found.where
    if found.query.sample is not None:
        where = [*where, found.row.c.id.in_(_sample(connection, found, seed))]
    statement = select(found.row.c.id).select_from(found.source).where(*where)
    statement = statement.order_by(*found.order, *found.sort)
    if size is not None:
        statement = statement.limit(size)
    if start:
        # SQLite knows OFFSET only after LIMIT; SQLAlchemy writes the LIMIT where it has to.
        statement = statement.offset(start)
    return statement


def _sample(connection: Connection, found: Selection, seed: int) -> Any:
    """Choose rows by a hash of their names, so that a seed means the same rows everywhere."""
    statement = select(found.row.c.id, *found.name).select_from(found.source).where(*found.where)
    rows = run_statement(connection, found.query.source, statement)

    def rank(row: Any) -> bytes:
        name = "\0".join("" if part is None else part for part in row[1:])
        return hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()

    chosen = heapq.nsmallest(found.query.sample or 0, rows, key=rank)
    keys = [row[0] for row in chosen]
    return bindparam(None, keys, BigInteger(), expanding=True, literal_execute=True)
