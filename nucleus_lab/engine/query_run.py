"""Running the statement of a query, and saying which part of it the database cannot do."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from nucleus_lab.engine import sqlite_functions
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.query.faults import fault

_SEARCHING: Final = 20.0
"""Seconds for the regular expressions of one statement."""


class Prepared(NamedTuple):
    """A statement as SQLite's driver takes it.

    Attributes:
        text: The SQL.
        values: Its values in order.
    """

    text: str
    values: tuple[Any, ...]


def prepare(connection: Connection, statement: Any) -> Any:
    """Write a statement once that will be run again with the same values.

    Args:
        connection: The open transaction.
        statement: The statement.

    Returns:
        What :func:`run_statement` takes.
    """
    if connection.dialect.name != "sqlite":
        return statement
    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = compiled.construct_params()
    names = compiled.positiontup or ()
    return Prepared(str(compiled), tuple(values[name] for name in names))


def _rows(connection: Connection, statement: Any) -> list[Any]:
    """Return the driver's own tuples: keys and texts need no conversion, and may be many."""
    if isinstance(statement, Prepared):
        cursor = cursor_of(connection)
        cursor.execute(*statement)
        found: list[Any] = cursor.fetchall()
        return found
    result: Any = connection.execute(statement)
    found = result.cursor.fetchall()
    result.close()
    return found


def run_statement(connection: Connection, source: str, statement: Any) -> list[Any]:
    """Run the statement of a query.

    Args:
        connection: The open transaction.
        source: Text of the query, for errors.
        statement: The statement, or what :func:`prepare` returned.

    Returns:
        The rows as the driver's tuples.

    Raises:
        QueryError: The database cannot compute a value, or a regular expression takes too long.
    """
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        with sqlite_functions.searching(_SEARCHING):
            return _rows(connection, statement)
    except (OperationalError, dbapi.OperationalError) as reason:
        if not sqlite_functions.too_late():
            raise
        raise fault(
            "Q051",
            "a regular expression of this query takes too long on a value of the dataset",
            source,
            0,
            len(source),
            hint="write it without repetitions inside repetitions",
        ) from reason
    except (DataError, dbapi.DataError) as reason:
        told = str(getattr(reason, "orig", reason)).splitlines()[0]
        code, what = "Q033", "a value of this query is too large or of the wrong form"
        if "regular expression" in told:
            code, what = "Q050", "not a regular expression that this database reads"
        raise fault(code, f"{what}: {told}", source, 0, len(source)) from reason
