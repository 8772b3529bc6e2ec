"""Point clouds: the Nucleus JSON format, KITTI ``.bin``, PCD and PLY, read as arrays.

Example:
    >>> from nucleus_lab.formats import pointcloud
    >>> cloud = pointcloud.read(b'{"points": [{"x": 1, "y": 2, "z": 3}]}', "one.json")
    >>> len(cloud), cloud.intensity is None
    (1, True)
"""

from __future__ import annotations

from nucleus_lab.formats.pointcloud.cloud import PointCloud
from nucleus_lab.formats.pointcloud.reading import SUFFIXES, read, read_file

__all__ = ["SUFFIXES", "PointCloud", "read", "read_file"]
