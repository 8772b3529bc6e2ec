"""Round numbers for axes: multiples of 1, 2 or 5 times a power of ten, with fitting decimals."""

from __future__ import annotations

import itertools
import math
from typing import Final

_MOST_DECIMALS: Final = 4
_LARGE: Final = 10_000_000.0
_SMALLEST_SPAN: Final = 1e-290
_DURATIONS: Final = (
    ("ms", 1.0, 1_000.0),
    ("s", 1_000.0, 120_000.0),
    ("min", 60_000.0, 7_200_000.0),
    ("h", 3_600_000.0, 172_800_000.0),
    ("d", 86_400_000.0, math.inf),
)


def step(span: float, most: int) -> float:
    """Choose the smallest round step that fits.

    Args:
        span: Length of the axis, above zero.
        most: Most steps that may fit into it, at least 1.

    Returns:
        1, 2 or 5 times a power of ten.
    """
    rough = span / most
    power = math.floor(math.log10(rough))
    for shift in (0, 1):
        for factor in (1, 2, 5):
            found = _scaled(factor, power + shift)
            # A hair of tolerance, so that 0.3 / 3 counts as 0.1.
            if span <= found * most * (1 + 1e-9):
                return found
    return _scaled(1, power + 2)


def _scaled(factor: int, power: int) -> float:
    return float(f"{factor}e{power}")


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Choose round numbers between two bounds.

    Args:
        low: Lower bound.
        high: Upper bound.
        most: Most numbers wanted, at least 2.

    Returns:
        Rising multiples of one round step, both bounds included where they are such; the bound
        alone where both are the same, and nothing where one is not finite.

    Example:
        >>> ticks(-0.4, 1.3)
        [0.0, 0.5, 1.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high < low:
        return []
    span = high - low
    # Bounds that floats can hardly tell apart have no round numbers between them.
    smallest = max(max(abs(low), abs(high)) * 1e-9, _SMALLEST_SPAN)
    if span <= smallest or not math.isfinite(span):
        return [low]
    size = step(span, max(most - 1, 1))
    slack = 1e-9 * span
    first, last = math.ceil((low - slack) / size), math.floor((high + slack) / size)
    # Of one decimal number each, not sums of steps: 3 * 0.1 would be 0.30000000000000004.
    found = [float(f"{at * size:.12g}") + 0.0 for at in range(first, last + 1)]
    return found or [low]


def written(values: list[float]) -> list[str]:
    """Write the numbers of an axis, all with the same decimals.

    Args:
        values: What :func:`ticks` chose.

    Returns:
        The texts: thousands with commas; with a power of ten where digits would not end.
    """
    largest = max((abs(value) for value in values), default=0.0)
    if len(values) == 1:
        return [_short(f"{values[0]:.4g}")]
    decimals = max((_decimals(value) for value in values), default=0)
    if largest >= _LARGE or decimals > _MOST_DECIMALS:
        near = min(b - a for a, b in itertools.pairwise(values))
        digits = math.floor(math.log10(largest)) - math.floor(math.log10(near) + 1e-9) + 1
        return [_short(f"{value:.{max(digits, 1)}g}") for value in values]
    return [f"{value:,.{decimals}f}" for value in values]


def _short(text: str) -> str:
    """``5e+08`` as ``5e8``."""
    mantissa, sign, power = text.partition("e")
    return f"{mantissa}{sign}{int(power)}" if sign else text


def _decimals(value: float) -> int:
    _, _, behind = f"{value:.12f}".rstrip("0").partition(".")
    return len(behind)


def duration_unit(milliseconds: float) -> tuple[str, float]:
    """Choose the unit that a stretch of time is best told in.

    Args:
        milliseconds: The stretch.

    Returns:
        The unit (``ms``, ``s``, ``min``, ``h`` or ``d``) and its milliseconds.
    """
    for unit, size, most in _DURATIONS:
        if milliseconds < most:
            return unit, size
    return _DURATIONS[-1][:2]
