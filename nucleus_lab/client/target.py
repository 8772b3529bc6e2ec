"""Which workspace or server a client talks to, and with which key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from nucleus_lab.errors import InvalidInputError, NoAPIKey

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.\-]+):/", re.IGNORECASE)
"""Of a URL, also where a path made one slash of its two; one letter is a drive."""

_PASSWORD: Final = re.compile(r"^([a-z0-9+.\-]+:/{1,2}[^/@:]*:)[^@]*@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go.

    Attributes:
        place: Endpoint of a server, or folder of a workspace.
        api_key: Key for the server, if any.
        limited_access_key: Key that goes into a header of its own, if any.
    """

    place: str | Path
    api_key: str | None = None
    limited_access_key: str | None = None


def default_workspace() -> Path:
    """Return the folder that is used when nothing else is said.

    Returns:
        A folder in the user's data folder.
    """
    from platformdirs import user_data_path

    return user_data_path("nucleus-lab", appauthor=False) / "workspace"


def choose(
    api_key: str | None,
    endpoint: str | None,
    workspace: str | os.PathLike[str] | None,
    limited_access_key: str | None,
) -> Target:
    """Choose by arguments first, then by the environment, then by default.

    Args:
        api_key: Argument of the client.
        endpoint: Argument of the client.
        workspace: Argument of the client.
        limited_access_key: Argument of the client.

    Returns:
        The target.

    Raises:
        InvalidInputError: Arguments exclude each other.
        NoAPIKey: A server that needs a key was named without one.
    """
    if endpoint and workspace is not None:
        raise InvalidInputError(
            f"endpoint={endpoint!r} names a server and workspace={str(workspace)!r} a folder on "
            "this "
            "machine: give one of them"
        )
    if workspace is not None:
        return Target(folder_of(workspace, "workspace"))
    address = endpoint or os.environ.get("NUCLEUS_ENDPOINT")
    if not address:
        folder = os.environ.get("NUCLEUS_LAB_WORKSPACE")
        return Target(folder_of(folder, "NUCLEUS_LAB_WORKSPACE") if folder else default_workspace())
    if not address.startswith(("http://", "https://")):
        named = "endpoint" if endpoint else "NUCLEUS_ENDPOINT"
        raise InvalidInputError(
            f"{named} is {hidden(address)!r}, which is no address of a server: use http:// or "
            "https://, such as http://127.0.0.1:8765/v1/nucleus; a folder on this machine goes "
            "into workspace="
        )
    key = api_key or os.environ.get("NUCLEUS_API_KEY")
    if key and limited_access_key:
        raise InvalidInputError(
            "api_key (or NUCLEUS_API_KEY) and limited_access_key are both set: use one of them"
        )
    if not key and not limited_access_key and not is_loopback(address):
        raise NoAPIKey(
            f"the server {address} needs a key: pass api_key=, or set NUCLEUS_API_KEY. Make one "
            "on the "
            "server by  nucleus-lab keys create --workspace DIR",
            endpoint=address,
        )
    return Target(address, key, limited_access_key)


def folder_of(workspace: str | os.PathLike[str], named: str) -> Path:
    """Read the folder of a workspace.

    Args:
        workspace: As given.
        named: Name of the argument or variable, for the message.

    Returns:
        The folder.

    Raises:
        InvalidInputError: It is the URL of a database or of a server, which would pass for a
            folder of that name.
    """
    text = os.fspath(workspace)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Path(text).expanduser()
    shown = hidden(text)
    if scheme[1].startswith("postgres"):
        raise InvalidInputError(
            f"{named} is {shown!r}, the URL of a database, and a workspace is a folder (it keeps "
            "pictures and settings): name the folder, and the database in its settings.toml "
            '(database_url = "postgresql://…"), in NUCLEUS_LAB_DATABASE_URL or by --database'
        )
    raise InvalidInputError(
        f"{named} is {shown!r}, which is no folder: name a folder on this machine, or a server by "
        "endpoint="
    )


def hidden(text: str) -> str:
    """Hide the password in a URL that is shown.

    Args:
        text: The URL.

    Returns:
        The URL with ``***`` in place of its password.
    """
    return _PASSWORD.sub(r"\1***@", text)


def is_loopback(address: str) -> bool:
    """Say whether an endpoint is on this machine, where a server may run without keys.

    Args:
        address: The endpoint.

    Returns:
        Whether its host is ``localhost`` or a loopback address.
    """
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
