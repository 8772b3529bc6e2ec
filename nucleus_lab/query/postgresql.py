"""What PostgreSQL writes differently from SQLite, so that both give the same results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    Integer,
    Numeric,
    Text,
    and_,
    case,
    cast,
    collate,
    extract,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, INTERVAL, JSONB, TIMESTAMP
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeDecorator, TypeEngine

from nucleus_lab.query.dialects import Clause, Sql, SQLite, ascii_lower
from nucleus_lab.query.scores import Scores

_ISO_REGEX = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
    r"\s*([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])?\s*)?$"
)


_SHOWN = 4
NUMBER_REGEX = r"^\s*[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?\s*$"
"""Text that ``number()`` reads; every match fits a double."""


class _Listed(TypeDecorator[list[Any]]):
    """An array of any length as a value; where a statement is shown, only its beginning."""

    impl = ARRAY
    cache_ok = True

    def __init__(self, member: TypeEngine[Any]) -> None:
        super().__init__(member)

    def process_literal_param(self, value: list[Any] | None, dialect: Any) -> Any:
        """Shorten a list that stands in a shown statement."""
        del dialect
        return (value or [])[:_SHOWN]


class PostgreSQL(SQLite):
    """Expressions for PostgreSQL."""

    name = "postgresql"
    types: ClassVar[dict[str, tuple[str, ...]]] = {
        "text": ("string",),
        "number": ("number",),
        "boolean": ("boolean",),
    }

    def number(self, value: float) -> Sql:
        """Bind a number that is compared with a JSON number, which is a ``numeric``.

        Args:
            value: The number.

        Returns:
            The parameter.
        """
        if isinstance(value, int):
            return literal(value, BigInteger())
        return literal(Decimal(repr(value)), Numeric())

    def by_code_point(self, text: Sql) -> Sql:
        """Order text by code point.

        Args:
            text: The text.

        Returns:
            The text with the collation ``C``.
        """
        return collate(text, "C")

    def floor(self, value: Sql) -> Sql:
        """Round down.

        Args:
            value: A real number.

        Returns:
            The largest whole number that is not larger.
        """
        return func.floor(value)

    def milliseconds(self, text: Sql) -> Sql:
        """Read text as a date.

        Args:
            text: ISO 8601 text, UTC when it names no zone.

        Returns:
            Milliseconds since 1970; NULL when the text is no date.
        """

        def part(start: int, length: int) -> Sql:
            return cast(func.substr(text, start, length), Integer)

        first = func.make_date(part(1, 4), part(6, 2), 1)
        zoned = case(
            (text.regexp_match(r"([Zz]|[+-][0-9]{2}:[0-9]{2})\s*$"), text),
            (func.length(text) == 10, text + " 00:00Z"),
            else_=func.rtrim(text) + "Z",
        )
        moment = extract("epoch", cast(zoned, TIMESTAMP(timezone=True)))
        rounded = cast(func.floor(moment * 1000 + literal(0.5, Numeric())), BigInteger)
        # As a literal of SQL: SQLAlchemy writes no interval where a statement is shown.
        month = literal_column("INTERVAL '1 month -1 day'", INTERVAL())
        last = extract("day", first + month)
        return case((
            text.regexp_match(_ISO_REGEX),
            case((and_(text >= "0001", part(9, 2) <= last), rounded)),
        ))

    def like(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, with case.

        Args:
            text: The text.
            pattern: The pattern; nothing in it is an escape.

        Returns:
            The condition.
        """
        return text.like(pattern.replace("\\", "\\\\"))

    def ilike(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return self.lower(text).like(ascii_lower(pattern).replace("\\", "\\\\"))

    def matches(self, text: Sql, pattern: str) -> Clause:
        """Search for a regular expression.

        Args:
            text: The text.
            pattern: The expression.

        Returns:
            The condition.
        """
        return text.regexp_match(pattern)

    def read_number(self, text: Sql) -> Sql:
        """Read text as a number.

        Args:
            text: The text.

        Returns:
            The number, NULL when the text is none.
        """
        return case((text.regexp_match(NUMBER_REGEX), cast(text, Double())))

    def hash(self, text: Sql) -> Sql:
        """Spread texts evenly over 0 to 1, the same on every machine.

        Args:
            text: The text.

        Returns:
            The first 32 bits of its MD5 as a fraction, less than 1.
        """
        digits = literal("x", Text()) + func.substr(func.md5(text, type_=Text()), 1, 8)
        return cast(cast(cast(digits, BIT(32)), BigInteger), Double()) / literal(
            4294967296.0, Double()
        )

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
        down = func.power(func.sin(func.radians(to_lat - lat) / 2), 2)
        across = func.power(func.sin(func.radians(to_lon - lon) / 2), 2)
        part = down + func.cos(func.radians(lat)) * func.cos(func.radians(to_lat)) * across
        return func.asin(func.sqrt(func.least(1.0, part)), type_=Double()) * (2 * 6_371_008.8)

    def contains(self, text: Sql, part: str) -> Clause:
        """Find a part, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return func.strpos(self.lower(text), ascii_lower(part)) > 0

    def ends_with(self, text: Sql, end: str) -> Clause:
        """Compare the end of a text.

        Args:
            text: The text.
            end: The end, not empty.

        Returns:
            The condition.
        """
        return func.right(text, len(end)) == end

    def public_id(self, prefix: str, key: Sql) -> Sql:
        """Write the public id of a row.

        Args:
            prefix: Kind of thing.
            key: Primary key.

        Returns:
            The id as text.
        """
        return literal(f"{prefix}_", Text()) + func.lpad(func.to_hex(key), 13, "0", type_=Text())

    def lower(self, text: Sql) -> Sql:
        """Fold A to Z.

        Args:
            text: The text.

        Returns:
            The folded text.
        """
        return func.lower(collate(text, "C"), type_=Text())

    def upper(self, text: Sql) -> Sql:
        """Capitalise a to z.

        Args:
            text: The text.

        Returns:
            The text in capitals.
        """
        return func.upper(collate(text, "C"), type_=Text())

    def score(self, key: Sql, scores: Scores, name: str) -> Sql:
        """Look up the number that belongs to a row: two arrays, the keys found by bisection.

        Args:
            key: Primary key of the row.
            scores: The numbers.
            name: Alias that the statement does not use yet.

        Returns:
            The number, NULL where there is none.
        """
        if not len(scores.keys):
            return cast(null(), Double())
        given = select(
            literal(scores.keys.tolist(), _Listed(BigInteger())).label("of_keys"),
            literal(scores.values.tolist(), _Listed(Double())).label("of_scores"),
        ).subquery(name)
        place = func.width_bucket(key, given.c.of_keys, type_=Integer())
        found = case((given.c.of_keys[place] == key, given.c.of_scores[place]))
        return select(found).select_from(given).correlate_except(given).scalar_subquery()

    def elements(self, column: Sql, path: Sequence[str], name: str) -> TableValuedAlias:
        """List the members of a JSON list; a value that is none has no members.

        Args:
            column: The document.
            path: Keys from the outside in; none for the document itself.
            name: Alias.

        Returns:
            A table with the column ``value``.
        """
        return _members(column, tuple(path), name)

    def element(self, alias: TableValuedAlias, kind: str) -> Sql:
        """Read a member of a JSON list.

        Args:
            alias: What :meth:`elements` returned.
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            Its value, NULL when it is of another kind.
        """
        value = alias.c.value.op("#>>", return_type=Text())(literal_column("'{}'"))
        types: dict[str, tuple[str, Any]] = {
            "text": ("string", Text()),
            "number": ("number", Numeric(asdecimal=False)),
            "boolean": ("boolean", Boolean()),
        }
        name, column_type = types[kind]
        return case((func.jsonb_typeof(alias.c.value) == name, cast(value, column_type)))

    def among(self, value: Sql, texts: Sequence[str]) -> Clause:
        """Compare with a long list of texts.

        Args:
            value: The value.
            texts: The list.

        Returns:
            The condition.
        """
        document = cast(literal(json.dumps(list(texts)), Text()), JSONB())
        listed = func.jsonb_array_elements_text(document).column_valued("listed")
        return value.in_(select(listed))


@lru_cache(maxsize=4096)
def _members(column: Sql, path: tuple[str, ...], name: str) -> TableValuedAlias:
    inner = func.jsonb_extract_path(column, *path) if path else column
    # The planner may list before it tests, and listing a scalar is an error.
    only_lists = case((func.jsonb_typeof(inner) == "array", inner))
    listed = func.jsonb_array_elements(only_lists).table_valued("value")
    return listed.render_derived(name=name)
