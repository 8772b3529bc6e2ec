"""Scenes: items that belong together in space and time."""

from __future__ import annotations

from nucleus_lab.scene.base import Scene
from nucleus_lab.scene.frame import Frame
from nucleus_lab.scene.lidar import LidarScene
from nucleus_lab.scene.listing import ScenesListEntry
from nucleus_lab.scene.video import VideoScene

__all__ = ["Frame", "LidarScene", "Scene", "ScenesListEntry", "VideoScene"]
