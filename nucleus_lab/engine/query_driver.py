"""Which index drives a query, where SQLite's planner would walk the dataset instead.

SQLite prefers an index of the dataset's positions to a range of a partial expression index, and
looks at the objects of one item after the other. A condition that an index answers alone is
therefore written as ``id IN (SELECT … INDEXED BY …)``, and the answer is sorted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, MetaData, func, select

from nucleus_lab.engine import column_indexes, indexes
from nucleus_lab.engine.query_run import prepare, run_statement
from nucleus_lab.engine.query_statistics import counted
from nucleus_lab.engine.schema import item
from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundQuery, BoundValue
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.compile import condition_of
from nucleus_lab.query.hints import next_text
from nucleus_lab.query.sql import AND, SIGN, Comparison, Sql, and_, case
from nucleus_lab.query.sql_select import Column, Exists, Row

if TYPE_CHECKING:
    from nucleus_lab.engine.query_catalog import StoredCatalog

_RANKS: Final = {"<", "<=", ">", ">="}
_LOOKED_AT: Final = 2_000
_FEW: Final = 0.15
"""Share of objects up to which reading all of them was found faster."""
_BY_NAME: Final = "sqlite_autoindex_item_1"
"""SQLite's own name for the index of (dataset, reference id)."""
_BY_KEY: Final = ""
_NAMED: Final = {"reference_id": _BY_NAME, "@item_id": _BY_KEY}
"""Where items are found that a query names."""
_COMPARED: Final = {"text", "number", "boolean", "array"}


class IndexedKeys(msgspec.Struct, frozen=True):
    """The keys of the items that a condition selects, found through one index.

    Attributes:
        alias: What the rows are called that the condition speaks about.
        index: Name of the index; empty where the rows are found by their primary keys.
        dataset_id: Primary key of the dataset.
        condition: What the rows have to be.
        table: Table of the rows: ``item``, ``annotation`` or ``prediction``.
        probe: The part of the condition that the index answers; ``None`` for all of it.
    """

    alias: str
    index: str
    dataset_id: int
    condition: Sql
    table: str = "item"
    probe: Sql | None = None

    @property
    def _key(self) -> str:
        return f"{self.alias}.{'id' if self.table == 'item' else 'item_id'}"

    def _found(self, condition: Sql) -> str:
        owner = f"{self.alias}.dataset_id = {self.dataset_id:d} AND "
        # SQLite finds rows by their keys also where it may use no index.
        index = f"INDEXED BY {self.index}" if self.index else "NOT INDEXED"
        return (
            f"FROM {self.table} AS {self.alias} {index} "
            f"WHERE {owner if self.table == 'item' else ''}{condition.at(AND)}"
        )

    def keys(self) -> Sql:
        """Return the keys.

        Returns:
            A statement in parentheses.
        """
        found = self._found(self.condition)
        return Sql(f"(SELECT {self._key} {found})", self.condition.values)

    def ordered(self) -> Sql:
        """Return the keys of items in the order of their positions.

        Returns:
            A statement.
        """
        found = self._found(self.condition)
        text = f"SELECT {self._key} {found} ORDER BY +{self.alias}.position"
        return Sql(text, self.condition.values)

    def counted(self, most: int | None = None) -> Sql:
        """Return the number of rows that the index finds.

        Args:
            most: Where counting ends.

        Returns:
            A statement.
        """
        probe = self.condition if self.probe is None else self.probe
        found = self._found(probe)
        if most is None:
            return Sql(f"SELECT count(*) {found}", probe.values)
        return Sql(f"SELECT count(*) FROM (SELECT 1 {found} LIMIT {most:d})", probe.values)


def unindexed(column: Sql) -> Sql:
    """Keep SQLite from using an index for a column.

    Args:
        column: The column.

    Returns:
        The column with a sign that changes nothing.
    """
    return Sql(f"+{column.text}", column.values, SIGN)


def rare(connection: Connection, dataset_id: int, row: Row, where: list[Sql]) -> bool:
    """Tell whether few objects of a workspace meet conditions, by looking at some of them.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        row: Alias of a table of objects.
        where: The conditions.

    Returns:
        Whether to read all objects rather than those of each item. Never when the items of other
        datasets are many beside those of this one, or the dataset is small.
    """
    size = indexes.size_of(connection, dataset_id)
    if size < indexes.LARGE or 2 * size < (connection.scalar(select(func.max(item.c.id))) or 0):
        return False
    met = case((and_(*where), Sql("1.0")), else_=Sql("0.0"))
    some = f"SELECT {met.text} AS met FROM {row.source} LIMIT {_LOOKED_AT:d}"
    average = prepare(connection, Sql(f"SELECT avg(met) FROM ({some}) AS looked", met.values))

    def share() -> float | None:
        found: float | None = run_statement(connection, "", average)[0][0]
        return found

    known = counted(connection, dataset_id, ("share", *average), share)
    return known is not None and known <= _FEW


class Driver(NamedTuple):
    """An index that may find the rows of a query.

    Attributes:
        place: Which condition of the selection it answers.
        keys: The keys that it finds.
    """

    place: int
    keys: IndexedKeys

    @property
    def condition(self) -> Sql:
        """The condition, answered by the index."""
        return Sql("item.id").op("IN")(self.keys.keys())


def drivers_of(
    query: BoundQuery, metadata: MetaData, catalog: StoredCatalog
) -> tuple[list[Sql], list[Driver]]:
    """Compile the conditions of a query about items one by one, with the indexes of each.

    Which of them to use is decided when it is asked: an index that finds few rows, or none to walk
    the dataset until a page is full.

    Args:
        query: The bound query.
        metadata: The tables of the engine.
        catalog: Names of the dataset.

    Returns:
        The conditions, and the indexes; more than one may answer a condition.
    """
    condition = query.condition
    parts = condition.parts if isinstance(condition, bound.All) else (condition,)
    equal = any(_is_equality(part, catalog) for part in parts)
    where: list[Sql] = []
    found: list[Driver] = []
    for place, part in enumerate(parts):
        narrow = _with(query, part)
        clause = condition_of(narrow, metadata, catalog, "sqlite", {"items": "item"})
        where.append(clause)
        index = _index_of_named(part)
        if index is None and part is not None and not equal:
            index = _index_of(part, catalog)
        if index is None:
            offer = column_indexes.offer_for(clause)
            if offer is not None and offer.name in catalog.column_indexes:
                index = offer.name
        if index is not None:
            alias = f"keyed_{place + 1}"
            inner = condition_of(narrow, metadata, catalog, "sqlite", {"items": alias})
            found.append(Driver(place, IndexedKeys(alias, index, catalog.dataset_id, inner)))
        found += [Driver(place, keys) for keys in _object_keys(clause, catalog)]
    return where, found


def _object_keys(clause: Sql, catalog: StoredCatalog) -> Iterator[IndexedKeys]:
    """Find the indexes that answer whether an item has an object."""
    if not isinstance(clause, Exists):
        return
    parts = [each for part in clause.inner.conditions for each in column_indexes.conjuncts(part)]
    rows = [row for part in parts if (row := _on_item(part)) is not None]
    if len(rows) != 1:
        return
    own = [part for part in parts if _on_item(part) is None]
    if any(column_indexes.speaks_of(part, "item") for part in own):
        return  # it asks about the item too
    for part in own:
        offer = column_indexes.offer_for(part)
        if offer is not None and offer.name in catalog.column_indexes:
            probe = column_indexes.as_indexed(part, offer)
            yield IndexedKeys(
                rows[0].name,
                offer.name,
                catalog.dataset_id,
                and_(*(probe if each is part else each for each in own)),
                table=offer.table,
                probe=probe,
            )


def _on_item(part: Sql) -> Row | None:
    """Return the row of which a condition says that it lies on an item of the result."""
    if not isinstance(part, Comparison) or part.sign != "=":
        return None
    left, right = part.left, part.right
    if not isinstance(left, Column) or left.name != "item_id":
        return None
    return left.row if isinstance(right, Sql) and right.text == "item.id" else None


def drive(
    query: BoundQuery, metadata: MetaData, catalog: Catalog
) -> tuple[list[IndexedKeys], BoundQuery]:
    """Take the conditions out of a query about items that an index answers alone.

    Args:
        query: The bound query.
        metadata: The tables of the engine.
        catalog: Names of the dataset.

    Returns:
        The keys that each of these conditions selects, and the query without them.
    """
    condition = query.condition
    parts = condition.parts if isinstance(condition, bound.All) else (condition,)
    if any(_is_equality(part, catalog) for part in parts):
        return [], query  # SQLite finds that index itself, and it leaves fewer rows than a range
    found: list[IndexedKeys] = []
    rest: list[BoundCondition] = []
    for part in parts:
        index = None if part is None else _index_of(part, catalog)
        if part is None or index is None:
            rest += [] if part is None else [part]
            continue
        alias = f"keyed_{len(found) + 1}"
        narrow = _with(query, part)
        inner = condition_of(narrow, metadata, catalog, "sqlite", {"items": alias})
        found.append(IndexedKeys(alias, index, catalog.dataset_id, inner))
    if not found:
        return [], query
    return found, _with(query, bound.All(tuple(rest)) if rest else None)


def _with(query: BoundQuery, condition: BoundCondition | None) -> BoundQuery:
    return bound.BoundQuery(
        query.source,
        query.level,
        query.scopes,
        condition,
        query.order,
        query.limit,
        query.offset,
        query.sample,
        query.seed,
        query.warnings,
    )


def _is_equality(part: BoundCondition | None, catalog: Catalog) -> bool:
    """Tell whether an index of a metadata key finds the rows by one value."""
    if not isinstance(part, bound.Test) or part.operators != ("=",):
        return False
    return any(
        isinstance(each, bound.FieldValue)
        and each.field.source == "metadata"
        and each.scope.root.kind == "items"
        and catalog.kinds(each.path) is not None
        for each in part.operands
    )


def _index_of(part: BoundCondition, catalog: Catalog) -> str | None:
    """Name the index that answers a condition alone: a range, or one of several texts."""
    if isinstance(part, bound.Complement) and isinstance(part.part, bound.Present):
        return _index_of_absent(part.part.operand, catalog)
    if isinstance(part, bound.Matches):
        return _index_of_start(part, catalog)
    named = _index_of_named(part)
    if named is not None:
        return named
    if isinstance(part, bound.Member):
        constants: tuple[Any, ...] = part.values
        field: Any = part.operand
        if not 2 <= len(constants) < 500:
            return None
    elif isinstance(part, bound.Test) and set(part.operators) <= _RANKS:
        fields = [each for each in part.operands if isinstance(each, bound.FieldValue)]
        constants = tuple(each for each in part.operands if isinstance(each, bound.Constant))
        if len(fields) != 1 or len(fields) + len(constants) != len(part.operands):
            return None
        field = fields[0]
    else:
        return None
    kinds = {constant.kind for constant in constants}
    if len(kinds) != 1 or not isinstance(field, bound.FieldValue) or not field.path:
        return None
    if field.scope.root.kind != "items" or field.field.source != "metadata":
        return None
    known = catalog.kinds(field.path)
    kind = kinds.pop()
    if known is None or kind not in {"text", "number"} or known & _COMPARED != {kind}:
        return None
    if kind == "text" and not all(each.kind == "text" for each in constants):
        return None
    return indexes.name_of(catalog.dataset_id, field.path, kind)


def _index_of_named(part: BoundCondition | None) -> str | None:
    """Name the index of items that are listed by their reference ids, or their public ids."""
    if not isinstance(part, bound.Member) or not isinstance(part.operand, bound.FieldValue):
        return None
    field = part.operand
    if field.scope.root.kind != "items" or not all(each.kind == "text" for each in part.values):
        return None
    return _NAMED.get(field.field.source)


def _index_of_absent(field: BoundValue, catalog: Catalog) -> str | None:
    """Name the index of the kinds of a key's values, for ``IS NULL``."""
    if not isinstance(field, bound.FieldValue) or not _is_key(field):
        return None
    known = catalog.kinds(field.path)
    if known is None or known & {"array", "null"}:
        return None
    return indexes.name_of(catalog.dataset_id, field.path, "kind")


def _index_of_start(part: bound.Matches, catalog: Catalog) -> str | None:
    """Name the index of texts that begin with a text."""
    field = part.operand
    if part.operator != "STARTS WITH" or not isinstance(field, bound.FieldValue):
        return None
    if not isinstance(part.pattern, bound.Constant):
        return None
    if next_text(part.pattern.text) is None or field.scope.root.kind != "items":
        return None
    if field.field.source == "reference_id":
        return _BY_NAME
    if not _is_key(field) or (catalog.kinds(field.path) or _COMPARED) & _COMPARED != {"text"}:
        return None
    return indexes.name_of(catalog.dataset_id, field.path, "text")


def _is_key(field: bound.FieldValue) -> bool:
    return bool(
        field.path and field.field.source == "metadata" and field.scope.root.kind == "items"
    )
