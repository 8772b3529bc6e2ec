"""What all point cloud formats are read as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nucleus_lab.errors import MediaError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_POINTS = 20_000_000
"""Points of one cloud at most; a long range scan of one turn has about 250,000."""


@dataclass(frozen=True, slots=True)
class PointCloud:
    """The points of one moment.

    Attributes:
        points: Shape ``(n, 3)``: x, y and z in metres, 64 bits; all finite.
        intensity: One value a point, or ``None`` where the file has none.
        kept: Of a file with missing returns: index of each point in the file; else ``None``.
        total: Points in the file, those without a position included.
    """

    points: NDArray[np.float64]
    intensity: NDArray[np.float64] | None
    kept: NDArray[np.int64] | None
    total: int

    def __len__(self) -> int:
        return len(self.points)

    def as_float32(self) -> NDArray[np.float32]:
        """Return positions and intensity side by side.

        Returns:
            Shape ``(n, 4)``; the intensity is 0 where the file has none.
        """
        whole = np.zeros((len(self.points), 4), dtype=np.float32)
        whole[:, :3] = self.points
        if self.intensity is not None:
            whole[:, 3] = self.intensity
        return whole


def checked(
    points: NDArray[np.float64],
    intensity: NDArray[np.float64] | None,
    name: str,
    *,
    gaps: bool,
) -> PointCloud:
    """Make a cloud of what a reader found.

    Args:
        points: Shape ``(n, 3)``.
        intensity: One value a point, or ``None``.
        name: What the caller calls the file.
        gaps: Whether the format writes NaN for a direction without a return. Such points are left
            out; anywhere else they are a fault.

    Returns:
        The cloud.

    Raises:
        MediaError: There is no point, or one has no finite position.
    """
    total = len(points)
    if total == 0:
        raise MediaError(f"{name} holds no point: record the cloud again", path=name)
    finite = np.isfinite(points).all(axis=1)
    kept = None
    if not finite.all():
        first = int(np.argmin(finite))
        if not gaps:
            raise MediaError(
                f"{name}: point {first} lies at {points[first].tolist()}, which is no place: the "
                "file is damaged or of another format; take the point out",
                path=name,
                point=first,
            )
        kept = np.flatnonzero(finite)
        points = points[kept]
        if not len(points):
            raise MediaError(
                f"{name}: none of its {total} points has a position (all are NaN): record the "
                "cloud again",
                path=name,
            )
        intensity = None if intensity is None else intensity[kept]
    if intensity is not None and not np.isfinite(intensity).all():
        intensity = np.nan_to_num(intensity, nan=0.0, posinf=0.0, neginf=0.0)
    return PointCloud(points, intensity, kept, total)


def refuse_size(count: int, name: str) -> None:
    """Refuse a file that announces more points than can be meant.

    Args:
        count: Points announced.
        name: What the caller calls the file.

    Raises:
        MediaError: It is out of range.
    """
    if not 0 <= count <= MOST_POINTS:
        raise MediaError(
            f"{name} announces {count:,} points and {MOST_POINTS:,} are possible: cut the cloud "
            "into frames",
            path=name,
        )
