"""Parquet files: a column ``timestamp``, one column a sensor; read by pyarrow where it is there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.recording import (
    MOST_SENSORS,
    Recording,
    Sensor,
    interval_of,
    text_of,
)

MOST_NUMBERS: Final = 50_000_000
"""Of one file: some bytes can stand for any number of equal values."""

_TIMESTAMP: Final = "timestamp"
_UNNAMED_INDEX: Final = "__index_level_0__"


def read_parquet(content: bytes) -> Recording:
    """Read a Parquet file.

    Args:
        content: The file. ``timestamp`` may stand anywhere: milliseconds, or times; so may the
            index of a data frame that has times. One row needs none.

    Returns:
        The recording, its sensors in the order of the columns.

    Raises:
        InvalidInputError: It cannot be read, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as fault:
        raise InvalidInputError(
            "reading Parquet files needs pyarrow where the samples are kept: pip install "
            "'nucleus_lab[parquet]', or save the file as CSV, for example by "
            "pandas.read_parquet(…).to_csv(…, index=False)"
        ) from fault
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names, timestamp = _columns(pa, file)
        table = file.read(columns=[*names, timestamp] if timestamp else names)
        values = np.empty((table.num_rows, len(names)))
        for at, name in enumerate(names):
            values[:, at] = _numbers(pa, table.column(name))
        times = None if timestamp is None else _milliseconds(pa, table.column(timestamp))
    except (pa.ArrowException, OSError) as fault:
        raise InvalidInputError(f"it is no Parquet file that can be read ({fault})") from fault
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise InvalidInputError(
            f"row {row + 1}, column {names[column]!r} is infinite: a finite number is needed, or "
            "null where a value is missing"
        )
    sensors = tuple(map(Sensor, names))
    return Recording(sensors, values, 0.0 if times is None else interval_of(times))


def _columns(pa: Any, file: Any) -> tuple[list[str], str | None]:
    """Find the sensors and the timestamp, before any value is read."""
    schema, rows = file.schema_arrow, file.metadata.num_rows
    names = [text_of(name, f"the name of column {at}") for at, name in enumerate(schema.names, 1)]
    if not rows:
        raise InvalidInputError("it has no rows")
    if len(names) > MOST_SENSORS or len(names) * rows > MOST_NUMBERS:
        raise InvalidInputError(
            f"it has {len(names):,} columns and {rows:,} rows: {MOST_SENSORS:,} columns and "
            f"{MOST_NUMBERS:,} numbers are allowed, so cut it into shorter samples"
        )
    twice = next((name for name in names if schema.get_field_index(name) < 0), None)
    if twice is not None:
        raise InvalidInputError(f"it has two columns named {twice!r}")
    timestamp = next((name for name in names if name.lower() == _TIMESTAMP), None)
    if timestamp is None and _UNNAMED_INDEX in names and _temporal(pa, schema, _UNNAMED_INDEX):
        timestamp = _UNNAMED_INDEX
    if timestamp is None and rows > 1:
        raise InvalidInputError(
            f"it has {rows:,} rows and no column {_TIMESTAMP!r}, only "
            f"{', '.join(map(repr, names[:10]))}: name the column with the time of each row so, in "
            "milliseconds or as times"
        )
    sensors = [name for name in names if name not in {timestamp, _UNNAMED_INDEX}]
    if not sensors:
        raise InvalidInputError("it has no column besides the timestamp")
    for name in sensors:
        kind = schema.field(name).type
        if not _numeric(pa, kind):
            raise InvalidInputError(
                f"column {name!r} is of type {kind}: numbers are needed. Leave it out; a label for "
                "the whole sample, or structured labels, say what text columns do"
            )
    if timestamp and not (
        _numeric(pa, schema.field(timestamp).type) or _temporal(pa, schema, timestamp)
    ):
        raise InvalidInputError(
            f"column {timestamp!r} is of type {schema.field(timestamp).type}: milliseconds or "
            "times are needed"
        )
    return sensors, timestamp


def _numeric(pa: Any, kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


def _temporal(pa: Any, schema: Any, name: str) -> bool:
    kind = schema.field(name).type
    return bool(pa.types.is_timestamp(kind) or pa.types.is_duration(kind))


def _numbers(pa: Any, column: Any) -> Any:
    """Return a column as floats, NaN where a value is missing."""
    return column.cast(pa.float64(), safe=False).to_numpy()


def _milliseconds(pa: Any, column: Any) -> Any:
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)):
        return _numbers(pa, column)
    scale = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}[kind.unit]
    whole = column.cast(pa.int64())
    if whole.null_count:
        return _numbers(pa, whole)
    counts = whole.to_numpy()
    return (
        counts - counts[0]
    ) * scale  # from the first one: no float holds an epoch in nanoseconds
