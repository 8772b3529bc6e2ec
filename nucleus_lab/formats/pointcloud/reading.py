"""Which point cloud format a file has, by its first bytes and its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud

SUFFIXES: Final = (".json", ".bin", ".pcd", ".ply")
"""Endings of the names of point cloud files."""


def read(content: bytes, name: str) -> PointCloud:
    """Read a point cloud.

    Args:
        content: The file.
        name: Its name, path or URL; only a KITTI scan, which has no mark of its own, is told by
            its ending.

    Returns:
        Its points.

    Raises:
        MediaError: The file is empty, damaged, cut off, or of no known format; the message has the
            place and the remedy.
    """
    from nucleus_lab.formats.pointcloud import kitti_bin, nucleus_json, pcd, ply

    if not content:
        raise MediaError(f"{name} is empty (0 bytes): record or download it again", path=name)
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"ply\n", b"ply\r")):
        return ply.read(content, name)
    if head.startswith((b"# .PCD", b"VERSION")) or b"\nFIELDS " in head:
        return pcd.read(content, name)
    ending = name.partition("?")[0].partition("#")[0].lower()
    if head.startswith(b"{") and not ending.endswith(".bin"):
        return nucleus_json.read(content, name)
    if ending.endswith(".bin"):
        return kitti_bin.read(content, name)
    raise MediaError(
        f"{name} is no point cloud that can be read: Nucleus JSON, PCD, PLY and KITTI scans whose "
        "name ends in .bin are possible",
        path=name,
    )


def read_file(path: Path | str) -> PointCloud:
    """Read a point cloud from a file.

    Args:
        path: The file.

    Returns:
        Its points.

    Raises:
        MediaError: It cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as fault:
        raise MediaError(f"{path} cannot be read: {fault.strerror}", path=str(path)) from fault
    return read(content, str(path))
