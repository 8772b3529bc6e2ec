"""Files that can be made again: thumbnails, and what was fetched from URLs."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

_log = logging.getLogger(__name__)


def read(path: Path) -> bytes | None:
    """Return what was kept.

    Args:
        path: Where it would be.

    Returns:
        The content; ``None`` when there is none.
    """
    try:
        return path.read_bytes()
    except OSError:
        return None


def keep(path: Path, content: bytes) -> None:
    """Keep content for the next time.

    It is not forced to the disk, and a disk that is full or read-only is no fault of whoever asked
    for the content: it is then made again.

    Args:
        path: Where to.
        content: What.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        _log.warning("%s cannot be kept: %s", path, fault)
