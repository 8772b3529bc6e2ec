"""Running queries: ids, pages and counts of items, objects, matches and scenes.

A page goes on after the last row of the page before (by position, so that it costs what it holds);
a query with its own order, limit or sample is paged by offset.
"""

from __future__ import annotations

import hashlib
import heapq
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, func, select, tuple_
from sqlalchemy.sql.expression import FromClause

from nucleus_lab.engine import indexes, query_cache, query_driver
from nucleus_lab.engine.query_catalog import StoredCatalog
from nucleus_lab.engine.query_run import run_statement
from nucleus_lab.engine.schema import annotation, item, match, metadata, prediction, scene
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import InvalidInputError, NucleusError, QueryError
from nucleus_lab.query.bound import BoundQuery
from nucleus_lab.query.compile import condition_of, order_of
from nucleus_lab.query.parse import parse
from nucleus_lab.query.resolve import resolve
from nucleus_lab.query.sources import category

_log = logging.getLogger(__name__)

MOST_ROWS: Final = 100_000
"""Rows of one page at most."""

_ROWS: Final[dict[str, FromClause]] = {
    "items": item,
    "annotations": annotation,
    "predictions": prediction,
    "matches": match,
    "scenes": scene,
}
_MATCH_TYPES: Final = {"iou", "false_positive", "false_negative"}


@dataclass(slots=True)
class Selection:
    """A query, compiled for one dataset.

    Attributes:
        row: Table of the rows.
        source: The table with what it is joined to.
        where: Everything that a row has to be.
        order: The query's own ordering.
        position: Columns of the order of ingestion, the key last.
        name: Text that is the same for a row on every machine, for samples.
        query: The bound query.
        warnings: What a person should know about how names were read.
        dataset_id: Primary key of the dataset.
        unindexed: Keys of item metadata that it uses and no index holds.
        sort: The columns of ``position`` as an ordering names them.
    """

    row: FromClause
    source: FromClause
    where: list[ColumnElement[bool]]
    order: list[ColumnElement[Any]]
    position: list[ColumnElement[Any]]
    name: list[ColumnElement[Any]]
    query: BoundQuery
    warnings: list[str] = field(default_factory=list)
    dataset_id: int = 0
    unindexed: set[tuple[str, ...]] = field(default_factory=set)
    sort: list[ColumnElement[Any]] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Whether rows come in the order of ingestion, all of them."""
        query = self.query
        return not self.order and query.limit is query.offset is query.sample is None


def select_rows(
    connection: Connection,
    dataset_id: int,
    text: str | None,
    level: str = "items",
    *,
    run_id: int | None = None,
    match_type: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> Selection:
    """Compile a query for a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        text: The query; ``None`` or empty selects everything.
        level: ``items``, ``annotations``, ``predictions``, ``matches`` or ``scenes``.
        run_id: Model run that predictions and matches are of.
        match_type: Of matches: ``iou`` (pairs), ``false_positive``, ``false_negative``.
        parameters: Values of ``{name}``.

    Returns:
        The selection.

    Raises:
        QueryError: The query cannot be read, or needs a model run.
    """
    catalog = StoredCatalog(connection, dataset_id, run_id)
    key = query_cache.key_of(
        (connection.dialect.name, dataset_id, level, run_id, match_type), text or "", parameters
    )
    found: Selection | None = query_cache.recall(key, catalog)
    if found is None:
        query = resolve(parse(text or ""), level, catalog, parameters)
        found = _compile(connection, query, catalog, match_type)
        query_cache.keep(key, catalog, found)
    return found


def _compile(
    connection: Connection, query: BoundQuery, catalog: StoredCatalog, match_type: str
) -> Selection:
    level, dataset_id = query.level, catalog.dataset_id
    row = _ROWS[level]
    source: FromClause = row
    rows = {level: row}
    # The key stands in the text of the statement: a partial index of the dataset needs that.
    owner = item if level != "scenes" else scene
    where = [owner.c.dataset_id == bindparam(None, dataset_id, BigInteger(), literal_execute=True)]
    position: list[ColumnElement[Any]] = [owner.c.position, row.c.id]
    name: list[ColumnElement[Any]] = [owner.c.reference_id]
    if level in {"annotations", "predictions", "matches"}:
        source = row.join(item, item.c.id == row.c.item_id)
        rows["items"] = item
    if level in {"annotations", "predictions"}:
        name.append(row.c.annotation_id)
    if level in {"predictions", "matches"}:
        run = _run(catalog, query.source, level)
        if level == "predictions":
            where.append(prediction.c.model_run_id == run)
        else:
            source = source.outerjoin(annotation, annotation.c.id == match.c.annotation_id)
            source = source.outerjoin(prediction, prediction.c.id == match.c.prediction_id)
            rows |= {"annotations": annotation, "predictions": prediction}
            where += _match_rows(catalog.evaluation(run), match_type)
            name += [annotation.c.annotation_id, prediction.c.annotation_id]
    dialect = connection.dialect.name
    driven: list[ColumnElement[bool]] = []
    rest = query
    if level == "items" and dialect == "sqlite":
        driven, rest = query_driver.drive(query, metadata, catalog, row)
    if driven:
        where = [query_driver.unindexed(item.c.dataset_id) == dataset_id, *driven]
    where.append(condition_of(rest, metadata, catalog, dialect, rows))
    order = order_of(query, metadata, catalog, dialect, rows)
    return Selection(
        row,
        source,
        where,
        order,
        position,
        name,
        query,
        query.warnings,
        dataset_id,
        catalog.unindexed,
        [query_driver.unindexed(column) for column in position] if driven else position,
    )


def improve(store: Store, found: Selection) -> None:
    """Make indexes for what a query has used, when it pays; call it after the transaction.

    Args:
        store: The database.
        found: A selection that was just read.
    """
    if not found.unindexed:
        return
    try:
        with store.read() as connection:
            size = indexes.size_of(connection, found.dataset_id)
        indexes.note_use(store, found.dataset_id, found.unindexed, size)
    except NucleusError as fault:  # the answer is there already; without an index it is only slower
        _log.warning("no index for dataset %s: %s", found.dataset_id, fault)


def _run(catalog: StoredCatalog, text: str, level: str) -> int:
    if catalog.run_id is not None:
        return catalog.run_id
    if len(catalog.runs) == 1:
        return catalog.runs[0].id
    known = ", ".join(run.model_ids[-1] for run in catalog.runs[:8])
    had = (
        f"the dataset has {len(catalog.runs)}: {known}" if catalog.runs else "the dataset has none"
    )
    raise QueryError(
        f"Query error Q022: {level} belong to a model run, and {had}. Choose one with model=…",
        query_code="Q022",
        position=0,
        line=1,
        column=1,
        length=len(text),
        hint="choose one with model=…",
    )


def _match_rows(evaluation: int | None, match_type: str) -> list[ColumnElement[bool]]:
    where = [match.c.evaluation_id == (-1 if evaluation is None else evaluation)]
    if match_type == "iou":
        where += [match.c.annotation_id.is_not(None), match.c.prediction_id.is_not(None)]
    elif match_type:
        where.append(category(match) == ("fp" if match_type == "false_positive" else "fn"))
    return where


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
    counted = select(func.count()).select_from(found.source).where(*found.where)
    total = int(run_statement(connection, found.query.source, counted)[0][0])
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
    statement = select(*found.position).select_from(found.source).where(*found.where)
    if position >= 0:
        statement = statement.where(tuple_(*found.position) > tuple_(position, key))
    statement = statement.order_by(*found.sort).limit(size + 1)
    rows = run_statement(connection, found.query.source, statement)
    if len(rows) <= size:
        return [row[1] for row in rows], None
    rows = rows[:size]
    return [row[1] for row in rows], f"k-{rows[-1][0]}-{rows[-1][1]}"


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
    return [row[0] for row in run_statement(connection, found.query.source, statement)]


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
