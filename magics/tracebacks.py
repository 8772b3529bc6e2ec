"""Errors of the SDK in a cell: the line of the cell and what is wrong, without the way inside."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab import errors
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_INSIDE: Final = str(Path(errors.__file__).parent)


class Tracebacks:
    """How a notebook shows errors of the SDK. ``%tb`` shows one in full, ``%debug`` enters it.

    Args:
        shell: The running IPython.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell: Any = shell

    def set(self) -> None:
        """Begin, unless somebody else shows errors in a way of their own."""
        if not self._shell.custom_exceptions:
            self._shell.set_custom_exc((NucleusError,), _show)

    def take_back(self) -> None:
        """Show errors as IPython does."""
        if self._shell.custom_exceptions == (NucleusError,):
            self._shell.set_custom_exc((), None)


def _show(
    shell: Any, kind: type[BaseException], fault: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    short = shortened(trace)
    # What the SDK made the error of tells a user nothing that its message does not.
    before = fault.__cause__, fault.__suppress_context__
    try:
        fault.__cause__, fault.__suppress_context__ = None, True
        shell.showtraceback((kind, fault, short), tb_offset=tb_offset)
    finally:
        fault.__cause__, fault.__suppress_context__ = before
        sys.last_traceback = trace


def shortened(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the last calls of a traceback that are inside of the package.

    Args:
        trace: The traceback.

    Returns:
        One that ends where the code of the user called the SDK; all of it where that is nowhere.
    """
    calls = []
    while trace is not None:
        calls.append(trace)
        trace = trace.tb_next
    last = len(calls)
    while last and calls[last - 1].tb_frame.f_code.co_filename.startswith(_INSIDE):
        last -= 1
    short: TracebackType | None = None
    for each in reversed(calls[: last or len(calls)]):
        short = TracebackType(short, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return short
