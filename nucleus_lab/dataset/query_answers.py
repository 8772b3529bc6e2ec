"""Answers to queries: rows that are read page by page, with what there is to say about them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from nucleus_lab.query_help import QueryWarning

Row = TypeVar("Row")


class QueryRows(Iterator[Row], Generic[Row]):
    """Rows that a query found, in its order; an iterator that is read once.

    ::

        cars = dataset.query_items("metadata.weather = fgo")
        cars.empty_because
        # "metadata.weather = fgo matches nothing; values: fog 99, sun 10"

    Args:
        answer: The first page.
        pages: The pages behind it.
        read: Makes a value of a row.

    Attributes:
        warnings: What a person should know about how the query was read; each was also given as
            a :class:`~nucleus_lab.query_help.QueryWarning`.
        empty_because: Why there are no rows; ``None`` when there are.
    """

    def __init__(
        self,
        answer: Mapping[str, Any],
        pages: Iterator[Mapping[str, Any]],
        read: Callable[[dict[str, Any]], Row],
    ) -> None:
        self.warnings: list[str] = list(answer.get("warnings") or [])
        self.empty_because: str | None = answer.get("empty_because")
        self._rows = _rows(answer, pages)
        self._read = read

    def __iter__(self) -> QueryRows[Row]:
        """Return the rows that are left."""
        return self

    def __next__(self) -> Row:
        """Return the next row."""
        return self._read(next(self._rows))


def _rows(
    answer: Mapping[str, Any], pages: Iterator[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    yield from answer["items"]
    for page in pages:
        yield from page["items"]


def tell(found: Mapping[str, Any], *, depth: int) -> None:
    """Give the warnings of an answer to the caller.

    Args:
        found: The answer.
        depth: Calls between the caller and this function.
    """
    for text in found.get("warnings") or []:
        warnings.warn(text, QueryWarning, stacklevel=depth + 2)
