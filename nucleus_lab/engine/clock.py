"""The time of a row: microseconds since 1970 in UTC, and ISO text on the wire."""

from __future__ import annotations

import datetime
import time


def now() -> int:
    """Return the present time.

    Returns:
        Microseconds since 1970 in UTC.
    """
    return time.time_ns() // 1000


def iso(moment: int) -> str:
    """Return a time as published clients read it.

    Args:
        moment: Microseconds since 1970 in UTC.

    Returns:
        ISO text with milliseconds and a trailing Z.
    """
    when = datetime.datetime.fromtimestamp(moment / 1_000_000, tz=datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
