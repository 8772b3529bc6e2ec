"""Running the statement of a query, and saying which part of it the database cannot do."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from nucleus_lab.engine import sqlite_functions
from nucleus_lab.errors import QueryError

_SEARCHING: Final = 20.0
"""Seconds for the regular expressions of one statement."""


def run_statement(connection: Connection, source: str, statement: Any) -> list[Any]:
    """Run the statement of a query.

    Args:
        connection: The open transaction.
        source: Text of the query, for errors.
        statement: The statement.

    Returns:
        The rows as the driver's tuples.

    Raises:
        QueryError: The database cannot compute a value, or a regular expression takes too long.
    """
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        with sqlite_functions.searching(_SEARCHING):
            result: Any = connection.execute(statement)
            # The driver's own tuples: keys and texts need no conversion, and there may be many.
            rows: list[Any] = result.cursor.fetchall()
            result.close()
        return rows
    except (OperationalError, dbapi.OperationalError) as fault:
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
    except DataError as fault:
        raise QueryError(
            "Query error Q033: a value of this query is too large or of the wrong form for the "
            f"database: {fault.orig}",
            query_code="Q033",
            position=0,
            line=1,
            column=1,
            length=len(source),
            hint="",
        ) from fault
