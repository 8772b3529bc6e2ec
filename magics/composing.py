"""Putting queries together from queries, by their words."""

from __future__ import annotations

from typing import Final

_TAIL: Final = {"ORDER", "LIMIT", "OFFSET", "SAMPLE"}


def parts(query: str) -> tuple[str, str]:
    """Split a query into its condition and what follows it.

    Args:
        query: A query that can be read.

    Returns:
        The condition, without ``WHERE``; and from ``ORDER BY``, ``LIMIT`` or ``SAMPLE`` on.
    """
    from nucleus_lab.query.tokens import tokenize

    tokens = tokenize(query)
    depth, start, end = 0, 0, len(query)
    if tokens[0].text.upper() == "WHERE":
        start = tokens[0].end
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text in "([":
            depth += 1
        elif token.kind == "mark" and token.text in ")]":
            depth -= 1
        elif not depth and token.kind == "name" and token.text.upper() in _TAIL:
            after = tokens[at + 1]
            ordered = token.text.upper() == "ORDER"
            if after.text.upper() == "BY" if ordered else after.kind in {"number", "param"}:
                end = token.start
                break
    return query[start:end].strip(), query[end:].strip()


def with_condition(query: str, more: str) -> str:
    """Add a condition to a query; its order and limit stay behind it.

    Args:
        query: A query that can be read; may be empty.
        more: The condition; may be empty.

    Returns:
        The query of both.
    """
    condition, tail = parts(query)
    added, added_tail = parts(more)
    both = [_closed(each) for each in (condition, added) if each]
    joined = " AND ".join(f"({each})" for each in both) if len(both) > 1 else "".join(both)
    return " ".join(each for each in (joined, added_tail or tail) if each)


def with_limit(query: str, limit: int) -> str:
    """Let a query return a number of rows at most.

    Args:
        query: A query that can be read.
        limit: The number.

    Returns:
        The query; as it is when it has a limit of its own.
    """
    condition, tail = parts(query)
    if "LIMIT" in tail.upper():
        return query
    return " ".join(each for each in (_closed(condition), _closed(tail), f"LIMIT {limit}") if each)


def _closed(text: str) -> str:
    """End a text so that a comment on its last line does not swallow what follows."""
    return f"{text}\n" if "#" in text.rsplit("\n", 1)[-1] else text
