"""What the parts of the compiler share while they build one statement."""

from __future__ import annotations

from sqlalchemy import MetaData

from nucleus_lab.query.bound import FieldValue, Scope
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.dialects import Clause, SQLite
from nucleus_lab.query.readings import readings
from nucleus_lab.query.sql import FALSE
from nucleus_lab.query.sql_select import Row
from nucleus_lab.query.values import Aliases
from nucleus_lab.query.written import text_of


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
        self.rows: dict[Scope, Row] = {}

    def alias(self, table: str, stem: str) -> Row:
        """Return an alias of a table that the statement does not use yet.

        Args:
            table: Name of the table.
            stem: What the name of the alias begins with.

        Returns:
            The alias.
        """
        name = self.names.next(stem)
        threshold = self.catalog.iou_threshold
        if table != "match":
            return Row(name, table)
        if threshold is None:
            return Row(name, '"match"')
        read = readings(self.metadata.tables[table], threshold)
        return Row(name, f"({text_of(read, self.dialect.name)})")

    def row(self, scope: Scope) -> Row:
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
        return FALSE

    def known_kinds(self, field: FieldValue, path: tuple[str, ...]) -> frozenset[str] | None:
        """Return the kinds of values under a metadata key, where an index knows them.

        Args:
            field: The field; only item metadata is indexed.
            path: Keys from the outside in.

        Returns:
            The kinds, or ``None`` when they are not known.
        """
        return self.catalog.kinds(path) if field.scope.root.kind == "items" else None
