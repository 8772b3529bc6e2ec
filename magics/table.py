"""A small result table: a list of objects that shows itself as rows."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any


class Table(Sequence[Any]):
    """Objects of a listing, shown as a table.

    ``table[0]`` is the first object (a Dataset, a job); the cell shows the rows.

    Args:
        head: Column titles.
        rows: One tuple a row.
        objects: What the rows stand for, in the same order.
        empty: Sentence to show when there is no row.
    """

    def __init__(
        self,
        head: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        objects: Sequence[Any],
        empty: str,
    ) -> None:
        self._head = list(head)
        self._rows = list(rows)
        self._objects = list(objects)
        self._empty = empty

    def __len__(self) -> int:
        return len(self._objects)

    def __getitem__(self, index: Any) -> Any:
        return self._objects[index]

    def __repr__(self) -> str:
        if not self._rows:
            return self._empty
        texts = [self._head, *([str(cell) for cell in row] for row in self._rows)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in texts
        )

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p>{html.escape(self._empty)}</p>"
        head = "".join(
            f"<th style='text-align:left'>{html.escape(cell)}</th>" for cell in self._head
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:{'right' if isinstance(cell, int) else 'left'}'>"
                f"{html.escape(f'{cell:,}' if isinstance(cell, int) else str(cell))}</td>"
                for cell in row
            )
            + "</tr>"
            for row in self._rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
