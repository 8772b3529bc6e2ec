"""Named columns of numbers, the common ground of PCD and PLY."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud, checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTENSITIES: Final = ("intensity", "i", "scalar_intensity", "reflectance", "reflectivity")
"""Names that writers give the intensity, in lower case."""


def table(text: bytes, columns: int, rows: int, name: str) -> NDArray[np.float64]:
    """Read rows of numbers from text.

    Args:
        text: The numbers, parted by white space.
        columns: Numbers in a row.
        rows: How many rows the header announces.
        name: What the caller calls the file.

    Returns:
        Shape ``(rows, columns)``.

    Raises:
        MediaError: There are fewer, or something else than numbers stands there.
    """
    words = text.split()
    if len(words) < rows * columns:
        raise MediaError(
            f"{name} announces {rows} points of {columns} numbers and holds {len(words)} of "
            f"{rows * columns} numbers: it is cut off; copy it again",
            path=name,
        )
    try:
        flat = np.array(words[: rows * columns], dtype=np.float64)
    except ValueError as fault:
        raise MediaError(
            f"{name} has something else than a number among its points ({fault}): correct it, or "
            "write the cloud again",
            path=name,
        ) from fault
    return flat.reshape(rows, columns)


def cloud_of(columns: Mapping[str, Any], name: str) -> PointCloud:
    """Make a cloud of named columns.

    Args:
        columns: Values by name.
        name: What the caller calls the file.

    Returns:
        The cloud; points without a position are left out.

    Raises:
        MediaError: x, y or z is missing, or no point has a position.
    """
    lower = {key.lower(): values for key, values in columns.items()}
    missing = [axis for axis in "xyz" if axis not in lower]
    if missing:
        raise MediaError(
            f"{name} has no {', '.join(missing)}; its columns are {', '.join(columns) or 'none'}: "
            "a point cloud needs x, y and z",
            path=name,
        )
    points = np.stack([np.asarray(lower[axis], dtype=np.float64) for axis in "xyz"], axis=1)
    found = next((lower[key] for key in INTENSITIES if key in lower), None)
    intensity = None if found is None else np.asarray(found, dtype=np.float64)
    return checked(points, intensity, name, gaps=True)
