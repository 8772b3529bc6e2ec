"""Conditions and values as SQL text with the values that belong to its places.

A query becomes a few dozen small expressions. Made of the nodes of a SQL library each costs many
times what its text does, and then a second pass to be written; here an expression is its text from
the beginning, and :mod:`nucleus_lab.query.written` hands the whole to the library as one node.

Whatever a person wrote stays a value: only Python's whole numbers, names of columns and what this
package spells itself stand in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol, runtime_checkable

PLACE: Final = "\x00"
"""Where a value stands in a text; no name and no key can hold this character."""

TABLE: Final = "\x02"
"""Stands around the name of a table that is read, which a user may be shown in part."""

OR: Final = 1
AND: Final = 2
NOT: Final = 3
TEST: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
SIGN: Final = 8
ATOM: Final = 9
"""How strongly an expression holds together, weakest first."""


@runtime_checkable
class Statement(Protocol):
    """What stands in parentheses: a statement of :mod:`nucleus_lab.query.sql_select`."""

    def scalar_subquery(self) -> Sql:
        """Use its one value."""


class Sql:
    """An expression.

    Args:
        text: Its SQL, with :data:`PLACE` for each value.
        values: The values in order.
        level: How strongly it holds together.
    """

    __slots__ = ("level", "text", "values")

    def __init__(self, text: str, values: tuple[Any, ...] = (), level: int = ATOM) -> None:
        self.text = text
        self.values = values
        self.level = level

    __hash__ = object.__hash__

    def at(self, level: int) -> str:
        """Return the text for a place in another expression.

        Args:
            level: What binds there; weaker expressions get parentheses.

        Returns:
            The text.
        """
        return self.text if self.level >= level else f"({self.text})"

    def op(self, sign: str, level: int = TEST) -> Callable[[Any], Sql]:
        """Return a binary operator of the database.

        Args:
            sign: The operator.
            level: How strongly it binds.

        Returns:
            What takes the right side.
        """
        return lambda other: _binary(self, sign, other, level)

    def __eq__(self, other: Any) -> Sql:  # type: ignore[override]
        return _binary(self, "=", other, TEST)

    def __lt__(self, other: Any) -> Sql:
        return _binary(self, "<", other, TEST)

    def __le__(self, other: Any) -> Sql:
        return _binary(self, "<=", other, TEST)

    def __gt__(self, other: Any) -> Sql:
        return _binary(self, ">", other, TEST)

    def __ge__(self, other: Any) -> Sql:
        return _binary(self, ">=", other, TEST)

    def __add__(self, other: Any) -> Sql:
        return _binary(self, "+", other, SUM)

    def __sub__(self, other: Any) -> Sql:
        return _binary(self, "-", other, SUM)

    def __mul__(self, other: Any) -> Sql:
        return _binary(self, "*", other, PRODUCT)

    def __truediv__(self, other: Any) -> Sql:
        return _binary(self, "/", other, PRODUCT)

    def __neg__(self) -> Sql:
        return Sql(f"-{self.at(ATOM)}", self.values, SIGN)

    def is_(self, other: Sql) -> Sql:
        """Test for NULL, TRUE or FALSE, with an answer that is never NULL.

        Args:
            other: The constant.

        Returns:
            The condition.
        """
        return Sql(f"{self.at(SUM)} IS {other.text}", self.values, TEST)

    def is_not(self, other: Sql) -> Sql:
        """Test for anything but NULL, TRUE or FALSE, with an answer that is never NULL.

        Args:
            other: The constant.

        Returns:
            The condition.
        """
        return Sql(f"{self.at(SUM)} IS NOT {other.text}", self.values, TEST)

    def between(self, low: Any, high: Any) -> Sql:
        """Test a range, ends included.

        Args:
            low: Its lower end.
            high: Its upper end.

        Returns:
            The condition.
        """
        ends = (given(low), given(high))
        whole = template("{} BETWEEN {} AND {}", self, *ends, inner=SUM)
        return Comparison(whole.text, whole.values, self, "BETWEEN", ends)

    def in_(self, members: Iterable[Any] | Statement) -> Sql:
        """Test for one of several values.

        Args:
            members: Values, or a statement with one column.

        Returns:
            The condition.
        """
        if isinstance(members, Statement):
            inside = members.scalar_subquery()
            text = f"{self.at(SUM)} IN {inside.text}"
            return Comparison(text, self.values + inside.values, self, "IN", members)
        listed = [given(member) for member in members]
        if not listed:
            return FALSE
        texts, values = gathered(listed, SUM)
        text = f"{self.at(SUM)} IN ({', '.join(texts)})"
        return Comparison(text, self.values + values, self, "IN", tuple(listed))

    def not_in(self, members: Sequence[str]) -> Sql:
        """Test for none of several texts of this package; NULL for no value.

        Args:
            members: Plain words.

        Returns:
            The condition.
        """
        return Sql(f"{self.at(SUM)} NOT IN ({', '.join(map(word, members))})", self.values, TEST)


class Comparison(Sql):
    """A comparison, which an index may answer.

    Args:
        text: Its SQL.
        values: Its values.
        left: What is compared.
        sign: The operator.
        right: With what: one expression, several, or a statement.
    """

    __slots__ = ("left", "right", "sign")

    def __init__(
        self,
        text: str,
        values: tuple[Any, ...],
        left: Sql,
        sign: str,
        right: Sql | tuple[Sql, ...] | Statement,
    ) -> None:
        super().__init__(text, values, TEST)
        self.left, self.sign, self.right = left, sign, right


class Joined(Sql):
    """Conditions that are joined by AND or OR.

    Args:
        text: Their SQL.
        values: Their values.
        level: :data:`AND` or :data:`OR`.
        parts: The conditions.
    """

    __slots__ = ("parts",)

    def __init__(
        self, text: str, values: tuple[Any, ...], level: int, parts: Sequence[Sql]
    ) -> None:
        super().__init__(text, values, level)
        self.parts = parts


NULL: Final = Sql("NULL")
TRUE: Final = Sql("TRUE")
FALSE: Final = Sql("FALSE")
ONE: Final = Sql("1")


def word(text: str) -> str:
    """Write a plain word of this package as a literal.

    Args:
        text: Letters, digits and blanks: nothing that anyone else wrote.

    Returns:
        The literal.

    Raises:
        ValueError: The text holds other characters, which have to be a value.
    """
    if not text.replace("_", "").replace(" ", "").isalnum():
        raise ValueError(f"{text!r} is no plain word: make it a value")
    return f"'{text}'"


def given(value: Any) -> Sql:
    """Return the expression of anything that stands beside an operator.

    Args:
        value: An expression, or a Python value: whole numbers, truth and ``None`` stand in the
            text, all others are values.

    Returns:
        The expression.
    """
    if isinstance(value, Sql):
        return value
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if type(value) is int:
        return Sql(str(value), (), ATOM if value >= 0 else SIGN)
    return Sql(PLACE, (value,))


def literal(value: Any) -> Sql:
    """Make a value of what a query gives, also of whole numbers.

    Args:
        value: Text, bytes, a number, or a parameter of the SQL library with its own type.

    Returns:
        The expression.
    """
    return Sql(PLACE, (value,))


def template(text: str, *parts: Any, level: int = ATOM, inner: int = OR) -> Sql:
    """Write expressions into a text.

    Args:
        text: SQL with ``{}`` for each part, in order.
        *parts: The parts.
        level: How strongly the whole holds together.
        inner: What binds the parts.

    Returns:
        The expression.
    """
    texts, values = gathered([given(part) for part in parts], inner)
    return Sql(text.format(*texts), values, level)


def gathered(parts: Sequence[Sql], level: int) -> tuple[list[str], tuple[Any, ...]]:
    """Write expressions for a place in another one.

    Args:
        parts: The expressions.
        level: What binds there.

    Returns:
        Their texts, and the values of all.
    """
    values: tuple[Any, ...] = ()
    for part in parts:
        values += part.values
    return [part.at(level) for part in parts], values


def _binary(left: Sql, sign: str, right: Any, level: int) -> Sql:
    other = right if isinstance(right, Sql) else given(right)
    text = f"{left.at(max(level, SUM))} {sign} {other.at(level + 1)}"
    values = left.values + other.values
    return (
        Comparison(text, values, left, sign, other) if level == TEST else Sql(text, values, level)
    )


def and_(*parts: Sql) -> Sql:
    """Join conditions that all have to hold.

    Args:
        *parts: The conditions.

    Returns:
        One condition.
    """
    if any(part is FALSE for part in parts):
        return FALSE
    kept = [part for part in parts if part is not TRUE]
    if len(kept) < 2:
        return kept[0] if kept else TRUE
    texts, values = gathered(kept, AND)
    return Joined(" AND ".join(texts), values, AND, kept)


def or_(*parts: Sql) -> Sql:
    """Join conditions one of which has to hold.

    Args:
        *parts: The conditions.

    Returns:
        One condition.
    """
    if any(part is TRUE for part in parts):
        return TRUE
    kept = [part for part in parts if part is not FALSE]
    if len(kept) < 2:
        return kept[0] if kept else FALSE
    texts, values = gathered(kept, OR)
    return Joined(" OR ".join(texts), values, OR, kept)


def case(*branches: tuple[Any, Any], value: Sql | None = None, else_: Any = None) -> Sql:
    """Choose a value by conditions.

    Args:
        *branches: Condition and value, in order.
        value: What the conditions are compared with, where they are values.
        else_: The value where none holds.

    Returns:
        The expression.
    """
    text = "CASE" if value is None else f"CASE {value.at(SUM)}"
    values = () if value is None else value.values
    for condition, result in branches:
        when, then = given(condition), given(result)
        text += f" WHEN {when.text} THEN {then.text}"
        values += when.values + then.values
    if else_ is not None:
        other = given(else_)
        text += f" ELSE {other.text}"
        values += other.values
    return Sql(f"{text} END", values)


def cast(value: Any, kind: str) -> Sql:
    """Read a value as another type.

    Args:
        value: The value.
        kind: Name of the type, which both databases know.

    Returns:
        The expression.
    """
    part = given(value)
    return Sql(f"CAST({part.text} AS {kind})", part.values)


def call(name: str, *arguments: Any) -> Sql:
    """Call a function of the database.

    Args:
        name: Its name.
        *arguments: What it takes.

    Returns:
        The expression.
    """
    texts, values = gathered([given(each) for each in arguments], OR)
    return Sql(f"{name}({', '.join(texts)})", values)
