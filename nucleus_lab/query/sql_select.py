"""Statements inside expressions of :mod:`nucleus_lab.query.sql`, and the rows they read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nucleus_lab.query.sql import OR, TABLE, TRUE, Sql, and_, gathered, given


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


def reading(table: str, name: str) -> str:
    """Write a table as it stands behind FROM.

    Args:
        table: Its name, or other SQL.
        name: What it is called in the statement.

    Returns:
        The text; of a table it is finished when it is known who asks.
    """
    named = table.strip('"').isidentifier()
    return f"{TABLE}{table}{TABLE} AS {name}" if named else f"{table} AS {name}"


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
        self.source = reading(self.table, name)
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
        texts, values = gathered(self._columns, OR)
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
            names, grouped = gathered(self._groups, OR)
            text += f" GROUP BY {', '.join(names)}"
            values += grouped
        if self._having is not None:
            text += f" HAVING {self._having.text}"
            values += self._having.values
        return text, values


def select(*columns: Any) -> Select:
    """Begin a statement inside another one.

    Args:
        *columns: What it returns.

    Returns:
        The statement.
    """
    return Select([given(column) for column in columns])
