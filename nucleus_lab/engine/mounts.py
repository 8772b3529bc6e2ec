"""On what kind of file system a path lies: a database file must not lie on a network's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

NETWORK_FILE_SYSTEMS: Final = frozenset({
    "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs", "fuse.gcsfuse",
    "fuse.glusterfs", "fuse.mount-s3", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "webdav",
})  # fmt: skip
"""Types as mount tables name them, whose locks or shared memory do not reach other hosts."""


def file_system_type(path: Path) -> str:
    """Return the type of the file system that holds a path.

    Args:
        path: A path; its nearest existing parent counts.

    Returns:
        The type as the mount table names it (``ext4``, ``nfs4``); ``""`` where it is unknown.
    """
    target = path.resolve()
    best, kind = -1, ""
    for mount_point, mount_type in _mounts():
        if target.is_relative_to(mount_point) and len(mount_point) >= best:
            best, kind = len(mount_point), mount_type
    return kind


def _mounts() -> list[tuple[str, str]]:
    if sys.platform == "linux":
        try:
            lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        # 36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw   (proc_pid_mountinfo(5))
        halves = (line.split(" - ", 1) for line in lines)
        return [
            (_unescaped(left.split()[4]), right.split()[0].lower())
            for left, right in (half for half in halves if len(half) == 2)
        ]
    import psutil

    return [(part.mountpoint, part.fstype.lower()) for part in psutil.disk_partitions(all=True)]


def _unescaped(mount_point: str) -> str:
    """Undo the octal escapes of blanks in a mount table."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        mount_point = mount_point.replace(code, sign)
    return mount_point
