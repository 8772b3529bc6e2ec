"""How the SDK reaches the routes: a function call in this process, or HTTP.

``connect`` chooses. Nothing here is imported before it is needed: the embedded engine does not
cost a program that talks to a server, nor HTTP a notebook that works alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nucleus_lab.bulk import importing
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from nucleus_lab.transport.base import Transport

__all__ = ["connect", "load_embedded"]


def connect(
    target: str | Path,
    *,
    api_key: str | None = None,
    limited_access_key: str | None = None,
) -> Transport:
    """Open the way to a workspace.

    Args:
        target: ``http://`` or ``https://`` endpoint of a server, or the folder of a workspace.
        api_key: Key for a server.
        limited_access_key: Key for a server that goes into a header of its own.

    Returns:
        The transport.

    Raises:
        InvalidInputError: The target is a URL of another scheme.
    """
    text = str(target)
    if text.startswith(("http://", "https://")):
        from nucleus_lab.transport.http import HttpTransport

        return HttpTransport(text, api_key=api_key, limited_access_key=limited_access_key)
    if "://" in text:
        raise InvalidInputError(
            f"{text!r} is no endpoint: use http:// or https:// for a server, "
            "or a folder for a workspace on this machine",
            endpoint=text,
        )
    # The first one imports the engine: a hundred thousand objects that all stay, which the
    # collector would walk through again and again, for a sixth of the time.
    with importing():
        from nucleus_lab.transport.in_process import InProcessTransport

        return InProcessTransport.open(Path(text))


def load_embedded() -> None:
    """Load what :func:`connect` needs for a folder, and what lists its datasets; open nothing."""
    with importing():
        from nucleus_lab.transport.in_process import InProcessTransport

        InProcessTransport.load()
