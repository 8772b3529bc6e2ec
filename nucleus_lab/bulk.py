"""Lists that callers pass, batches, and a pause of the cycle collector: what the bulk loops share.

Two thirds of the cost of building a million small objects is the collector walking the growing
list again and again. None of our values can form a cycle, so the bulk loops pause it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from nucleus_lab.errors import InvalidInputError

T = TypeVar("T")

_lock = threading.Lock()
_depth = 0
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector from running inside the block.

    Re-entrant and safe with threads: the first block in switches it off, the last one out
    restores what was. Never wrap code of the user in it.

    Yields:
        Nothing.
    """
    global _depth, _was_enabled  # noqa: PLW0603 - the collector itself is process-wide
    with _lock:
        if _depth == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _was_enabled:
                gc.enable()


@contextmanager
def importing() -> Iterator[None]:
    """Keep the cycle collector away from what the block imports.

    What an import makes stays, and a pause alone puts the walk through all of it off: to the next
    turn of the collector, which may well be within the answer that somebody waits for. So all that
    is young counts as old at the end, and is not looked at before everything is.

    Yields:
        Nothing.
    """
    with collector_paused():
        yield
        if not gc.get_freeze_count():  # what the program itself has frozen stays so
            gc.freeze()
            gc.unfreeze()


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut an iterable into lists.

    Args:
        rows: Anything iterable; read once.
        size: Rows in each list, 1 or above; the last may be shorter.

    Yields:
        Lists in order; none is empty.
    """
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch


def listed(name: str, values: Iterable[T], what: str) -> list[T]:
    """Read an argument that must be a list.

    Args:
        name: Name of the argument.
        values: As given: a list, a tuple, a generator …
        what: What it is a list of, for the message.

    Returns:
        The values.

    Raises:
        InvalidInputError: It is one value instead: a text would else be read letter by letter.
    """
    given: Any = values
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        shown = repr(given)
        shown = shown if len(shown) <= 80 else f"a {type(given).__name__}"
        raise InvalidInputError(f"{name} is {shown}: give a list of {what}", field=name)
    return list(given)
