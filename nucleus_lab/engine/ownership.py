"""Whose a row is, and which rows a user with a key of her own is shown.

Rows that are made by themselves (datasets, models, benchmarks …) have a column ``owner``; it is
empty for what team keys and programs in this process make, which everyone sees. All other rows
hang below such rows by their foreign keys and are seen with them.

This is enforced in one place, where SQL is written: the statements of a user are compiled by
:func:`compiler_for`'s class, which puts ``(SELECT * FROM item WHERE …) AS item`` for each table
``item`` that is read. Code above does not know of it and cannot forget it: another user's row is a
row that is not there. Statements that delete or change rows by keys which were read before find
them all, so that what hangs below a deleted row goes with it; rows that hang nowhere are out of
reach for them too.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import Table, text
from sqlalchemy.sql.compiler import SQLCompiler

PARTS: Final = frozenset({
    "api_key", "autotag_example", "autotag_refinement", "autotag_score", "benchmark_item",
    "cuboid_points", "embedding", "embedding_segment", "evaluation_v2_part", "job_error", "label",
    "labeling_task_item", "match", "model_bundle", "model_weights", "saved_query", "scene_track",
    "scenario_criterion", "scenario_result", "slice_member", "taxonomy", "track",
})  # fmt: skip
"""Tables whose rows have no id of their own on the wire: they are found by the key of what they are
a part of, which was read before. Sweeps of files read some of them as a whole."""

VIEWERS: Final = {
    # In a sub-query, so that it is asked for once a statement and not once a row.
    "sqlite": "(SELECT nucleus_lab_viewer())",
    "postgresql": "(SELECT current_setting('nucleus_lab.viewer'))",
}
"""How each database is asked for the user of the open transaction."""

_SAME: Final = frozenset({("item", "scene_id")})
"""Foreign keys that lead where another one does: frames are of the dataset of their scene."""

_ALSO: Final = {
    # A team may put items of anyone into a benchmark or a project that everyone sees.
    "benchmark": (
        "NOT EXISTS (SELECT 1 FROM benchmark_item JOIN item ON item.id = benchmark_item.item_id "
        "JOIN dataset ON dataset.id = item.dataset_id "
        "WHERE benchmark_item.benchmark_id = {row}.id AND dataset.owner NOT IN ('', {viewer}))"
    ),
    "labeling_task": (
        "NOT EXISTS (SELECT 1 FROM labeling_task_item "
        "JOIN dataset ON dataset.id = labeling_task_item.dataset_id "
        "WHERE labeling_task_item.labeling_task_id = {row}.id "
        "AND dataset.owner NOT IN ('', {viewer}))"
    ),
    # A job of the team that is of no dataset may be about anyone's models.
    "job": "({row}.owner = {viewer} OR {row}.dataset_id IS NOT NULL)",
}

_LOOSE: Final = {"evaluation_v2": ("benchmark_id",)}
"""Foreign keys that outlive what they lead to and hide the row all the same."""


def _hangs_below(table: Table) -> list[tuple[str, Table, bool]]:
    """Return the columns by which rows hang below others, those, and whether they may be empty."""
    found = []
    for column in table.c:
        for key in column.foreign_keys:
            cascades = key.ondelete == "CASCADE" or column.name in _LOOSE.get(table.name, ())
            if (
                cascades
                and key.column.table is not table
                and (table.name, column.name) not in _SAME
            ):
                found.append((column.name, key.column.table, bool(column.nullable)))
    return found


def is_restricted(table: Table) -> bool:
    """Say whether a user is shown only some rows of a table.

    Args:
        table: A table of the schema.

    Returns:
        Whether its rows have an owner, or hang below rows that have one, and are no
        :data:`PARTS`.
    """
    if table.name in PARTS:
        return False
    return "owner" in table.c or any(is_restricted(above) for _, above, _ in _hangs_below(table))


def stands_alone(table: Table) -> bool:
    """Say whether the rows of a table have an owner and hang nowhere.

    Args:
        table: A table of the schema.

    Returns:
        Whether statements that change or delete rows are restricted too.
    """
    return "owner" in table.c and not _hangs_below(table)


def condition(table: Table, row: str, viewer: str, depth: int = 1) -> str:
    """Write which rows of a table a user is shown.

    Args:
        table: A table that :func:`is_restricted`.
        row: Name of its rows in the statement.
        viewer: One of :data:`VIEWERS`.
        depth: Of nesting, for the names of the rows above.

    Returns:
        A condition in SQL.
    """
    parts = [f"{row}.owner IN ('', {viewer})"] if "owner" in table.c else []
    for column, above, may_be_empty in _hangs_below(table):
        if not is_restricted(above):
            continue
        name = f"above_{depth}"
        inner = condition(above, name, viewer, depth + 1)
        seen = (
            f"EXISTS (SELECT 1 FROM {above.name} AS {name} "
            f"WHERE {name}.id = {row}.{column} AND {inner})"
        )
        parts.append(f"({row}.{column} IS NULL OR {seen})" if may_be_empty else seen)
    if table.name in _ALSO:
        parts.append(_ALSO[table.name].format(row=row, viewer=viewer))
    return " AND ".join(parts)


class _Restricting(SQLCompiler):
    """Writes the statements of a user."""

    viewer: str

    @classmethod
    def seen_rows(cls, name: str) -> str | None:
        """Write the rows of a table that the user is shown, for SQL that is no statement of Core.

        Args:
            name: Name of the table, in quotes where it needs them.

        Returns:
            A sub-query; ``None`` where all rows are shown.
        """
        from nucleus_lab.engine.schema import metadata

        table = metadata.tables[name.strip('"')]
        if not is_restricted(table):
            return None
        return f"(SELECT * FROM {name} AS seen WHERE {condition(table, 'seen', cls.viewer)})"

    def visit_table(self, table: Any, *arguments: Any, **options: Any) -> Any:
        written = super().visit_table(table, *arguments, **options)  # type: ignore[no-untyped-call]
        if not options.get("asfrom") or options.get("iscrud") or options.get("ashint"):
            return written
        if self.isupdate or self.isdelete or not is_restricted(table):
            return written
        rows = f"(SELECT * FROM {written} AS seen WHERE {condition(table, 'seen', self.viewer)})"
        alias = options.get("enclosing_alias")
        if alias is not None and alias.element is table:
            return rows
        return f"{rows} AS {written}"

    def visit_update(self, update_stmt: Any, *arguments: Any, **options: Any) -> Any:
        return super().visit_update(self._narrowed(update_stmt), *arguments, **options)

    def visit_delete(self, delete_stmt: Any, *arguments: Any, **options: Any) -> Any:
        statement = self._narrowed(delete_stmt)
        return super().visit_delete(statement, *arguments, **options)  # type: ignore[no-untyped-call]

    def _narrowed(self, statement: Any) -> Any:
        table = statement.table
        if not isinstance(table, Table) or not stands_alone(table):
            return statement
        return statement.where(text(condition(table, table.name, self.viewer)))


@cache
def compiler_for(ordinary: type[SQLCompiler], dialect: str) -> type[SQLCompiler]:
    """Return the class that compiles the statements of users.

    Args:
        ordinary: The class that compiles those of everyone else.
        dialect: ``sqlite`` or ``postgresql``.

    Returns:
        The class.
    """
    members = {"viewer": VIEWERS[dialect]}
    return type(f"Restricting{ordinary.__name__}", (_Restricting, ordinary), members)
