"""Fetching one file from the web or from object storage, within the rules of the settings."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from nucleus_lab.engine.fetch_rules import (
    DEFAULT_PORTS,
    SCHEMES,
    check_address,
    check_allowed,
    check_host,
    container_of,
)
from nucleus_lab.errors import ForbiddenError, MediaError, NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine.settings import Settings

_BLOCK: Final = 1 << 18
_MOST_REDIRECTS: Final = 5
_AZURE_ACCOUNT: Final = re.compile(r"([a-z0-9]{3,24})\.(?:dfs|blob)\.core\.windows\.net")

_EXTRAS: Final = {"s3": ("s3", "s3fs"), "gs": ("gcs", "gcsfs"), "abfs": ("azure", "adlfs")}
"""The extra of this package and the package that each storage needs."""


def fetch(url: str, settings: Settings) -> bytes:
    """Read a file at a URL.

    Args:
        url: The URL.
        settings: What may be fetched, how large it may be and how long it may take.

    Returns:
        Its bytes.

    Raises:
        ForbiddenError: The settings do not allow the URL, one it leads on to, or its address.
        MediaError: It cannot be fetched, takes too long or is too large.
    """
    check_allowed(url, settings.fetch)
    deadline = time.monotonic() + settings.fetch_timeout_s
    try:
        if url.partition("://")[0].lower() in DEFAULT_PORTS:
            return _from_web(url, settings, deadline)
        return _in_time(lambda: _from_storage(url, settings, deadline), url, deadline)
    except (NucleusError, MemoryError):
        raise
    except Exception as fault:
        # A refusal is a PermissionError too, which the web library wraps like one of the system.
        if isinstance(fault.__cause__, ForbiddenError):
            raise fault.__cause__ from None
        # Storage libraries add pages of protocol below the sentence that says what is wrong.
        detail = str(fault).strip().partition("\n")[0] or type(fault).__name__
        raise MediaError(
            f"{url} could not be fetched ({detail}): check the address, the credentials and the "
            "network, then repeat in a minute",
            url=url,
        ) from fault


def _from_web(url: str, settings: Settings, deadline: float) -> bytes:
    """Follow redirects one by one: each must be allowed like the URL itself."""
    at = url
    for _ in range(_MOST_REDIRECTS + 1):
        check_allowed(at, settings.fetch)
        check_host(at, settings.private_hosts)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _too_slow(url)
        with _web(settings).open(
            # One stream and no ranges; a size, whatever it is, spares a request that asks for it.
            at, "rb", block_size=0, size=1, allow_redirects=False, timeout=_total(left)
        ) as stream:  # fmt: skip
            answer = stream.r
            if not 300 <= answer.status < 400:
                _check_size(answer.content_length or 0, url, settings.max_file_bytes)
                return _read(stream, url, settings.max_file_bytes, deadline)
            onward = answer.headers.get("Location")
        if not onward:
            raise MediaError(
                f"{url} answers {answer.status} without a file: check the address", url=url
            )
        at = urljoin(at, onward)
    raise MediaError(
        f"{url} was redirected more than {_MOST_REDIRECTS} times: give the last address", url=url
    )


@dataclass(frozen=True)
class _Session:
    """Makes the session of a file system; a value, so that equal ones share connections."""

    private_hosts: tuple[str, ...]

    async def __call__(self, **options: Any) -> Any:
        import aiohttp

        hosts = self.private_hosts

        class Guarded(aiohttp.ThreadedResolver):
            """Resolves names; the connection goes to no address that was not checked."""

            async def resolve(self, host: str, *rest: Any, **named: Any) -> Any:
                found = await super().resolve(host, *rest, **named)
                for entry in found:
                    check_address(host, entry["host"], hosts)
                return found

        connector = aiohttp.TCPConnector(resolver=Guarded())
        return aiohttp.ClientSession(connector=connector, **options)


def _web(settings: Settings) -> Any:
    import fsspec

    # Only the file system of its own scheme sees a URL: ``fsspec.open`` would also follow chains
    # of schemes (``https://a::file:///b``) and patterns.
    return fsspec.filesystem("https", get_client=_Session(settings.private_hosts))


def _total(seconds: float) -> Any:
    import aiohttp

    return aiohttp.ClientTimeout(total=seconds)


def _from_storage(url: str, settings: Settings, deadline: float) -> bytes:
    import fsspec

    kind = SCHEMES[url.partition("://")[0].lower()]
    bucket, key = container_of(url)
    if not key:
        raise MediaError(f"{url} names a bucket and no file in it: add the key", url=url)
    options = _storage_options(kind, bucket, url, settings.fetch_timeout_s)
    extra, package = _EXTRAS[kind]
    try:
        files = fsspec.filesystem(kind, **options)
    except ImportError as fault:
        raise MediaError(
            f"{url} needs {package}, which is not installed: pip install 'nucleus_lab[{extra}]'",
            url=url,
        ) from fault
    with files.open(f"{kind}://{bucket.partition('@')[0]}/{key}", "rb") as stream:
        _check_size(stream.size or 0, url, settings.max_file_bytes)
        return _read(stream, url, settings.max_file_bytes, deadline)


def _storage_options(kind: str, bucket: str, url: str, timeout_s: float) -> dict[str, Any]:
    if kind == "s3":
        waits = {"connect_timeout": timeout_s, "read_timeout": timeout_s}
        return {"config_kwargs": {**waits, "retries": {"max_attempts": 1}}}
    if kind == "gs":
        return {"timeout": timeout_s}
    options: dict[str, Any] = {"connection_timeout": timeout_s, "read_timeout": timeout_s}
    _, at, host = bucket.partition("@")
    if at:
        account = _AZURE_ACCOUNT.fullmatch(host)
        if account is None:
            raise MediaError(
                f"{url}: {host!r} is no storage account; write "
                "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/KEY",
                url=url,
            )
        options["account_name"] = account[1]
        _check_account(account[1], url)
    return options


def _check_account(account: str, url: str) -> None:
    """Refuse to read from another account than the URL names.

    A connection string says account and key at once, and wins over an account that is given.
    """
    given = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if not given:
        return
    parts = dict(part.strip().split("=", 1) for part in given.split(";") if "=" in part)
    own = parts.get("AccountName") or (urlsplit(parts.get("BlobEndpoint", "")).hostname or "")
    own = own.partition(".")[0]
    if own != account:
        raise MediaError(
            f"{url} names the storage account {account!r}, and AZURE_STORAGE_CONNECTION_STRING is "
            f"of {own!r}: leave the account out of the URL, or unset the variable and give the "
            "credentials of that account by AZURE_STORAGE_ACCOUNT_KEY",
            url=url,
        )


def _in_time(work: Callable[[], bytes], url: str, deadline: float) -> bytes:
    """Wait no longer than allowed: the libraries of storage repeat by themselves what fails."""
    pool = ThreadPoolExecutor(1, "nucleus-fetch")
    try:
        return pool.submit(work).result(deadline - time.monotonic())
    except TimeoutError as fault:
        raise _too_slow(url) from fault
    finally:
        pool.shutdown(wait=False)


def _read(stream: Any, url: str, most: int, deadline: float) -> bytes:
    blocks: list[bytes] = []
    size = 0
    while block := stream.read(_BLOCK):
        blocks.append(block)
        size += len(block)
        _check_size(size, url, most)
        if time.monotonic() > deadline:
            raise _too_slow(url)
    return b"".join(blocks)


def _check_size(size: int, url: str, most: int) -> None:
    if size > most:
        raise MediaError(
            f"{url} has more than the {most:,} bytes that are allowed: shrink it, or raise "
            "max_file_bytes in settings.toml of the workspace",
            url=url,
        )


def _too_slow(url: str) -> MediaError:
    return MediaError(
        f"{url} took longer than allowed: repeat later, or raise fetch_timeout_s in "
        "settings.toml of the workspace",
        url=url,
    )
