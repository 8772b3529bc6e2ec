"""Numbers that were computed outside the database and stand in a statement: one for a row's key.

A statement names them by a token, or carries them as arrays; it never holds a term for each.
"""

from __future__ import annotations

import itertools
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from nucleus_lab.query.bound import FieldValue
from nucleus_lab.query.fields import Field

SIMILARITY: Final = Field("items", "similarity", "number", "@similarity", open=True)
"""Likeness of items to something; the path says to what: name of the function and its text."""

_SPARSE: Final = 8
_TOKENS = itertools.count(1)
_LIVE: WeakValueDictionary[int, Scores] = WeakValueDictionary()


class Token(int):
    """The name of scores in a statement, which keeps them alive for as long as it is kept."""

    scores: Scores


class Scores:
    """A number for each of many rows.

    Args:
        keys: Primary keys, ascending: a numpy array of 64-bit integers.
        values: As many 64-bit floats.

    Attributes:
        token: What a SQLite statement names them by.
    """

    def __init__(self, keys: Any, values: Any) -> None:
        self.keys, self.values = keys, values
        self._number = next(_TOKENS)
        self._lines: Any = None
        self._first = 0
        _LIVE[self._number] = self

    @property
    def token(self) -> Token:
        """The name of these scores; whoever holds it holds them."""
        token = Token(self._number)
        token.scores = self
        return token

    def at(self, key: int) -> float | None:
        """Look up a row.

        Args:
            key: Its primary key.

        Returns:
            Its number; NaN or ``None`` where it has none.
        """
        if self._lines is None:
            self._spread()
        if isinstance(self._lines, dict):
            found: float | None = self._lines.get(key)
            return found
        line = key - self._first
        return self._lines[line] if 0 <= line < len(self._lines) else None

    def _spread(self) -> None:
        """Lay the numbers out by key where keys lie close, as those of one dataset mostly do."""
        import numpy as np

        if not len(self.keys) or self.keys[-1] - self.keys[0] > _SPARSE * len(self.keys):
            self._lines = dict(zip(self.keys.tolist(), self.values.tolist(), strict=True))
            return
        self._first = int(self.keys[0])
        spread = np.full(int(self.keys[-1]) - self._first + 1, np.nan)
        spread[self.keys - self._first] = self.values
        self._lines = spread.data  # indexed faster than an array


def score(token: int, key: int | None) -> float | None:
    """Return the number of a row, for SQLite.

    Args:
        token: Names the scores.
        key: Primary key of the row.

    Returns:
        The number; NaN or ``None`` where there is none.
    """
    return None if key is None else _LIVE[token].at(key)


class Refusal(msgspec.Struct, frozen=True):
    """Why there are no scores.

    Attributes:
        code: Of the error.
        message: What is wrong, one line.
        hint: What to do.
    """

    code: str
    message: str
    hint: str = ""


def asked(field: FieldValue) -> tuple[str, str]:
    """Return what a field of :data:`SIMILARITY` is about.

    Args:
        field: The field.

    Returns:
        ``similarity`` or ``text_similarity``, and the text in its parentheses.
    """
    function, text = field.path
    return function, text
