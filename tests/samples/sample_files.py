"""Content of samples that tests upload."""

from __future__ import annotations


def csv(first: float = 1, rows: int = 3, step: float = 10) -> str:
    """A time series of two axes."""
    lines = [f"{step * at:g},{first + at:g},{-at}" for at in range(rows)]
    return "\n".join(["timestamp,x,y", *lines, ""])
