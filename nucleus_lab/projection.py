"""From the world into pictures: where a camera sees points and cuboids.

Example:
    >>> from nucleus_lab.annotation import Point3D
    >>> from nucleus_lab.camera import CameraParams, Quaternion
    >>> ahead = CameraParams(Point3D(0, 0, 0), Quaternion(0, 0, 0, 1), 500, 500, 320, 240)
    >>> seen = project_points(ahead, [[0, 0, 10], [1, 0, 10], [0, 0, -1]])
    >>> seen.pixels[:2].tolist(), seen.visible.tolist()
    ([[320.0, 240.0], [370.0, 240.0]], [True, True, False])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from nucleus_lab.camera import CameraParams, Quaternion
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from nucleus_lab.annotation import Point3D

NEAR_M: Final = 0.05
"""What is nearer to the plane of the camera than this is cut off."""

EDGES: Final = (
    (0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7),
)  # fmt: skip
"""Pairs of corners (as :func:`cuboid_corners` orders them) that an edge joins."""

_PIECES: Final = 16  # of an edge: a distorted one is a curve


class Cuboid(Protocol):
    """What has the geometry of a cuboid: an annotation or a prediction."""

    position: Point3D
    dimensions: Point3D
    yaw: float


@dataclass(frozen=True, slots=True)
class Projected:
    """Points as a camera sees them.

    Attributes:
        pixels: Shape ``(n, 2)``: x from the left and y from the top; NaN where not visible.
        depth: Metres in front of the camera, along its axis.
        visible: Whether a point lies in front of the camera and inside what its lens model
            describes. It may still lie outside the borders of the picture.
    """

    pixels: NDArray[np.float64]
    depth: NDArray[np.float64]
    visible: NDArray[np.bool_]


def rotation(heading: Quaternion) -> NDArray[np.float64]:
    """Return the matrix of a quaternion.

    Args:
        heading: Any length but 0.

    Returns:
        Shape ``(3, 3)``; it turns directions of the camera into directions of the world.

    Raises:
        InvalidInputError: The quaternion is zero.
    """
    values = np.array([heading.w, heading.x, heading.y, heading.z], dtype=np.float64)
    length = float(np.linalg.norm(values))
    if length == 0:
        raise InvalidInputError("a heading of 0, 0, 0, 0 is no direction: give a unit quaternion")
    w, x, y, z = values / length
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])


def heading_of(matrix: ArrayLike) -> Quaternion:
    """Return the quaternion of a rotation matrix; the reverse of :func:`rotation`.

    Args:
        matrix: Shape ``(3, 3)``; small errors of rounding are evened out.

    Returns:
        A unit quaternion with ``w`` of 0 or above.

    Raises:
        InvalidInputError: It is no rotation.
    """
    given = np.asarray(matrix, dtype=np.float64)
    if given.shape != (3, 3) or not np.isfinite(given).all():
        raise InvalidInputError("a rotation is a matrix of 3 x 3 finite numbers")
    left, _, right = np.linalg.svd(given)
    turn = left @ right
    if np.linalg.det(turn) < 0 or not np.allclose(turn, given, atol=1e-2):
        raise InvalidInputError("the matrix is no rotation: it scales, shears or mirrors")
    # The largest of the four is computed first: the others are divided by it.
    squares = np.array([
        1 + turn[0, 0] + turn[1, 1] + turn[2, 2],
        1 + turn[0, 0] - turn[1, 1] - turn[2, 2],
        1 - turn[0, 0] + turn[1, 1] - turn[2, 2],
        1 - turn[0, 0] - turn[1, 1] + turn[2, 2],
    ])
    crossed = np.array([
        [0, turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]],
        [turn[2, 1] - turn[1, 2], 0, turn[0, 1] + turn[1, 0], turn[0, 2] + turn[2, 0]],
        [turn[0, 2] - turn[2, 0], turn[0, 1] + turn[1, 0], 0, turn[1, 2] + turn[2, 1]],
        [turn[1, 0] - turn[0, 1], turn[0, 2] + turn[2, 0], turn[1, 2] + turn[2, 1], 0],
    ])
    largest = int(np.argmax(squares))
    row = crossed[largest].copy()
    row[largest] = squares[largest]
    w, x, y, z = (row / np.linalg.norm(row) * (1.0 if row[0] >= 0 else -1.0)).tolist()
    return Quaternion(x, y, z, w)


def to_camera(camera: CameraParams, points: ArrayLike) -> NDArray[np.float64]:
    """Turn points of the world into those of a camera.

    Args:
        camera: The camera.
        points: Shape ``(n, 3)``, metres in the world.

    Returns:
        Shape ``(n, 3)``: metres to the right, downwards and forwards.

    Raises:
        InvalidInputError: The points have another shape.
    """
    given = np.asarray(points, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != 3:
        raise InvalidInputError(f"points have the shape {given.shape}: give (n, 3)")
    position = camera.position
    moved = given - np.array([position.x, position.y, position.z])
    turned: NDArray[np.float64] = moved @ rotation(camera.heading)
    return turned


def project_points(camera: CameraParams, points: ArrayLike) -> Projected:
    """Project points of the world into the picture of a camera.

    ``brown_conrady`` (also without a model) distorts by ``k1 … k4`` and ``p1 p2``; ``fisheye`` is
    the equidistant model with ``k1 … k4``.

    Args:
        camera: The camera.
        points: Shape ``(n, 3)``, metres in the world.

    Returns:
        Pixels, depth and visibility of each.
    """
    return _seen(camera, to_camera(camera, points))


def _seen(camera: CameraParams, local: NDArray[np.float64]) -> Projected:
    depth = local[:, 2]
    visible = depth > 0
    safe = np.where(visible, depth, 1.0)
    x, y = local[:, 0] / safe, local[:, 1] / safe
    distort = _fisheye if camera.camera_model == "fisheye" else _brown_conrady
    x, y, inside = distort(camera, x, y)
    visible = visible & inside
    pixels = np.stack([camera.fx * x + camera.cx, camera.fy * y + camera.cy], axis=1)
    pixels[~visible] = np.nan
    return Projected(pixels, depth, visible)


_Plane = tuple[Any, Any, Any]


def _brown_conrady(camera: CameraParams, x: Any, y: Any) -> _Plane:
    """Distort by radial and tangential terms.

    Source: D. C. Brown, "Decentering distortion of lenses", 1966.

    Returns:
        The distorted places, and where the model holds: beyond the radius at which the distorted
        one begins to shrink, points from far outside would fold into the picture.
    """
    k1, k2, k3, k4 = (getattr(camera, name) or 0.0 for name in ("k1", "k2", "k3", "k4"))
    p1, p2 = camera.p1 or 0.0, camera.p2 or 0.0
    square = x * x + y * y
    radial = 1 + square * (k1 + square * (k2 + square * (k3 + square * k4)))
    slope = 1 + square * (3 * k1 + square * (5 * k2 + square * (7 * k3 + square * 9 * k4)))
    bent_x = x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x)
    bent_y = y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y
    return bent_x, bent_y, slope > 0


def _fisheye(camera: CameraParams, x: Any, y: Any) -> _Plane:
    """Distort by the angle to the axis.

    Source: J. Kannala and S. Brandt, "A generic camera model and calibration method for
    conventional, wide-angle, and fish-eye lenses", 2006, the symmetric part.

    Returns:
        The distorted places, and where the model holds.
    """
    k1, k2, k3, k4 = (getattr(camera, name) or 0.0 for name in ("k1", "k2", "k3", "k4"))
    radius = np.hypot(x, y)
    angle = np.arctan(radius)
    square = angle * angle
    bent = angle * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))))
    slope = 1 + square * (3 * k1 + square * (5 * k2 + square * (7 * k3 + square * 9 * k4)))
    scale = np.where(radius > 0, bent / np.where(radius > 0, radius, 1.0), 1.0)
    return x * scale, y * scale, slope > 0


def cuboid_corners(cuboid: Cuboid) -> NDArray[np.float64]:
    """Return the corners of a cuboid.

    Args:
        cuboid: An annotation or a prediction.

    Returns:
        Shape ``(8, 3)``, metres in the world: the bottom in a circle from its front left corner,
        then the top above it.
    """
    size = cuboid.dimensions
    along = np.array([1, -1, -1, 1] * 2) * size.x / 2
    across = np.array([1, 1, -1, -1] * 2) * size.y / 2
    up = np.array([-1] * 4 + [1] * 4) * size.z / 2
    cosine, sine = np.cos(cuboid.yaw), np.sin(cuboid.yaw)
    corners = np.stack([along * cosine - across * sine, along * sine + across * cosine, up], axis=1)
    position = cuboid.position
    moved: NDArray[np.float64] = corners + np.array([position.x, position.y, position.z])
    return moved


def project_cuboid(camera: CameraParams, cuboid: Cuboid) -> Projected:
    """Project the corners of a cuboid into the picture of a camera.

    Args:
        camera: The camera.
        cuboid: An annotation or a prediction.

    Returns:
        Pixels, depth and visibility of its eight corners; :data:`EDGES` says which belong together.
    """
    return project_points(camera, cuboid_corners(cuboid))


def cuboid_box(
    camera: CameraParams, cuboid: Cuboid, width: float | None = None, height: float | None = None
) -> tuple[float, float, float, float] | None:
    """Return the smallest box in the picture of a camera around a cuboid.

    Edges that reach behind the camera are cut where they pass it.

    Args:
        camera: The camera.
        cuboid: An annotation or a prediction.
        width: Of the picture in pixels, to cut the box at its borders.
        height: Of the picture in pixels, to cut the box at its borders.

    Returns:
        ``x``, ``y``, ``width`` and ``height`` in pixels; ``None`` when the camera does not see it.
    """
    corners = to_camera(camera, cuboid_corners(cuboid))
    steps = np.linspace(0.0, 1.0, _PIECES + 1)[:, None]
    lines = []
    for first, last in EDGES:
        begin, end = corners[first], corners[last]
        if max(begin[2], end[2]) < NEAR_M:
            continue
        if min(begin[2], end[2]) < NEAR_M:
            cut = begin + (end - begin) * (NEAR_M - begin[2]) / (end[2] - begin[2])
            begin, end = (cut, end) if begin[2] < NEAR_M else (begin, cut)
        lines.append(begin + (end - begin) * steps)
    if not lines:
        return None
    seen = _seen(camera, np.concatenate(lines))
    pixels = seen.pixels[seen.visible]
    if not len(pixels):
        return None
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    if width is not None:
        low[0], high[0] = np.clip([low[0], high[0]], 0, width)
    if height is not None:
        low[1], high[1] = np.clip([low[1], high[1]], 0, height)
    if (high <= low).any():
        return None
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
