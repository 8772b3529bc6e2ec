"""Cheap conditions that a metadata value has to meet before it is looked at closely, on SQLite.

A value has its type row by row, and to ask for the type costs as much as to read the value. A hint
reads the value once, or only looks for the bytes of a text in the document, and lets through all
that the exact condition accepts and little else; lists always pass. Documents are JSONB: plain
characters of texts stand in them as they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, func, literal, or_
from sqlalchemy.types import BigInteger, Double

from nucleus_lab.query.bound import Constant
from nucleus_lab.query.dialects import Clause, Sql, SQLite, ascii_lower
from nucleus_lab.query.given_values import text_as_number
from nucleus_lab.query.json_path import json_value
from nucleus_lab.query.values import JSONSource, SqlValue

_ESCAPED: Final = frozenset('"\\/')
_MAGIC: Final = frozenset("*?[")
_MOST_TEXTS: Final = 4
_EXACT: Final = 2**53
_PATTERN: Final = 3
"""Shortest part of a pattern that is worth looking for."""


def _source(dialect: SQLite, value: SqlValue) -> JSONSource | None:
    """Return where the value stands; ``None`` when a hint cannot help."""
    if dialect.name != "sqlite" or value.kind != "json" or len(value.sources) != 1:
        return None
    source = value.sources[0]
    # What an index holds is compared by the very expression of the index.
    return source if type(source) is JSONSource and source.known is None else None


def _plain(text: str) -> bool:
    """Tell whether a text stands in a document as it is, however the document was written."""
    return text != "" and text.isascii() and text.isprintable() and not _ESCAPED.intersection(text)


def _holds(source: JSONSource, text: str) -> Clause:
    found: Clause = func.instr(source.column, literal(text.encode(), LargeBinary())) > 0
    return found


def _raw(source: JSONSource) -> Sql:
    return json_value("raw text", source.column, source.path)


def _searchable(constant: Constant) -> bool:
    """Tell whether rows that equal a text hold its characters: numbers may be written otherwise."""
    text = constant.text
    return (
        constant.kind == "text"
        and _plain(text)
        and text not in {"true", "false"}
        and text_as_number(text) is None
    )


def _number(constant: Constant) -> Sql | None:
    value = constant.value
    if constant.kind != "number":
        return None
    if isinstance(value, int):
        return literal(value, BigInteger()) if abs(value) < _EXACT else None
    return literal(float(value), Double())


def _as_if(source: JSONSource, number: Sql) -> Sql:
    """Read a number; 0, no value, texts and lists come out as a number that passes."""
    return func.ifnull(_not_zero(source.column, source.path), number)


@lru_cache(maxsize=4096)
def _not_zero(column: Sql, path: tuple[str, ...]) -> Sql:
    value = json_value("raw number", column, path)
    read: Sql = func.nullif(value + literal(0, BigInteger()), 0)
    return read


def comparison(dialect: SQLite, sign: str, value: SqlValue, constant: Constant) -> Clause | None:
    """Hint at a comparison with a constant.

    Args:
        dialect: The database.
        sign: ``=``, ``<``, ``<=``, ``>`` or ``>=``.
        value: The value.
        constant: The constant.

    Returns:
        A condition that every row meets that meets the comparison; ``None`` without one.
    """
    source = _source(dialect, value)
    if source is None:
        return None
    if sign == "=" and _searchable(constant):
        return _holds(source, constant.text)
    number = _number(constant)
    if number is None:
        return None
    read = _as_if(source, number)
    if sign == "=":
        return read == number
    return read <= number if sign in {"<", "<="} else read >= number


def between(dialect: SQLite, low: Constant, value: SqlValue, high: Constant) -> Clause | None:
    """Hint at a range.

    Args:
        dialect: The database.
        low: The lower end.
        value: The value.
        high: The upper end.

    Returns:
        A condition that every row in the range meets; ``None`` without one.
    """
    source = _source(dialect, value)
    ends = [_number(low), _number(high)]
    if source is None or ends[0] is None or ends[1] is None or low.value > high.value:
        return None
    return _as_if(source, ends[0]).between(ends[0], ends[1])


def member(dialect: SQLite, value: SqlValue, constants: tuple[Constant, ...]) -> Clause | None:
    """Hint at one of some texts.

    Args:
        dialect: The database.
        value: The value.
        constants: The constants.

    Returns:
        A condition that every row meets that equals one; ``None`` without one.
    """
    source = _source(dialect, value)
    if source is None or not 0 < len(constants) <= _MOST_TEXTS:
        return None
    if not all(_searchable(each) and each.text[0] not in "[{" for each in constants):
        return None
    return or_(*(_holds(source, constant.text) for constant in constants))


def pattern(dialect: SQLite, value: SqlValue, sign: str, text: str) -> Clause | None:
    """Hint at a pattern.

    Args:
        dialect: The database.
        value: The value.
        sign: A text operator.
        text: The pattern.

    Returns:
        A condition that every row meets that fits; ``None`` without one.
    """
    source = _source(dialect, value)
    if source is None:
        return None
    if sign == "LIKE":
        text = max(text.replace("_", "%").split("%"), key=len)
        return _holds(source, text) if len(text) >= _PATTERN and _plain(text) else None
    if not _plain(text):
        return None
    if sign == "CONTAINS":
        found: Clause = func.instr(func.lower(_raw(source)), ascii_lower(text)) > 0
        return found
    if sign == "STARTS WITH":
        if text[0] in "[]^-":
            return None  # they mean something else inside a class of characters
        return _raw(source).op("GLOB", is_comparison=True)(f"[[{text[0]}]*")
    return _holds(source, text) if sign == "ENDS WITH" else None


def started(value: SqlValue, start: str) -> Clause | None:
    """Test whether the text of a row that met the hint begins with a text, with one look at it.

    Args:
        value: The value, for which :func:`pattern` gave a hint.
        start: The beginning.

    Returns:
        The condition, false for lists; ``None`` where it cannot be said so.
    """
    if _MAGIC.intersection(start):
        return None
    source = value.sources[0]
    written = json_value("json", source.column, source.path)
    found: Clause = written.op("GLOB", is_comparison=True)(f'"{start}*')
    return found


def remainder(
    dialect: SQLite, value: SqlValue, divisor: Constant, wanted: Constant
) -> Clause | None:
    """Hint at ``value % divisor = wanted``, all of them whole; of whole values it is the answer.

    Args:
        dialect: The database.
        value: The value in metadata.
        divisor: What it is divided by.
        wanted: The remainder.

    Returns:
        A condition that every row meets that has the remainder; ``None`` without one.
    """
    source = _source(dialect, value)
    by: Any = divisor.value
    rest: Any = wanted.value
    if source is None or divisor.kind != "number" or wanted.kind != "number":
        return None
    if not (isinstance(by, int) and isinstance(rest, int) and 0 <= rest < by < _EXACT):
        return None
    # SQLite's own % has the sign of the dividend.
    left = json_value("raw number", source.column, source.path).op("%")(literal(by, BigInteger()))
    return left.in_([rest, rest - by]) if rest else left == literal(0, BigInteger())


def next_text(start: str) -> str | None:
    """Return the least text, by code point, behind all that begin with a text.

    Args:
        start: The beginning, not empty.

    Returns:
        The text; ``None`` where there is none.
    """
    last = ord(start[-1]) if start else 0x10FFFF
    if last == 0x10FFFF:
        return None
    return start[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)


def indexable(value: SqlValue) -> bool:
    """Tell whether a text stands in an index: an uploader's id, or a key that holds only texts.

    Args:
        value: The value.

    Returns:
        Whether a range of it is found by an index.
    """
    if value.kind == "text":
        return isinstance(value.sql, Column) and value.sql.name == "reference_id"
    known = [source.known for source in value.sources]
    return known == [frozenset({"text"})]
