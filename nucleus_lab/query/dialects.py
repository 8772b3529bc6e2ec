"""What databases write differently, as SQLite writes it.

:mod:`nucleus_lab.query.postgresql` differs from it, so that both give the same results.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import ClassVar, Final

from nucleus_lab.query.json_path import json_text, sqlite_path
from nucleus_lab.query.scores import Scores
from nucleus_lab.query.sql import Sql, call, cast, literal, template, word
from nucleus_lab.query.sql_select import Row, select

Clause = Sql

DAY: Final = 86_400_000
_ISO_DATE: Final = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
_MOMENT: Final = (
    f"CASE WHEN substr({{}}, 1, 10) GLOB '{_ISO_DATE}' AND substr({{}}, 1, 10) >= '0001' "
    "AND date(substr({}, 1, 10)) = substr({}, 1, 10) AND (length({}) = 10 "
    "OR substr({}, 11) GLOB '[T ][0-2][0-9]:[0-5][0-9]*' AND substr({}, 12, 2) < '24') "
    "THEN CAST(round((julianday({}) - 2440587.5) * 86400000.0) AS INTEGER) END"
)

LONGEST_PATTERN: Final = 16_000
"""Bytes of a pattern that a row holds; SQLite takes 50,000, where letters may be written as 3."""


def ascii_lower(text: str) -> str:
    """Fold the case that both databases fold alike: that of A to Z.

    Args:
        text: Any text.

    Returns:
        The folded text.
    """
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


class SQLite:
    """Expressions for SQLite."""

    name = "sqlite"
    types: ClassVar[dict[str, tuple[str, ...]]] = {
        "text": ("text",),
        "number": ("integer", "real"),
        "boolean": ("true", "false"),
    }
    """Kinds of JSON values, as the database names their types."""

    def json(self, kind: str, column: Sql, path: Sequence[str]) -> Sql:
        """Read the value at a path of a document.

        Args:
            kind: As :class:`~nucleus_lab.query.json_path.JSONValue` takes it.
            column: The document.
            path: Keys from the outside in.

        Returns:
            The value, NULL when it is of another kind.
        """
        return Sql(json_text(self.name, kind, column.text, tuple(path)))

    def number(self, value: float) -> Sql:
        """Bind a number that is compared with a JSON number.

        Args:
            value: The number.

        Returns:
            The parameter.
        """
        return literal(value)

    def by_code_point(self, text: Sql) -> Sql:
        """Order text by code point.

        Args:
            text: The text.

        Returns:
            The text, with a collation where needed.
        """
        return text

    def floor(self, value: Sql) -> Sql:
        """Round down; not every build of SQLite has ``floor``.

        Args:
            value: A real number.

        Returns:
            The largest whole number that is not larger.
        """
        whole = cast(value, "INTEGER")
        return whole - cast(value < whole, "INTEGER")

    def milliseconds(self, text: Sql) -> Sql:
        """Read text as a date.

        Args:
            text: ISO 8601 text, UTC when it names no zone.

        Returns:
            Milliseconds since 1970; NULL when the text is no date.
        """
        return template(_MOMENT, *[text] * 8)

    def like(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, with case.

        Args:
            text: The text.
            pattern: The pattern; nothing in it is an escape.

        Returns:
            The condition.
        """
        special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
        glob = "".join(special.get(letter, letter) for letter in pattern)
        return text.op("GLOB")(glob)

    def ilike(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return text.op("LIKE")(pattern)

    def matches(self, text: Sql, pattern: str) -> Clause:
        """Search for a regular expression; the connection provides the function.

        Args:
            text: The text.
            pattern: The expression.

        Returns:
            The condition.
        """
        return call("lab_matches", pattern, text) == 1

    def read_number(self, text: Sql) -> Sql:
        """Read text as a number.

        Args:
            text: The text.

        Returns:
            The number, NULL when the text is none.
        """
        return call("lab_number", text)

    def hash(self, text: Sql) -> Sql:
        """Spread texts evenly over 0 to 1, the same on every machine.

        Args:
            text: The text.

        Returns:
            The first 32 bits of its MD5 as a fraction, less than 1.
        """
        return call("lab_hash", text)

    def distance(self, lat: Sql, lon: Sql, to_lat: Sql, to_lon: Sql) -> Sql:
        """Measure the way along the surface of the earth.

        Args:
            lat: Latitude in degrees.
            lon: Longitude in degrees.
            to_lat: Latitude of the other place.
            to_lon: Longitude of the other place.

        Returns:
            Metres, on a sphere.
        """
        return call("lab_distance", lat, lon, to_lat, to_lon)

    def score(self, key: Sql, scores: Scores, name: str) -> Sql:
        """Look up the number that belongs to a row.

        Args:
            key: Primary key of the row.
            scores: The numbers.
            name: Alias that the statement does not use yet.

        Returns:
            The number, NULL where there is none.
        """
        del name
        return call("lab_score", literal(scores.token), key)

    def contains(self, text: Sql, part: str) -> Clause:
        """Find a part, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return call("instr", call("lower", text), ascii_lower(part)) > 0

    def ends_with(self, text: Sql, end: str) -> Clause:
        """Compare the end of a text.

        Args:
            text: The text.
            end: The end, not empty.

        Returns:
            The condition.
        """
        return call("substr", text, -len(end)) == end

    def fits_like(self, text: Sql, pattern: Sql) -> Clause:
        """Match a pattern of ``%`` and ``_`` that is a value of the row, with case.

        Args:
            text: The text.
            pattern: The pattern; nothing in it is an escape.

        Returns:
            The condition.
        """
        glob = self._short(pattern)
        # An opening bracket first: the others are written with brackets.
        for letter, written in (("[", "[[]"), ("*", "[*]"), ("?", "[?]"), ("%", "*"), ("_", "?")):
            glob = template(f"replace({{}}, '{letter}', '{written}')", glob)
        return text.op("GLOB")(glob)

    def fits_ilike(self, text: Sql, pattern: Sql) -> Clause:
        """Match a pattern that is a value of the row, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return text.op("LIKE")(self._short(pattern))

    def _short(self, pattern: Sql) -> Sql:
        """Make a pattern that is too long for SQLite one that fits nothing."""
        length = "length(CAST({} AS BLOB))"
        return template(f"CASE WHEN {length} <= {LONGEST_PATTERN} THEN {{}} END", pattern, pattern)

    def holds(self, text: Sql, part: Sql) -> Clause:
        """Find a part that is a value of the row, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return call("instr", call("lower", text), call("lower", part)) > 0

    def starts_with_value(self, text: Sql, start: Sql) -> Clause:
        """Compare the beginning of a text with a value of the row.

        Args:
            text: The text.
            start: The beginning.

        Returns:
            The condition.
        """
        return call("substr", text, 1, call("length", start)) == start

    def ends_with_value(self, text: Sql, end: Sql) -> Clause:
        """Compare the end of a text with a value of the row.

        Args:
            text: The text.
            end: The end.

        Returns:
            The condition.
        """
        return call("substr", text, call("length", text) - call("length", end) + 1) == end

    def public_id(self, prefix: str, key: Sql) -> Sql:
        """Write the public id of a row.

        Args:
            prefix: Kind of thing.
            key: Primary key.

        Returns:
            The id as text.
        """
        return call("printf", literal(f"{prefix}_%013x"), key)

    def lower(self, text: Sql) -> Sql:
        """Fold A to Z.

        Args:
            text: The text.

        Returns:
            The folded text.
        """
        return call("lower", text)

    def upper(self, text: Sql) -> Sql:
        """Capitalise a to z.

        Args:
            text: The text.

        Returns:
            The text in capitals.
        """
        return call("upper", text)

    def elements(self, column: Sql, path: Sequence[str], name: str) -> Row:
        """List the members of a JSON list.

        Args:
            column: The document.
            path: Keys from the outside in; none for the document itself.
            name: Alias.

        Returns:
            A table with the columns ``value`` and ``type``.
        """
        # A value that is no list would be listed as itself: callers ask for lists first.
        return Row(name, f"json_each({column.text}, {sqlite_path(tuple(path))})", column.values)

    def element(self, alias: Row, kind: str) -> Sql:
        """Read a member of a JSON list.

        Args:
            alias: What :meth:`elements` returned.
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            Its value, NULL when it is of another kind.
        """
        kinds = ", ".join(map(word, self.types[kind]))
        return Sql(f"CASE WHEN {alias.name}.type IN ({kinds}) THEN {alias.name}.value END")

    def among(self, value: Sql, texts: Sequence[str]) -> Clause:
        """Compare with a long list of texts.

        Args:
            value: The value.
            texts: The list.

        Returns:
            The condition.
        """
        document = literal(json.dumps(list(texts)))
        listed = Row("listed", f"json_each({document.text})", document.values)
        return value.in_(select(listed.c.value).select_from(listed))


@cache
def dialect_named(name: str) -> SQLite:
    """Return what a database writes; PostgreSQL is imported only for one.

    Args:
        name: Name of its SQLAlchemy dialect.

    Returns:
        Its expressions.
    """
    if name == "postgresql":
        from nucleus_lab.query.postgresql import PostgreSQL

        return PostgreSQL()
    return SQLite()
