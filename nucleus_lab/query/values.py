"""Values of a query as SQL: static types, JSON that has a type per row, and lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from nucleus_lab.query.bound import Constant, Kind, Place
from nucleus_lab.query.dialects import Clause, SQLite
from nucleus_lab.query.json_path import sqlite_path
from nucleus_lab.query.sql import (
    FALSE,
    NULL,
    ONE,
    TEST,
    TRUE,
    Sql,
    and_,
    call,
    case,
    cast,
    or_,
    template,
    word,
)
from nucleus_lab.query.sql_select import Row, select

DOUBLE: Final = "DOUBLE PRECISION"
_TYPES: Final = {"text": "TEXT", "number": "NUMERIC", "boolean": "BOOLEAN"}


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
        column: Sql,
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
        return self.dialect.json(kind, self.column, self.path)

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
        found = select(ONE).select_from(alias).where(condition).exists()
        return and_(Sql(f"{self.get('kind').text} = 'array'", (), TEST), found)

    def present(self, name: str) -> Clause:
        """Tell whether there is a value.

        Args:
            name: Alias for the members of a list.

        Returns:
            Not absent, not null, not an empty list.
        """
        if self.dialect.name == "sqlite" and self.known is None:
            path = sqlite_path(self.path)
            held = self.get("type").text
            filled = f"json_array_length({self.column.text}, {path}) > 0"
            return Sql(
                f"CASE ifnull({held}, 'null') WHEN 'null' THEN FALSE WHEN 'array' THEN {filled} "
                "ELSE TRUE END"
            )
        kind = self.get("kind")
        scalar = kind.not_in(["null", "array"])
        if not self.may_be("array"):
            return scalar
        alias = self.dialect.elements(self.column, self.path, name)
        listed = Sql(f"{kind.text} = 'array'", (), TEST)
        return or_(scalar, and_(listed, select(ONE).select_from(alias).exists()))

    def by_kind(self, name: str, test: Callable[[JSONSource], Clause]) -> Clause:
        """Test the value by its kind, or the members of a list, with one look at the type.

        Args:
            name: Alias for the members of a list.
            test: The test of one value.

        Returns:
            The condition.
        """
        branches: list[tuple[Clause, Clause]] = []
        for kind, types in self.dialect.types.items():
            source = BranchSource(self, kind)
            clause = test(source)
            if source.used and clause is not FALSE:
                branches += [(Sql(word(each)), clause) for each in types]
        members = self.dialect.elements(self.column, self.path, name)
        found = select(ONE).select_from(members).where(test(ElementSource(self.dialect, members)))
        branches.append((Sql("'array'"), found.exists()))
        return case(*branches, value=self.get("type"))


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
            return cast(NULL, _TYPES[kind])
        self.used = True
        return self.dialect.json(f"raw {kind}", self.column, self.path)


class ElementSource(JSONSource):
    """A member of a JSON list.

    Args:
        dialect: The database.
        alias: The members.
    """

    def __init__(self, dialect: SQLite, alias: Row) -> None:
        super().__init__(dialect, alias.c.value, ("",))
        self.alias = alias

    def get(self, kind: str) -> Sql:
        """Read the member as one kind.

        Args:
            kind: ``text``, ``number`` or ``boolean``.

        Returns:
            The member, NULL when it is of another kind.
        """
        return self.dialect.element(self.alias, kind)

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
        among: A faster way to look for it among texts, where there is one.
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
    among: Callable[[Sequence[str]], Clause] | None = None
    lists: tuple[ListTest, ...] = ()
    folds: tuple[Fold, ...] = ()
    bare: bool = False

    def of(self, source: JSONSource) -> SqlValue:
        """Return one of the values that a JSON value may be.

        Args:
            source: Where it stands.

        Returns:
            The value.
        """
        return SqlValue("json", self.name, self.place, sources=(source,), bare=True)

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
                    lambda member: test(value.of(member)),
                )
            )
            continue
        parts.append(test(value.of(source)))
        inside = source.in_lists(
            names.next("member"),
            lambda member: test(value.of(member)),
        )
        if inside is not None:
            parts.append(inside)
    return or_(*parts)


def present(value: SqlValue, names: Aliases) -> Clause:
    """Test whether there is a value.

    Args:
        value: The field.
        names: Fresh aliases.

    Returns:
        The condition.
    """
    if value.constant is not None:
        return TRUE
    if value.kind == "json":
        return or_(*(source.present(names.next("member")) for source in value.sources))
    parts: list[Clause] = [value.expression.is_not(NULL)]
    parts += [each(lambda text: text.expression.is_not(NULL)) for each in value.lists]
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
        return cast(found[0] if len(found) == 1 else call("coalesce", *found), DOUBLE)
    if value.kind == "bool":
        return template("CASE WHEN {} THEN 1.0 ELSE 0.0 END", value.expression)
    del dialect
    return cast(value.expression, DOUBLE)


def as_text(value: SqlValue) -> Sql:
    """Read a value as text.

    Args:
        value: A text or a JSON value.

    Returns:
        The text, NULL when there is none.
    """
    if value.kind == "json":
        found = [source.get("text") for source in value.sources]
        return found[0] if len(found) == 1 else call("coalesce", *found)
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
