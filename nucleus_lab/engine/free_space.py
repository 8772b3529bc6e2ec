"""How much room is left where a workspace lives."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def free_bytes(path: Path) -> int:
    """Return the space left on the disk that holds a path.

    Args:
        path: A path; its nearest existing parent counts.

    Returns:
        Bytes; a huge number where the system does not tell.
    """
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return sys.maxsize
