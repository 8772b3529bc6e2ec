"""The numbers of recordings, in the smallest type that keeps them exactly.

Those of a long recording are stored column by column, and readers map the file: a stretch of one
sensor costs what it holds and not what the file has. Short ones, and sound, are read again from the
file that was uploaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine

_WHOLE: Final = ("<i1", "<i2", "<i4")

LONG_BYTES: Final = 64 * 1024
"""Of a file: parsing a shorter one takes 3 ms at most, forcing a second one to the disk more."""


def store(engine: Engine, values: NDArray[np.generic], name: str) -> tuple[str, str]:
    """Store the numbers of a recording.

    Args:
        engine: The workspace.
        values: One row a reading, one column a sensor.
        name: Name of the file they came from.

    Returns:
        Their key in the media store, and their type.
    """
    small = compact(values)
    content = FilePart("values", name, content=small.tobytes(order="F"))
    return engine.media.store(content, lambda *_: None), small.dtype.str


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """Change numbers to the smallest type that keeps them exactly.

    Args:
        values: Numbers.

    Returns:
        The same numbers.
    """
    return values.astype(_smallest(values), copy=False)


def _smallest(values: NDArray[Any]) -> str:
    import numpy as np

    if values.dtype.kind in "iu":
        return values.dtype.newbyteorder("<").str
    if np.isfinite(values).all() and (values == np.rint(values)).all():
        low, high = values.min(), values.max()
        # Zeros with a sign would lose it.
        if not np.signbit(values[values == 0]).any():
            for kind in _WHOLE:
                bounds = np.iinfo(kind)
                if bounds.min <= low and high <= bounds.max:
                    return kind
    with np.errstate(over="ignore"):
        short = values.astype("<f4")
    same = np.array_equal(short.astype("<f8"), values.astype("<f8"), equal_nan=True)
    return "<f4" if same else "<f8"


def load(engine: Engine, key: str, kind: str, readings: int, sensors: int) -> NDArray[Any]:
    """Open the numbers of a recording.

    Args:
        engine: The workspace.
        key: What :func:`store` returned.
        kind: What :func:`store` returned.
        readings: Rows.
        sensors: Columns.

    Returns:
        One row a reading, one column a sensor, not yet read from the disk.
    """
    import numpy as np

    with engine.media.open(key) as file:
        mapped = np.memmap(file, np.dtype(kind), "r", shape=(sensors, readings))
    return np.asarray(mapped).T


def rows_of(values: NDArray[Any]) -> list[list[Any]]:
    """Return rows as JSON has them.

    Args:
        values: One row a reading, one column a sensor.

    Returns:
        Lists of numbers, ``None`` where a value is missing.
    """
    import numpy as np

    if values.dtype.kind != "f":
        whole: list[list[Any]] = values.tolist()
        return whole
    if values.dtype.itemsize == 4:
        values = values.astype(np.float64)
    missing = np.isnan(values)
    rows: list[list[Any]] = values.tolist()
    for row, column in np.argwhere(missing).tolist():
        rows[row][column] = None
    return rows


def thinned(values: NDArray[Any], most: int) -> NDArray[Any]:
    """Reduce rows to what a chart can show, with the extremes of every stretch and sensor kept.

    Args:
        values: One row a reading, one column a sensor.
        most: Most rows wanted, at least 2.

    Returns:
        All rows where there are few enough. Otherwise two rows a stretch, which hold the least and
        the greatest value of each sensor in the order in which they came.

    Raises:
        InvalidInputError: Fewer than two rows are asked for.
    """
    import numpy as np

    if most < 2:
        raise InvalidInputError(
            f"limitPayloadValues is {most}: 2 or more are possible", path="limitPayloadValues"
        )
    count = len(values)
    if count <= most:
        return values
    stretches = most // 2
    bounds = (np.arange(stretches + 1) * count) // stretches
    longest = int(np.diff(bounds).max())
    # Every stretch as a row of places, the shorter ones with their last place again.
    places = np.minimum(bounds[:-1, None] + np.arange(longest), bounds[1:, None] - 1)
    kept = np.empty((2 * stretches, values.shape[1]), values.dtype)
    for at in range(values.shape[1]):
        column = np.ascontiguousarray(values[:, at])
        seen = column[places]
        missing = np.isnan(seen) if column.dtype.kind == "f" else np.zeros(seen.shape, bool)
        least = np.where(missing, np.inf, seen).argmin(axis=1)
        most_of = np.where(missing, -np.inf, seen).argmax(axis=1)
        ends = np.sort(np.stack([least, most_of]), axis=0)
        kept[0::2, at], kept[1::2, at] = (
            np.take_along_axis(seen, e[:, None], 1)[:, 0] for e in ends
        )
    return kept
