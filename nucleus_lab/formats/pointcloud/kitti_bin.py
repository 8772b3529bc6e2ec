"""Velodyne scans of KITTI: x, y, z and reflectance as little-endian 32-bit floats, no header.

Source: KITTI object development kit, readme.txt, "Velodyne 3D laser scan data".
"""

from __future__ import annotations

import numpy as np

from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud, checked, refuse_size

_POINT_BYTES = 16
_FARTHEST_M = 1e6


def read(content: bytes, name: str) -> PointCloud:
    """Read a KITTI scan.

    Args:
        content: The file.
        name: What the caller calls it.

    Returns:
        Its points with their reflectance.

    Raises:
        MediaError: The size does not divide into points, or a number is no distance.
    """
    if len(content) % _POINT_BYTES:
        raise MediaError(
            f"{name} has {len(content):,} bytes, which are no whole number of points of "
            f"{_POINT_BYTES} bytes (x, y, z, reflectance): it is cut off, or no KITTI scan",
            path=name,
        )
    refuse_size(len(content) // _POINT_BYTES, name)
    values = np.frombuffer(content, dtype="<f4").reshape(-1, 4).astype(np.float64)
    far = np.abs(values[:, :3]) > _FARTHEST_M
    if far.any():
        first = int(np.argmax(far.any(axis=1)))
        raise MediaError(
            f"{name}: point {first} lies at {values[first, :3].tolist()} metres: the file is "
            "damaged, or no KITTI scan",
            path=name,
            point=first,
        )
    return checked(values[:, :3], values[:, 3], name, gaps=False)
