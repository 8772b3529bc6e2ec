"""Pictures that stay at their URL: fetched when first looked at, kept for the next time.

Nothing is fetched that the patterns in the settings do not allow. On a server there are none
unless its owner writes them down: a caller who may name any URL could otherwise read what only
the server can reach.
"""

from __future__ import annotations

import fnmatch
import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from nucleus_lab.engine import cached_files
from nucleus_lab.errors import ForbiddenError, MediaError, NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_BLOCK: Final = 1 << 18
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# A gallery asks again on every scroll; a host that is down must not cost a timeout each time.
_REMEMBER_FAILURE_S: Final = 60.0


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
            ForbiddenError: No pattern in the settings allows the URL.
            MediaError: It cannot be fetched, takes too long or is too large.
        """
        check_allowed(url, self._settings.fetch)
        key = self.key(url)
        path = self._root / key[:2] / key
        kept = cached_files.read(path)
        if kept is not None:
            return kept
        with self._lock:
            until, failure = self._failed.get(url, (0.0, None))
        if failure is not None and time.monotonic() < until:
            raise type(failure)(failure.message, **failure.details)
        try:
            content = _fetch(
                url,
                most=self._settings.max_file_bytes,
                timeout_s=self._settings.fetch_timeout_s,
                redirects=_any_host(self._settings.fetch),
            )
        except MediaError as fault:
            with self._lock:
                if len(self._failed) > 10_000:
                    self._failed.clear()
                self._failed[url] = (time.monotonic() + _REMEMBER_FAILURE_S, fault)
            raise
        cached_files.keep(path, content)
        return content

    def forget(self, url: str) -> None:
        """Drop what was kept of a URL, so that the next look fetches it again.

        Args:
            url: The URL.
        """
        key = self.key(url)
        (self._root / key[:2] / key).unlink(missing_ok=True)


def check_allowed(url: str, patterns: tuple[str, ...]) -> None:
    """Hold a URL against the patterns of the settings.

    Scheme, host, port and path are compared one by one: a ``*`` for part of a host can never
    reach over a slash or an ``@``.

    Args:
        url: The URL.
        patterns: ``settings.fetch``.

    Raises:
        ForbiddenError: No pattern allows it.
    """
    if any(_allows(pattern, url) for pattern in patterns):
        return
    known = ", ".join(patterns) if patterns else "none"
    raise ForbiddenError(
        f"{url} may not be fetched; allowed are: {known}. Add a pattern to fetch in "
        "settings.toml of the workspace, or give a local file",
        url=url,
    )


def _allows(pattern: str, url: str) -> bool:
    try:
        given, wanted = urlsplit(url), urlsplit(pattern)
        given_port = given.port or _DEFAULT_PORTS.get(given.scheme)
        host, _, port = wanted.netloc.lower().partition(":")
    except ValueError:  # a port that is no number, brackets that do not close
        return False
    if given.scheme != wanted.scheme or not given.hostname:
        return False
    if host != "*" and given_port != (int(port) if port else _DEFAULT_PORTS.get(given.scheme)):
        return False
    return fnmatch.fnmatchcase(given.hostname, host) and fnmatch.fnmatchcase(
        given.path or "/", wanted.path or "/*"
    )


def _any_host(patterns: tuple[str, ...]) -> bool:
    """Whether the rules name no host at all, so that a redirect leads nowhere forbidden."""
    return {"http://*", "https://*"} <= set(patterns)


def _fetch(url: str, *, most: int, timeout_s: float, redirects: bool) -> bytes:
    deadline = time.monotonic() + timeout_s
    try:
        with _stream(url, timeout_s=timeout_s, redirects=redirects) as stream:
            return _read(stream, url, most, deadline)
    except (MediaError, MemoryError):
        raise
    except ImportError as fault:
        raise MediaError(
            f"{url} needs a package that is not installed: {fault}", url=url
        ) from fault
    except Exception as fault:
        detail = str(fault) or type(fault).__name__
        raise MediaError(
            f"{url} could not be fetched ({detail}): check the address and the network, then "
            "repeat in a minute",
            url=url,
        ) from fault


def _stream(url: str, *, timeout_s: float, redirects: bool) -> Any:
    """Open a URL for reading.

    Only the file system of its own scheme sees it: ``fsspec.open`` would also follow chains of
    schemes (``https://a::file:///b``) and patterns.

    Returns:
        A file-like object.
    """
    import fsspec

    scheme = urlsplit(url).scheme
    if scheme not in _DEFAULT_PORTS:
        return fsspec.filesystem(scheme).open(url, "rb")
    import aiohttp

    files = fsspec.filesystem(
        scheme,
        client_kwargs={"timeout": aiohttp.ClientTimeout(total=timeout_s)},
        allow_redirects=redirects,
    )
    # One stream and no ranges; a size, whatever it is, spares a request that would ask for it.
    return files.open(url, "rb", block_size=0, size=1)


def _read(stream: Any, url: str, most: int, deadline: float) -> bytes:
    blocks: list[bytes] = []
    size = 0
    while block := stream.read(_BLOCK):
        blocks.append(block)
        size += len(block)
        if size > most:
            raise MediaError(
                f"{url} has more than the {most:,} bytes that are allowed: shrink it, or raise "
                "max_file_bytes in settings.toml of the workspace",
                url=url,
            )
        if time.monotonic() > deadline:
            raise MediaError(
                f"{url} took longer than allowed: repeat later, or raise fetch_timeout_s in "
                "settings.toml of the workspace",
                url=url,
            )
    return b"".join(blocks)
