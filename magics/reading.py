"""What a query cell shows above its result: the count, the time, and how the query was read."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nucleus_lab.query_help import QueryExplanation

_MUTED: Final = "color:var(--jp-ui-font-color2,inherit)"
_WARN: Final = (
    "margin:3px 0;padding:2px 8px;border-left:3px solid var(--jp-warn-color1,orange);"
    "background:var(--jp-layout-color2,rgba(128,128,128,.12))"
)
_CODE: Final = (
    "margin:2px 0 6px;padding:6px 10px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "max-height:16em;overflow:auto;"
    "background:var(--jp-layout-color2,rgba(128,128,128,.12));border-radius:3px"
)


def headline(summary: str, query: str) -> str:
    """Return the line of the count.

    Args:
        summary: Count and time, in words.
        query: The query.

    Returns:
        HTML.
    """
    count, _, rest = summary.partition(" · ")
    about = f" <span style='{_MUTED}'>· {html.escape(rest)}</span>" if rest else ""
    shown = " ".join(query.split())
    shown = shown if len(shown) <= 200 else f"{shown[:199]}…"
    return (
        f"<div><b>{html.escape(count)}</b>{about}"
        f" <code style='margin-left:.5em'>{html.escape(shown or 'everything')}</code></div>"
    )


def notes(explanation: QueryExplanation) -> str:
    """Return the warnings, and why nothing was found.

    Args:
        explanation: How the query was read.

    Returns:
        HTML; ``""`` without any.
    """
    told = list(explanation.warnings)
    if explanation.empty_because:
        told.insert(0, f"Nothing found: {explanation.empty_because}")
    return "".join(f"<div style='{_WARN}'>{html.escape(each)}</div>" for each in told)


def folded(explanation: QueryExplanation) -> str:
    """Return how the query was read, to be opened by a click.

    Args:
        explanation: How the query was read.

    Returns:
        HTML.
    """
    counts = "".join(
        f"<tr><td style='text-align:right'>{each.count:,}</td>"
        f"<td style='text-align:left'><code>{html.escape(each.text)}</code></td></tr>"
        for each in explanation.conditions
    )
    table = (
        f"<div style='{_MUTED}'>{html.escape(explanation.level)} that each condition finds alone"
        f"</div><table style='margin:2px 0 6px'>{counts}</table>"
        if counts
        else ""
    )
    plan = html.escape("\n".join(explanation.plan))
    return (
        "<details style='margin:3px 0'><summary style='cursor:pointer'>How the query was read"
        f"</summary><div style='padding-left:1em'><div style='{_MUTED}'>meaning</div>"
        f"<pre style='{_CODE}'>{html.escape(explanation.canonical or 'everything')}</pre>{table}"
        f"<div style='{_MUTED}'>SQL</div><pre style='{_CODE}'>{html.escape(explanation.sql)}</pre>"
        f"<div style='{_MUTED}'>plan</div><pre style='{_CODE}'>{plan}</pre></div></details>"
    )


def as_text(explanation: QueryExplanation) -> str:
    """Return the same for who sees no HTML.

    Args:
        explanation: How the query was read.

    Returns:
        Warnings, and the query in full.
    """
    told = list(explanation.warnings)
    if explanation.empty_because:
        told.insert(0, f"nothing found: {explanation.empty_because}")
    return "\n".join([*told, f"read as: {explanation.canonical or 'everything'}"])
