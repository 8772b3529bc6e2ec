"""Refusals: what a cell shows when a command or a query cannot be carried out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from IPython.core.error import UsageError

_CARET = re.compile(r"^\s*\^~*\s*$")
_HINT = re.compile(r"(?<=  )hint:")


class Refused(UsageError):
    """A fault of what was written in the cell; shown as its text, never as a traceback.

    A running of all cells stops here, as it would at any other error.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a traceback."""
        first, *rest = str(self).splitlines() or [type(self).__name__]
        shown = [_bold(first)]
        for line in rest:
            if _CARET.match(line):
                shown.append(_bold(line))
            else:
                shown.append(_HINT.sub(lambda match: _bold(match[0]), line))
        return shown


def _bold(text: str) -> str:
    # No colour: red letters cannot be read on the red that front ends put behind an error.
    return f"\x1b[1m{text}\x1b[0m"


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """Say which known name was probably meant.

    Args:
        name: What was written.
        known: The names that exist.
        otherwise: What to say when none is near.

    Returns:
        A clause without a full stop.
    """
    near = nearest_name(name, known)
    return f"did you mean {near!r}?" if near else otherwise


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant.

    Args:
        name: What was written.
        known: The names that exist.

    Returns:
        The name; ``""`` when none is near.
    """
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, 0.5)
    return folded[near[0]] if near else ""
