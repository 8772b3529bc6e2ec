"""Functions that SQLite lacks and the query language needs, registered on every connection.

A regular expression of a person may take for ever on an unlucky text, so each search has a limit,
and so have all searches of one statement together.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from nucleus_lab.query.scores import score

_ONE_SEARCH: Final = 0.25
_NUMBER: Final = r"\s*[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?\s*\Z"
_EARTH: Final = 6_371_008.8
_STATE = threading.local()


@contextmanager
def searching(seconds: float) -> Iterator[None]:
    """Limit the regular expressions of one statement.

    Args:
        seconds: Time for all searches together.

    Yields:
        Nothing.
    """
    _STATE.deadline, _STATE.late = time.monotonic() + seconds, False
    try:
        yield
    finally:
        _STATE.deadline = math.inf


def too_late() -> bool:
    """Tell whether the last statement on this thread ran out of time for a regular expression.

    Returns:
        Whether it did.
    """
    return bool(getattr(_STATE, "late", False))


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:
    import regex  # like re, and stops at a time

    return regex.compile(pattern)


def _matches(pattern: str, text: Any) -> bool | None:
    if not isinstance(text, str):
        return None
    left = getattr(_STATE, "deadline", math.inf) - time.monotonic()
    try:
        # A limit of nothing ends the search at once, and any search needs a limit above it.
        found = _compiled(pattern).search(text, timeout=min(max(left, 1e-9), _ONE_SEARCH))
    except TimeoutError:
        _STATE.late = True
        raise
    return found is not None


@lru_cache(maxsize=1)
def _number_shape() -> Any:
    import re

    return re.compile(_NUMBER, re.ASCII)


def _number(text: Any) -> float | None:
    if not isinstance(text, str) or _number_shape().match(text) is None:
        return None
    return float(text)


def _hash(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    digest = hashlib.md5(text.encode(errors="surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") / 4294967296.0


def _distance(lat: Any, lon: Any, to_lat: Any, to_lon: Any) -> float | None:
    if lat is None or lon is None or to_lat is None or to_lon is None:
        return None
    down = math.sin(math.radians(to_lat - lat) / 2) ** 2
    across = math.sin(math.radians(to_lon - lon) / 2) ** 2
    part = down + math.cos(math.radians(lat)) * math.cos(math.radians(to_lat)) * across
    return 2 * _EARTH * math.asin(math.sqrt(min(1.0, part)))


def register(connection: Any) -> None:
    """Register the functions.

    Args:
        connection: A connection of the driver.
    """
    for name, arguments, function in (
        ("lab_matches", 2, _matches),
        ("lab_number", 1, _number),
        ("lab_hash", 1, _hash),
        ("lab_distance", 4, _distance),
        ("lab_score", 2, score),
    ):
        connection.create_function(name, arguments, function, deterministic=True)
