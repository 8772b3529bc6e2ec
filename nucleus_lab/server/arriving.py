"""Request bodies as they arrive: piece by piece, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from nucleus_lab.errors import NucleusAPIError

PATIENCE_SECONDS: Final = 60.0
"""How long a sender may be silent, and how long any body may take."""

LEAST_RATE: Final = 1024
"""Bytes a second beyond which a body may take longer than that."""

MOST_IGNORED_BYTES: Final = 16 * 1024**2
IGNORING_SECONDS: Final = 5.0
"""How much of a body that is refused is still taken, and for how long."""


class TooSlowError(NucleusAPIError):
    """The body did not arrive in time."""

    status_code = 408
    code = "too_slow"


class GoneError(Exception):
    """The sender hung up before its body was complete; nobody waits for an answer."""


class Arriving:
    """The pieces of one body, an asynchronous iterator.

    A generator would do the same, and be left half-run where its reader stops early.

    Args:
        receive: Source of ASGI messages.
        patience: How long the sender may be silent, and how long any body may take, in seconds.
    """

    __slots__ = ("_deadline", "_loop", "_more", "_patience", "_receive")

    def __init__(self, receive: Callable[[], Awaitable[Any]], patience: float) -> None:
        self._receive = receive
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + patience
        self._more = True

    def __aiter__(self) -> Arriving:
        return self

    async def __anext__(self) -> bytes:
        while self._more:
            silence = self._loop.time() + self._patience
            try:
                async with asyncio.timeout_at(min(silence, self._deadline)):
                    message = await self._receive()
            except TimeoutError:
                raise TooSlowError(
                    f"the body did not arrive in time: nothing came for {self._patience:g} s, or "
                    f"less than {LEAST_RATE:,} bytes a second; send it again, in smaller requests"
                ) from None
            if message["type"] == "http.disconnect":
                raise GoneError
            self._more = message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            if piece:
                self._deadline += len(piece) / LEAST_RATE
                return piece
        raise StopAsyncIteration

    async def ignore(self) -> None:
        """Take what is left, within limits, and look at none of it.

        A connection that is closed while something arrives is reset, and the sender may never read
        why it was refused.
        """
        left = MOST_IGNORED_BYTES
        try:
            async with asyncio.timeout(IGNORING_SECONDS):
                while left > 0:
                    left -= len(await anext(self))
        except (StopAsyncIteration, TimeoutError, TooSlowError, GoneError):
            return
