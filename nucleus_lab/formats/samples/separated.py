"""CSV files: a header, a column ``timestamp`` in milliseconds, one column a sensor."""

from __future__ import annotations

import csv
import io
import math
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.recording import (
    MOST_SENSORS,
    Recording,
    Sensor,
    interval_of,
    shown,
    text_of,
)

PREFIX: Final = "Could not parse this CSV file"
"""Begins every error, since published clients look for it."""

_SEPARATORS: Final = ",;\t"
_MISSING: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})
TIMESTAMP: Final = "timestamp"


def read_csv(content: bytes) -> Recording:
    """Read a CSV file.

    Args:
        content: The file: UTF-8 or Latin-1, separated by commas, semicolons or tabs.

    Returns:
        The recording. One row needs no timestamp.

    Raises:
        InvalidInputError: It cannot be read; the message has line and column.
    """
    text = _text(content)
    header, line = _header(text)
    separator = max(_SEPARATORS, key=line.count)
    names = [text_of(name.strip(), f"the name of column {at}") for at, name in enumerate(header, 1)]
    _check_header(names)
    table = _numbers(text, separator, names)
    if not len(table):
        raise _refusal("it has no rows below its header")
    timed = names[0].lower() == TIMESTAMP
    if not timed:
        if len(table) > 1:
            raise _refusal(
                f"it has {len(table):,} rows and its first column is {names[0]!r}: with more than "
                f'one row the first column must be "{TIMESTAMP}", in milliseconds'
            )
        return Recording(tuple(map(Sensor, names)), table, 0.0)
    if len(names) < 2:
        raise _refusal("it has no column besides timestamp")
    interval = _interval(table[:, 0])
    return Recording(tuple(map(Sensor, names[1:])), table[:, 1:], interval)


def _refusal(reason: str) -> InvalidInputError:
    return InvalidInputError(f"{PREFIX}: {reason}")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _header(text: str) -> tuple[list[str], str]:
    line = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    if not line:
        raise _refusal("it is empty")
    separator = max(_SEPARATORS, key=line.count)
    try:
        return next(csv.reader([line], delimiter=separator)), line
    except csv.Error as fault:
        raise _refusal(f"line 1 cannot be read ({fault})") from fault


def _check_header(names: list[str]) -> None:
    if len(names) > MOST_SENSORS:
        raise _refusal(f"it has {len(names):,} columns and {MOST_SENSORS:,} are allowed")
    if all(_number(name) is not None for name in names):
        raise _refusal(
            f"line 1 has only numbers ({shown(names[0])} …): write the names of the columns there"
        )
    for at, name in enumerate(names, 1):
        if not name:
            raise _refusal(f"line 1, column {at} has no name")
    twice = next((name for name in names if names.count(name) > 1), None) if len(names) < 500 else 0
    if twice:
        raise _refusal(f"line 1 has two columns named {twice!r}")


def _numbers(text: str, separator: str, names: list[str]) -> NDArray[np.float64]:
    lines = io.StringIO(text, newline=None)
    next((line for line in lines if line.strip()), None)
    start = lines.tell()
    if not any(line.strip() for line in islice(lines, 100_000)):
        return np.empty((0, len(names)))
    lines.seek(start)
    try:
        table: NDArray[np.float64] = np.loadtxt(
            lines, delimiter=separator, ndmin=2, comments=None, quotechar='"'
        )
    except ValueError:
        return _slowly(text, separator, names)
    if table.shape[1] != len(names) or np.isinf(table).any():
        return _slowly(text, separator, names)
    return table


def _slowly(text: str, separator: str, names: list[str]) -> NDArray[np.float64]:
    """Read cell by cell, which finds missing values, and where a fault is."""
    rows: list[list[float]] = []
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    seen_header = False
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                continue
            if not seen_header:
                seen_header = True
                continue
            rows.append(_row(cells, names, reader.line_num))
    except csv.Error as fault:
        raise _refusal(f"line {reader.line_num} cannot be read ({fault})") from fault
    return np.array(rows, dtype=np.float64).reshape(-1, len(names))


def _row(cells: list[str], names: list[str], line: int) -> list[float]:
    if len(cells) != len(names):
        raise _refusal(f"line {line} has {len(cells)} cells and the header has {len(names)}")
    found = []
    for at, (cell, name) in enumerate(zip(cells, names, strict=True), 1):
        if cell.strip().lower() in _MISSING:
            found.append(math.nan)
            continue
        number = _number(cell)
        if number is None:
            raise _refusal(
                f"line {line}, column {at} ({name}) is {shown(cell)}: a number is needed, or "
                "nothing where a value is missing"
            )
        found.append(number)
    return found


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _interval(times: NDArray[Any]) -> float:
    try:
        return interval_of(times)
    except InvalidInputError as fault:
        raise _refusal(fault.message) from fault
