"""Calibration files of KITTI: from the scanner to the cameras and back.

Source: readme.txt of the KITTI object development kit: a point of the scanner is seen at
``P · R0_rect · Tr_velo_to_cam · x``; labels are in the rectified frame of camera 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nucleus_lab.annotation import Point3D
from nucleus_lab.camera import CameraParams
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.files import text_of
from nucleus_lab.projection import heading_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Both benchmarks have the same matrices under names of their own.
_RECTIFY: Final = ("R0_rect", "R_rect")
_SCANNER: Final = ("Tr_velo_to_cam", "Tr_velo_cam")


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration file.

    Attributes:
        rotation: Shape ``(3, 3)``: from the scanner to the rectified camera 0.
        shift: Shape ``(3,)``: added after the rotation, in metres.
        cameras: Projection matrix of each camera, shape ``(3, 4)``.
    """

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    cameras: dict[int, NDArray[np.float64]]

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Read a calibration file.

        Args:
            path: The file.

        Returns:
            The calibration.

        Raises:
            InvalidInputError: It does not exist, or lacks a matrix.
        """
        if not path.is_file():
            raise InvalidInputError(f"{path} does not exist: cameras and labels need it")
        rows: dict[str, Any] = {}
        for line in text_of(path).splitlines():
            key, *words = line.replace(":", " ").split() or [""]
            try:
                rows[key] = np.array(words, dtype=np.float64)
            except ValueError:  # dates and the like
                continue
        try:
            rectify = next(rows[name] for name in _RECTIFY if name in rows).reshape(3, 3)
            scanner = next(rows[name] for name in _SCANNER if name in rows).reshape(3, 4)
            cameras = {
                number: rows[f"P{number}"].reshape(3, 4)
                for number in range(4)
                if f"P{number}" in rows
            }
            heading_of(rectify @ scanner[:, :3])
        except (StopIteration, ValueError) as fault:
            raise InvalidInputError(
                f"{path} lacks a usable {_RECTIFY[0]} (3 x 3), {_SCANNER[0]} (3 x 4) or P2 "
                f"(3 x 4) ({fault or 'not there'}): take the file that belongs to the scan"
            ) from fault
        return cls(rectify @ scanner[:, :3], rectify @ scanner[:, 3], cameras)

    def camera(self, number: int) -> CameraParams | None:
        """Return a camera in the world of the scanner.

        Args:
            number: 0 to 3.

        Returns:
            The camera; ``None`` when the file does not describe it.
        """
        matrix = self.cameras.get(number)
        if matrix is None or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :3])) < 1:
            return None
        inside = matrix[:, :3]
        shift = self.shift + np.linalg.inv(inside) @ matrix[:, 3]
        position = -self.rotation.T @ shift
        return CameraParams(
            Point3D(*position.tolist()),
            heading_of(self.rotation.T),
            fx=float(inside[0, 0]),
            fy=float(inside[1, 1]),
            cx=float(inside[0, 2]),
            cy=float(inside[1, 2]),
        )

    def cuboid(
        self, size: list[float], place: list[float], turn: float
    ) -> tuple[Point3D, Point3D, float]:
        """Bring a labeled object into the world of the scanner.

        Args:
            size: Height, width and length in metres.
            place: Middle of its bottom, in the frame of camera 0.
            turn: About the vertical axis of the camera, in radians.

        Returns:
            Position of its centre, dimensions and yaw.
        """
        height, width, length = size
        centre = np.array(place) - np.array([0.0, height / 2, 0.0])
        position = self.rotation.T @ (centre - self.shift)
        ahead = self.rotation.T @ np.array([cos(turn), 0.0, -sin(turn)])
        return (
            Point3D(*position.tolist()),
            Point3D(length, width, height),
            atan2(float(ahead[1]), float(ahead[0])),
        )
