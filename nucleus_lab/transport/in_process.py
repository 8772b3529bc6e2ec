"""The transport of a notebook: a function call into the engine of a workspace folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request, Response, plain

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class InProcessTransport:
    """Dispatches to an engine in this process, about a microsecond a call.

    Args:
        engine: The open workspace; this transport closes it.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def send(self, request: Request) -> Response:
        """Answer a request by calling its handler.

        Args:
            request: The call.

        Returns:
            The answer.
        """
        return dispatch(self.engine, replace(request, payload=plain(request.payload)))

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()
