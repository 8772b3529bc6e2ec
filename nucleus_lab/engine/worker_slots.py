"""How many worker processes a workspace has on this machine: one lock file for each.

A worker holds the lock of its slot for life, and the system lets go of it when the process ends,
however it ends. The lock is taken by whoever starts the worker and handed down, so that a slot is
never free while its worker is still starting.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has no flock; there a worker takes its own slot
    _HANDED_DOWN = False
else:
    _HANDED_DOWN = True

HANDED_DOWN: Final = _HANDED_DOWN
"""Whether a taken slot can be handed to a child process."""


class WorkerSlots:
    """The slots of one workspace.

    Args:
        folder: Folder of the lock files; made when first needed.
        count: Number of slots.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count

    def take(self) -> int | None:
        """Take a free slot.

        Returns:
            The open file descriptor that holds the slot until it is closed everywhere; ``None``
            when all are taken.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(self._count):
            held = _lock(self._folder / f"{number}.lock")
            if held is not None:
                return held
        return None

    def taken(self) -> int:
        """Count the live workers.

        Returns:
            How many slots are held.
        """
        count = 0
        for number in range(self._count):
            path = self._folder / f"{number}.lock"
            if not path.exists():
                continue
            held = _lock(path)
            if held is None:
                count += 1
            else:
                os.close(held)
        return count


def _lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if HANDED_DOWN:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            _lock_windows(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _lock_windows(descriptor: int) -> None:
    import msvcrt

    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
