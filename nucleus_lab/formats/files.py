"""Text files that formats read and write."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nucleus_lab.errors import InvalidInputError, MediaError, StorageFullError


def text_of(path: Path) -> str:
    """Read a UTF-8 text file.

    Args:
        path: The file.

    Returns:
        Its text, without a byte order mark.

    Raises:
        MediaError: The file cannot be read.
        InvalidInputError: It is no UTF-8 text.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise MediaError(f"{path} cannot be read: {fault.strerror}", path=str(path)) from fault
    except UnicodeDecodeError as fault:
        raise InvalidInputError(
            f"{path} is no UTF-8 text (byte {fault.start}): save it as UTF-8", path=str(path)
        ) from fault


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole: readers see the old one or the new one, never half of it.

    Args:
        path: The file; its folder is made.
        content: The bytes.

    Raises:
        StorageFullError: The disk is full.
        MediaError: The folder does not allow it.
    """
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as fault:
        if name:
            Path(name).unlink(missing_ok=True)
        if fault.errno == 28:  # ENOSPC
            raise StorageFullError(f"the disk of {path} is full: nothing was written") from fault
        raise MediaError(f"{path} cannot be written: {fault.strerror}", path=str(path)) from fault
