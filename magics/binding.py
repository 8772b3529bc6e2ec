"""Variables of the notebook in the text of a magic: always objects, never pasted text."""

from __future__ import annotations

import datetime
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nucleus_lab.magics.refusal import Refused, did_you_mean

WORD: Final = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+""", re.DOTALL)
"""One word of a line as a shell reads it, its quotes included."""

_NAME: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_VARIABLE: Final = re.compile(rf"\$({_NAME})|\{{({_NAME})\}}")
_DOLLAR: Final = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*)|\$(?=[^\W\d])"""
)
_SCALARS: Final = (str, int, float, datetime.date, datetime.timedelta)


class Bound(str):
    """A word such as ``$items`` or ``{items}``; its text is as written.

    Attributes:
        value: The object that the variable holds.
    """

    value: Any

    __slots__ = ("value",)

    @classmethod
    def to(cls, text: str, value: Any) -> Bound:
        """Bind a word to an object.

        Args:
            text: The word as written.
            value: The object.

        Returns:
            The word.
        """
        word = cls(text)
        word.value = value
        return word


def given(word: Any) -> Any:
    """Return what a word stands for.

    Args:
        word: A word of the line.

    Returns:
        The object of a bound word; any other word itself.
    """
    return word.value if isinstance(word, Bound) else word


def words(line: str, namespace: Mapping[str, Any]) -> list[str]:
    """Split a magic line like a shell does, and look up its variables.

    Args:
        line: The text after the magic's name.
        namespace: The variables of the notebook.

    Returns:
        The words without their quotes; those written ``$name`` or ``{name}`` are :class:`Bound`,
        unless they stand in quotes.

    Raises:
        Refused: A quote never ends, or there is no such variable.
    """
    try:
        shlex.split(line)
    except ValueError as fault:
        raise Refused(f"cannot read {line!r}: {fault}") from fault
    found: list[str] = []
    for match in WORD.finditer(line):
        raw = match[0]
        if raw.startswith("--") and "=" in raw:
            option, _, raw = raw.partition("=")
            found.append(option)
        variable = _VARIABLE.fullmatch(raw)
        if variable:
            found.append(Bound.to(raw, look_up(variable[1] or variable[2], namespace)))
        else:
            found.append("".join(shlex.split(raw)))
    return found


def look_up(name: str, namespace: Mapping[str, Any]) -> Any:
    """Find a variable, or an attribute of one.

    Args:
        name: Such as ``found`` or ``found.reference_ids``.
        namespace: The variables of the notebook.

    Returns:
        Its value.

    Raises:
        Refused: There is none.
    """
    first, *attributes = name.split(".")
    if first not in namespace:
        hint = did_you_mean(first, public_names(namespace), "define it in a cell above")
        raise Refused(f"there is no variable {first!r} in this notebook: {hint}")
    value = namespace[first]
    for attribute in attributes:
        if not hasattr(value, attribute):
            raise Refused(f"{first!r} is of type {type(value).__name__} and has no {attribute!r}")
        value = getattr(value, attribute)
    return value


def public_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the variables that a person made.

    Args:
        namespace: The variables of the notebook.

    Yields:
        The names without those that begin with an underscore.
    """
    hidden = {"In", "Out", "exit", "quit", "open", "get_ipython"}
    for name in namespace:
        if not name.startswith("_") and name not in hidden:
            yield name


def can_be_bound(value: Any) -> bool:
    """Tell whether a query can hold a value.

    Args:
        value: Any object.

    Returns:
        Whether it is text, a number, a date, a slice, or a list or an array of such.
    """
    if isinstance(value, _SCALARS):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(isinstance(each, _SCALARS) for each in value)
    plain = hasattr(value, "tolist") and not hasattr(value, "columns")
    return plain or type(value).__name__ == "Slice"


def query_text(text: str) -> str:
    """Rewrite ``$name`` as ``:name``, which the language reads; places stay where they are.

    Args:
        text: A query as written in a cell.

    Returns:
        The query; text in quotes and comments are untouched.
    """
    return _DOLLAR.sub(lambda match: match[1] or ":", text)


def parameters(text: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the values of the variables that a query names.

    Args:
        text: The query, with ``{name}``, ``:name`` or ``@name``.
        namespace: The variables of the notebook.

    Returns:
        Values by name; empty for a query without any.

    Raises:
        QueryError: The query cannot be read, there is no such variable, or no query can hold it.
    """
    if not any(mark in text for mark in "{:@"):
        return {}
    from nucleus_lab.query.faults import fault
    from nucleus_lab.query.tokens import tokenize

    found: dict[str, Any] = {}
    for token in tokenize(text):
        if token.kind != "param":
            continue
        name, length = str(token.value), token.end - token.start
        if name not in namespace:
            hint = did_you_mean(name, public_names(namespace), "define it in a cell above")
            message = f"there is no variable {name!r} in this notebook"
            raise fault("Q040", message, text, token.start, length, hint)
        value = namespace[name]
        if not can_be_bound(value):
            message = f"{name!r} is of type {type(value).__name__}, which no query can hold"
            hint = "text, numbers, dates, slices, and lists, arrays or Series of them can be used"
            raise fault("Q042", message, text, token.start, length, hint)
        found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if type(value).__name__ == "Slice":
        return value.name
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return value.tolist() if hasattr(value, "tolist") else value
