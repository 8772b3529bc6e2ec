"""What databases write differently, as SQLite writes it.

:mod:`nucleus_lab.query.postgresql` differs from it, so that both give the same results.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.sql.selectable import TableValuedAlias

from nucleus_lab.query.scores import Scores

Clause = ColumnElement[bool]
Sql = ColumnElement[Any]

DAY: Final = 86_400_000
_ISO_DATE = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"


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

    def number(self, value: float) -> Sql:
        """Bind a number that is compared with a JSON number.

        Args:
            value: The number.

        Returns:
            The parameter.
        """
        return literal(value, BigInteger() if isinstance(value, int) else Double())

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
        whole = cast(value, Integer)
        return whole - cast(value < whole, Integer)

    def milliseconds(self, text: Sql) -> Sql:
        """Read text as a date.

        Args:
            text: ISO 8601 text, UTC when it names no zone.

        Returns:
            Milliseconds since 1970; NULL when the text is no date.
        """
        day = func.substr(text, 1, 10)
        shape = and_(
            day.op("GLOB")(_ISO_DATE),
            day >= "0001",
            func.date(day) == day,
            or_(
                func.length(text) == 10,
                and_(
                    func.substr(text, 11).op("GLOB")("[T ][0-2][0-9]:[0-5][0-9]*"),
                    func.substr(text, 12, 2) < "24",
                ),
            ),
        )
        moment = func.round((func.julianday(text) - 2440587.5) * 86400000.0)
        return case((shape, cast(moment, Integer)))

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
        return text.op("GLOB", is_comparison=True)(glob)

    def ilike(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return text.op("LIKE", is_comparison=True)(pattern)

    def matches(self, text: Sql, pattern: str) -> Clause:
        """Search for a regular expression; the connection provides the function.

        Args:
            text: The text.
            pattern: The expression.

        Returns:
            The condition.
        """
        found: Clause = func.lab_matches(pattern, text) == 1
        return found

    def read_number(self, text: Sql) -> Sql:
        """Read text as a number.

        Args:
            text: The text.

        Returns:
            The number, NULL when the text is none.
        """
        return func.lab_number(text, type_=Double())

    def hash(self, text: Sql) -> Sql:
        """Spread texts evenly over 0 to 1, the same on every machine.

        Args:
            text: The text.

        Returns:
            The first 32 bits of its MD5 as a fraction, less than 1.
        """
        return func.lab_hash(text, type_=Double())

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
        return func.lab_distance(lat, lon, to_lat, to_lon, type_=Double())

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
        return func.lab_score(literal(scores.token, BigInteger()), key, type_=Double())

    def contains(self, text: Sql, part: str) -> Clause:
        """Find a part, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return func.instr(func.lower(text), ascii_lower(part)) > 0

    def ends_with(self, text: Sql, end: str) -> Clause:
        """Compare the end of a text.

        Args:
            text: The text.
            end: The end, not empty.

        Returns:
            The condition.
        """
        return func.substr(text, -len(end)) == end

    def public_id(self, prefix: str, key: Sql) -> Sql:
        """Write the public id of a row.

        Args:
            prefix: Kind of thing.
            key: Primary key.

        Returns:
            The id as text.
        """
        return func.printf(f"{prefix}_%013x", key, type_=Text())

    def lower(self, text: Sql) -> Sql:
        """Fold A to Z.

        Args:
            text: The text.

        Returns:
            The folded text.
        """
        return func.lower(text, type_=Text())

    def upper(self, text: Sql) -> Sql:
        """Capitalise a to z.

        Args:
            text: The text.

        Returns:
            The text in capitals.
        """
        return func.upper(text, type_=Text())

    def elements(self, column: Sql, path: Sequence[str], name: str) -> TableValuedAlias:
        """List the members of a JSON list.

        Args:
            column: The document.
            path: Keys from the outside in; none for the document itself.
            name: Alias.

        Returns:
            A table with the columns ``value`` and ``type``.
        """
        return _sqlite_members(column, tuple(path), name)

    def element(self, alias: TableValuedAlias, kind: str) -> Sql:
        """Read a member of a JSON list.

        Args:
            alias: What :meth:`elements` returned.
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            Its value, NULL when it is of another kind.
        """
        return case((alias.c.type.in_(self.types[kind]), alias.c.value))

    def among(self, value: Sql, texts: Sequence[str]) -> Clause:
        """Compare with a long list of texts.

        Args:
            value: The value.
            texts: The list.

        Returns:
            The condition.
        """
        listed = func.json_each(json.dumps(list(texts))).table_valued("value")
        return value.in_(select(listed.c.value))


@lru_cache(maxsize=4096)
def _sqlite_members(column: Sql, path: tuple[str, ...], name: str) -> TableValuedAlias:
    labels = "".join("." + json.dumps(key, ensure_ascii=False) for key in path)
    # A value that is no list would be listed as itself: callers ask for lists first.
    return func.json_each(column, "$" + labels).table_valued("value", "type", name=name)


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
