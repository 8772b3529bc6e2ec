"""Which workspace or server a client talks to, and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from nucleus_lab.errors import InvalidInputError, NoAPIKey


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
        return Target(Path(workspace).expanduser())
    address = endpoint or os.environ.get("NUCLEUS_ENDPOINT")
    if not address:
        folder = os.environ.get("NUCLEUS_LAB_WORKSPACE")
        return Target(Path(folder).expanduser() if folder else default_workspace())
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
