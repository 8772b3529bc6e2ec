"""What PostgreSQL writes differently from SQLite, so that both give the same results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Double, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeDecorator, TypeEngine

from nucleus_lab.query.dialects import LONGEST_PATTERN, Clause, SQLite, ascii_lower
from nucleus_lab.query.scores import Scores
from nucleus_lab.query.sql import NULL, SUM, Sql, call, cast, literal, template
from nucleus_lab.query.sql_select import Row, select

_ISO_REGEX = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
    r"\s*([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])?\s*)?$"
)

_ZONE = r"([Zz]|[+-][0-9]{2}:[0-9]{2})\s*$"
_MOMENT: Final = (
    f"CASE WHEN ({{}}) ~ '{_ISO_REGEX.replace('{', '{{').replace('}', '}}')}' THEN "
    "CASE WHEN ({}) >= '0001' AND CAST(substr({}, 9, 2) AS INTEGER) <= EXTRACT(day FROM make_date("
    "CAST(substr({}, 1, 4) AS INTEGER), CAST(substr({}, 6, 2) AS INTEGER), 1) "
    "+ CAST('1 month -1 day' AS INTERVAL)) THEN CAST(floor(EXTRACT(epoch FROM CAST("
    f"CASE WHEN ({{}}) ~ '{_ZONE.replace('{', '{{').replace('}', '}}')}' THEN {{}} "
    "WHEN length({}) = 10 THEN ({}) || ' 00:00Z' ELSE rtrim({}) || 'Z' END "
    "AS TIMESTAMP WITH TIME ZONE)) * 1000 + 0.5) AS BIGINT) END END"
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
        return literal(value if isinstance(value, int) else Decimal(repr(value)))

    def by_code_point(self, text: Sql) -> Sql:
        """Order text by code point.

        Args:
            text: The text.

        Returns:
            The text with the collation ``C``.
        """
        return template('({} COLLATE "C")', text, inner=SUM)

    def floor(self, value: Sql) -> Sql:
        """Round down.

        Args:
            value: A real number.

        Returns:
            The largest whole number that is not larger.
        """
        return call("floor", value)

    def milliseconds(self, text: Sql) -> Sql:
        """Read text as a date.

        Args:
            text: ISO 8601 text, UTC when it names no zone.

        Returns:
            Milliseconds since 1970; NULL when the text is no date.
        """
        return template(_MOMENT, *[text] * 10)

    def like(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, with case.

        Args:
            text: The text.
            pattern: The pattern; nothing in it is an escape.

        Returns:
            The condition.
        """
        return text.op("LIKE")(pattern.replace("\\", "\\\\"))

    def ilike(self, text: Sql, pattern: str) -> Clause:
        """Match a pattern of ``%`` and ``_``, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return self.lower(text).op("LIKE")(ascii_lower(pattern).replace("\\", "\\\\"))

    def matches(self, text: Sql, pattern: str) -> Clause:
        """Search for a regular expression.

        Args:
            text: The text.
            pattern: The expression.

        Returns:
            The condition.
        """
        return text.op("~")(pattern)

    def read_number(self, text: Sql) -> Sql:
        """Read text as a number.

        Args:
            text: The text.

        Returns:
            The number, NULL when the text is none.
        """
        return template(
            "CASE WHEN {} THEN CAST({} AS DOUBLE PRECISION) END",
            text.op("~")(NUMBER_REGEX),
            text,
        )

    def hash(self, text: Sql) -> Sql:
        """Spread texts evenly over 0 to 1, the same on every machine.

        Args:
            text: The text.

        Returns:
            The first 32 bits of its MD5 as a fraction, less than 1.
        """
        digits = template("'x' || substr(md5({}), 1, 8)", text)
        number = f"CAST(CAST(CAST({digits.text} AS BIT(32)) AS BIGINT) AS DOUBLE PRECISION)"
        return Sql(f"({number} / 4294967296.0)", digits.values)

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
        down = call("power", call("sin", call("radians", to_lat - lat) / 2), 2)
        across = call("power", call("sin", call("radians", to_lon - lon) / 2), 2)
        circles = call("cos", call("radians", lat)) * call("cos", call("radians", to_lat))
        part = template("asin(sqrt(least(1.0, {})))", down + circles * across)
        return part * literal(2 * 6_371_008.8)

    def contains(self, text: Sql, part: str) -> Clause:
        """Find a part, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return call("strpos", self.lower(text), ascii_lower(part)) > 0

    def ends_with(self, text: Sql, end: str) -> Clause:
        """Compare the end of a text.

        Args:
            text: The text.
            end: The end, not empty.

        Returns:
            The condition.
        """
        return call("right", text, len(end)) == end

    def fits_like(self, text: Sql, pattern: Sql) -> Clause:
        """Match a pattern of ``%`` and ``_`` that is a value of the row, with case.

        Args:
            text: The text.
            pattern: The pattern; nothing in it is an escape.

        Returns:
            The condition.
        """
        short = template(
            f"CASE WHEN octet_length({{}}) <= {LONGEST_PATTERN} THEN {{}} END", pattern, pattern
        )
        return template("({} LIKE {} ESCAPE '')", text, short, inner=SUM)

    def fits_ilike(self, text: Sql, pattern: Sql) -> Clause:
        """Match a pattern that is a value of the row, without the case of A to Z.

        Args:
            text: The text.
            pattern: The pattern.

        Returns:
            The condition.
        """
        return self.fits_like(self.lower(text), self.lower(pattern))

    def holds(self, text: Sql, part: Sql) -> Clause:
        """Find a part that is a value of the row, without the case of A to Z.

        Args:
            text: The text.
            part: The part.

        Returns:
            The condition.
        """
        return call("strpos", self.lower(text), self.lower(part)) > 0

    def public_id(self, prefix: str, key: Sql) -> Sql:
        """Write the public id of a row.

        Args:
            prefix: Kind of thing.
            key: Primary key.

        Returns:
            The id as text.
        """
        return template("({} || lpad(to_hex({}), 13, '0'))", literal(f"{prefix}_"), key)

    def lower(self, text: Sql) -> Sql:
        """Fold A to Z.

        Args:
            text: The text.

        Returns:
            The folded text.
        """
        return call("lower", self.by_code_point(text))

    def upper(self, text: Sql) -> Sql:
        """Capitalise a to z.

        Args:
            text: The text.

        Returns:
            The text in capitals.
        """
        return call("upper", self.by_code_point(text))

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
            return cast(NULL, "DOUBLE PRECISION")
        keys = bindparam(None, scores.keys.tolist(), _Listed(BigInteger()))
        values = bindparam(None, scores.values.tolist(), _Listed(Double()))
        listed = template("(SELECT {} AS of_keys, {} AS of_scores)", literal(keys), literal(values))
        place = template(f"width_bucket({{}}, {name}.of_keys)", key)
        found = template(
            f"CASE WHEN {name}.of_keys[{{}}] = {{}} THEN {name}.of_scores[{{}}] END",
            place,
            key,
            place,
        )
        given = Row(name, listed.text, listed.values)
        return select(found).select_from(given).scalar_subquery()

    def elements(self, column: Sql, path: Sequence[str], name: str) -> Row:
        """List the members of a JSON list; a value that is none has no members.

        Args:
            column: The document.
            path: Keys from the outside in; none for the document itself.
            name: Alias.

        Returns:
            A table with the column ``value``.
        """
        keys = [literal(key) for key in path]
        inner = call("jsonb_extract_path", column, *keys) if path else column
        # The planner may list before it tests, and listing a scalar is an error.
        listed = template(
            "jsonb_array_elements(CASE WHEN jsonb_typeof({}) = 'array' THEN {} END)", inner, inner
        )
        return Row(name, listed.text, listed.values)

    def element(self, alias: Row, kind: str) -> Sql:
        """Read a member of a JSON list.

        Args:
            alias: What :meth:`elements` returned.
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            Its value, NULL when it is of another kind.
        """
        value = f"{alias.name}.value"
        name, column_type = _MEMBERS[kind]
        return Sql(
            f"CASE WHEN jsonb_typeof({value}) = '{name}' "
            f"THEN CAST({value} #>> '{{}}' AS {column_type}) END"
        )

    def among(self, value: Sql, texts: Sequence[str]) -> Clause:
        """Compare with a long list of texts.

        Args:
            value: The value.
            texts: The list.

        Returns:
            The condition.
        """
        document = literal(json.dumps(list(texts)))
        listed = Row(
            "listed",
            f"jsonb_array_elements_text(CAST({document.text} AS JSONB))",
            document.values,
        )
        return value.in_(select(Sql("listed.value")).select_from(listed))


_MEMBERS: Final = {
    "text": ("string", "TEXT"),
    "number": ("number", "NUMERIC"),
    "boolean": ("boolean", "BOOLEAN"),
}
