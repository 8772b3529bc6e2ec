"""What every file of a sample becomes: rows of numbers at a constant rate, one column a sensor."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nucleus_lab.errors import InvalidInputError

MOST_SENSORS: Final = 10_000
LONGEST_TEXT: Final = 1_000
NO_UNITS: Final = "N/A"


@dataclass(frozen=True, slots=True)
class Sensor:
    """One column of a recording.

    Attributes:
        name: Such as ``accX``.
        units: Such as ``m/s2``; ``N/A`` where the file has none.
    """

    name: str
    units: str = NO_UNITS


@dataclass(frozen=True, slots=True)
class Recording:
    """The content of a file with a time series.

    Attributes:
        sensors: The columns.
        values: One row a reading, one column a sensor; NaN where a value is missing.
        interval_ms: Milliseconds between two rows; 0 for a single row without a time.
        device_type: Kind of device that recorded.
        device_name: Its own name; ``None`` when the file has none.
        signature_method: ``HS256`` or ``none``.
        signature_valid: Whether the signature was checked and fits.
    """

    sensors: tuple[Sensor, ...]
    values: NDArray[np.generic]
    interval_ms: float
    device_type: str = ""
    device_name: str | None = None
    signature_method: str = "none"
    signature_valid: bool = False


def interval_of(times: NDArray[Any]) -> float:
    """Return the mean step of timestamps.

    Args:
        times: Milliseconds, one a row.

    Returns:
        Milliseconds between two rows; 0 for a single row.

    Raises:
        InvalidInputError: One is missing, or they do not rise; the message has the row.
    """
    if np.isnan(times).any():
        at = int(np.flatnonzero(np.isnan(times))[0])
        raise InvalidInputError(f"row {at + 1} has no timestamp")
    if len(times) < 2:
        return 0.0
    steps = np.diff(times)
    if (steps <= 0).any():
        at = int(np.flatnonzero(steps <= 0)[0])
        raise InvalidInputError(
            f"the timestamp of row {at + 2} is {times[at + 1]:g}, not after that of the row before "
            f"({times[at]:g}): timestamps are milliseconds that rise from row to row"
        )
    return float((times[-1] - times[0]) / (len(times) - 1))


def text_of(value: Any, place: str) -> str:
    """Make sure that a value is text that a database can hold.

    Args:
        value: What the file has.
        place: Where, for the message.

    Returns:
        The text.

    Raises:
        InvalidInputError: It is no text, too long, or has characters that cannot be stored.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"{place} is {shown(value)}: text is needed", path=place)
    if len(value) > LONGEST_TEXT:
        raise InvalidInputError(
            f"{place} has {len(value):,} characters and {LONGEST_TEXT:,} are allowed", path=place
        )
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise InvalidInputError(
            f"{place} holds a character that cannot be stored (U+0000 or half of a pair)",
            path=place,
        )
    return value


def shown(value: Any) -> str:
    """Describe a value in a message, in a few words.

    Args:
        value: Anything.

    Returns:
        Its text, shortened.
    """
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return f"a {type(value).__name__} beyond all bounds"
    return text if len(text) <= 60 else f"{text[:57]}..."


_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


_NUMBERS: Final = frozenset({int, float, type(None)})


def table_of(rows: Sequence[Any], width: int, place: str) -> NDArray[np.float64]:
    """Read rows of numbers.

    Args:
        rows: Lists of ``width`` numbers; with one column also the bare numbers. ``None`` and NaN
            are missing values.
        width: How many columns there are.
        place: Where the rows are, for messages.

    Returns:
        The numbers, of shape ``(rows, width)``.

    Raises:
        InvalidInputError: A row is of another width, or a value no finite number; the message has
            its place.
    """
    if width == 1 and set(map(type, rows)) <= _NUMBERS:
        rows = [[value] for value in rows]
    for index, row in enumerate(rows):
        if not isinstance(row, (list, tuple)):
            raise InvalidInputError(
                f"{place}[{index}] is {shown(row)}: a list of {width} numbers is needed, one a "
                "sensor",
                path=f"{place}[{index}]",
            )
        if len(row) != width:
            raise InvalidInputError(
                f"{place}[{index}] has {len(row)} values and there are {width} sensors: write one "
                "value a sensor",
                path=f"{place}[{index}]",
            )
    flat = list(chain.from_iterable(rows))
    if not set(map(type, flat)) <= _NUMBERS:
        at = next(at for at, value in enumerate(flat) if type(value) not in _NUMBERS)
        raise _no_number(flat[at], at, width, place)
    try:
        numbers = np.array(flat, dtype=np.float64)
    except OverflowError:
        at = next(at for at, value in enumerate(flat) if isinstance(value, int) and _huge(value))
        raise _no_number(flat[at], at, width, place) from None
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise _no_number(flat[infinite[0]], int(infinite[0]), width, place)
    return numbers.reshape(len(rows), width)


def _huge(value: int) -> bool:
    try:
        float(value)
    except OverflowError:
        return True
    return False


def _no_number(value: Any, at: int, width: int, place: str) -> InvalidInputError:
    where = f"{place}[{at // width}][{at % width}]"
    told = "a number beyond all floats" if type(value) is int else shown(value)
    return InvalidInputError(
        f"{where} is {told}: a finite number is needed, or null where a value is missing",
        path=where,
    )
