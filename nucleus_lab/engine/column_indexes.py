"""Indexes of columns and of what is computed from them, made where queries ask for one.

Which classes, places and sizes objects have is asked in a part of all workspaces, and an index of
it would cost every upload a third more. They are of whole tables, since objects know of no dataset,
and are kept as long as there is a large dataset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Column, Connection, bindparam, literal_column, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BooleanClauseList,
    Case,
    ClauseElement,
    ColumnElement,
    Grouping,
)
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Exists, ScalarSelect, Select, SelectBase
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from nucleus_lab.engine import index_making, indexes
from nucleus_lab.engine.schema import dataset
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.store import Store

_PREFIX: Final = "ix_by_"
_SIGNS: Final = {
    operators.eq: "=",
    operators.lt: "<",
    operators.le: "<=",
    operators.gt: ">",
    operators.ge: ">=",
    operators.in_op: "IN",
    operators.between_op: "BETWEEN",
}
_LARGEST: Final = Statement(
    lambda: select(dataset.c.id).where(dataset.c.next_position >= bindparam("least")).limit(1)
)


class Offer(NamedTuple):
    """An index that can be made.

    Attributes:
        table: Name of the table.
        column: What is compared; of an expression, a digest of it.
        columns: What the index holds, in order. What many rows share, such as the run of a
            prediction, never comes first: SQLite would take the index for a look-up of one item,
            and read the whole run each time.
        expression: What is compared where that is no plain column, as the index spells it.
    """

    table: str
    column: str
    columns: tuple[str, ...]
    expression: ColumnElement[Any] | None = None

    @property
    def name(self) -> str:
        """Name of the index."""
        return f"{_PREFIX}{self.table}_{self.column}"


def _offers() -> Iterator[Offer]:
    for column in ("width", "height"):
        yield Offer("item", column, (column, "dataset_id", "position"))
    for column in ("label_id", "type", "annotation_id", "x", "y", "width", "height"):
        yield Offer("annotation", column, (column, "item_id"))
        more = ("confidence",) if column == "label_id" else ()
        yield Offer("prediction", column, (column, "model_run_id", "item_id", *more))
    yield Offer("prediction", "confidence", ("confidence", "model_run_id", "item_id"))


OFFERS: Final = {(offer.table, offer.column): offer for offer in _offers()}
"""All of them by table and column."""

_MOST_EXPRESSIONS: Final = 8
_KEYS: Final = {"annotation": ("item_id",), "prediction": ("model_run_id", "item_id")}

LABELS: Final = {
    "annotations": OFFERS["annotation", "label_id"],
    "predictions": OFFERS["prediction", "label_id"],
}
"""The indexes of labels by what a query calls their rows."""


def existing(connection: Connection) -> frozenset[str]:
    """Return which of the indexes there are.

    Args:
        connection: The open transaction.

    Returns:
        Their names.
    """
    return frozenset(indexes.names_with(connection, _PREFIX))


def create(connection: Connection, offer: Offer) -> bool:
    """Make an index, where it is not there yet.

    Args:
        connection: The open write transaction.
        offer: The index.

    Returns:
        Whether it is there now; ``False`` where there are enough indexes of expressions.
    """
    if offer.expression is not None:
        plain = {each.name for each in OFFERS.values()}
        if len(existing(connection) - plain - {offer.name}) >= _MOST_EXPRESSIONS:
            return False
    columns = ", ".join(offer.columns)
    connection.exec_driver_sql(
        f"CREATE INDEX IF NOT EXISTS {offer.name} ON {offer.table} ({columns})"
    )
    return True


def note_use(store: Store, wanted: Iterable[Offer], size: int) -> None:
    """Have the indexes made that a query on a large dataset could have used.

    Args:
        store: The database.
        wanted: What :func:`wanted` returned.
        size: Items of the dataset, about.
    """
    if size < indexes.LARGE:
        return
    for offer in wanted:
        index_making.soon(store, offer.name, partial(create, offer=offer))


def drop_unneeded(connection: Connection) -> int:
    """Drop the indexes when no large dataset is left.

    Args:
        connection: The open write transaction.

    Returns:
        Indexes dropped.
    """
    if _LARGEST.first(connection, least=indexes.LARGE) is not None:
        return 0
    names = existing(connection)
    for name in names:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    return len(names)


def conjuncts(condition: Any) -> Iterator[ColumnElement[Any]]:
    """Walk the conditions that all have to hold.

    Args:
        condition: A compiled condition.

    Yields:
        The condition, or what an AND joins.
    """
    if isinstance(condition, Grouping):
        yield from conjuncts(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from conjuncts(part)
    else:
        yield condition


def offer_for(part: Any) -> Offer | None:
    """Find the index that answers a comparison with a constant.

    Args:
        part: A compiled condition.

    Returns:
        The index; ``None`` for any other condition.
    """
    if not isinstance(part, BinaryExpression) or part.operator not in _SIGNS:
        return None
    column = part.left
    if any(
        isinstance(each, ClauseElement) and not isinstance(each, BindParameter)
        for each in _operands(part.right)
    ):
        return None
    if not isinstance(column, Column):
        return _expression_offer(column)
    table: Any = column.table
    return OFFERS.get((getattr(table, "element", table).name, column.name))


def _expression_offer(expression: ColumnElement[Any]) -> Offer | None:
    """Offer an index of what is computed from the columns of one object, such as its extent."""
    if not isinstance(expression, Case):
        return None
    tables: set[Any] = set()
    for each in iterate(expression):
        if isinstance(each, SelectBase | FunctionElement):
            return None  # not in the expression of an index
        if isinstance(each, Column):
            tables.add(each.table)
    names = {getattr(table, "element", table).name for table in tables}
    if len(tables) != 1 or not names <= _KEYS.keys():
        return None
    (name,) = names
    written = _written(_without_table(expression))
    digest = hashlib.blake2b(written.encode(), digest_size=8).hexdigest()
    return Offer(name, digest, (f"({written})", *_KEYS[name]), expression)


def _bare(each: Any, **_: Any) -> Any:
    return literal_column(each.name) if isinstance(each, Column) else None


def _without_table(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    # SQLite takes no table name inside the expression of an index.
    traverse: Any = replacement_traverse
    found: ColumnElement[Any] = traverse(expression, {}, _bare)
    return found


def _written(expression: ColumnElement[Any]) -> str:
    """Write an expression of an index, whose numbers stand in its text; SQLite meets no other."""
    from sqlalchemy.dialects import sqlite  # loaded already where it is in use

    compiled = expression.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    return str(compiled)


def as_indexed(part: Any, offer: Offer) -> ColumnElement[bool]:
    """Write a comparison so that SQLite meets the index.

    Args:
        part: The compiled condition.
        offer: What :func:`offer_for` returned for it.

    Returns:
        The same condition.
    """
    if offer.expression is None:
        found: ColumnElement[bool] = part
        return found
    written: ColumnElement[Any] = literal_column(
        f"({_written(offer.expression)})", type_=offer.expression.type
    )
    return BinaryExpression(written, part.right, part.operator, type_=part.type)


def _operands(right: Any) -> Iterator[Any]:
    if isinstance(right, Grouping):
        yield from _operands(right.element)
    elif hasattr(right, "clauses"):
        for each in right.clauses:
            yield from _operands(each)
    else:
        yield right


def selected(part: Any) -> Select[Any] | None:
    """Return the sub-query of an EXISTS or an IN.

    Args:
        part: A compiled condition.

    Returns:
        The sub-query; ``None`` for any other condition.
    """
    if isinstance(part, Exists):
        inner: Any = part.element
    elif isinstance(part, BinaryExpression) and part.operator is operators.in_op:
        inner = part.right
    else:
        return None
    while isinstance(inner, Grouping | ScalarSelect):
        inner = inner.element
    return inner if isinstance(inner, Select) else None


def wanted(where: Iterable[ColumnElement[bool]]) -> set[Offer]:
    """Find the indexes that could answer a query.

    Args:
        where: The compiled conditions of a query about items.

    Returns:
        Those of the columns that its conditions compare, whether they are there or not. An index
        of labels serves wherever a label stands; any other where the condition decides alone.
    """
    found = set()
    for condition in where:
        found |= _of_conjuncts(condition)
        for element in iterate(condition):
            offer = offer_for(element)
            if offer is not None and offer.column == "label_id":
                found.add(offer)
    return found


def _of_conjuncts(condition: Any) -> set[Offer]:
    found = set()
    for part in conjuncts(condition):
        offer = offer_for(part)
        if offer is not None:
            found.add(offer)
        inner = selected(part)
        if inner is not None and inner.whereclause is not None:
            found |= _of_conjuncts(inner.whereclause)
    return found
