"""What the parts of the compiler share while they build one statement."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import MetaData, Table, false
from sqlalchemy.sql.expression import FromClause

from nucleus_lab.query.bound import FieldValue, Scope
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.dialects import Clause, SQLite
from nucleus_lab.query.readings import readings
from nucleus_lab.query.values import Aliases


@lru_cache(maxsize=1024)
def _alias(table: Table, name: str) -> FromClause:
    return table.alias(name)


class Context:
    """One statement under construction.

    Args:
        source: The query text, for errors.
        dialect: The database.
        metadata: The tables of the engine.
        catalog: Names of the dataset.
    """

    def __init__(self, source: str, dialect: SQLite, metadata: MetaData, catalog: Catalog) -> None:
        self.source = source
        self.dialect = dialect
        self.metadata = metadata
        self.catalog = catalog
        self.names = Aliases()
        self.rows: dict[Scope, FromClause] = {}

    def table(self, name: str) -> Table:
        """Return a table of the engine.

        Args:
            name: Its name.

        Returns:
            The table.
        """
        return self.metadata.tables[name]

    def alias(self, table: str, stem: str) -> FromClause:
        """Return an alias of a table that the statement does not use yet.

        Args:
            table: Name of the table.
            stem: What the name of the alias begins with.

        Returns:
            The alias; statements share it, since making one costs as much as a small query.
        """
        threshold = self.catalog.iou_threshold
        if table == "match" and threshold is not None:
            return readings(self.table(table), threshold).alias(self.names.next(stem))
        return _alias(self.table(table), self.names.next(stem))

    def row(self, scope: Scope) -> FromClause:
        """Return the table or alias that stands for the row of a scope.

        Args:
            scope: The scope.

        Returns:
            The table or alias.
        """
        return self.rows[scope.root]

    def never(self) -> Clause:
        """Return a condition that nothing satisfies.

        Returns:
            The condition.
        """
        return false()

    def known_kinds(self, field: FieldValue, path: tuple[str, ...]) -> frozenset[str] | None:
        """Return the kinds of values under a metadata key, where an index knows them.

        Args:
            field: The field; only item metadata is indexed.
            path: Keys from the outside in.

        Returns:
            The kinds, or ``None`` when they are not known.
        """
        return self.catalog.kinds(path) if field.scope.root.kind == "items" else None
