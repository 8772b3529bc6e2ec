"""Refusals: what a cell shows when a command or a query cannot be carried out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from IPython.core.error import UsageError

_RED, _BOLD, _BLUE, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[34m", "\x1b[0m"
_CARET = re.compile(r"^\s*\^~*\s*$")


class Refused(UsageError):
    """A fault of what was written in the cell; shown as its text, never as a traceback.

    A running of all cells stops here, as it would at any other error.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a traceback."""
        lines = str(self).splitlines() or [type(self).__name__]
        shown = [f"{_BOLD}{_RED}{lines[0]}{_PLAIN}"]
        for line in lines[1:]:
            if _CARET.match(line):
                shown.append(f"{_BOLD}{_RED}{line}{_PLAIN}")
            elif line.lstrip().startswith("hint:"):
                shown.append(f"{_BLUE}{line}{_PLAIN}")
            else:
                shown.append(line)
        return shown


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """Say which known name was probably meant.

    Args:
        name: What was written.
        known: The names that exist.
        otherwise: What to say when none is near.

    Returns:
        A clause without a full stop.
    """
    names = list(known)
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, 0.5)
    return f"did you mean {folded[near[0]]!r}?" if near else otherwise
