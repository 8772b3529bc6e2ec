"""Query errors with a caret under the place they are about."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from nucleus_lab.errors import QueryError
from nucleus_lab.query.habits import hint_at


def fault(
    code: str, message: str, source: str, position: int, length: int = 1, hint: str = ""
) -> QueryError:
    """Build the error for one place in a query.

    Args:
        code: Stable code, such as ``Q012``.
        message: What is wrong, one line.
        source: The whole query text.
        position: 0-based offset of the first character it is about; the length of the text for
            its end.
        length: Number of characters to underline, at least 1.
        hint: What to write instead.

    Returns:
        The error; its message is the full text with the line and the caret.
    """
    start = source.rfind("\n", 0, position) + 1
    stop = source.find("\n", position)
    text = source[start:] if stop < 0 else source[start:stop]
    line = source.count("\n", 0, position) + 1
    column = position - start + 1
    shown = text.replace("\t", " ").rstrip("\r")
    width = max(1, min(length, len(shown) - column + 1))
    hint = hint or hint_at(source, position)
    lines = [
        f"Query error {code} at line {line}, column {column}: {message}",
        f"  {shown}",
        f"  {' ' * (column - 1)}^{'~' * (width - 1)}",
    ]
    if hint:
        lines.append(f"  hint: {hint}")
    return QueryError(
        "\n".join(lines),
        query_code=code,
        position=position,
        line=line,
        column=column,
        length=max(1, length),
        hint=hint,
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that ``name`` was probably meant to be.

    Args:
        name: What was written.
        known: The names that exist.

    Returns:
        The nearest one, or ``""`` when none is near.
    """
    names = list(known)
    folded = {each.casefold(): each for each in names}
    if name.casefold() in folded:
        return folded[name.casefold()]
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else ""
