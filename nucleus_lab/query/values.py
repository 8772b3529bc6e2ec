"""Values of a query as SQL: static types, JSON that has a type per row, and lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import False_
from sqlalchemy.sql.selectable import TableValuedAlias

from nucleus_lab.query.bound import Constant, Kind, Place
from nucleus_lab.query.dialects import Clause, Sql, SQLite
from nucleus_lab.query.json_path import TYPES, json_value

# What does not depend on the values of a query is shared between statements: making one expression
# takes microseconds, and a comparison with metadata has dozens.


@lru_cache(maxsize=8)
def _nothing(kind: str) -> Sql:
    """A value of a kind that there is not."""
    return cast(null(), TYPES[kind])


@cache
def _named(kind: str) -> Sql:
    """The name of a type, as one branch of a CASE asks for it."""
    return literal(kind, Text())


@lru_cache(maxsize=4096)
def _element(dialect: SQLite, alias: TableValuedAlias, kind: str) -> Sql:
    return dialect.element(alias, kind)


@lru_cache(maxsize=4096)
def _any_of(alias: TableValuedAlias) -> Select[tuple[int]]:
    return select(1).select_from(alias).correlate_except(alias)


class JSONSource:
    """The value at one path of a JSON column.

    Args:
        dialect: The database.
        column: The column.
        path: Keys from the outside in.
        known: Kinds that occur, when an index knows them.
    """

    def __init__(
        self,
        dialect: SQLite,
        column: ColumnElement[Any],
        path: Sequence[str],
        known: frozenset[str] | None = None,
    ) -> None:
        self.dialect = dialect
        self.column = column
        self.path = tuple(path)
        self.known = known

    def may_be(self, kind: str) -> bool:
        """Tell whether values of a kind occur.

        Args:
            kind: ``text``, ``number``, ``boolean`` or ``array``.

        Returns:
            ``False`` only when it is known that none do.
        """
        return self.known is None or kind in self.known

    def get(self, kind: str) -> Sql:
        """Read the value as one kind.

        Args:
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            The value, NULL when it is of another kind.
        """
        return json_value(kind, self.column, self.path)

    def in_lists(self, name: str, test: Callable[[JSONSource], Clause]) -> Clause | None:
        """Test the members of a list.

        Args:
            name: Alias for the members.
            test: The test of one member.

        Returns:
            Whether the value is a list with such a member; ``None`` when no lists occur.
        """
        if not self.may_be("array"):
            return None
        alias = self.dialect.elements(self.column, self.path, name)
        condition = test(ElementSource(self.dialect, alias))
        found = select(1).select_from(alias).correlate_except(alias).where(condition).exists()
        return and_(json_value("kind", self.column, self.path) == "array", found)

    def present(self, name: str) -> Clause:
        """Tell whether there is a value.

        Args:
            name: Alias for the members of a list.

        Returns:
            Not absent, not null, not an empty list.
        """
        if self.dialect.name == "sqlite" and self.known is None:
            held: Sql = json_value("type", self.column, self.path)
            labels = "".join("." + json.dumps(key, ensure_ascii=False) for key in self.path)
            filled = func.json_array_length(self.column, "$" + labels) > 0
            branches: list[tuple[Any, Any]] = [("null", false()), ("array", filled)]
            return case(*branches, value=func.ifnull(held, "null"), else_=true())
        kind = json_value("kind", self.column, self.path)
        scalar = kind.not_in(["null", "array"])
        if not self.may_be("array"):
            return scalar
        alias = self.dialect.elements(self.column, self.path, name)
        return or_(
            scalar,
            and_(kind == "array", select(1).select_from(alias).correlate_except(alias).exists()),
        )

    def by_kind(self, name: str, test: Callable[[JSONSource], Clause]) -> Clause:
        """Test the value by its kind, or the members of a list, with one look at the type.

        Args:
            name: Alias for the members of a list.
            test: The test of one value.

        Returns:
            The condition.
        """
        branches: list[tuple[Any, Any]] = []
        for kind, types in self.dialect.types.items():
            source = BranchSource(self, kind)
            clause = test(source)
            if source.used and not isinstance(clause, False_):
                branches += [(_named(each), clause) for each in types]
        members = self.dialect.elements(self.column, self.path, name)
        found = test(ElementSource(self.dialect, members))
        branches.append((
            _named("array"),
            _any_of(members).where(found).exists(),
        ))
        return case(*branches, value=json_value("type", self.column, self.path))


class BranchSource(JSONSource):
    """The value at a path inside the branch of a CASE that has looked at its type.

    Args:
        source: The value.
        kind: What it is known to be.
    """

    def __init__(self, source: JSONSource, kind: str) -> None:
        super().__init__(source.dialect, source.column, source.path, frozenset([kind]))
        self.kind = kind
        self.used = False

    def get(self, kind: str) -> Sql:
        """Read the value as one kind.

        Args:
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            The value; NULL for a kind that it is not.
        """
        if kind != self.kind:
            return _nothing(kind)
        self.used = True
        return json_value(f"raw {kind}", self.column, self.path)


class ElementSource(JSONSource):
    """A member of a JSON list.

    Args:
        dialect: The database.
        alias: The members.
    """

    def __init__(self, dialect: SQLite, alias: TableValuedAlias) -> None:
        super().__init__(dialect, alias.c.value, ("",))
        self.alias = alias

    def get(self, kind: str) -> Sql:
        """Read the member as one kind.

        Args:
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            The member, NULL when it is of another kind.
        """
        return _element(self.dialect, self.alias, kind)

    def in_lists(self, name: str, test: Callable[[JSONSource], Clause]) -> Clause | None:
        """Lists inside lists are not looked into.

        Args:
            name: Unused.
            test: Unused.

        Returns:
            ``None``.
        """
        del name, test
        return None


ListTest = Callable[[Callable[["SqlValue"], Clause]], Clause]
Fold = Callable[[str], "Sql"]
"""Makes the least (``min``) or greatest (``max``) of many values."""


class SqlValue(msgspec.Struct, frozen=True):
    """One value of a query.

    Attributes:
        kind: Its type; ``json`` when each row has its own.
        name: As written, for messages.
        place: Where it stands.
        sql: The expression of a value with a static type; times and durations in milliseconds.
        sources: Where a JSON value may be found.
        constant: What the query gives.
        equals: A faster way to compare with text, where there is one.
        lists: Further texts that the row holds in lists: tests "some of them".
        folds: The least or greatest of those texts.
        bare: Whether lists were taken apart already.
    """

    kind: Kind
    name: str
    place: Place
    sql: Sql | None = None
    sources: tuple[JSONSource, ...] = ()
    constant: Constant | None = None
    equals: Callable[[str], Clause] | None = None
    lists: tuple[ListTest, ...] = ()
    folds: tuple[Fold, ...] = ()
    bare: bool = False

    @property
    def expression(self) -> Sql:
        """The expression of a static value."""
        if self.sql is None:
            raise TypeError(f"{self.name} has no expression of its own")
        return self.sql


class Aliases:
    """Fresh names for tables inside a statement."""

    def __init__(self) -> None:
        self._count = 0

    def next(self, stem: str) -> str:
        """Return a name that the statement does not use yet.

        Args:
            stem: What it stands for.

        Returns:
            The name.
        """
        self._count += 1
        return f"{stem}_{self._count}"


def some(value: SqlValue, names: Aliases, test: Callable[[SqlValue], Clause]) -> Clause:
    """Test whether any of the values of a field satisfies a test.

    Args:
        value: The field; a JSON value may be a list.
        names: Fresh aliases.
        test: The test of one value.

    Returns:
        The condition; NULL counts as false.
    """
    if value.bare or (value.kind != "json" and not value.lists):
        return test(value)
    parts: list[Clause] = []
    if value.kind != "json":
        parts.append(test(replace(value, lists=(), bare=True)))
        parts += [each(test) for each in value.lists]
        return or_(*parts)
    for source in value.sources:
        if source.known is None:
            parts.append(
                source.by_kind(
                    names.next("member"),
                    lambda member: test(replace(value, sources=(member,), bare=True)),
                )
            )
            continue
        parts.append(test(replace(value, sources=(source,), bare=True)))
        inside = source.in_lists(
            names.next("member"),
            lambda member: test(replace(value, sources=(member,), bare=True)),
        )
        if inside is not None:
            parts.append(inside)
    return or_(*parts) if parts else false()


def present(value: SqlValue, names: Aliases) -> Clause:
    """Test whether there is a value.

    Args:
        value: The field.
        names: Fresh aliases.

    Returns:
        The condition.
    """
    if value.constant is not None:
        return true()
    if value.kind == "json":
        return or_(*(source.present(names.next("member")) for source in value.sources))
    parts: list[Clause] = [value.expression.is_not(None)]
    parts += [each(lambda text: text.expression.is_not(None)) for each in value.lists]
    return or_(*parts)


def as_number(value: SqlValue, dialect: SQLite) -> Sql:
    """Read a value as a real number, for arithmetic.

    Args:
        value: The value.
        dialect: The database.

    Returns:
        The number, NULL when there is none.
    """
    if value.kind == "json":
        found = [source.get("number") for source in value.sources]
        return cast(found[0] if len(found) == 1 else func.coalesce(*found), Double())
    if value.kind == "bool":
        return case((value.expression, 1.0), else_=0.0)
    del dialect
    return cast(value.expression, Double())


def as_text(value: SqlValue) -> Sql:
    """Read a value as text.

    Args:
        value: A text or a JSON value.

    Returns:
        The text, NULL when there is none.
    """
    if value.kind == "json":
        found = [source.get("text") for source in value.sources]
        return found[0] if len(found) == 1 else func.coalesce(*found)
    return value.expression


def as_time(value: SqlValue, dialect: SQLite) -> Sql:
    """Read a value as a moment.

    Args:
        value: A time, a text or a JSON value.
        dialect: The database.

    Returns:
        Milliseconds since 1970, NULL when there is none.
    """
    if value.kind == "time":
        return value.expression
    return dialect.milliseconds(as_text(value))
