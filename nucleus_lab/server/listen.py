"""Listening: which address, with or without keys, and until when."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from nucleus_lab.errors import ForbiddenError, InvalidInputError
from nucleus_lab.routes.workspaces import has_keys, opened
from nucleus_lab.server.access import is_loopback
from nucleus_lab.server.app import PREFIX, create_app
from nucleus_lab.server.protocol import Protocol

if TYPE_CHECKING:
    from nucleus_lab.server.app import ASGIApp

KEEP_ALIVE_SECONDS: Final = 75
STOP_SECONDS: Final = 10


def serve(
    workspace: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    database_url: str | None = None,
    announce: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve a workspace until the process is told to stop.

    Args:
        workspace: Folder; made when it does not exist.
        host: Address to listen on; anything but this machine alone needs at least one key.
        port: Port; 0 takes a free one.
        database_url: Database of the workspace; the SQLite file in the folder when ``None``.
        announce: Is told the endpoint, and whether a key is needed, once connections are taken.

    Raises:
        ForbiddenError: Other machines would reach a workspace that has no key.
    """
    with opened(workspace, database_url, serving=True) as engine:
        public = not is_loopback(host)
        keys = has_keys(engine)
        if public and not keys:
            raise ForbiddenError(
                f"{host} is reached by other machines, and {workspace} has no key: make one by  "
                f"nucleus-lab keys create --workspace {workspace} , or listen on 127.0.0.1",
                host=host,
            )
        with listening(host, port) as listener:
            taken = listener.getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            announce(f"http://{shown}:{taken}{PREFIX}")
            announce(
                "a key is needed (nucleus-lab keys list shows which there are)"
                if keys
                else "no key is needed: only programs on this machine reach it. "
                "nucleus-lab keys create makes one"
            )
            running = server(create_app(engine, key_required=public))
            with suppress(KeyboardInterrupt):  # Ctrl-C is how a person ends it
                running.run(sockets=[listener])


def server(app: ASGIApp, *, stop_seconds: int = STOP_SECONDS) -> uvicorn.Server:
    """Make a server that is ready to run.

    Args:
        app: What answers.
        stop_seconds: How long requests that are unfinished when it stops may take to end.

    Returns:
        The server; give it a listening socket.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Protocol,
            log_level="warning",
            access_log=False,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=stop_seconds,
            server_header=False,
        )
    )


def listening(host: str, port: int) -> socket.socket:
    """Take an address before anything is announced, so that a taken port is a clear error.

    Args:
        host: Name or address.
        port: Port; 0 takes a free one.

    Returns:
        The socket; connections wait in it until a server accepts them.

    Raises:
        InvalidInputError: The address is taken, or not one of this machine.
    """
    if not 0 <= port <= 65535:
        raise InvalidInputError(f"port is {port}: use 1 to 65535, or 0 for a free one")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # With the protocol named, asyncio switches TCP_NODELAY on; without, each answer would wait
        # some 40 ms for a delayed acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as fault:
        raise InvalidInputError(f"{host!r} is no address of this machine ({fault})") from fault
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as fault:
        listener.close()
        raise InvalidInputError(
            f"cannot listen on {host} port {port} ({fault.strerror}): choose another --port (0 "
            "takes a "
            "free one), or stop the program that has it",
            port=port,
        ) from fault
    return listener
