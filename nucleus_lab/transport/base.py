"""What carries a request to the routes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nucleus_lab.wire import Request, Response


class Transport(Protocol):
    """Anything that can answer a request: the engine in this process, or a server.

    Attributes:
        embedded: Whether the engine answers inside this process, so that a request costs
            microseconds and files need no copy on the way.
        target: What is at the other end, for people: a folder or an endpoint.
    """

    embedded: bool
    target: str

    def send(self, request: Request) -> Response:
        """Carry a request to the routes and bring back the answer.

        Args:
            request: The call; its payload is whatever the SDK built, or ``bytes`` that travel as
                they are. Its path may be the whole URL that a signed URL is.

        Returns:
            The answer, whatever its status.

        Raises:
            InvalidInputError: The payload holds something that JSON cannot carry.
            TransportError: Nothing answers at the other end.
        """
        ...

    def save(self, request: Request, path: Path, written: Callable[[int], object]) -> Response:
        """Write an answer that is a file to a path, without holding it in memory.

        Args:
            request: The call, with no body.
            path: Where to.
            written: Told the size of each piece when it is written.

        Returns:
            The answer, without the file when it was written; as it is when it is an error.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; the transport cannot be used afterwards."""
        ...
