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

__all__ = ["JSONValue", "boolean_at", "json_text", "kind_at", "number_at", "sqlite_path", "text_at"]


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
        self.type = _TYPES[kind]

    @property
    def _from_objects(self) -> list[Any]:
        # A query of nothing but such values still reads from the table of the column.
        return self.column._from_objects  # noqa: SLF001 - the name is SQLAlchemy's


_TYPES: Final[dict[str, Any]] = {
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


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def sqlite_path(path: tuple[str, ...]) -> str:
    """Write a path as SQLite's functions of JSON take it.

    Args:
        path: Keys from the outside in; none for the document itself.

    Returns:
        A literal.
    """
    return _literal("$" + "".join("." + json.dumps(key, ensure_ascii=False) for key in path))


@lru_cache(maxsize=4096)
def json_text(dialect: str, kind: str, column: str, path: tuple[str, ...]) -> str:
    """Write the value at a path.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        kind: As :class:`JSONValue` takes it.
        column: SQL of the document.
        path: Keys from the outside in.

    Returns:
        SQL that holds together beside any operator.

    Raises:
        InvalidInputError: The path is empty, or a key holds a NUL character.
    """
    if not path or any("\x00" in key for key in path):
        raise InvalidInputError(f"{list(path)!r} is no path of metadata keys")
    return (
        _postgresql(kind, column, path) if dialect == "postgresql" else _sqlite(kind, column, path)
    )


def _sqlite(form: str, column: str, path: tuple[str, ...]) -> str:
    arguments = f"{column}, {sqlite_path(path)}"
    kind, value = f"json_type({arguments})", f"json_extract({arguments})"
    if form == "type":
        return kind
    if form == "json":
        return f"({column} -> {sqlite_path(path)})"
    if form.startswith("raw"):
        return value
    if form == "text":
        return f"CASE WHEN {kind} = 'text' THEN {value} END"
    if form == "number":
        return f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END"
    if form == "boolean":
        return f"CASE WHEN {kind} IN ('true', 'false') THEN {value} END"
    return (
        f"CASE {kind} WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' "
        f"WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' ELSE {kind} END"
    )


def _postgresql(form: str, column: str, path: tuple[str, ...]) -> str:
    *outer, last = map(_literal, path)
    parent = column + "".join(f" -> {key}" for key in outer)
    kind, value = f"jsonb_typeof({parent} -> {last})", f"({parent} ->> {last})"
    if form == "type":
        return kind
    if form.startswith("raw"):
        return value + {"raw number": "::numeric", "raw boolean": "::boolean"}.get(form, "")
    if form == "text":
        return f"CASE WHEN {kind} = 'string' THEN {value} END"
    if form == "number":
        return f"CASE WHEN {kind} = 'number' THEN {value}::numeric END"
    if form == "boolean":
        return f"CASE WHEN {kind} = 'boolean' THEN {value}::boolean END"
    return f"CASE {kind} WHEN 'string' THEN 'text' ELSE {kind} END"


@compiles(JSONValue)
def _write(element: JSONValue, compiler: SQLCompiler, **kw: Any) -> str:
    # The result column is the whole expression, not the document inside it.
    inner = {name: value for name, value in kw.items() if name != "add_to_result_map"}
    column = compiler.process(element.column, **inner)
    text = json_text(compiler.dialect.name, element.kind, column, element.path)
    # Drivers with %s places need every percent sign twice.
    return text.replace("%", "%%") if compiler.preparer._double_percents else text  # noqa: SLF001
