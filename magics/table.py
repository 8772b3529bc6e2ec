"""A small result table: a list of objects that shows itself as rows."""

from __future__ import annotations

import base64
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
        note: Sentence below the rows, such as how many more there are.
    """

    def __init__(
        self,
        head: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        objects: Sequence[Any],
        empty: str,
        note: str = "",
    ) -> None:
        self._head = list(head)
        self._rows = list(rows)
        self._objects = list(objects)
        self._empty = empty
        self._note = note

    def __len__(self) -> int:
        return len(self._objects)

    def __getitem__(self, index: Any) -> Any:
        return self._objects[index]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """What is shown, one tuple a row."""
        return list(self._rows)

    def __repr__(self) -> str:
        if not self._rows:
            return self._empty
        texts = [self._head, *([_text(cell) for cell in row] for row in self._rows)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in texts
        ]
        return "\n".join([*lines, self._note] if self._note else lines)

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p>{html.escape(self._empty)}</p>"
        # A column without a name (a mark, a picture) has no header cell: a screen reader would stop
        # at it and say nothing.
        head = "".join(
            f"<th scope='col' style='text-align:left'>{html.escape(cell)}</th>"
            if cell
            else "<td></td>"
            for cell in self._head
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:{'right' if isinstance(cell, int) else 'left'}'>"
                f"{cell.tag if isinstance(cell, Picture) else html.escape(_text(cell))}</td>"
                for cell in row
            )
            + "</tr>"
            for row in self._rows
        )
        note = f"<p>{html.escape(self._note)}</p>" if self._note else ""
        # Wider than a narrow page, it scrolls in a box that the keyboard can reach.
        return (
            '<div style="overflow-x:auto" tabindex="0" role="group" aria-label="Table">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
        )


class Picture:
    """A cell of a table that holds a small picture.

    Args:
        content: JPEG or PNG; nothing is shown where it is empty.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __str__(self) -> str:
        return ""

    @property
    def tag(self) -> str:
        """The picture as HTML that needs no other file."""
        if not self._content:
            return ""
        kind = "png" if self._content.startswith(b"\x89PNG") else "jpeg"
        text = base64.b64encode(self._content).decode()
        return f"<img alt='' style='height:48px;margin:0' src='data:image/{kind};base64,{text}'>"


def _text(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
