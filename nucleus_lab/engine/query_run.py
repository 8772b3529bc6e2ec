"""Running the statement of a query, and saying which part of it the database cannot do."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from nucleus_lab.engine import sqlite_functions
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.query.faults import fault
from nucleus_lab.query.sql import Sql
from nucleus_lab.query.written import driver_text

_SEARCHING: Final = 20.0
"""Seconds for the regular expressions of one statement."""


class Prepared(NamedTuple):
    """A statement as the driver takes it.

    Attributes:
        text: The SQL.
        values: Its values in order.
    """

    text: str
    values: tuple[Any, ...]


def prepare(connection: Connection, statement: Sql) -> Prepared:
    """Write a statement for the driver.

    Args:
        connection: The open transaction.
        statement: The statement.

    Returns:
        What :func:`run_statement` takes.
    """
    seen = getattr(connection.dialect.statement_compiler, "seen_rows", None)
    return Prepared(*driver_text(statement, connection.dialect.name, seen))


def run_statement(connection: Connection, source: str, statement: Prepared) -> list[Any]:
    """Run the statement of a query.

    Args:
        connection: The open transaction.
        source: Text of the query, for errors.
        statement: What :func:`prepare` returned.

    Returns:
        The rows as the driver's tuples.

    Raises:
        QueryError: The database cannot compute a value, or a regular expression takes too long.
    """
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        with sqlite_functions.searching(_SEARCHING):
            cursor = cursor_of(connection)
            cursor.execute(*statement)
            found: list[Any] = cursor.fetchall()
            return found
    except dbapi.OperationalError as reason:
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
    except dbapi.DataError as reason:
        told = str(reason).splitlines()[0]
        code, what = "Q033", "a value of this query is too large or of the wrong form"
        if "regular expression" in told:
            code, what = "Q050", "not a regular expression that this database reads"
        raise fault(code, f"{what}: {told}", source, 0, len(source)) from reason
