"""Comparing a value of metadata with what a filter or an exclusion rule asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

Operator = Literal["EQ", "IN", "GT", "LT"]

_MISSING: Final = object()


def value_at(metadata: Mapping[str, Any], key: str) -> Any:
    """Return the value under a key of metadata.

    Args:
        metadata: The metadata of an item or a prediction.
        key: The key as it stands, or a path of keys with dots between them.

    Returns:
        The value, ``None`` where there is none.
    """
    found = metadata.get(key, _MISSING)
    if found is not _MISSING:
        return found
    found = metadata
    for step in key.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def holds(actual: Any, operator: Operator, wanted: Any) -> bool:
    """Say whether a value passes.

    Args:
        actual: The value; ``None`` passes nothing.
        operator: ``EQ``; ``IN``, one of a list; ``GT`` and ``LT``, of numbers, or of texts.
        wanted: What to compare with. A number or a truth value is also recognised from its text,
            since the filter schema of an evaluation lists values as text.

    Returns:
        Whether it passes.

    Example:
        >>> holds(3, "EQ", "3"), holds(True, "EQ", 1), holds(3, "GT", 2.5)
        (True, False, True)
    """
    if actual is None:
        return False
    if operator == "EQ":
        return _equal(actual, wanted)
    if operator == "IN":
        return isinstance(wanted, (list, tuple)) and any(_equal(actual, one) for one in wanted)
    if isinstance(actual, str) and isinstance(wanted, str):
        return actual > wanted if operator == "GT" else actual < wanted
    left, right = _number(actual), _number(wanted)
    if left is None or right is None or isinstance(actual, str):
        return False
    return left > right if operator == "GT" else left < right


def _equal(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return as_text(actual) == as_text(wanted) if _alike(actual, wanted) else False
    if isinstance(wanted, str) and not isinstance(actual, str):
        return as_text(actual) == wanted or (
            isinstance(actual, (int, float)) and _number(wanted) == actual
        )
    return bool(actual == wanted)


def _alike(actual: Any, wanted: Any) -> bool:
    """Two truth values, or one and a text: a number is none."""
    return all(isinstance(value, (bool, str)) for value in (actual, wanted))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def as_text(value: Any) -> str:
    """Return a value of metadata as a filter schema lists it.

    Args:
        value: The value.

    Returns:
        ``true`` and ``false`` for truth values, texts as they are, anything else as Python
        writes it.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
