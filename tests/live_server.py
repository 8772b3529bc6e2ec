"""A server of our own on a free loopback port, for tests of what crosses HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def free_port() -> int:
    """Return a port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(engine: Any, **options: Any) -> Iterator[str]:
    """Serve an engine on a free loopback port; yields the endpoint.

    Requests that are unfinished at the end have a second; those that need more are cancelled.
    """
    import uvicorn

    from nucleus_lab.server import create_app

    port = free_port()
    config = uvicorn.Config(
        create_app(engine, **options),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}/v1/nucleus"
    finally:
        server.should_exit = True
        thread.join(20)
        if thread.is_alive() or server.server_state.tasks:
            raise RuntimeError("the server did not stop: a request is still being answered")
