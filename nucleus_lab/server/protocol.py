"""HTTP/1.1 on a connection: uvicorn's own protocol, with limits on heads and errors in JSON."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import JSON, encode

MOST_HEAD_BYTES: Final = 64 * 1024
"""Largest request line and headers together; the parser itself would take any amount."""

HEAD_SECONDS: Final = 30.0
"""How long a connection may take to say what it wants."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    head_seconds: float = HEAD_SECONDS

    _head_bytes = 0
    _in_head = False
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request.

        Args:
            transport: The connection.
        """
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting.

        Args:
            exc: Why it was lost.
        """
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request.

        Args:
            data: The piece.
        """
        begun = self._in_head
        super().data_received(data)
        # What a head begins in may hold the end of an earlier request as well: not counted.
        self._head_bytes += len(data) if begun else 0
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response(f"the headers exceed {MOST_HEAD_BYTES:,} bytes")

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request.

        Args:
            msg: What is wrong with it.
        """
        self._stop_waiting()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            content = encode(InvalidInputError(msg).to_wire())
            head = f"content-type: {JSON}\r\ncontent-length: {len(content)}\r\nconnection: close"
            self.transport.write(STATUS_LINE[400] + f"{head}\r\n\r\n".encode("ascii") + content)
        self.transport.close()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._in_head, self._head_bytes = True, 0
        self._late = self.loop.call_later(
            self.head_seconds, self.send_400_response, "no request came in time"
        )

    def _stop_waiting(self) -> None:
        self._in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
