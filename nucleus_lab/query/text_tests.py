"""Tests of text: LIKE, CONTAINS, MATCHES and their kin, against patterns and other values."""

from __future__ import annotations

from nucleus_lab.query import hints
from nucleus_lab.query.bound import NOUNS, Constant
from nucleus_lab.query.dialects import Clause, SQLite
from nucleus_lab.query.faults import fault
from nucleus_lab.query.sql import NULL, Sql, and_, call, or_
from nucleus_lab.query.values import Aliases, SqlValue, as_text, some


class TextTester:
    """Tests texts for one database.

    Args:
        source: The query text, for errors.
        dialect: The database.
        names: Fresh aliases of the statement.
    """

    def __init__(self, source: str, dialect: SQLite, names: Aliases) -> None:
        self.source = source
        self.dialect = dialect
        self.names = names

    def matches(self, value: SqlValue, sign: str, pattern: Constant) -> Clause:
        """Test text against a pattern.

        Args:
            value: The value; other kinds than text never match.
            sign: A text operator.
            pattern: The pattern.

        Returns:
            The condition.
        """
        if value.kind not in {"text", "json"}:
            start, end = pattern.place
            raise fault("Q030", f"{sign} needs a text", self.source, start, end - start)
        exact = some(value, self.names, lambda one: self._pattern(as_text(one), sign, pattern.text))
        if sign == "STARTS WITH" and pattern.text and hints.indexable(value):
            ranged = self._starts(value, pattern.text)
            return exact if ranged is None else ranged
        hint = hints.pattern(self.dialect, value, sign, pattern.text)
        if hint is not None and sign == "STARTS WITH":
            whole = hints.started(value, pattern.text)
            inside = value.sources[0].in_lists(
                self.names.next("member"),
                lambda one: self._pattern(one.get("text"), sign, pattern.text),
            )
            if whole is not None and inside is not None:
                exact = or_(whole, inside)
        return exact if hint is None else and_(hint, exact)

    def fits(self, value: SqlValue, sign: str, pattern: SqlValue) -> Clause:
        """Test text against a pattern that is a value of the row; of a list, any member may do.

        Args:
            value: The value; other kinds than text never match.
            sign: A text operator, but for ``MATCHES``.
            pattern: The pattern; no value fits nothing.

        Returns:
            The condition.
        """
        for side in (value, pattern):
            if side.kind not in {"text", "json"}:
                start, end = side.place
                message = f"{sign} needs texts, and {side.name} is {NOUNS[side.kind]}"
                written = side.name if side.name.startswith("(") else f"({side.name})"
                hint = f"write text{written}" if side.kind in {"number", "bool"} else ""
                raise fault("Q030", message, self.source, start, end - start, hint)
        test = {
            "LIKE": self.dialect.fits_like,
            "ILIKE": self.dialect.fits_ilike,
            "CONTAINS": self.dialect.holds,
            "STARTS WITH": self.dialect.starts_with_value,
            "ENDS WITH": self.dialect.ends_with_value,
        }[sign]
        return some(
            value,
            self.names,
            lambda one: some(pattern, self.names, lambda other: test(as_text(one), as_text(other))),
        )

    def _starts(self, value: SqlValue, start: str) -> Clause | None:
        """Write a beginning as a range, which an index answers."""
        behind = hints.next_text(start)
        text = self.dialect.by_code_point(as_text(value))
        return None if behind is None else and_(text >= start, text < behind)

    def _pattern(self, text: Sql, sign: str, pattern: str) -> Clause:
        if sign == "LIKE":
            return self.dialect.like(text, pattern)
        if sign == "ILIKE":
            return self.dialect.ilike(text, pattern)
        if not pattern:
            return text.is_not(NULL)
        if sign == "MATCHES":
            return self.dialect.matches(text, pattern)
        if sign == "CONTAINS":
            return self.dialect.contains(text, pattern)
        if sign == "STARTS WITH":
            return call("substr", text, 1, len(pattern)) == pattern
        return self.dialect.ends_with(text, pattern)
