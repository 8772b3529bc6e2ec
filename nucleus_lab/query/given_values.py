"""Values that a query gives: literals and parameters."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
from nucleus_lab.query.bound import Constant, Place
from nucleus_lab.query.faults import fault
from nucleus_lab.query.tokens import MILLISECONDS, read_date

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def milliseconds(moment: datetime.datetime) -> int:
    """Return a moment as milliseconds since 1970.

    Args:
        moment: The moment; UTC when it has no zone.

    Returns:
        Whole milliseconds, half rounded up.
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return (aware - _EPOCH + _MILLISECOND / 2) // _MILLISECOND


def constant_of(node: tree.Expression) -> Constant | None:
    """Return the constant that a literal stands for.

    Args:
        node: Any node.

    Returns:
        The constant, or ``None`` when the node is no literal.
    """
    place = (node.start, node.end)
    if isinstance(node, tree.Number):
        return Constant("number", node.value, node.text, place)
    if isinstance(node, tree.Text):
        return Constant("text", node.value, node.value, place)
    if isinstance(node, tree.Word):
        return Constant("text", node.name, node.name, place, bare=True)
    if isinstance(node, tree.Date):
        text = node.value.isoformat()
        return Constant("time", milliseconds(node.value), text, place, whole_day=not node.has_time)
    if isinstance(node, tree.Duration) and node.unit in MILLISECONDS:
        length = node.amount * MILLISECONDS[node.unit]
        return Constant("duration", length, f"{node.amount:g}{node.unit}", place)
    return None


def parameter_value(value: Any, place: Place) -> Constant | None:
    """Return the constant that a Python value stands for.

    Args:
        value: Text, number, bool, date, list, tuple, set, or a numpy or pandas form of those.
        place: Where the parameter stands.

    Returns:
        The constant; ``None`` when a query cannot hold such a value.
    """
    if isinstance(value, bool):
        return Constant("bool", value, "true" if value else "false", place)
    if isinstance(value, str):
        return None if "\x00" in value else Constant("text", value, value, place)
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            return None
        small = value if isinstance(value, float) or abs(value) < 2**63 else float(value)
        return Constant("number", small, str(value), place)
    if isinstance(value, datetime.datetime):
        return Constant("time", milliseconds(value), value.isoformat(), place)
    if isinstance(value, datetime.date):
        moment = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
        return Constant("time", milliseconds(moment), value.isoformat(), place, whole_day=True)
    if isinstance(value, datetime.timedelta):
        return Constant("duration", value / _MILLISECOND, str(value), place)
    if isinstance(value, list | tuple | set | frozenset):
        members = [parameter_value(each, place) for each in value]
        known = [each for each in members if each is not None and each.kind != "list"]
        return Constant("list", known, "[…]", place) if len(known) == len(members) else None
    plain = getattr(value, "tolist", None)  # numpy scalars and arrays, pandas Series
    if callable(plain) and not hasattr(value, "columns"):
        return parameter_value(plain(), place)
    return None


def list_compared(node: tree.Parameter, source: str) -> QueryError:
    """Build the error for a list where one value stands.

    Args:
        node: The parameter.
        source: The query text.

    Returns:
        The error.
    """
    hint = f"write IN {{{node.name}}}"
    width = node.end - node.start
    return fault("Q030", "a list is compared here", source, node.start, width, hint)


def text_as_moment(text: str) -> tuple[int, bool] | None:
    """Read text as a date.

    Args:
        text: Any text.

    Returns:
        Milliseconds since 1970 and whether the whole day is meant; ``None`` when it is no date.
    """
    if len(text) < 10 or not text[:4].isdigit() or text[4:5] != "-":
        return None
    try:
        moment, has_time = read_date(text)
    except ValueError:
        return None
    return milliseconds(moment), not has_time


def text_as_number(text: str) -> float | int | None:
    """Read text as a number.

    Args:
        text: Any text.

    Returns:
        The number, or ``None`` when the text is none.
    """
    try:
        return (
            int(text) if text.strip().lstrip("+-").isdecimal() and len(text) < 18 else _real(text)
        )
    except ValueError:
        return None


def _real(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) and "_" not in text else None


def wanted_kind(others: list[tree.Expression], parameters: Mapping[str, Any]) -> str | None:
    """Say whether a name that may be a class or a taxonomy is compared with text.

    Args:
        others: What it is compared with.
        parameters: Values of ``{name}``.

    Returns:
        ``text`` or ``number``.
    """
    for node in others:
        if isinstance(node, tree.Word):
            return "text"
        if isinstance(node, tree.Text):
            return "number" if _reads_as_number(node.value) else "text"
        if isinstance(node, tree.Parameter) and isinstance(parameters.get(node.name), str):
            return "text"
    return "number"


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
