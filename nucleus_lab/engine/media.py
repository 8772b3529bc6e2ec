"""The files of a workspace: each is stored once, under the digest of its content.

A file is written under a temporary name, checked, forced to the disk and renamed, so that a row
never points at one that is not complete. What nothing refers to any more is swept.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.errors import MediaError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.pictures import Picture
    from nucleus_lab.engine.thumbnails import Thumbnails
    from nucleus_lab.wire import FilePart

_KEY_LENGTH: Final = 40
_PART: Final = ".part"

Given = TypeVar("Given")
Made = TypeVar("Made")


class MediaStore:
    """The content-addressed files of one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._root = engine.workspace / "media"

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small pictures, made when first asked for."""
        from nucleus_lab.engine.thumbnails import Thumbnails

        return Thumbnails(self._engine)

    def ingest(self, part: FilePart) -> Picture:
        """Store a picture, after making sure that it is whole.

        Args:
            part: The file: its bytes, or a path on this machine.

        Returns:
            Its key, its size as stored (EXIF orientation is not applied) and its format.

        Raises:
            MediaError: The file is missing, unreadable, empty, no picture, damaged, cut off or
                too large; the message names it and the remedy.
            StorageFullError: No space is left; nothing was kept.
        """
        folders: set[Path] = set()
        picture = self._ingest(part, folders)
        self._sync(folders)
        return picture

    def ingest_many(self, parts: Sequence[FilePart]) -> list[Picture | MediaError]:
        """Store pictures, several at a time.

        Args:
            parts: The files.

        Returns:
            In the same order, what :meth:`ingest` returns or the MediaError it raises.

        Raises:
            StorageFullError: No space is left; the files stored before are swept later.
        """
        folders: set[Path] = set()

        def one(part: FilePart) -> Picture | MediaError:
            try:
                return self._ingest(part, folders)
            except MediaError as refusal:
                return refusal

        stored = in_threads(one, parts, self._engine.settings.media_threads)
        self._sync(folders)
        return stored

    def store(self, part: FilePart, check: Callable[[bytes, str], object]) -> str:
        """Store a file that is no picture.

        Args:
            part: The file: its bytes, or a path on this machine.
            check: Called with content and name before anything is written; raises a MediaError for
                a file that is not to be kept.

        Returns:
            Its key.

        Raises:
            MediaError: The file is missing, unreadable or too large.
            StorageFullError: No space is left; nothing was kept.
        """
        name = part.filename or part.path or part.field
        content = _content(part, name, self._engine.settings.max_file_bytes)
        check(content, name)
        key = hashlib.sha256(content).hexdigest()[:_KEY_LENGTH]
        path = self.path(key)
        try:
            os.utime(path)
        except FileNotFoundError:
            self._write(path, content)
            self._sync({path.parent})
        return key

    def hold(self, key: str) -> bool:
        """Say whether a file is there, and keep it from a sweep that is under way.

        Args:
            key: Its key.

        Returns:
            Whether it is stored.
        """
        try:
            os.utime(self.path(key))
        except FileNotFoundError:
            return False
        return True

    def path(self, key: str) -> Path:
        """Return where a stored file lies.

        Args:
            key: Its key.

        Returns:
            The path; whether the file exists is not looked at.

        Raises:
            NotFoundError: ``key`` is no key of this store.
        """
        if len(key) != _KEY_LENGTH or not key.isalnum():
            raise NotFoundError(f"there is no stored file {key!r}")
        return self._root / key[:2] / key

    def open(self, key: str) -> BinaryIO:
        """Open a stored file for reading.

        Args:
            key: Its key.

        Returns:
            The open file.

        Raises:
            NotFoundError: It is not in the workspace.
        """
        path = self.path(key)
        with suppress(FileNotFoundError):
            return path.open("rb")
        time.sleep(0.01)  # a sweep that finds a file wanted after all puts it back
        try:
            return path.open("rb")
        except FileNotFoundError as fault:
            raise NotFoundError(
                f"the stored file {path} is missing from the workspace: restore the folder from a "
                "backup, or append the item again with update=True",
                path=str(path),
            ) from fault

    def read(self, key: str) -> bytes:
        """Return the content of a stored file.

        Args:
            key: Its key.

        Returns:
            The bytes.
        """
        with self.open(key) as file:
            return file.read()

    def thumbnail(self, key: str, size: int) -> bytes:
        """Return a small picture of a stored one.

        Args:
            key: Its key.
            size: Longest side wanted, in pixels.

        Returns:
            A JPEG, or a PNG where it is transparent.
        """
        return self.thumbnails.of_stored(key, size)

    def sweep(self, *, grace_s: float | None = None) -> int:
        """Remove files that no row refers to (others may ingest meanwhile), and fetched ones.

        Args:
            grace_s: Keep files that were stored, or asked to be stored, within this many seconds;
                ``None`` for ``settings.sweep_grace_s``. It has to exceed the longest transaction.

        Returns:
            How many files were removed.
        """
        grace = self._engine.settings.sweep_grace_s if grace_s is None else grace_s
        oldest = time.time() - grace
        swept = self.thumbnails.remote.sweep()
        candidates = {path.name: path for path in self._old_files(oldest)}
        if not candidates:
            return swept
        from nucleus_lab.engine.media_references import referenced_keys

        with self._engine.store.read() as connection:
            for key in referenced_keys(connection):
                candidates.pop(key, None)
        removed = swept
        for key, path in candidates.items():
            if _remove_old(path, oldest):
                removed += 1
                if not key.endswith(_PART):
                    self.thumbnails.forget(key)
        return removed

    def _ingest(self, part: FilePart, folders: set[Path]) -> Picture:
        from nucleus_lab.engine import pictures

        name = part.filename or part.path or part.field
        content = _content(part, name, self._engine.settings.max_file_bytes)
        most = self._engine.settings.max_pixels
        key = hashlib.sha256(content).hexdigest()[:_KEY_LENGTH]
        path = self.path(key)
        found = pictures.check(content, name, most)
        try:
            # Also tells a sweep in another process that the file is wanted again.
            os.utime(path)
        except FileNotFoundError:
            self._write(path, content)
            folders.add(path.parent)
        return pictures.Picture(key, *found)

    def _write(self, path: Path, content: bytes) -> None:
        place = str(self._root)
        with storage_failures(place, lambda: free_bytes(self._root)):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_PART}")
            try:
                with temporary.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise

    @staticmethod
    def _sync(folders: Iterable[Path]) -> None:
        """Force the new names to the disk: a rename alone may be lost with the power."""
        if os.name != "posix":
            return
        for folder in folders:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _old_files(self, oldest: float) -> Iterable[Path]:
        if not self._root.is_dir():
            return
        for folder in self._root.iterdir():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # a temporary name that was just renamed
                    if path.stat().st_mtime < oldest:
                        yield path


def _remove_old(path: Path, oldest: float) -> bool:
    """Remove a file unless it is asked for at this very moment.

    It is renamed first: an ingest that touches it before the rename is seen by its time, and one
    that comes after finds nothing to touch and writes the file anew.

    Returns:
        Whether it was removed.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.swept{_PART}")
    try:
        if path.stat().st_mtime >= oldest:
            return False
        path.rename(aside)
        if aside.stat().st_mtime >= oldest:
            aside.replace(path)
            return False
        aside.unlink()
    except FileNotFoundError:  # another sweep was faster
        return False
    return True


def _content(part: FilePart, name: str, most: int) -> bytes:
    """Read a file that a caller named, at most ``most`` bytes of it."""
    if part.content is not None:
        _check_size(len(part.content), name, most)
        return part.content
    path = part.path or ""
    try:
        state = os.stat(path)  # noqa: PTH116 - a path with a null byte is an error here and no exception
        if stat.S_ISDIR(state.st_mode):
            raise MediaError(f"{name} is a folder: give the path of a picture", path=name)
        if not stat.S_ISREG(state.st_mode):
            raise MediaError(f"{name} is no regular file: give the path of a picture", path=name)
        _check_size(state.st_size, name, most)
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError as fault:
        raise MediaError(
            f"{name} does not exist: check the path; relative ones start at {Path.cwd()}",
            path=name,
        ) from fault
    except PermissionError as fault:
        raise MediaError(
            f"{name} may not be read by this user: change its permissions, or those of its folder",
            path=name,
        ) from fault
    except (OSError, ValueError) as fault:
        raise MediaError(f"{name} cannot be read ({fault}): check the path", path=name) from fault
    _check_size(len(content), name, most)  # it may have grown meanwhile
    return content


def _check_size(size: int, name: str, most: int) -> None:
    if size > most:
        raise MediaError(
            f"{name} has {size:,} bytes and {most:,} are allowed: shrink it, or raise "
            "max_file_bytes in settings.toml of the workspace",
            path=name,
        )


def in_threads(work: Callable[[Given], Made], given: Sequence[Given], threads: int) -> list[Made]:
    """Do something to each of several things, several at a time.

    Args:
        work: What to do.
        given: The things.
        threads: How many at a time.

    Returns:
        The results in order; the first exception is raised once the running ones are done.
    """
    if len(given) < 2 or threads < 2:
        return [work(one) for one in given]
    with ThreadPoolExecutor(min(threads, len(given)), "nucleus-media") as pool:
        futures = [pool.submit(work, one) for one in given]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
