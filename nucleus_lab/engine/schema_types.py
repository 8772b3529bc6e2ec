"""Columns that are the same on SQLite and PostgreSQL: JSON documents, and whose a row is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Text, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import UserDefinedType


class json_from_text(GenericFunction[Any]):  # noqa: N801 - named like a SQL function
    """``jsonb(text)`` on SQLite, ``CAST(text AS JSONB)`` on PostgreSQL."""

    inherit_cache = True


class json_to_text(GenericFunction[str]):  # noqa: N801 - named like a SQL function
    """``json(column)`` on SQLite, ``CAST(column AS TEXT)`` on PostgreSQL."""

    type = Text()
    inherit_cache = True


@compiles(json_from_text, "sqlite")
def _sqlite_from_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb({compiler.process(element.clauses, **kw)})"


@compiles(json_from_text, "postgresql")
def _postgresql_from_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS JSONB)"


@compiles(json_to_text, "sqlite")
def _sqlite_to_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


@compiles(json_to_text, "postgresql")
def _postgresql_to_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS TEXT)"


class JSONDocument(UserDefinedType[str]):
    """JSON text on the Python side, JSONB on the disk of both databases.

    The Python value is text rather than a structure, so that bulk readers can join the texts of
    many rows and decode them in one call.
    """

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        """Return the column type in DDL.

        Returns:
            ``JSONB``: a type of PostgreSQL, and BLOB-compatible affinity on SQLite.
        """
        return "JSONB"

    def bind_expression(self, bindvalue: Any) -> ColumnElement[Any] | None:
        """Parse the bound text on its way in.

        Args:
            bindvalue: The bound parameter.

        Returns:
            The converting expression.
        """
        return json_from_text(type_coerce(bindvalue, Text))

    def column_expression(self, column: Any) -> ColumnElement[Any] | None:
        """Print the document on its way out.

        Args:
            column: The column.

        Returns:
            The converting expression.
        """
        return json_to_text(column)


class viewer(GenericFunction[str]):  # noqa: N801 - named like a SQL function
    """Name of the user who asks; ``''`` for a team key and in-process."""

    type = Text()
    inherit_cache = True


@compiles(viewer)
def _viewer(_element: Any, compiler: SQLCompiler, **_kw: Any) -> str:
    # Only the compilers of engine.ownership have a user to name.
    return str(getattr(compiler, "viewer", "''"))


def owned() -> Column[str]:
    """Return the column that says whose a row is: it fills itself.

    Returns:
        ``owner``: the user who made the row; ``''`` for what everyone shares.
    """
    names = Text().with_variant(Text(collation="C"), "postgresql")
    return Column("owner", names, nullable=False, server_default="", default=viewer())
