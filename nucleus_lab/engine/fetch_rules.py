"""Which URLs may be fetched: patterns of the settings, and addresses that nobody outside reaches.

A pattern is held against what the fetch will use: scheme, host, port and path one by one for the
web, the bucket and the key for object storage. An address is held against the rules where the
connection is made, so that neither a redirect nor a name that resolves anew leads past them.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from typing import Final
from urllib.parse import unquote, urlsplit

from nucleus_lab.errors import ForbiddenError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

SCHEMES: Final = {
    "http": "http", "https": "https", "s3": "s3", "gs": "gs", "gcs": "gs",
    "az": "abfs", "azure": "abfs", "abfs": "abfs", "abfss": "abfs",
}  # fmt: skip
"""Every scheme that can be fetched, and the one under which its kin are compared."""

ANY_HOST: Final = "*"
"""The entry of ``private_hosts`` that allows every address."""

# What a resolver takes without turning it into something else first: other alphabets, percent
# signs and blanks are mapped to letters and digits by some libraries and not by others.
_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_CONFUSING: Final = re.compile(r"[\\\x00-\x20\x7f]")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


def check_allowed(url: str, patterns: tuple[str, ...]) -> None:
    """Hold a URL against the patterns of the settings.

    A ``*`` for part of a host or bucket never reaches over a slash or an ``@``.

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


def check_host(url: str, private_hosts: tuple[str, ...]) -> None:
    """Refuse a URL of the web whose host is written as an address that is not public.

    Names are checked when they are resolved (:func:`check_address`).

    Args:
        url: The URL.
        private_hosts: ``settings.private_hosts``.

    Raises:
        ForbiddenError: It is such an address, or can be read as one.
    """
    if ANY_HOST in private_hosts:
        return
    host = urlsplit(url).hostname or ""
    if not _PLAIN_HOST.fullmatch(host):
        raise ForbiddenError(
            f"{url} may not be fetched: write its host {host!r} in plain letters, digits, points "
            "and hyphens (names in other alphabets as xn--…)",
            url=url,
        )
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    check_address(host, host, private_hosts)


def check_address(host: str, address: str, private_hosts: tuple[str, ...]) -> None:
    """Refuse an address that is not public, unless the settings allow it.

    Args:
        host: The host as the URL names it.
        address: The address it stands for.
        private_hosts: ``settings.private_hosts``: names (with ``*``), addresses and networks.

    Raises:
        ForbiddenError: It is loopback, private, link-local, reserved or multicast.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if _is_public(found) or any(_covers(entry, host, found) for entry in private_hosts):
        return
    raise ForbiddenError(
        f"{host} may not be fetched: its address {found} is not public. If it is meant to be "
        "read, add the host or its network to private_hosts in settings.toml of the workspace",
        host=host,
    )


def container_of(url: str) -> tuple[str, str]:
    """Split the URL of a file in object storage.

    Args:
        url: Such as ``s3://bucket/key``.

    Returns:
        The bucket (on Azure the container, perhaps with ``@`` and the account) and the key.
    """
    bucket, _, key = url.partition("://")[2].partition("/")
    return bucket, key


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _covers(entry: str, host: str, address: Address) -> bool:
    if entry == ANY_HOST:
        return True
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return fnmatch.fnmatchcase(host.lower(), entry.lower())


def _allows(pattern: str, url: str) -> bool:
    scheme, separator, _ = url.partition("://")
    kind = SCHEMES.get(scheme.lower())
    if not separator or kind is None or kind != SCHEMES.get(pattern.partition("://")[0].lower()):
        return False
    if kind not in DEFAULT_PORTS:
        return _allows_bucket(pattern, url)
    try:
        given, wanted = urlsplit(url), urlsplit(pattern)
        given_port = given.port or DEFAULT_PORTS.get(given.scheme)
        host, _, port = wanted.netloc.lower().partition(":")
        if not given.hostname or _CONFUSING.search(given.netloc):
            return False
        default = DEFAULT_PORTS[kind]
        if host != "*" and given_port != (int(port) if port else default):
            return False
    except ValueError:  # a port that is no number, brackets that do not close
        return False
    return fnmatch.fnmatchcase(given.hostname, host) and _allows_path(
        wanted.path, given.path or "/"
    )


def _allows_bucket(pattern: str, url: str) -> bool:
    (bucket, key), (wanted, path) = container_of(url), container_of(pattern)
    if not bucket or _CONFUSING.search(bucket):
        return False
    if wanted != "*":
        container, at, account = bucket.partition("@")
        wanted_container, wanted_at, wanted_account = wanted.partition("@")
        if at != wanted_at or not (
            fnmatch.fnmatchcase(container, wanted_container)
            and fnmatch.fnmatchcase(account, wanted_account)
        ):
            return False
    return _allows_path(f"/{path}" if path else "", f"/{key}")


def _allows_path(wanted: str, given: str) -> bool:
    if wanted in {"", "/", "/*"}:
        return True
    # Servers and libraries take the dots out, each in its own way: what is compared here has to
    # be what is asked for.
    if {".", ".."} & set(re.split(r"[/\\]", unquote(given))):
        return False
    return fnmatch.fnmatchcase(given, wanted)
