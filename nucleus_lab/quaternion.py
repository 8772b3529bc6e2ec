"""Where scripts for the published package look for :class:`Quaternion`."""

from __future__ import annotations

from nucleus_lab.camera import Quaternion

__all__ = ["Quaternion"]
