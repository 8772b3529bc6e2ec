"""How a query was read and what it costs; and, where it finds nothing, which condition is why."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, func, select

from nucleus_lab.engine import queries
from nucleus_lab.engine.query_values import values_of
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.query import tree
from nucleus_lab.query.explain import explain
from nucleus_lab.query.parse import parse

_MOST_PARTS: Final = 12
_SHOWN_VALUES: Final = 5


def explained(
    connection: Connection,
    dataset_id: int,
    text: str,
    level: str,
    *,
    run_id: int | None = None,
    match_type: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Explain a query.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        text: The query.
        level: ``items``, ``annotations``, ``predictions``, ``matches`` or ``scenes``.
        run_id: Model run that predictions and matches are of.
        match_type: Of matches: ``iou``, ``false_positive``, ``false_negative``.
        parameters: Values of ``{name}``.

    Returns:
        The canonical text, the SQL, the plan, the number of rows, the time in milliseconds, the
        rows of each condition alone, warnings, and why the result is empty.

    Raises:
        QueryError: The query cannot be read.
    """

    def selection(part: str) -> queries.Selection:
        return queries.select_rows(
            connection,
            dataset_id,
            part,
            level,
            run_id=run_id,
            match_type=match_type,
            parameters=parameters,
        )

    start = time.perf_counter()
    found = selection(text)
    count = queries.count_of(connection, found)
    spent = (time.perf_counter() - start) * 1e3
    sql = _sql(connection, found)
    query = parse(text)
    parts = _parts(query)
    conditions = []
    for part in parts[:_MOST_PARTS]:
        written = text[part.start : part.end]
        rows = queries.count_of(connection, selection(written))
        conditions.append({"text": written, "count": rows, "start": part.start, "end": part.end})
    warnings = list(found.warnings)
    unseen = [] if level == "scenes" else _unseen(connection, dataset_id, parts)
    warnings += unseen
    return {
        "query": text,
        "level": level,
        "canonical": explain(found.query),
        "sql": sql,
        "plan": _plan(connection, sql),
        "count": count,
        "milliseconds": round(spent, 2),
        "conditions": conditions,
        "warnings": warnings,
        "empty_because": _why_empty(conditions, unseen) if count == 0 else None,
    }


def _parts(query: tree.Query) -> list[tree.Expression]:
    """Return what is joined by AND at the top."""
    if query.condition is None:
        return []
    if isinstance(query.condition, tree.And):
        return list(query.condition.parts)
    return [query.condition]


def _sql(connection: Connection, found: queries.Selection) -> str:
    statement = select(found.row.c.id).select_from(found.source).where(*found.where)
    if found.query.sample is None:
        statement = statement.order_by(*found.order, *found.sort)
    else:
        statement = select(func.count()).select_from(found.source).where(*found.where)
    written: Any = statement.compile(
        dialect=connection.dialect,
        compile_kwargs={"literal_binds": True, "render_postcompile": True},
    )
    text = str(written)
    return text.replace("%%", "%") if written.preparer._double_percents else text  # noqa: SLF001


def _plan(connection: Connection, sql: str) -> list[str]:
    cursor = cursor_of(connection)
    if connection.dialect.name == "sqlite":
        return [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
    cursor.execute(f"EXPLAIN {sql}")
    return [row[0] for row in cursor.fetchall()]


def _unseen(connection: Connection, dataset_id: int, parts: list[tree.Expression]) -> list[str]:
    """Warn about text that is compared with a metadata key and never seen in it."""
    warnings = []
    for part in parts:
        if not isinstance(part, tree.Comparison) or part.operators not in {("=",), ("!=",)}:
            continue
        field, other = part.operands
        if not isinstance(field, tree.Path) or field.filter or len(field.segments) < 2:
            continue
        if field.segments[0].name != "metadata" or not isinstance(other, tree.Text | tree.Word):
            continue
        wanted = other.value if isinstance(other, tree.Text) else other.name
        path = tuple(segment.name for segment in field.segments[1:])
        values = values_of(connection, dataset_id, path)
        names = [str(value) for value, _ in values.counts]
        if wanted in names or not values.complete:
            continue
        written = ".".join(["metadata", *path])
        if not names:
            warnings.append(f"W2: no item has {written}")
            continue
        near = difflib.get_close_matches(wanted, names, n=_SHOWN_VALUES, cutoff=0.4)
        ordered = [*near, *(name for name in names if name not in near)][:_SHOWN_VALUES]
        counts = {str(value): number for value, number in values.counts}
        shown = ", ".join(f"{name} {counts[name]}" for name in ordered)
        warnings.append(f"W2: {wanted!r} is never seen in {written}; values: {shown}")
    return warnings


def _why_empty(conditions: list[dict[str, Any]], unseen: list[str]) -> str:
    none = [each["text"] for each in conditions if each["count"] == 0]
    if not conditions:
        return "there are no rows at all"
    if not none:
        return "each condition finds rows alone, and no row satisfies all of them together"
    text = " and ".join(none) + (" matches nothing" if len(none) == 1 else " match nothing")
    values = [each.partition("; ")[2] or each.partition(": ")[2] for each in unseen]
    return "; ".join([text, *values])
