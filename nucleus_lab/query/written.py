"""What this package wrote as text, as one node of the SQL library and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement, Grouping
from sqlalchemy.sql.operators import OperatorType, and_, comma_op, or_
from sqlalchemy.types import (
    BigInteger,
    Boolean,
    Double,
    LargeBinary,
    Numeric,
    Text,
    TypeEngine,
)

from nucleus_lab.query.sql import AND, PLACE, TABLE, Sql

_TYPES: Final[dict[type, TypeEngine[Any]]] = {
    str: Text(),
    float: Double(),
    Decimal: Numeric(),
    bytes: LargeBinary(),
    bool: Boolean(),
}
_WHOLE: Final = BigInteger()
_TRUTH: Final = Boolean()


class Written(ColumnElement[Any]):
    """An expression of :mod:`nucleus_lab.query.sql` inside a statement of the SQL library.

    Args:
        sql: The expression; it may name tables that the statement reads.
    """

    inherit_cache = False  # a query has its own cache, of whole statements

    def __init__(self, sql: Sql) -> None:
        self.sql = sql
        self.type = _TRUTH

    def self_group(self, against: OperatorType | None = None) -> Any:
        """Put parentheses around what would fall apart beside an operator.

        Args:
            against: The operator.

        Returns:
            This node, in parentheses where it needs them.
        """
        if against is None or against is comma_op:
            return self
        if against in {and_, or_} and self.sql.level >= AND:
            return self
        return Grouping(self)


@compiles(Written)
def _write(element: Written, compiler: SQLCompiler, **kw: Any) -> str:
    texts = with_tables(element.sql.text, getattr(compiler, "seen_rows", None))
    if compiler.preparer._double_percents:  # noqa: SLF001 - the driver reads a percent as a place
        texts = texts.replace("%", "%%")
    first, *rest = texts.split(PLACE)
    inner = {name: value for name, value in kw.items() if name != "add_to_result_map"}
    parts = [first]
    for value, text in zip(element.sql.values, rest, strict=True):
        parts.append(compiler.process(_bound(value), **inner))
        parts.append(text)
    return "".join(parts)


def _bound(value: Any) -> BindParameter[Any]:
    if isinstance(value, BindParameter):
        return value
    return bindparam(None, value, _TYPES.get(type(value), _WHOLE))


@lru_cache(maxsize=64)
def text_of(statement: Any, dialect: str) -> str:
    """Write a statement of the SQL library whose values are numbers of this package.

    Args:
        statement: The statement.
        dialect: ``sqlite`` or ``postgresql``.

    Returns:
        Its text, with the values in it.
    """
    known = _postgresql() if dialect == "postgresql" else _sqlite()
    return str(statement.compile(dialect=known, compile_kwargs={"literal_binds": True}))


@cache
def _sqlite() -> Any:
    from sqlalchemy.dialects import sqlite

    known: Any = sqlite
    return known.dialect()


@cache
def _postgresql() -> Any:
    from sqlalchemy.dialects import postgresql

    known: Any = postgresql
    return known.dialect()


_PLACES: Final[dict[type, str]] = {
    str: "CAST(%s AS TEXT)",
    float: "CAST(%s AS DOUBLE PRECISION)",
    Decimal: "CAST(%s AS NUMERIC)",
    bool: "CAST(%s AS BOOLEAN)",
}


_READ: Final = re.compile(f'{TABLE}([^{TABLE}]+){TABLE} AS ([\\w"]+)')

SeenRows = Callable[[str], str | None]
"""Writes what a user is shown of a table; ``None`` for all of it."""


def with_tables(text: str, seen: SeenRows | None) -> str:
    """Finish the tables that a statement reads.

    Args:
        text: The statement.
        seen: What a user is shown; ``None`` for those who are shown everything.

    Returns:
        The statement with names of tables, or sub-queries in their places.
    """

    def finished(found: re.Match[str]) -> str:
        table, name = found[1], found[2]
        rows = None if seen is None else seen(table)
        if rows is not None:
            return f"{rows} AS {name}"
        return table if table == name else f"{table} AS {name}"

    return _READ.sub(finished, text)


def driver_text(
    sql: Sql, dialect: str, seen: SeenRows | None = None
) -> tuple[str, tuple[Any, ...]]:
    """Write a whole statement as a driver takes it.

    Args:
        sql: The statement.
        dialect: ``sqlite`` or ``postgresql``.
        seen: What a user is shown of a table.

    Returns:
        The text with the driver's places, and the values in order.
    """
    whole = with_tables(sql.text, seen)
    if dialect == "sqlite":
        return whole.replace(PLACE, "?"), sql.values
    first, *rest = whole.replace("%", "%%").split(PLACE)
    parts, values = [first], []
    for value, text in zip(sql.values, rest, strict=True):
        place, plain = _PLACES.get(type(value), "CAST(%s AS BIGINT)"), value
        if isinstance(value, BindParameter):
            place, plain = f"CAST(%s AS {value.type.compile(_postgresql())})", value.value
        parts += [place, text]
        values.append(plain)
    return "".join(parts), tuple(values)
