"""What is loaded ahead: the engine, while a notebook that has the magics waits for its user.

The first command or Tab that needs a workspace would load it for some 0.3 seconds of CPU time.
A kernel has nothing to do between two cells, so it is done then, in the kernel's own thread: no
other thread races with a cell, and a cell that comes first loads what it needs, as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

PAUSE: Final = 0.3
"""Seconds before each step: cells that are waiting go first."""


class Ahead:
    """The loading ahead of one notebook."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Load step by step when the kernel has nothing else to do.

        Where no loop runs, such as in a terminal, nothing is loaded ahead.
        """
        import asyncio  # a kernel has it; a shell without one is spared it

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._after_a_pause(loop, list(STEPS))

    def stop(self) -> None:
        """Load nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _after_a_pause(
        self, loop: asyncio.AbstractEventLoop, steps: list[Callable[[], None]]
    ) -> None:
        def run() -> None:
            self._timer = None
            # What is missing is told by the command that needs it, not between two cells.
            with suppress(ImportError):
                steps.pop(0)()
                if steps:
                    self._after_a_pause(loop, steps)

        self._timer = loop.call_later(PAUSE, run)


def _client() -> None:
    from nucleus_lab import NucleusClient  # noqa: F401 - to have it loaded


def _engine() -> None:
    from nucleus_lab import NucleusClient

    NucleusClient.load_ahead()


STEPS: Final[tuple[Callable[[], None], ...]] = (_client, _engine)
"""Two, so that a cell that comes between them waits for one alone."""
