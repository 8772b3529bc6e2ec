"""Deleting evaluations and places in benchmarks, also where the database does not cascade."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select

from nucleus_lab.engine.evaluation_schema import (
    benchmark_item,
    evaluation_v2,
    evaluation_v2_part,
)


def forget(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Delete evaluations with what they measured.

    Args:
        connection: The open write transaction.
        condition: Which ones, over ``evaluation_v2``.
    """
    ours = select(evaluation_v2.c.id).where(condition)
    parts = evaluation_v2_part.c.evaluation_v2_id.in_(ours)
    connection.execute(delete(evaluation_v2_part).where(parts))
    connection.execute(delete(evaluation_v2).where(condition))


def forget_items(
    connection: Connection, condition: ColumnElement[bool], values: dict[str, Any] | None = None
) -> None:
    """Take items out of all benchmarks.

    Args:
        connection: The open write transaction.
        condition: Which ones, over ``benchmark_item``.
        values: Of the parameters in the condition.
    """
    connection.execute(delete(benchmark_item).where(condition), values or {})
