"""Running queries: ids, pages and counts of items, objects, matches and scenes.

A page goes on after the last row of the page before (by position, so that it costs what it holds);
a query with its own order, limit or sample is paged by offset.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam

from nucleus_lab.engine import column_indexes, indexes, query_places
from nucleus_lab.engine.pages import place_of
from nucleus_lab.engine.query_places import Place
from nucleus_lab.engine.query_run import prepare, run_statement
from nucleus_lab.engine.query_select import Selection, driven, select_rows
from nucleus_lab.engine.query_walk import Pace, walk
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.sql import Sql, and_, literal, template
from nucleus_lab.query.written import Written

__all__ = [
    "MOST_ROWS",
    "Page",
    "Selection",
    "count_of",
    "improve",
    "item_filter",
    "keys_of",
    "page_of",
    "page_within",
    "select_rows",
    "statement_of",
]

MOST_ROWS: Final = 100_000
"""Rows of one page at most."""

_MOST_READY: Final = 8
_ALL: Final = 2**63 - 1
_PACE: Final = Pace()


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
        return Written(and_(*found.where))
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
        statement = (
            statement_of(found, "count(*)") if found.alone is None else found.alone.counted()
        )
        ready = found.ready["count"] = prepare(connection, statement)
    total = int(run_statement(connection, found.query.source, ready)[0][0])
    if query.sample is not None:
        total = min(total, query.sample)
    total = max(0, total - (query.offset or 0))
    return total if query.limit is None else min(total, query.limit)


class Page(NamedTuple):
    """One page.

    Attributes:
        keys: Primary keys of its rows.
        token: What the next page is asked with; ``None`` when this is the last.
        looked_at: Of a page that time has ended: how many items, or scenes, were looked at since
            the beginning, and how many there are.
        empty: The answer is known to have no row: this page is the last and none had any.
    """

    keys: list[int]
    token: str | None
    looked_at: tuple[int, int] | None = None
    empty: bool = False


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
    page = page_within(connection, found, token, size)
    return page.keys, page.token


def page_within(
    connection: Connection,
    found: Selection,
    token: str | None,
    size: int,
    within: float | None = None,
    pace: Pace = _PACE,
) -> Page:
    """Return one page, in time where the query is answered in the order of ingestion.

    Args:
        connection: The open transaction.
        found: The selection; time can end only pages of one that was made for them.
        token: What the page before returned; ``None`` for the first page.
        size: Rows at most.
        within: Seconds. A page that has used them holds what was found so far, which may be
            nothing, and a token that goes on from there. ``None`` to fill the page.
        pace: How to look at a dataset in time.

    Returns:
        The page.

    Raises:
        InvalidInputError: The token is not ours, or the size is out of range.
        QueryError: The database cannot compute a value of the query.
    """
    if not 1 <= size <= MOST_ROWS:
        raise InvalidInputError(f"pageSize is {size}: use 1 to {MOST_ROWS}", path="pageSize")
    if found.plain:
        after = query_places.read(connection, found, token)
        return _page_after(connection, found, after, size, within, pace)
    first, second = _read_token(token)
    seed = _seed(found, second)
    start = (found.query.offset or 0) + first
    limit = found.query.limit
    wanted = size + 1 if limit is None else max(0, min(size + 1, limit - first))
    keys = _keys(connection, found, seed, start, wanted)
    if len(keys) <= size:
        return Page(keys, None, empty=not keys and first == 0)
    return Page(keys[:size], f"o-{first + size}-{seed}")


def _page_after(
    connection: Connection,
    found: Selection,
    after: Place,
    size: int,
    within: float | None,
    pace: Pace,
) -> Page:
    chosen = _selective(connection, found, size)
    stopped, last = None, -1
    if chosen:
        by_index = found.ready.get(("driven", chosen))
        if by_index is None:
            by_index = driven(found, [found.drivers[at] for at in chosen])
            found.ready["driven", chosen] = by_index
        rows = _rows_after(connection, by_index, after, size + 1)
    elif within is None or not found.walked:
        rows = _rows_after(connection, found, after, size + 1)
    else:
        rows, stopped, last = walk(connection, found, after, size + 1, within, pace)
    keys = [row[1] for row in rows[:size]]
    empty = after.empty and not keys
    if len(rows) > size:
        return Page(keys, query_places.behind_row(connection, found, *rows[size - 1][:2]))
    if stopped is None:
        return Page(keys, None, empty=empty)
    token = query_places.behind_position(connection, found, stopped, empty=empty)
    return Page(keys, token, (stopped + 1, last + 1))


def _rows_after(connection: Connection, found: Selection, after: Place, most: int) -> list[Any]:
    beginning = after.position < 0
    statement = found.ready.get(most) if beginning else None
    if statement is None:
        columns = ", ".join(column.text for column in found.position)
        where = found.where
        if not beginning:
            places = literal(after.position), literal(after.key)
            where = [*where, template(f"({columns}) > ({{}}, {{}})", *places)]
        page = statement_of(found, columns, where, found.sort, size=most)
        statement = prepare(connection, page)
        if beginning:
            found.ready[most] = statement
    return run_statement(connection, found.query.source, statement)


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
            probe = prepare(connection, driver.keys.counted(most))
            found.ready["probe", at, most] = probe
        rows = run_statement(connection, found.query.source, probe)[0][0]
        if rows < most:
            best[driver.place] = min((rows, at), best.get(driver.place, (rows, at)))
    return tuple(sorted(at for _, at in best.values()))


def _read_token(token: str | None) -> tuple[int, int]:
    if not token:
        return 0, -1
    kind, *numbers = token.split("-")
    if kind != "o" or len(numbers) != 2:
        raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
    return place_of(numbers[0], token), place_of(numbers[1], token)


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
        ready = prepare(connection, _keys_statement(connection, found, seed, start, size))
        if found.query.sample is None and len(found.ready) < _MOST_READY:
            found.ready[plan] = ready
    return [row[0] for row in run_statement(connection, found.query.source, ready)]


def statement_of(
    found: Selection,
    columns: str,
    where: Sequence[Sql] | None = None,
    order: Sequence[Sql] = (),
    *,
    size: int | None = None,
    start: int = 0,
) -> Sql:
    """Write the statement of a selection.

    Args:
        found: The selection.
        columns: What it returns: names of columns, or an aggregate.
        where: Conditions; by default those of the selection.
        order: Keys of its ordering.
        size: Most rows.
        start: Rows left out at the beginning.

    Returns:
        The statement.
    """
    condition = and_(*(found.where if where is None else where))
    text = f"SELECT {columns} FROM {found.source} WHERE {condition.text}"
    values = condition.values
    if order:
        text += f" ORDER BY {', '.join(key.text for key in order)}"
        for key in order:
            values += key.values
    if size is not None or start:
        # SQLite knows OFFSET only after LIMIT.
        text += f" LIMIT {_ALL if size is None else size:d}"
        text += f" OFFSET {start:d}" if start else ""
    return Sql(text, values)


def _keys_statement(
    connection: Connection, found: Selection, seed: int, start: int, size: int | None
) -> Sql:
    if found.alone is not None and found.plain and not start and size is None:
        return found.alone.ordered()
    where = found.where
    if found.query.sample is not None:
        where = [*where, Sql(f"{found.row}.id").in_(_sample(connection, found, seed))]
    order = [*found.order, *found.sort]
    return statement_of(found, f"{found.row}.id", where, order, size=size, start=start)


def _sample(connection: Connection, found: Selection, seed: int) -> list[int]:
    """Choose rows by a hash of their names, so that a seed means the same rows everywhere."""
    columns = ", ".join([f"{found.row}.id", *(part.text for part in found.name)])
    named = prepare(connection, statement_of(found, columns))
    rows = run_statement(connection, found.query.source, named)

    def rank(row: Any) -> bytes:
        name = "\0".join("" if part is None else part for part in row[1:])
        return hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()

    chosen = heapq.nsmallest(found.query.sample or 0, rows, key=rank)
    return [row[0] for row in chosen]
