"""Which index drives a query, where SQLite's planner would walk the dataset instead.

SQLite prefers an index of the dataset's positions to a range of a partial expression index, and
looks at the objects of one item after the other. A condition that an index answers alone is
therefore written as ``id IN (SELECT … INDEXED BY …)``, and the answer is sorted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, MetaData, and_, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.expression import FromClause
from sqlalchemy.sql.selectable import Exists
from sqlalchemy.sql.visitors import InternalTraversal, iterate
from sqlalchemy.types import BigInteger

from nucleus_lab.engine import column_indexes, indexes
from nucleus_lab.engine.schema import item
from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundQuery, BoundValue
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.compile import condition_of
from nucleus_lab.query.hints import next_text

if TYPE_CHECKING:
    from nucleus_lab.engine.query_catalog import StoredCatalog

_RANKS: Final = {"<", "<=", ">", ">="}
_LOOKED_AT: Final = 2_000
_FEW: Final = 0.15
"""Share of objects up to which reading all of them was found faster."""
_BY_NAME: Final = "sqlite_autoindex_item_1"
"""SQLite's own name for the index of (dataset, reference id)."""
_COMPARED: Final = {"text", "number", "boolean", "array"}


class IndexedKeys(ColumnElement[Any]):
    """The keys of the items that a condition selects, found through one index.

    Args:
        alias: Alias of the rows that the condition speaks about.
        index: Name of the index.
        dataset_id: Primary key of the dataset.
        condition: What the rows have to be.
        form: ``keys``: the sub-query; ``ordered``: a statement of the keys in the order of
            positions; ``count``: how many rows there are.
        most: Where counting ends.
        table: Table of the rows: ``item``, ``annotation`` or ``prediction``.
        probe: The part of the condition that the index answers; ``None`` for all of it.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - the name and the shape are SQLAlchemy's
        ("alias", InternalTraversal.dp_string),
        ("index", InternalTraversal.dp_string),
        ("dataset_id", InternalTraversal.dp_plain_obj),
        ("condition", InternalTraversal.dp_clauseelement),
        ("form", InternalTraversal.dp_string),
        ("most", InternalTraversal.dp_plain_obj),
        ("table", InternalTraversal.dp_string),
    ]

    def __init__(
        self,
        alias: str,
        index: str,
        dataset_id: int,
        condition: ColumnElement[bool],
        *,
        form: str = "keys",
        most: int | None = None,
        table: str = "item",
        probe: ColumnElement[bool] | None = None,
    ) -> None:
        self.table = table
        self.probe = condition if probe is None else probe
        self.alias = alias
        self.index = index
        self.dataset_id = dataset_id
        self.condition = condition
        self.form = form
        self.most = most
        self.type = BigInteger()

    def ordered(self) -> IndexedKeys:
        """Return a statement of the keys of items in the order of their positions.

        Returns:
            The statement.
        """
        return IndexedKeys(self.alias, self.index, self.dataset_id, self.condition, form="ordered")

    def counted(self, most: int | None = None) -> IndexedKeys:
        """Return the number of rows that the index finds.

        Args:
            most: Where counting ends.

        Returns:
            The expression.
        """
        return IndexedKeys(
            self.alias,
            self.index,
            self.dataset_id,
            self.probe,
            form="count",
            most=most,
            table=self.table,
        )


@compiles(IndexedKeys)
def _keys(element: IndexedKeys, compiler: SQLCompiler, **kw: Any) -> str:
    inner = {name: value for name, value in kw.items() if name != "add_to_result_map"}
    condition = compiler.process(element.condition, **inner)
    alias, key = element.alias, "id" if element.table == "item" else "item_id"
    owner = f"{alias}.dataset_id = {element.dataset_id:d} AND " if key == "id" else ""
    found = f"FROM {element.table} AS {alias} INDEXED BY {element.index} WHERE {owner}({condition})"
    if element.form == "keys":
        return f"(SELECT {alias}.{key} {found})"
    if element.form == "ordered":
        return f"SELECT {alias}.{key} {found} ORDER BY +{alias}.position"
    if element.most is None:
        return f"(SELECT count(*) {found})"
    return f"(SELECT count(*) FROM (SELECT 1 {found} LIMIT {element.most:d}))"


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Keep SQLite from using an index for a column.

    Args:
        column: The column.

    Returns:
        The column with a sign that changes nothing.
    """
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)


def rare(
    connection: Connection, dataset_id: int, row: FromClause, where: list[ColumnElement[bool]]
) -> bool:
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
    met = case((and_(*where), 1.0), else_=0.0).label("met")
    some = select(met).select_from(row).limit(_LOOKED_AT).subquery("some")
    share = connection.scalar(select(func.avg(some.c.met)))
    return share is not None and share <= _FEW


class Driver(NamedTuple):
    """An index that may find the rows of a query.

    Attributes:
        place: Which condition of the selection it answers.
        keys: The keys that it finds.
    """

    place: int
    keys: IndexedKeys

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition, answered by the index."""
        return item.c.id.op("IN", is_comparison=True)(self.keys)


def drivers_of(
    query: BoundQuery, metadata: MetaData, catalog: StoredCatalog
) -> tuple[list[ColumnElement[bool]], list[Driver]]:
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
    where: list[ColumnElement[bool]] = []
    found: list[Driver] = []
    for place, part in enumerate(parts):
        narrow = _with(query, part)
        clause = condition_of(narrow, metadata, catalog, "sqlite", {"items": item})
        where.append(clause)
        index = None if equal or part is None else _index_of(part, catalog)
        if index is None:
            offer = column_indexes.offer_for(clause)
            if offer is not None and offer.name in catalog.column_indexes:
                index = offer.name
        if index is not None:
            alias = f"keyed_{place + 1}"
            items: Any = metadata.tables["item"].alias(alias)
            inner = condition_of(narrow, metadata, catalog, "sqlite", {"items": items})
            found.append(Driver(place, IndexedKeys(alias, index, catalog.dataset_id, inner)))
        found += [Driver(place, keys) for keys in _object_keys(clause, catalog)]
    return where, found


def _object_keys(clause: Any, catalog: StoredCatalog) -> Iterator[IndexedKeys]:
    """Find the indexes that answer whether an item has an object."""
    inner = column_indexes.selected(clause)
    if not isinstance(clause, Exists) or inner is None or inner.whereclause is None:
        return
    parts = list(column_indexes.conjuncts(inner.whereclause))
    rows = [part.left.table for part in parts if _on_item(part)]
    if len(rows) != 1:
        return
    row: Any = rows[0]
    own = [part for part in parts if not _on_item(part)]
    if any(
        isinstance(each, Column) and each.table is item for part in own for each in iterate(part)
    ):
        return  # it asks about the item too
    for part in own:
        offer = column_indexes.offer_for(part)
        if offer is not None and offer.name in catalog.column_indexes:
            probe = column_indexes.as_indexed(part, offer)
            yield IndexedKeys(
                row.name,
                offer.name,
                catalog.dataset_id,
                and_(*(probe if each is part else each for each in own)),
                table=offer.table,
                probe=probe,
            )


def _on_item(part: Any) -> bool:
    """Tell whether a condition says that an object lies on an item of the result."""
    left = getattr(part, "left", None)
    return (
        isinstance(left, Column)
        and left.name == "item_id"
        and getattr(part, "right", None) is item.c.id
    )


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
        items: Any = metadata.tables["item"].alias(alias)
        narrow = _with(query, part)
        inner = condition_of(narrow, metadata, catalog, "sqlite", {"items": items})
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
