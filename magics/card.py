"""A card: named values that show themselves as a small table."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from nucleus_lab.magics.table import Table


class Card(Mapping[str, Any]):
    """Named values; ``card["items"]`` is one of them.

    Args:
        title: What they are about.
        values: The values; a :class:`~nucleus_lab.magics.table.Table` is shown below the others.
    """

    def __init__(self, title: str, values: Mapping[str, Any]) -> None:
        self._title = title
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _plain(self) -> list[tuple[str, str]]:
        return [
            (name, _shown(value))
            for name, value in self._values.items()
            if not isinstance(value, Table)
        ]

    def _tables(self) -> list[tuple[str, Table]]:
        return [(name, value) for name, value in self._values.items() if isinstance(value, Table)]

    def __repr__(self) -> str:
        rows = self._plain()
        width = max((len(name) for name, _ in rows), default=0)
        lines = [self._title, *(f"  {name:<{width}}  {value}" for name, value in rows)]
        for name, table in self._tables():
            lines += ["", f"{name}:", *(f"  {line}" for line in repr(table).splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td style='text-align:left'>{html.escape(name)}</td>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self._plain()
        )
        tables = "".join(
            f"<div style='margin-top:6px'>{html.escape(name)}</div>{table._repr_html_()}"
            for name, table in self._tables()
        )
        return f"<div><b>{html.escape(self._title)}</b><table>{body}</table>{tables}</div>"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
