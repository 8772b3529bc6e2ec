"""A query compiled for one dataset: which rows, from which tables, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, exists, literal, select
from sqlalchemy.sql.expression import FromClause

from nucleus_lab.engine import query_cache, query_driver
from nucleus_lab.engine.query_catalog import StoredCatalog
from nucleus_lab.engine.schema import (
    annotation,
    dataset,
    item,
    match,
    metadata,
    prediction,
    scene,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.bound import BoundQuery
from nucleus_lab.query.compile import condition_of, order_of
from nucleus_lab.query.faults import fault
from nucleus_lab.query.json_path import kind_at
from nucleus_lab.query.parse import parse
from nucleus_lab.query.readings import readings
from nucleus_lab.query.resolve import resolve
from nucleus_lab.query.sources import category

_LOOKED_AT: Final = 1_000
"""Oldest and newest items that are looked at for a missing key, where no index knows."""
_ROWS: Final[dict[str, FromClause]] = {
    "items": item,
    "annotations": annotation,
    "predictions": prediction,
    "matches": match,
    "scenes": scene,
}


class Selection(msgspec.Struct):
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
        drivers: Indexes that may find the rows of a page; :func:`driven` uses them.
        alone: The index that answers the whole condition, where one does.
        ready: Statements that were written before, by what they are for.
    """

    row: FromClause
    source: FromClause
    where: list[ColumnElement[bool]]
    order: list[ColumnElement[Any]]
    position: list[ColumnElement[Any]]
    name: list[ColumnElement[Any]]
    query: BoundQuery
    warnings: list[str] = msgspec.field(default_factory=list)
    dataset_id: int = 0
    unindexed: set[tuple[str, ...]] = msgspec.field(default_factory=set)
    sort: list[ColumnElement[Any]] = msgspec.field(default_factory=list)
    drivers: list[query_driver.Driver] = msgspec.field(default_factory=list)
    alone: query_driver.IndexedKeys | None = None
    ready: dict[Any, Any] = msgspec.field(default_factory=dict)

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
        query.warnings += _of_missing(connection, catalog, query)
        found = _compile(connection, query, catalog, match_type, paged=paged)
        # Whether items lack a key may change with each of them: such a query is read anew, and so
        # is one of the present moment or with scores, which are large.
        passing = query.keeping or query.momentary
        query_cache.keep(None if passing else key, catalog, found)
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
    if level == "matches" and catalog.iou_threshold is not None:
        row = readings(match, catalog.iou_threshold)
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
            source = source.outerjoin(annotation, annotation.c.id == row.c.annotation_id)
            source = source.outerjoin(prediction, prediction.c.id == row.c.prediction_id)
            rows |= {"annotations": annotation, "predictions": prediction}
            where += _match_rows(row, catalog.evaluation(run), match_type)
            name += [annotation.c.annotation_id, prediction.c.annotation_id]
    dialect = connection.dialect.name
    drivers: list[query_driver.Driver] = []
    keys: list[query_driver.IndexedKeys] = []
    rest = query
    order = order_of(query, metadata, catalog, dialect, rows)
    plain = not order and query.limit is query.offset is query.sample is None
    if level == "items" and dialect == "sqlite" and paged and plain:
        parts, drivers = query_driver.drivers_of(query, metadata, catalog)
        where += parts
    else:
        if level == "items" and dialect == "sqlite":
            keys, rest = query_driver.drive(query, metadata, catalog)
        if keys:
            found = [row.c.id.op("IN", is_comparison=True)(each) for each in keys]
            where = [query_driver.unindexed(item.c.dataset_id) == dataset_id, *found]
        rare = partial(query_driver.rare, connection, dataset_id) if level == "items" else None
        whole = not paged or bool(order)
        where.append(condition_of(rest, metadata, catalog, dialect, rows, whole=whole, rare=rare))
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
    )


def driven(found: Selection, chosen: Sequence[query_driver.Driver]) -> Selection:
    """Let indexes find the rows of a selection.

    Args:
        found: A selection of items for pages.
        chosen: Some of its drivers, one for a condition.

    Returns:
        The same selection, answered through them.
    """
    where = list(found.where)
    where[0] = query_driver.unindexed(item.c.dataset_id) == found.dataset_id
    for driver in chosen:
        where[driver.place + 1] = driver.condition
    sort = [query_driver.unindexed(column) for column in found.position]
    return msgspec.structs.replace(found, where=where, sort=sort, drivers=[], ready={})


def _of_missing(connection: Connection, catalog: StoredCatalog, query: BoundQuery) -> list[str]:
    """Return the warnings about keys that some items lack.

    An index knows of all items. Without one only the oldest and the newest are looked at, since a
    warning must not cost a scan: it may be absent where only others lack the key.
    """
    found = []
    for text, path in query.keeping:
        key = bindparam(None, catalog.dataset_id, BigInteger(), literal_execute=True)
        lacking = select(literal(1)).where(
            item.c.dataset_id == key, kind_at(item.c.metadata, *path).is_(None)
        )
        parts = [lacking]
        if catalog.kinds(path) is None:
            least = select(dataset.c.next_position - _LOOKED_AT).where(
                dataset.c.id == catalog.dataset_id
            )
            parts = [
                lacking.where(item.c.position < _LOOKED_AT),
                lacking.where(item.c.position >= least.scalar_subquery()),
            ]
        if any(connection.scalar(select(exists(part))) for part in parts):
            found.append(text)
    return found


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


def _match_rows(
    row: FromClause, evaluation: int | None, match_type: str
) -> list[ColumnElement[bool]]:
    where = [row.c.evaluation_id == (-1 if evaluation is None else evaluation)]
    if match_type == "iou":
        where += [row.c.annotation_id.is_not(None), row.c.prediction_id.is_not(None)]
    elif match_type:
        where.append(category(row) == ("fp" if match_type == "false_positive" else "fn"))
    return where
