"""How cuboids overlap, seen from above and in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def cuboid_iou(first: Sequence[Any], second: Sequence[Any]) -> tuple[Floats, Floats]:
    """Return the IoU of every cuboid with every other.

    Cuboids stand upright and are turned about the z axis alone: what two share in space is what
    their footprints share, times the height that they share.

    Args:
        first: Cuboids, as annotations or predictions.
        second: Likewise.

    Returns:
        IoU in space and IoU of the footprints, each ``(len(first), len(second))``.

    Example:
        >>> from nucleus_lab import CuboidAnnotation, Point3D
        >>> one = CuboidAnnotation("car", Point3D(0, 0, 0), Point3D(2, 2, 2), 0, "a")
        >>> two = CuboidAnnotation("car", Point3D(1, 0, 1), Point3D(2, 2, 2), 0, "a")
        >>> [round(float(iou[0, 0]), 4) for iou in cuboid_iou([one], [two])]
        [0.1429, 0.3333]
    """
    left, right = _numbers(first), _numbers(second)
    shared = _shared_footprints(left, right)
    areas = left[:, 3] * left[:, 4], right[:, 3] * right[:, 4]
    heights = left[:, 5], right[:, 5]
    top = np.minimum.outer(left[:, 2] + heights[0] / 2, right[:, 2] + heights[1] / 2)
    bottom = np.maximum.outer(left[:, 2] - heights[0] / 2, right[:, 2] - heights[1] / 2)
    inside = shared * np.maximum(top - bottom, 0.0)
    volumes = areas[0] * heights[0], areas[1] * heights[1]
    return _iou(inside, np.add.outer(*volumes)), _iou(shared, np.add.outer(*areas))


def _numbers(cuboids: Sequence[Any]) -> Floats:
    rows = [
        (
            *(entry.position.x, entry.position.y, entry.position.z),
            *(entry.dimensions.x, entry.dimensions.y, entry.dimensions.z),
            entry.yaw,
        )
        for entry in cuboids
    ]
    return np.array(rows, np.float64).reshape(-1, 7)


def _shared_footprints(left: Floats, right: Floats) -> Floats:
    import shapely

    shared = np.zeros((len(left), len(right)))
    reach = np.add.outer(*(np.hypot(side[:, 3], side[:, 4]) / 2 for side in (left, right)))
    apart = np.hypot(*(np.subtract.outer(left[:, axis], right[:, axis]) for axis in (0, 1)))
    rows, columns = np.nonzero(apart < reach)
    if len(rows):
        footprints = _footprints(left), _footprints(right)
        shared[rows, columns] = shapely.area(
            shapely.intersection(footprints[0][rows], footprints[1][columns])
        )
    return shared


def _footprints(cuboids: Floats) -> Any:
    import shapely

    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) / 2
    local = corners[None] * cuboids[:, None, 3:5]
    cosine, sine = np.cos(cuboids[:, 6, None]), np.sin(cuboids[:, 6, None])
    turned = (
        local[..., 0] * cosine - local[..., 1] * sine,
        local[..., 0] * sine + local[..., 1] * cosine,
    )
    return shapely.polygons(np.stack(turned, axis=-1) + cuboids[:, None, :2])


def _iou(inside: Floats, total: Floats) -> Floats:
    union = total - inside
    iou = np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)
    return np.clip(iou, 0.0, 1.0)
