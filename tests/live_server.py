"""A server of our own on a free loopback port, for tests of what crosses HTTP."""

from __future__ import annotations

import socket
import threading
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
def serving(engine: Any, *, stop_seconds: int = 1, **options: Any) -> Iterator[str]:
    """Serve an engine on a free loopback port; yields the endpoint.

    Requests that are unfinished at the end have a second; those that need more are cancelled.
    """
    from nucleus_lab.server import create_app
    from nucleus_lab.server.listen import listening, server

    with listening("127.0.0.1", 0) as listener:
        running = server(create_app(engine, **options), stop_seconds=stop_seconds)
        thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/nucleus"
        finally:
            running.should_exit = True
            thread.join(20)
            if thread.is_alive() or running.server_state.tasks:
                raise RuntimeError("the server did not stop: a request is still being answered")
