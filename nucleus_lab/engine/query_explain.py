"""How a query was read and what it costs; and, where it finds nothing, which condition is why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from nucleus_lab.engine import queries, query_advice, query_warnings
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.query.explain import explain
from nucleus_lab.query.parse import parse
from nucleus_lab.query.written import Written

_MOST_PARTS: Final = 12


def explained(
    connection: Connection,
    dataset_id: int,
    text: str,
    level: str,
    *,
    run_id: int | None = None,
    match_type: str = "",
    parameters: Mapping[str, Any] | None = None,
    iou_threshold: float | None = None,
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
        iou_threshold: Matches are read at it.

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
            iou_threshold=iou_threshold,
        )

    start = time.perf_counter()
    found = selection(text)
    count = queries.count_of(connection, found)
    spent = (time.perf_counter() - start) * 1e3
    sql = _sql(connection, found)
    query = parse(text)
    parts = query_advice.parts_of(query)
    conditions = []
    for part in parts[:_MOST_PARTS]:
        written = text[part.start : part.end]
        rows = queries.count_of(connection, selection(written))
        conditions.append({"text": written, "count": rows, "start": part.start, "end": part.end})
    warnings = query_warnings.told(connection, found)
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
        "empty_because": query_advice.why_empty(conditions, warnings) if count == 0 else None,
    }


def _sql(connection: Connection, found: queries.Selection) -> str:
    if found.query.sample is None:
        order = [*found.order, *found.sort]
        statement = queries.statement_of(found, f"{found.row}.id", order=order)
    else:
        statement = queries.statement_of(found, "count(*)")
    written: Any = Written(statement).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    text = str(written)
    return text.replace("%%", "%") if written.preparer._double_percents else text  # noqa: SLF001


def _plan(connection: Connection, sql: str) -> list[str]:
    cursor = cursor_of(connection)
    if connection.dialect.name == "sqlite":
        return [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
    cursor.execute(f"EXPLAIN {sql}")
    return [row[0] for row in cursor.fetchall()]
