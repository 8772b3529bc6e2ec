"""Answers to queries: rows that are read page by page, with what there is to say about them."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from nucleus_lab.query_help import QueryWarning

Row = TypeVar("Row")
Ask = Callable[[dict[str, Any]], Mapping[str, Any]]

_FIRST: Final = {"pageSize": 100, "within_ms": 35.0}
"""The first page answers at once, with few rows or none where they are far between."""
_LATER: Final = {"pageSize": 10_000, "within_ms": 1000.0}
"""Whoever reads on wants many, and still to see the first of them before the last is found."""


class QueryRows(Iterator[Row], Generic[Row]):
    """Rows that a query found, in its order; an iterator that is read once.

    The first hundred are asked for at once, and all others when they are wanted: to look at a few
    rows of a million costs milliseconds.

    ::

        cars = dataset.query_items("metadata.weather = fgo")
        cars.empty_because
        # "metadata.weather = fgo matches nothing; values: fog 99, sun 10"

    Args:
        ask: Asks a page, by its token, its size and its time.
        read: Makes a value of a row.

    Attributes:
        warnings: What a person should know about how the query was read; each was also given as
            a :class:`~nucleus_lab.query_help.QueryWarning`.
        looked_at: How many items, or scenes, were looked at so far and how many there are;
            ``None`` when the rows are found without looking at all of them, or all are found.
    """

    def __init__(self, ask: Ask, read: Callable[[dict[str, Any]], Row]) -> None:
        self._ask = ask
        self._read = read
        self._waiting: deque[dict[str, Any]] = deque()
        self._found = 0
        self._token: str | None = None
        self._ended = False
        self._told: tuple[str | None] | None = None
        self.looked_at: tuple[int, int] | None = None
        self.warnings: list[str] = list(self._next_page(_FIRST).get("warnings") or [])

    def __iter__(self) -> QueryRows[Row]:
        """Return the rows that are left."""
        return self

    def __next__(self) -> Row:
        """Return the next row."""
        if not self._waiting and not self._has_next():
            raise StopIteration
        return self._read(self._waiting.popleft())

    def __repr__(self) -> str:
        text = f"{self._found:,} row{'' if self._found == 1 else 's'} found"
        if self.looked_at is not None:
            text += " in {:,} of {:,} looked at".format(*self.looked_at)
        return f"<QueryRows: {text}{'' if self._ended else ', more to look for'}>"

    @property
    def empty_because(self) -> str | None:
        """Why there are no rows; ``None`` when there are. It reads on until that is known."""
        if self._found or self._has_next():
            return None
        if self._told is None:
            # Asked behind what was looked at already, for as long as it takes.
            answer = self._ask({"pageToken": self._token, "pageSize": 1})
            self._told = (answer.get("empty_because"),)
        return self._told[0]

    def _has_next(self) -> bool:
        while not self._waiting and not self._ended:
            self._next_page({**_LATER, "pageToken": self._token})
        return bool(self._waiting)

    def _next_page(self, paging: dict[str, Any]) -> Mapping[str, Any]:
        page = self._ask(paging)
        self._waiting.extend(page["items"])
        self._found += len(page["items"])
        looked = page.get("looked_at")
        self.looked_at = None if looked is None else (looked["count"], looked["of"])
        self._ended = page["nextPageToken"] is None
        # The last token is kept: what lies behind it is known to be nothing.
        self._token = page["nextPageToken"] or self._token
        return page


def tell(found: Mapping[str, Any], *, depth: int) -> None:
    """Give the warnings of an answer to the caller.

    Args:
        found: The answer.
        depth: Calls between the caller and this function.
    """
    for text in found.get("warnings") or []:
        warnings.warn(text, QueryWarning, stacklevel=depth + 2)
