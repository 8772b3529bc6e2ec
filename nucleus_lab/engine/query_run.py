"""Running the statement of a query, and saying which part of it the database cannot do."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from nucleus_lab.engine import sqlite_functions
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.errors import QueryError
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
    return Prepared(*driver_text(statement, connection.dialect.name))


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
    except dbapi.OperationalError as fault:
        if not sqlite_functions.too_late():
            raise
        raise QueryError(
            "Query error Q051: a regular expression of this query takes too long on a value of the "
            "dataset; write it without repetitions inside repetitions",
            query_code="Q051",
            position=0,
            line=1,
            column=1,
            length=len(source),
            hint="write it without repetitions inside repetitions",
        ) from fault
    except dbapi.DataError as fault:
        raise QueryError(
            "Query error Q033: a value of this query is too large or of the wrong form for the "
            f"database: {fault}",
            query_code="Q033",
            position=0,
            line=1,
            column=1,
            length=len(source),
            hint="",
        ) from fault
