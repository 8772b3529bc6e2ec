"""Where scripts for the published package look for :class:`CameraParams`."""

from __future__ import annotations

from nucleus_lab.camera import CameraParams

__all__ = ["CameraParams"]
