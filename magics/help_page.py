"""Help texts that a cell shows as its result: plain in a terminal, laid out in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

_MUTED = "color:var(--jp-ui-font-color2,inherit)"
_CELL = "text-align:left;vertical-align:top"
_BOX = (
    "margin:4px 0;padding:6px 10px;border-radius:3px;"
    "background:var(--jp-layout-color2,rgba(128,128,128,.12))"
)


class Help:
    """A help text.

    Args:
        text: The text, laid out for a fixed-width font.
        page: The same as HTML; the text in a fixed-width font without it.
    """

    def __init__(self, text: str, page: str | None = None) -> None:
        self.text = text.rstrip()
        self._page = page

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self._page or f"<pre style='margin:0'>{html.escape(self.text)}</pre>"


def command_page(
    title: str,
    summary: str,
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    examples: Sequence[str] = (),
    notes: str = "",
) -> str:
    """Lay out a help page.

    Args:
        title: How the command is written.
        summary: What it does.
        groups: Titles, and under each what is written and what it means.
        examples: Lines that can be pasted into a cell.
        notes: More text, kept as it is laid out.

    Returns:
        Self-contained HTML in the colours of the notebook.
    """
    parts = [f"<div><code><b>{html.escape(title)}</b></code></div>"]
    parts.append(f"<div style='margin:4px 0'>{html.escape(summary)}</div>")
    # The second columns of all groups begin at one place.
    width = max((len(left) for _, rows in groups for left, _ in rows), default=0) + 3
    first = f"{_CELL};white-space:nowrap;min-width:{width}ch"
    for name, rows in groups:
        if not rows:
            continue
        body = "".join(
            f"<tr><td style='{first}'><code>{html.escape(left)}</code></td>"
            f"<td style='{_CELL}'>{html.escape(right)}</td></tr>"
            for left, right in rows
        )
        caption = f"<div style='{_MUTED};margin-top:6px'>{html.escape(name)}</div>" if name else ""
        parts.append(f"{caption}<table style='margin:2px 0'>{body}</table>")
    if notes:
        parts.append(f"<pre style='{_BOX}'>{html.escape(notes)}</pre>")
    if examples:
        lines = html.escape("\n".join(examples))
        parts.append(f"<div style='{_MUTED};margin-top:6px'>examples</div>")
        parts.append(f"<pre style='{_BOX}'>{lines}</pre>")
    return f"<div>{''.join(parts)}</div>"
