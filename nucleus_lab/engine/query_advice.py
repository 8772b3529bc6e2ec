"""What to tell a person whose query finds nothing: which condition is why, and what there is."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, exists, literal, select

from nucleus_lab.engine import queries
from nucleus_lab.engine.query_values import values_of
from nucleus_lab.engine.schema import item, scene
from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
from nucleus_lab.query.json_path import kind_at
from nucleus_lab.query.parse import parse

_SHOWN_VALUES: Final = 5
_MOST_PARTS: Final = 12


def parts_of(query: tree.Query) -> list[tree.Expression]:
    """Return the conditions that are joined by AND at the top.

    Args:
        query: The query.

    Returns:
        The conditions; none for a query without.
    """
    if query.condition is None:
        return []
    if isinstance(query.condition, tree.And):
        return list(query.condition.parts)
    return [query.condition]


def advice(
    connection: Connection,
    dataset_id: int,
    text: str,
    level: str,
    selection: Callable[[str], queries.Selection],
) -> tuple[list[str], str]:
    """Explain an answer without rows.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        text: The query.
        level: What it is about.
        selection: Compiles a part of the query.

    Returns:
        Warnings about values that are never seen, and why there are no rows.
    """
    parts = parts_of(parse(text))[:_MOST_PARTS]
    conditions = []
    for part in parts:
        written = text[part.start : part.end]
        keys, _ = queries.page_of(connection, selection(written), None, 1)
        conditions.append({"text": written, "count": len(keys)})
    told = unseen(connection, dataset_id, level, parts)
    return told, why_empty(conditions, told)


def why_empty(conditions: list[dict[str, Any]], told: list[str]) -> str:
    """Say why a query finds nothing.

    Args:
        conditions: ``text`` and ``count`` of each of its conditions alone.
        told: What :func:`unseen` returned.

    Returns:
        One sentence.
    """
    none = [each["text"] for each in conditions if each["count"] == 0]
    if not conditions:
        return "there are no rows at all"
    if not none:
        return "each condition finds rows alone, and no row satisfies all of them together"
    text = " and ".join(none) + (" matches nothing" if len(none) == 1 else " match nothing")
    values = [each.partition("; ")[2] or each.partition(": ")[2] for each in told]
    return "; ".join([text, *values])


def unseen(
    connection: Connection, dataset_id: int, level: str, parts: list[tree.Expression]
) -> list[str]:
    """Warn about text that is compared with a metadata key and never seen in it.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        level: What the query is about.
        parts: Conditions that are joined by AND.

    Returns:
        ``W2`` for a value or a key that no item has, ``W5`` for a key of scenes.
    """
    warnings: list[str] = []
    for part in parts:
        for path, wanted in _compared(part):
            if _of_scenes_only(connection, dataset_id, path):
                written = ".".join(path)
                warnings.append(f"W5: {written} is scene metadata; write scene.metadata.{written}")
            elif level != "scenes":
                warnings += _never(connection, dataset_id, path, wanted)
    return list(dict.fromkeys(warnings))


def _compared(part: tree.Expression) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Walk the keys of metadata in a condition and the texts they are compared with."""
    values: tuple[Any, ...] = ()
    operand: Any = None
    if isinstance(part, tree.Comparison) and len(part.operands) == 2:
        operand = part.operands[0]
        values = part.operands[1:] if part.operators in {("=",), ("!=",)} else (None,)
    elif isinstance(part, tree.In) and not isinstance(part.values, tree.Parameter):
        operand, values = part.operand, tuple(part.values)
    elif isinstance(part, tree.Between | tree.TextTest):
        operand, values = part.operand, (None,)
    if not isinstance(operand, tree.Path) or operand.filter or len(operand.segments) < 2:
        return
    if operand.segments[0].name != "metadata":
        return
    path = tuple(segment.name for segment in operand.segments[1:])
    for value in values:
        if isinstance(value, tree.Text | tree.Word):
            yield path, value.value if isinstance(value, tree.Text) else value.name
        else:
            yield path, None


def _of_scenes_only(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> bool:
    """Tell whether scenes have a key that no item has."""

    def held(table: Any) -> bool:
        found = select(literal(1)).select_from(table)
        found = found.where(
            table.c.dataset_id == dataset_id, kind_at(table.c.metadata, *path).is_not(None)
        )
        return bool(connection.scalar(select(exists(found))))

    return held(scene) and not held(item)


def _never(
    connection: Connection, dataset_id: int, path: tuple[str, ...], wanted: str | None
) -> list[str]:
    values = values_of(connection, dataset_id, path)
    names = [str(value) for value, _ in values.counts]
    if wanted in names or not values.complete:
        return []
    written = ".".join(["metadata", *path])
    if not names:
        return [f"W2: no item has {written}"]
    if wanted is None:
        return []
    near = difflib.get_close_matches(wanted, names, n=_SHOWN_VALUES, cutoff=0.4)
    ordered = [*near, *(name for name in names if name not in near)][:_SHOWN_VALUES]
    counts = {str(value): number for value, number in values.counts}
    shown = ", ".join(f"{name} {counts[name]}" for name in ordered)
    return [f"W2: {wanted!r} is never seen in {written}; values: {shown}"]


def safely(work: Callable[[], tuple[list[str], str]]) -> tuple[list[str], str | None]:
    """Leave advice out where it cannot be given: the answer stands without it.

    Args:
        work: Gives the advice.

    Returns:
        What it returned; nothing when a part of the query cannot stand alone.
    """
    try:
        return work()
    except QueryError:
        return [], None
