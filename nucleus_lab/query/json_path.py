"""Values inside a JSON column as SQL expressions, with the key in the text of the statement.

A bound path (``json_extract(metadata, ?)``) never meets an expression index, and PostgreSQL refuses
to group by one. Here the key is escaped into the SQL text, so that a filter, an ordering and the
index made for them (:mod:`nucleus_lab.engine.indexes`) are one and the same expression.

Every form is guarded by the type of the value: text under a key that elsewhere holds numbers is
absent from :func:`number_at` rather than an error (PostgreSQL) or a number (SQLite).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Boolean, Numeric, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.visitors import InternalTraversal

from nucleus_lab.errors import InvalidInputError

__all__ = ["JSONValue", "boolean_at", "json_value", "kind_at", "number_at", "text_at"]


class JSONValue(ColumnElement[Any]):
    """The value at one path of a JSON column, as one kind of value, NULL when it is of another.

    Args:
        kind: ``text``, ``number``, ``boolean`` or ``kind``; ``type`` for the database's own name of
            the type; ``raw text`` and the like without the guard, for the branches of a CASE over
            that type; ``json`` for the value as JSON writes it, on SQLite.
        column: The JSON column, of the table or of an alias.
        path: Keys from the outside in.

    Raises:
        InvalidInputError: The path is empty, or a key holds a NUL character.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - the name and the shape are SQLAlchemy's
        ("kind", InternalTraversal.dp_string),
        ("column", InternalTraversal.dp_clauseelement),
        ("path", InternalTraversal.dp_plain_obj),
    ]

    def __init__(self, kind: str, column: ColumnElement[Any], path: Sequence[str]) -> None:
        if not path or any("\x00" in key for key in path):
            raise InvalidInputError(f"{list(path)!r} is no path of metadata keys")
        self.kind = kind
        self.column = column
        self.path = tuple(path)
        self.type = TYPES[kind]

    @property
    def _from_objects(self) -> list[Any]:
        # A query of nothing but such values still reads from the table of the column.
        return self.column._from_objects  # noqa: SLF001 - the name is SQLAlchemy's


TYPES: Final[dict[str, Any]] = {
    "text": Text(),
    "number": Numeric(asdecimal=False),
    "boolean": Boolean(),
    "kind": Text(),
    "type": Text(),
    "raw text": Text(),
    "raw number": Numeric(asdecimal=False),
    "raw boolean": Boolean(),
    "json": Text(),
}
"""Types of the values by kind."""


@lru_cache(maxsize=4096)
def json_value(kind: str, column: ColumnElement[Any], path: tuple[str, ...]) -> JSONValue:
    """Return the value at a path; statements share it, since making one costs as much as its use.

    Args:
        kind: As :class:`JSONValue` takes it.
        column: The JSON column.
        path: Keys from the outside in.

    Returns:
        The expression.
    """
    return JSONValue(kind, column, path)


def text_at(column: ColumnElement[Any], *path: str) -> JSONValue:
    """Return the text at a path.

    Args:
        column: The JSON column.
        *path: Keys from the outside in.

    Returns:
        An expression that is NULL where there is no text.
    """
    return JSONValue("text", column, path)


def number_at(column: ColumnElement[Any], *path: str) -> JSONValue:
    """Return the number at a path.

    Args:
        column: The JSON column.
        *path: Keys from the outside in.

    Returns:
        An expression that is NULL where there is no number.
    """
    return JSONValue("number", column, path)


def boolean_at(column: ColumnElement[Any], *path: str) -> JSONValue:
    """Return the truth value at a path.

    Args:
        column: The JSON column.
        *path: Keys from the outside in.

    Returns:
        An expression that is NULL where there is no ``true`` or ``false``.
    """
    return JSONValue("boolean", column, path)


def kind_at(column: ColumnElement[Any], *path: str) -> JSONValue:
    """Return what kind of value a path holds.

    Args:
        column: The JSON column.
        *path: Keys from the outside in.

    Returns:
        An expression that is ``text``, ``number``, ``boolean``, ``array``, ``object`` or ``null``,
        and NULL where there is no value at all.
    """
    return JSONValue("kind", column, path)


def _literal(text: str, compiler: SQLCompiler) -> str:
    """Return text as a SQL literal; drivers with ``%s`` places need every percent sign twice."""
    quoted = "'" + text.replace("'", "''") + "'"
    return quoted.replace("%", "%%") if compiler.preparer._double_percents else quoted  # noqa: SLF001


def _column(element: JSONValue, compiler: SQLCompiler, kw: dict[str, Any]) -> str:
    # The result column is the whole expression, not the document inside it.
    inner = {name: value for name, value in kw.items() if name != "add_to_result_map"}
    return compiler.process(element.column, **inner)


@compiles(JSONValue, "sqlite")
def _sqlite(element: JSONValue, compiler: SQLCompiler, **kw: Any) -> str:
    labels = "".join("." + json.dumps(key, ensure_ascii=False) for key in element.path)
    document, place = _column(element, compiler, kw), _literal("$" + labels, compiler)
    arguments = f"{document}, {place}"
    kind, value = f"json_type({arguments})", f"json_extract({arguments})"
    if element.kind == "type":
        return kind
    if element.kind == "json":
        return f"({document} -> {place})"
    if element.kind.startswith("raw"):
        return value
    if element.kind == "text":
        return f"CASE WHEN {kind} = 'text' THEN {value} END"
    if element.kind == "number":
        return f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END"
    if element.kind == "boolean":
        return f"CASE WHEN {kind} IN ('true', 'false') THEN {value} END"
    return (
        f"CASE {kind} WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' "
        f"WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' ELSE {kind} END"
    )


@compiles(JSONValue, "postgresql")
def _postgresql(element: JSONValue, compiler: SQLCompiler, **kw: Any) -> str:
    *outer, last = (_literal(key, compiler) for key in element.path)
    parent = _column(element, compiler, kw) + "".join(f" -> {key}" for key in outer)
    kind, value = f"jsonb_typeof({parent} -> {last})", f"({parent} ->> {last})"
    if element.kind == "type":
        return kind
    if element.kind.startswith("raw"):
        return value + {"raw number": "::numeric", "raw boolean": "::boolean"}.get(element.kind, "")
    if element.kind == "text":
        return f"CASE WHEN {kind} = 'string' THEN {value} END"
    if element.kind == "number":
        return f"CASE WHEN {kind} = 'number' THEN {value}::numeric END"
    if element.kind == "boolean":
        return f"CASE WHEN {kind} = 'boolean' THEN {value}::boolean END"
    return f"CASE {kind} WHEN 'string' THEN 'text' ELSE {kind} END"
