"""Indexes of columns and of what is computed from them, made where queries ask for one.

Which classes, places and sizes objects have is asked in a part of all workspaces, and an index of
it would cost every upload a third more. They are of whole tables, since objects know of no dataset,
and are kept as long as there is a large dataset.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from nucleus_lab.engine import index_making, indexes
from nucleus_lab.engine.schema import dataset
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.store import Store
from nucleus_lab.query.sql import AND, PLACE, SUM, Comparison, Joined, Sql
from nucleus_lab.query.sql_select import Column, Exists, Select

_PREFIX: Final = "ix_by_"
_SIGNS: Final = {"=", "<", "<=", ">", ">=", "IN", "BETWEEN"}
_TEXTS: Final = re.compile(r"'(?:[^']|'')*'")
_NAMED: Final = re.compile(r"\b([a-z]+_\d+|item)\.")
_CALLED: Final = re.compile(r"\b([A-Za-z_]+)\(")
_IN_INDEXES: Final = {"CAST", "IN", "json_type", "json_extract"}
_LABELLED: Final = re.compile(r"\b(annotations|predictions)_\d+\.label_id\b")
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
    expression: str | None = None

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


def conjuncts(condition: Sql) -> Iterator[Sql]:
    """Walk the conditions that all have to hold.

    Args:
        condition: A compiled condition.

    Yields:
        The condition, or what an AND joins.
    """
    if isinstance(condition, Joined) and condition.level == AND:
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition


def offer_for(part: Sql) -> Offer | None:
    """Find the index that answers a comparison with a constant.

    Args:
        part: A compiled condition.

    Returns:
        The index; ``None`` for any other condition.
    """
    if not isinstance(part, Comparison) or part.sign not in _SIGNS:
        return None
    compared = part.right if isinstance(part.right, tuple) else (part.right,)
    if not all(isinstance(each, Sql) and _is_constant(each) for each in compared):
        return None
    if isinstance(part.left, Column):
        return OFFERS.get((part.left.row.table, part.left.name))
    return _expression_offer(part.left)


def _is_constant(value: Sql) -> bool:
    return value.text == PLACE or value.text.removeprefix("-").isdecimal()


def _outside_texts(expression: Sql) -> str:
    return _TEXTS.sub("''", expression.text)


def speaks_of(condition: Sql, row: str) -> bool:
    """Tell whether a condition names a row.

    Args:
        condition: The compiled condition.
        row: What the row is called in the statement.

    Returns:
        Whether it does.
    """
    return row in _NAMED.findall(_outside_texts(condition))


def _expression_offer(expression: Sql) -> Offer | None:
    """Offer an index of what is computed from the columns of one object, such as its extent."""
    plain = _outside_texts(expression)
    rows = set(_NAMED.findall(plain))
    if not plain.startswith("CASE") or expression.values or len(rows) != 1:
        return None
    if "SELECT" in plain or not set(_CALLED.findall(plain)) <= _IN_INDEXES:
        return None  # not in the expression of an index
    (row,) = rows
    name = row.partition("_")[0].removesuffix("s")
    if name not in _KEYS:
        return None
    # SQLite takes no table name inside the expression of an index.
    written = expression.text.replace(f"{row}.", "")
    digest = hashlib.blake2b(written.encode(), digest_size=8).hexdigest()
    return Offer(name, digest, (f"({written})", *_KEYS[name]), written)


def as_indexed(part: Sql, offer: Offer) -> Sql:
    """Write a comparison so that SQLite meets the index.

    Args:
        part: The compiled condition.
        offer: What :func:`offer_for` returned for it.

    Returns:
        The same condition.
    """
    if offer.expression is None or not isinstance(part, Comparison):
        return part
    left, text = part.left.at(SUM), part.text
    return Sql(f"({offer.expression}){text.removeprefix(left)}", part.values, part.level)


def wanted(where: Iterable[Sql]) -> set[Offer]:
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
        found |= {LABELS[kind] for kind in _LABELLED.findall(_outside_texts(condition))}
    return found


def _of_conjuncts(condition: Sql) -> set[Offer]:
    found = set()
    for part in conjuncts(condition):
        offer = offer_for(part)
        if offer is not None:
            found.add(offer)
        inner = part.inner if isinstance(part, Exists) else getattr(part, "right", None)
        if isinstance(inner, Select):
            for each in inner.conditions:
                found |= _of_conjuncts(each)
    return found
