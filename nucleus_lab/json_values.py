"""What JSON can carry: which values are plain already, and where those stand that never can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

NUL: Final = "\0"
NUL_TOLD: Final = "the character U+0000, which no text may have"


def reduce_numpy(value: Any) -> Any:
    """Turn what msgspec does not know into plain values; used as its ``enc_hook``.

    Args:
        value: A numpy array or scalar, or anything else.

    Returns:
        Numbers and lists.

    Raises:
        NotImplementedError: It is anything else, as msgspec wants to be told.
    """
    item = getattr(value, "tolist", None)  # numpy arrays and scalars
    if callable(item):
        return item()
    raise NotImplementedError(type(value).__name__)


def first_unsupported(value: Any, path: str) -> tuple[str, str]:
    """Find what made msgspec refuse; only runs on the way to an error message.

    Args:
        value: What was refused.
        path: Where it stands.

    Returns:
        Path and type of the value at fault; two empty texts where none is.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            found = first_unsupported(inner, f"{path}.{key}")
            if found[0]:
                return found
        return "", ""
    if isinstance(value, (list, tuple, set, frozenset)):
        for index, inner in enumerate(value):
            found = first_unsupported(inner, f"{path}[{index}]")
            if found[0]:
                return found
        return "", ""
    try:
        msgspec.to_builtins(value, enc_hook=reduce_numpy)
    except (TypeError, NotImplementedError):
        return path, type(value).__name__
    return "", ""


_TEXT = frozenset({str})
_SIMPLE = frozenset({float, str})
_NUMBERS = frozenset({int, bool, type(None)})
_SEQUENCES = frozenset({list, tuple})
_PLAIN = _SIMPLE | _NUMBERS | _SEQUENCES | {dict}


def holds_only_json(reduced: Any) -> bool:
    """Say whether reduced values hold no NaN, infinity, bytes or U+0000.

    Args:
        reduced: Dicts, lists, tuples, text, bytes, numbers, booleans and ``None``.

    Returns:
        Whether JSON and the databases carry all of it.
    """
    # Level by level, so that what is done for each value is done in C: a batch of boxes has five
    # levels, and its numbers stand alone on the last.
    level = [reduced]
    while level:
        kinds = set(map(type, level))
        if not _fit(level, kinds):
            return False
        inner: list[Any] = []
        if dict in kinds:
            mappings = _of(dict, level, kinds)
            if NUL in "".join(set(chain.from_iterable(mappings))):
                return False
            inner.extend(chain.from_iterable(map(dict.values, mappings)))
        for kind in (list, tuple):
            if kind in kinds:
                for values in _of(kind, level, kinds):
                    # A column of a million names or numbers is done with here.
                    held = set(map(type, values))
                    if held <= _SIMPLE:
                        if not _fit(values, held):
                            return False
                    elif not held <= _NUMBERS:
                        inner.extend(values)
        level = inner
    return True


def _fit(values: Any, kinds: set[type]) -> bool:
    """Whether the scalars among values are such as JSON and the databases carry."""
    if bytes in kinds:
        return False
    if str in kinds and NUL in "".join(_of(str, values, kinds)):
        return False
    return float not in kinds or _all_finite(_of(float, values, kinds))


def is_plain(values: Sequence[Any]) -> bool:
    """Say whether values are already what :func:`nucleus_lab.wire.plain` would make of them.

    Args:
        values: Any nesting of mappings, sequences and scalars.

    Returns:
        True only when every value, at any depth, is a dict with text for keys, a list, a tuple,
        text, a finite number, a boolean or ``None``. U+0000 is not looked for here.
    """
    level: list[Any] = list(values)
    while level:
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if float in kinds and not _all_finite(_of(float, level, kinds)):
            return False
        inner: list[Any] = []
        for kind in kinds & _SEQUENCES:
            inner.extend(chain.from_iterable(_of(kind, level, kinds)))
        if dict in kinds:
            mappings = _of(dict, level, kinds)
            if not set(map(type, chain.from_iterable(mappings))) <= _TEXT:
                return False
            inner.extend(chain.from_iterable(map(dict.values, mappings)))
        level = inner
    return True


def _of(kind: type, values: list[Any], kinds: set[type]) -> list[Any]:
    return values if len(kinds) == 1 else [value for value in values if type(value) is kind]


def _all_finite(numbers: list[float]) -> bool:
    # A sum is finite only if every summand is; that of large finite ones may not be.
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))


def first_not_json(value: Any, path: str) -> tuple[str, str] | None:
    """Find what :func:`holds_only_json` saw; only runs on the way to an error message.

    Args:
        value: What holds it.
        path: Where that stands.

    Returns:
        Path and kind of the value at fault; ``None`` where none is.
    """
    if isinstance(value, (dict, list, tuple)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            place = f"{path}.{key}" if isinstance(value, dict) else f"{path}[{key}]"
            if isinstance(key, str) and "\0" in key:
                return place.replace("\0", "\\0"), NUL_TOLD
            found = first_not_json(inner, place)
            if found:
                return found
        return None
    if isinstance(value, bytes):
        return path, "bytes"
    if isinstance(value, str) and "\0" in value:
        return path, NUL_TOLD
    if isinstance(value, float) and not math.isfinite(value):
        return path, str(value)
    return None
