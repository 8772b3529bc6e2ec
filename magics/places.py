"""Where in a cell the cursor is: in the options of a magic, in a command, or in a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from nucleus_lab.magics.binding import WORD
from nucleus_lab.magics.query_options import options_end, parser

_CELL: Final = re.compile(r"\s*%%nucleus_query\b([^\n]*)(\n|$)")
_LINE: Final = re.compile(r"\s*(?:[^=%\n]+=\s*)?%(nucleus_query|nucleus)[ \t]+(.*)$", re.DOTALL)
_TARGET: Final = re.compile(r"\s*[^\W\d]\w*\s*=?\s*<<\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cursor is.

    Attributes:
        kind: ``query`` in the text of a query, ``options`` in the line of a query magic,
            ``command`` in a line of ``%nucleus``.
        text: The query, or the line behind the magic's name, in full.
        cursor: Offset of the cursor in ``text``.
        options: Of a query: the line that holds its options.
    """

    kind: Literal["query", "options", "command"]
    text: str
    cursor: int
    options: str = ""

    @property
    def before(self) -> str:
        """The text before the cursor."""
        return self.text[: self.cursor]


def place_in(code: str, cursor: int) -> Place | None:
    """Find out where the cursor is.

    Args:
        code: The whole cell.
        cursor: Offset of the cursor.

    Returns:
        The place; ``None`` where no magic of this package stands.
    """
    cell = _CELL.match(code)
    if cell:
        if cursor > cell.end(1):
            start = cell.end()
            return Place("query", code[start:], cursor - start, cell[1])
        if cursor <= cell.start(1):
            return None
        return _behind_target("options", cell[1], cursor - cell.start(1))
    start = code.rfind("\n", 0, cursor) + 1
    end = code.find("\n", cursor)
    line = code[start:] if end < 0 else code[start:end]
    found = _LINE.match(line)
    if found is None or cursor - start < found.start(2):
        return None
    at = cursor - start - found.start(2)
    if found[1] == "nucleus":
        return Place("command", found[2], at)
    return _line_form(_behind_target("options", found[2], at))


def _behind_target(kind: Literal["options"], text: str, cursor: int) -> Place:
    target = _TARGET.match(text)
    if target and cursor >= target.end():
        return Place(kind, text[target.end() :], cursor - target.end())
    return Place(kind, text, cursor)


def _line_form(place: Place) -> Place:
    """Tell options from the query behind them, whose first word may not be finished."""
    made, line = parser(), place.text
    end = options_end(line, made)
    if place.cursor > end or (place.cursor == end and end < len(line)):
        return Place("query", line[end:], place.cursor - end, line[:end])
    done, word, _ = unfinished(place.before)
    action = made.action(done[-1]) if done else None
    awaits = action is not None and action.nargs != 0
    if word.startswith("-") or awaits or done[-2:] == ["--as", "slice"]:
        return place
    return Place("query", word, len(word), line[: place.cursor - len(word)])


def unfinished(text: str) -> tuple[list[str], str, str]:
    """Split a line whose last word is being typed.

    Args:
        text: The line up to the cursor.

    Returns:
        The finished words as written, the word being typed, and the quote that is open in it.
    """
    done: list[str] = []
    start: int | None = None
    quote = ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter.isspace():
            if start is not None:
                done.append(text[start:at])
            start = None
        else:
            start = at if start is None else start
            quote = letter if letter in "\"'" else ""
    return done, "" if start is None else text[start:], quote


def word_at(text: str, cursor: int) -> str:
    """Return the word of a line that the cursor is in or behind.

    Args:
        text: The line.
        cursor: Offset of the cursor.

    Returns:
        The word as written; ``""`` between words.
    """
    for match in WORD.finditer(text):
        if match.start() <= cursor <= match.end():
            return match[0]
    return ""
