"""Who may ask: keys, and what an open server on this machine refuses all the same."""

from __future__ import annotations

import base64
import binascii
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nucleus_lab.errors import ForbiddenError, UnauthorizedError
from nucleus_lab.routes.workspaces import caller_of, has_keys, nobody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.keys import Caller


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine alone.

    Args:
        host: Name or address, without a port.

    Returns:
        Whether only programs on this machine reach it.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def authorize(engine: Engine, headers: Mapping[str, str], *, key_required: bool) -> Caller:
    """Find out who asks.

    Args:
        engine: The open workspace.
        headers: Headers of the request, by names in small letters.
        key_required: Ask for a key even when the workspace has none.

    Returns:
        Name and user of the presented key; both ``""`` on an open server.

    Raises:
        UnauthorizedError: A key is needed, and none or a wrong one was sent.
    """
    key = _presented(headers)
    caller = caller_of(engine, key) if key else None
    if caller is not None:
        return caller
    if key_required or has_keys(engine):
        raise UnauthorizedError(
            "the key is unknown or revoked: check it, or make one by  nucleus-lab keys create"
            if key
            else "a key is needed: send it as the user of HTTP Basic authentication, or as "
            "x-limited-access-key or x-api-key (api_key= of NucleusClient, NUCLEUS_API_KEY)"
        )
    _refuse_web_pages(headers)
    return nobody()


def _presented(headers: Mapping[str, str]) -> str:
    """The key of a request: the user of Basic authentication, or a header of its own."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return user.partition(":")[0]
    return headers.get("x-limited-access-key") or headers.get("x-api-key", "")


def _refuse_web_pages(headers: Mapping[str, str]) -> None:
    """Keep web pages out of a server without keys.

    A browser on this machine sends requests for any page that it shows. Such a request names the
    page in ``Origin``, or another host in ``Host`` (DNS rebinding).
    """
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    origin = headers.get("origin")
    page = (urlsplit(origin).hostname or origin) if origin else ""
    for name in (host, page):
        if name and not is_loopback(name):
            raise ForbiddenError(
                f"this server has no keys and answers only programs on this machine, not {name!r}: "
                "make a key by  nucleus-lab keys create",
                host=name,
            )
