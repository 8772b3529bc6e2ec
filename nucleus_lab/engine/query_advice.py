"""What to tell a person whose query finds nothing: which condition is why, and what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection

from nucleus_lab.engine import queries
from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
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
    text: str,
    told: list[str],
    selection: Callable[[str], queries.Selection],
) -> str:
    """Explain an answer without rows.

    Args:
        connection: The open transaction.
        text: The query.
        told: Its warnings.
        selection: Compiles a part of the query.

    Returns:
        Why there are no rows.
    """
    conditions = []
    for part in parts_of(parse(text))[:_MOST_PARTS]:
        written = text[part.start : part.end]
        keys, _ = queries.page_of(connection, selection(written), None, 1)
        conditions.append({"text": written, "count": len(keys)})
    return why_empty(conditions, told)


def why_empty(conditions: list[dict[str, Any]], told: list[str]) -> str:
    """Say why a query finds nothing.

    Args:
        conditions: ``text`` and ``count`` of each of its conditions alone.
        told: The warnings of the query.

    Returns:
        One sentence.
    """
    none = [each["text"] for each in conditions if each["count"] == 0]
    if not conditions:
        return "there are no rows at all"
    if not none:
        return "each condition finds rows alone, and no row satisfies all of them together"
    text = " and ".join(none) + (" matches nothing" if len(none) == 1 else " match nothing")
    unseen = [each for each in told if each.startswith(("W2", "W5"))]
    values = [each.partition("; ")[2] or each.partition(": ")[2] for each in unseen]
    return "; ".join([text, *values])


def safely(work: Callable[[], str]) -> str | None:
    """Leave advice out where it cannot be given: the answer stands without it.

    Args:
        work: Gives the advice.

    Returns:
        What it returned; ``None`` when a part of the query cannot stand alone.
    """
    try:
        return work()
    except QueryError:
        return None
