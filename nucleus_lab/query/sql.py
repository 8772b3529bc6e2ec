"""Conditions and values as SQL text with the values that belong to its places.

A query becomes a few dozen small expressions. Made of the nodes of a SQL library each costs many
times what its text does, and then a second pass to be written; here an expression is its text from
the beginning, and :mod:`nucleus_lab.query.written` hands the whole to the library as one node.

Whatever a person wrote stays a value, never text: only Python's whole numbers, names of columns
and what this package spells itself stand in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

PLACE: Final = "\x00"
"""Where a value stands in a text; no name and no key can hold this character."""

OR: Final = 1
AND: Final = 2
NOT: Final = 3
TEST: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
SIGN: Final = 8
ATOM: Final = 9
"""How strongly an expression holds together, weakest first."""


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

    def joined(self, other: Any) -> Sql:
        """Write a text behind this one.

        Args:
            other: The second text.

        Returns:
            Both as one.
        """
        return _binary(self, "||", other, SUM)

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

    def in_(self, members: Iterable[Any] | Select) -> Sql:
        """Test for one of several values.

        Args:
            members: Values, or a statement with one column.

        Returns:
            The condition.
        """
        if isinstance(members, Select):
            inside = members.scalar_subquery()
            text = f"{self.at(SUM)} IN {inside.text}"
            return Comparison(text, self.values + inside.values, self, "IN", members)
        listed = [given(member) for member in members]
        if not listed:
            return FALSE
        texts, values = _gathered(listed, SUM)
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
        right: Sql | tuple[Sql, ...] | Select,
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


class Exists(Sql):
    """Whether a statement has rows.

    Args:
        text: Its SQL.
        values: Its values.
        inner: The statement.
    """

    __slots__ = ("inner",)

    def __init__(self, text: str, values: tuple[Any, ...], inner: Select) -> None:
        super().__init__(text, values)
        self.inner = inner


class Column(Sql):
    """A column of a row.

    Args:
        row: The row.
        name: Name of the column.
    """

    __slots__ = ("name", "row")

    def __init__(self, row: Row, name: str) -> None:
        super().__init__(f"{row.name}.{name}")
        self.row, self.name = row, name


class Columns:
    """The columns of a row, by name.

    Args:
        row: The row.
    """

    __slots__ = ("_row",)

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getattr__(self, column: str) -> Column:
        return Column(self._row, column)

    __getitem__ = __getattr__


class Row:
    """A table under the name that a statement gives it.

    Args:
        name: The name.
        source: What stands behind FROM; ``None`` for a table of that very name.
        values: Values of the source.

    Attributes:
        c: Its columns.
        table: Name of the table, or other SQL behind FROM.
    """

    __slots__ = ("c", "name", "source", "table", "values")

    def __init__(self, name: str, source: str | None = None, values: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.table = name if source is None else source
        self.c = Columns(self)
        self.source = name if source is None else f"{source} AS {name}"
        self.values = values


class Select:
    """A statement inside another one; rows of the outer statement may be named in it.

    Args:
        columns: What it returns.

    Attributes:
        rows: What it reads.
        conditions: What rows have to be.
    """

    __slots__ = ("_columns", "_groups", "_having", "conditions", "rows")

    def __init__(self, columns: Sequence[Sql]) -> None:
        self._columns = columns
        self.rows: tuple[Row, ...] = ()
        self.conditions: tuple[Sql, ...] = ()
        self._groups: tuple[Sql, ...] = ()
        self._having: Sql | None = None

    def select_from(self, *rows: Row) -> Select:
        """Say what it reads.

        Args:
            *rows: Tables and lists.

        Returns:
            This statement.
        """
        self.rows += rows
        return self

    def where(self, *conditions: Sql) -> Select:
        """Add conditions, all of which have to hold.

        Args:
            *conditions: The conditions.

        Returns:
            This statement.
        """
        self.conditions += conditions
        return self

    def group_by(self, *columns: Sql) -> Select:
        """Group the rows.

        Args:
            *columns: What is the same in a group.

        Returns:
            This statement.
        """
        self._groups += columns
        return self

    def having(self, condition: Sql) -> Select:
        """Choose among the groups.

        Args:
            condition: What a group has to be.

        Returns:
            This statement.
        """
        self._having = condition
        return self

    def exists(self) -> Sql:
        """Test whether there is any row.

        Returns:
            The condition.
        """
        text, values = self._written()
        return Exists(f"EXISTS ({text})", values, self)

    def scalar_subquery(self) -> Sql:
        """Use its one value.

        Returns:
            The value.
        """
        text, values = self._written()
        return Sql(f"({text})", values)

    def subquery(self, name: str) -> Row:
        """Read from it as from a table.

        Args:
            name: Its name.

        Returns:
            The rows.
        """
        text, values = self._written()
        return Row(name, f"({text})", values)

    def _written(self) -> tuple[str, tuple[Any, ...]]:
        texts, values = _gathered(self._columns, OR)
        text = f"SELECT {', '.join(texts)}"
        if self.rows:
            text += f" FROM {', '.join(row.source for row in self.rows)}"
            for row in self.rows:
                values += row.values
        condition = and_(*self.conditions)
        if condition is not TRUE:
            text += f" WHERE {condition.text}"
            values += condition.values
        if self._groups:
            names, grouped = _gathered(self._groups, OR)
            text += f" GROUP BY {', '.join(names)}"
            values += grouped
        if self._having is not None:
            text += f" HAVING {self._having.text}"
            values += self._having.values
        return text, values


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
    texts, values = _gathered([given(part) for part in parts], inner)
    return Sql(text.format(*texts), values, level)


def _gathered(parts: Sequence[Sql], level: int) -> tuple[list[str], tuple[Any, ...]]:
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
    texts, values = _gathered(kept, AND)
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
    texts, values = _gathered(kept, OR)
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
    texts, values = _gathered([given(each) for each in arguments], OR)
    return Sql(f"{name}({', '.join(texts)})", values)


def select(*columns: Any) -> Select:
    """Begin a statement inside another one.

    Args:
        *columns: What it returns.

    Returns:
        The statement.
    """
    return Select([given(column) for column in columns])
