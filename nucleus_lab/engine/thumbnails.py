"""Small pictures: made when first asked for, kept on the disk under the key of the content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from nucleus_lab.engine import cached_files
from nucleus_lab.errors import ForbiddenError, InvalidInputError, MediaError, NucleusError
from nucleus_lab.location import is_local

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.remote import RemoteFiles


class Source(NamedTuple):
    """Where the picture of an item is.

    Attributes:
        location: The URL or path that the item names.
        media_key: Its stored file; ``None`` when it stays at its URL.
        private: Whether its dataset is in privacy mode: then nothing is fetched.
    """

    location: str
    media_key: str | None
    private: bool = False


class Thumbnails:
    """The thumbnails of one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._root = engine.workspace / "thumbnails"

    @cached_property
    def remote(self) -> RemoteFiles:
        """What was fetched from URLs."""
        from nucleus_lab.engine.remote import RemoteFiles

        return RemoteFiles(self._engine)

    def size(self, wanted: int) -> int:
        """Return the size that is made for a size that is wanted.

        Args:
            wanted: Longest side in pixels.

        Returns:
            The smallest of ``settings.thumbnail_sizes`` that is no smaller, else the largest.

        Raises:
            InvalidInputError: ``wanted`` is below 1 or above 4096.
        """
        if not 1 <= wanted <= 4096:
            raise InvalidInputError(f"size is {wanted}: write 1 to 4096 pixels", path="size")
        sizes = self._engine.settings.thumbnail_sizes
        return next((size for size in sizes if size >= wanted), sizes[-1])

    def of_stored(self, key: str, wanted: int) -> bytes:
        """Return the thumbnail of a stored picture.

        Args:
            key: Its key.
            wanted: Longest side in pixels.

        Returns:
            A JPEG, or a PNG where it is transparent.

        Raises:
            MediaError: The stored file can no longer be read.
        """
        path = str(self._engine.media.path(key))
        return self._cached(key, wanted, path, lambda: self._engine.media.read(key))

    def of(self, source: Source, wanted: int) -> bytes:
        """Return the thumbnail of an item.

        Args:
            source: Where its picture is.
            wanted: Longest side in pixels.

        Returns:
            A JPEG, or a PNG where it is transparent.

        Raises:
            ForbiddenError: The settings do not allow its URL, or its dataset is in privacy mode.
            MediaError: There is no picture, or it cannot be fetched or read.
        """
        if source.media_key is not None:
            return self.of_stored(source.media_key, wanted)
        if source.private:
            return self.original(source)  # refuses; a thumbnail made elsewhere is no way around
        url = source.location
        key = self.remote.key(url)
        return self._cached(key, wanted, url, lambda: self.original(source))

    def original(self, source: Source) -> bytes:
        """Return the picture of an item as it was given.

        Args:
            source: Where it is.

        Returns:
            The file.

        Raises:
            ForbiddenError: The settings do not allow its URL, or its dataset is in privacy mode.
            MediaError: There is none, or it cannot be fetched.
        """
        if source.media_key is not None:
            return self._engine.media.read(source.media_key)
        if source.private:
            raise ForbiddenError(
                f"{source.location} belongs to a dataset in privacy mode, whose files are never "
                "fetched here: open the URL yourself, or put the data into a dataset without "
                "use_privacy_mode",
                url=source.location,
            )
        if is_local(source.location):
            raise MediaError(
                f"{source.location!r} was stored without its picture: append the item again with "
                "update=True from a machine that has the file",
                path=source.location,
            )
        return self.remote.read(source.location)

    def many(self, sources: Sequence[Source | None], wanted: int) -> list[bytes]:
        """Return the thumbnails of several items, made several at a time.

        Args:
            sources: Where the pictures are; ``None`` stands for an item that has none.
            wanted: Longest side in pixels.

        Returns:
            In the same order; ``b""`` where there is none or it cannot be made.
        """
        from nucleus_lab.engine.media import in_threads

        self.size(wanted)

        def one(source: Source | None) -> bytes:
            if source is None:
                return b""
            try:
                return self.of(source, wanted)
            except NucleusError:
                return b""

        return in_threads(one, sources, self._engine.settings.media_threads)

    def forget(self, key: str) -> None:
        """Remove all thumbnails of a picture.

        Args:
            key: Its key.
        """
        if not self._root.is_dir():
            return
        for folder in self._root.iterdir():
            (folder / key[:2] / key).unlink(missing_ok=True)

    def _cached(self, key: str, wanted: int, name: str, content: Callable[[], bytes]) -> bytes:
        from nucleus_lab.engine import pictures

        size = self.size(wanted)
        path = self._root / str(size) / key[:2] / key
        kept = cached_files.read(path)
        if kept is not None:
            return kept
        made = pictures.shrink(content(), size, name, self._engine.settings.max_pixels)
        cached_files.keep(path, made)
        return made
