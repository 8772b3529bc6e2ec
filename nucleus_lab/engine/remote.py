"""Pictures that stay at their URL: fetched when first looked at, kept for the next time.

Nothing is fetched that the settings do not allow. On a server that is nothing unless its owner
writes patterns down: a caller who may name any URL could otherwise read what only the server can
reach. What is kept is bounded; the files that nobody looked at for longest go first.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nucleus_lab.engine import cached_files
from nucleus_lab.engine.fetch_rules import check_allowed
from nucleus_lab.engine.fetching import fetch
from nucleus_lab.errors import ForbiddenError, MediaError, NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

# A gallery asks again on every scroll; a host that is down must not cost a timeout each time.
_REMEMBER_FAILURE_S: Final = 60.0

# Of the limit: how much is written between two looks at the folder, and what a sweep leaves.
_LOOK_AFTER: Final = 1 / 16
_LEAVE: Final = 0.9
_PART_S: Final = 3600.0
"""Age above which a temporary file belongs to a process that is gone."""


class RemoteFiles:
    """What was fetched for one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._settings = engine.settings
        self._root = engine.workspace / "remote"
        self._failed: dict[str, tuple[float, NucleusError]] = {}
        self._lock = threading.Lock()
        self._written: float = float("inf")  # the first file that is kept looks at the folder

    def key(self, url: str) -> str:
        """Return the name under which a URL is kept.

        Args:
            url: The URL.

        Returns:
            A digest.
        """
        return hashlib.sha256(url.encode()).hexdigest()[:40]

    def read(self, url: str) -> bytes:
        """Return what a URL holds.

        Args:
            url: The URL.

        Returns:
            The bytes; from the disk when they were fetched before.

        Raises:
            ForbiddenError: The settings do not allow the URL, or where it leads.
            MediaError: It cannot be fetched, takes too long or is too large.
        """
        check_allowed(url, self._settings.fetch)
        path = self._path(url)
        kept = cached_files.read(path)
        if kept is not None:
            with suppress(OSError):  # a folder that is read-only is still good to read from
                os.utime(path)
            return kept
        with self._lock:
            until, failure = self._failed.get(url, (0.0, None))
        if failure is not None and time.monotonic() < until:
            raise type(failure)(failure.message, **failure.details)
        try:
            content = fetch(url, self._settings)
        except MediaError as fault:
            with self._lock:
                if len(self._failed) > 10_000:
                    self._failed.clear()
                self._failed[url] = (time.monotonic() + _REMEMBER_FAILURE_S, fault)
            raise
        self._keep(path, content)
        return content

    def is_allowed(self, url: str) -> bool:
        """Say whether the settings allow a URL.

        Args:
            url: The URL.

        Returns:
            Whether a pattern allows it; where it leads shows only when it is fetched.
        """
        try:
            check_allowed(url, self._settings.fetch)
        except ForbiddenError:
            return False
        return True

    def kept(self, url: str) -> Path | None:
        """Find what was fetched before.

        Args:
            url: The URL.

        Returns:
            The file; ``None`` where there is none. It may be swept later.
        """
        path = self._path(url)
        return path if path.is_file() else None

    def forget(self, url: str) -> None:
        """Drop what was kept of a URL, so that the next look fetches it again.

        Args:
            url: The URL.
        """
        self._path(url).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove the files that nobody looked at for longest, until the rest is small enough.

        Returns:
            How many files were removed.
        """
        most = self._settings.remote_cache_bytes
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        removed = 0
        aim = most * _LEAVE if total > most else total
        for _, size, path in files:
            if total <= aim:
                break
            with suppress(OSError):  # another process was faster
                path.unlink()
                removed += 1
            total -= size
        return removed

    def _path(self, url: str) -> Path:
        key = self.key(url)
        return self._root / key[:2] / key

    def _keep(self, path: Path, content: bytes) -> None:
        most = self._settings.remote_cache_bytes
        if len(content) > most:
            return
        cached_files.keep(path, content)
        with self._lock:
            self._written += len(content)
            due = self._written > most * _LOOK_AFTER
            if due:
                self._written = 0.0
        if due:
            self.sweep()

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        if not self._root.is_dir():
            return
        oldest = time.time() - _PART_S
        for folder in self._root.iterdir():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # renamed or removed meanwhile
                    state = path.stat()
                    if path.suffix != ".part":
                        yield state.st_mtime, state.st_size, path
                    elif state.st_mtime < oldest:
                        path.unlink()
