"""The JSON point clouds of the Nucleus protocol: ``{"points": [{"x", "y", "z", "i"?}, …]}``."""

from __future__ import annotations

import msgspec
import numpy as np

from nucleus_lab import wire
from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud, checked, refuse_size


class _Point(msgspec.Struct, gc=False):
    x: float
    y: float
    z: float
    i: float | None = None


class _Cloud(msgspec.Struct, gc=False):
    points: list[_Point]


_DECODER = wire.decoder_of(_Cloud)


def read(content: bytes, name: str) -> PointCloud:
    """Read a JSON point cloud; keys other than the points are passed over.

    Args:
        content: The file.
        name: What the caller calls it.

    Returns:
        Its points; with an intensity when the first point has one.

    Raises:
        MediaError: It is no JSON, has no points, or a point lacks a number.
    """
    try:
        found = _DECODER.decode(content.removeprefix(b"\xef\xbb\xbf")).points
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise MediaError(
            f"{name} is no Nucleus point cloud ({fault}): write "
            '{"points": [{"x": 1.0, "y": 2.0, "z": 3.0, "i": 0.5}, …]}',
            path=name,
        ) from fault
    refuse_size(len(found), name)
    points = np.array([(point.x, point.y, point.z) for point in found], dtype=np.float64)
    intensity = None
    if found and found[0].i is not None:
        intensity = np.array(
            [0.0 if point.i is None else point.i for point in found], dtype=np.float64
        )
    return checked(points.reshape(-1, 3), intensity, name, gaps=False)
