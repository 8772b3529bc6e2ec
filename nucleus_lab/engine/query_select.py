"""A query compiled for one dataset: which rows, from which tables, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from nucleus_lab.engine import query_cache, query_driver
from nucleus_lab.engine.column_indexes import conjuncts, speaks_of
from nucleus_lab.engine.query_catalog import StoredCatalog
from nucleus_lab.engine.schema import match, metadata
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.bound import BoundQuery
from nucleus_lab.query.compile import condition_of, order_of
from nucleus_lab.query.faults import fault
from nucleus_lab.query.outcomes import has_category
from nucleus_lab.query.parse import parse
from nucleus_lab.query.readings import readings
from nucleus_lab.query.resolve import resolve
from nucleus_lab.query.sql import NULL, Sql
from nucleus_lab.query.sql_select import Row, reading
from nucleus_lab.query.written import text_of

_ROWS: Final = {
    "items": "item",
    "annotations": "annotation",
    "predictions": "prediction",
    "matches": '"match"',
    "scenes": "scene",
}


class Selection(msgspec.Struct):
    """A query, compiled for one dataset.

    Attributes:
        row: Name of the table of the rows.
        source: The table with what it is joined to.
        where: Everything that a row has to be.
        order: The query's own ordering.
        position: Columns of the order of ingestion, the key last.
        name: Text that is the same for a row on every machine, for samples.
        query: The bound query.
        warnings: What a person should know about how names were read; more is known to
            :mod:`nucleus_lab.engine.query_warnings`.
        dataset_id: Primary key of the dataset.
        unindexed: Keys of item metadata that it uses and no index holds.
        sort: The columns of ``position`` as an ordering names them.
        drivers: Indexes that may find the rows of a page; :func:`driven` uses them.
        alone: The index that answers the whole condition, where one does.
        ready: Statements that were written before, by what they are for.
        walked: The tables of ``source`` in the order in which a walk of the dataset looks at
            them; empty where it would look at more than its window.
        ranged: The tables in the order in which a walk reads objects by a range of the keys of
            their items; empty where it has to look at the items first.
    """

    row: str
    source: str
    where: list[Sql]
    order: list[Sql]
    position: list[Sql]
    name: list[Sql]
    query: BoundQuery
    warnings: list[str] = msgspec.field(default_factory=list)
    dataset_id: int = 0
    unindexed: set[tuple[str, ...]] = msgspec.field(default_factory=set)
    sort: list[Sql] = msgspec.field(default_factory=list)
    drivers: list[query_driver.Driver] = msgspec.field(default_factory=list)
    alone: query_driver.IndexedKeys | None = None
    ready: dict[Any, Any] = msgspec.field(default_factory=dict)
    walked: str = ""
    ranged: str = ""

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
    paged: bool = False,
    iou_threshold: float | None = None,
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
        paged: Only some of the rows will be read.
        iou_threshold: A pair of a match below it is read as a false positive and a miss, whose
            keys are those of :mod:`nucleus_lab.query.readings`.

    Returns:
        The selection.

    Raises:
        QueryError: The query cannot be read, or needs a model run.
        InvalidInputError: The threshold is out of range.
    """
    if iou_threshold is not None and not 0 <= iou_threshold <= 1:
        raise InvalidInputError(
            f"iou_threshold is {iou_threshold!r}: use a number from 0 to 1", path="iou_threshold"
        )
    catalog = StoredCatalog(connection, dataset_id, run_id, iou_threshold)
    key = query_cache.key_of(
        # Not the dialect alone: what is written for users differs (engine.ownership).
        (
            connection.dialect.statement_compiler,
            dataset_id,
            level,
            run_id,
            match_type,
            paged,
            iou_threshold,
        ),
        text or "",
        parameters,
    )
    found: Selection | None = query_cache.recall(key, catalog)
    if found is None:
        query = resolve(parse(text or ""), level, catalog, parameters)
        found = _compile(connection, query, catalog, match_type, paged=paged)
        # A query of the present moment is read anew, and so is one with scores, which are large.
        query_cache.keep(None if query.momentary else key, catalog, found)
    return found


def _compile(
    connection: Connection,
    query: BoundQuery,
    catalog: StoredCatalog,
    match_type: str,
    *,
    paged: bool,
) -> Selection:
    level, dataset_id = query.level, catalog.dataset_id
    row = _ROWS[level]
    source = reading(row, row)
    if level == "matches" and catalog.iou_threshold is not None:
        read = text_of(readings(match, catalog.iou_threshold), connection.dialect.name)
        row, source = "readings", f"({read}) AS readings"
    objects = source
    of_row = Row(row).c
    rows = {level: row}
    # The key stands in the text of the statement: a partial index of the dataset needs that.
    owner = Row("item" if level != "scenes" else "scene").c
    where = [owner.dataset_id == dataset_id]
    position: list[Sql] = [owner.position, of_row.id]
    name: list[Sql] = [owner.reference_id]
    if level in {"annotations", "predictions", "matches"}:
        source += f" JOIN {reading('item', 'item')} ON item.id = {row}.item_id"
        rows["items"] = "item"
    if level in {"annotations", "predictions"}:
        name.append(of_row.annotation_id)
    if level in {"predictions", "matches"}:
        run = _run(catalog, query.source, level)
        if level == "predictions":
            where.append(of_row.model_run_id == run)
        else:
            for table in ("annotation", "prediction"):
                joined = reading(table, table)
                source += f" LEFT OUTER JOIN {joined} ON {table}.id = {row}.{table}_id"
            rows |= {"annotations": "annotation", "predictions": "prediction"}
            where += _match_rows(row, catalog.evaluation(run), match_type)
            name += [Row("annotation").c.annotation_id, Row("prediction").c.annotation_id]
    dialect = connection.dialect.name
    drivers: list[query_driver.Driver] = []
    keys: list[query_driver.IndexedKeys] = []
    rest = query
    order = order_of(query, metadata, catalog, dialect, rows)
    plain = not order and query.limit is query.offset is query.sample is None
    everything = not hasattr(connection.dialect.statement_compiler, "seen_rows")
    if level == "items" and dialect == "sqlite" and paged and plain and everything:
        parts, drivers = query_driver.drivers_of(query, metadata, catalog)
        where += parts
    else:
        if level == "items" and dialect == "sqlite":
            keys, rest = query_driver.drive(query, metadata, catalog)
        if keys:
            found = [of_row.id.op("IN")(each.keys()) for each in keys]
            where = [query_driver.unindexed(owner.dataset_id) == dataset_id, *found]
        rare = partial(query_driver.rare, connection, dataset_id) if level == "items" else None
        whole = not paged or bool(order)
        where.append(condition_of(rest, metadata, catalog, dialect, rows, whole=whole, rare=rare))
    walks = paged and plain and not keys
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
        [query_driver.unindexed(column) for column in position] if keys else position,
        drivers,
        keys[0] if len(keys) == 1 and rest.condition is None else None,
        walked=_walked(source, objects, dialect) if walks else "",
        ranged=_ranged(source, objects, where[-1]) if walks and dialect == "sqlite" else "",
    )


def _walked(source: str, objects: str, dialect: str) -> str:
    """Let the database begin with the items, where it could begin with all objects."""
    items = reading("item", "item")
    # SQLite keeps the order of a CROSS JOIN.
    join = "CROSS JOIN" if dialect == "sqlite" else "JOIN"
    begun = f"{objects} JOIN {items} "
    return source.replace(begun, f"{items} {join} {objects} ", 1)


def _ranged(source: str, objects: str, condition: Sql) -> str:
    """Let SQLite begin with the objects, where it need not know the items to choose among them."""
    begun = f"{objects} JOIN "
    asks = any(speaks_of(part, "item") for part in conjuncts(condition))
    return "" if asks or begun not in source else source.replace(begun, f"{objects} CROSS JOIN ", 1)


def driven(found: Selection, chosen: Sequence[query_driver.Driver]) -> Selection:
    """Let indexes find the rows of a selection.

    Args:
        found: A selection of items for pages.
        chosen: Some of its drivers, one for a condition.

    Returns:
        The same selection, answered through them.
    """
    where = list(found.where)
    where[0] = query_driver.unindexed(Row("item").c.dataset_id) == found.dataset_id
    for driver in chosen:
        where[driver.place + 1] = driver.condition
    sort = [query_driver.unindexed(column) for column in found.position]
    return replace(found, where=where, sort=sort, drivers=[], ready={}, walked="", ranged="")


def _run(catalog: StoredCatalog, text: str, level: str) -> int:
    if catalog.run_id is not None:
        return catalog.run_id
    if len(catalog.runs) == 1:
        return catalog.runs[0].id
    known = ", ".join(run.model_ids[-1] for run in catalog.runs[:8])
    had = (
        f"the dataset has {len(catalog.runs)}: {known}" if catalog.runs else "the dataset has none"
    )
    raise fault(
        "Q022",
        f"{level} belong to a model run, and {had}",
        text,
        0,
        len(text),
        hint="choose one with model=…" if catalog.runs else "upload predictions first",
    )


def _match_rows(row: str, evaluation: int | None, match_type: str) -> list[Sql]:
    columns = Row(row).c
    where = [columns.evaluation_id == (-1 if evaluation is None else evaluation)]
    if match_type == "iou":
        where += [columns.annotation_id.is_not(NULL), columns.prediction_id.is_not(NULL)]
    elif match_type:
        where.append(has_category(row, "fp" if match_type == "false_positive" else "fn"))
    return where
