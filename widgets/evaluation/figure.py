"""The figure that both plots are: readable on light and dark pages, with a table beside it."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import plotly.graph_objects as go

PLOTLY: Final = "application/vnd.plotly.v1+json"
INK: Final = "#777c82"
"""The grey that reads equally well on white and on JupyterLab's dark background (contrast 4.3)."""

NO_REPORT: Final = "{!r} is no EvaluationReport: pass dataset.evaluation(model)"

_GRID: Final = "rgba(119,124,130,0.25)"


class ReportFigure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A plotly figure that also leaves a table for readers who cannot see it.

    JupyterLab draws the figure with the renderer that plotly's wheel brings; nothing is fetched
    from a network. A reader without that renderer, and a screen reader, gets the table.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Past plotly's guard, which knows only the properties of figures.
        object.__setattr__(self, "_nucleus_lab_table", "")

    def with_table(self, caption: str, head: list[str], rows: list[list[str]]) -> ReportFigure:
        """Set the table.

        Args:
            caption: What it holds.
            head: Column names, of which the first names the rows.
            rows: Cells as text.

        Returns:
            This figure.
        """
        top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in rows
        )
        table = (
            f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )
        object.__setattr__(self, "_nucleus_lab_table", table)
        return self

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        publish_display_data(self._repr_mimebundle_())  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        import json

        # The only reader of plotly's own JSON, which knows its number arrays.
        drawing = json.loads(self.to_json())
        drawing["config"] = {"displaylogo": False, "responsive": True}
        table = self.__dict__.get("_nucleus_lab_table", "")
        return {PLOTLY: drawing, "text/html": table, "text/plain": f"{self.layout.title.text}"}


def themed(figure: ReportFigure, title: str, *, height: int) -> ReportFigure:
    """Give a figure the look that suits light and dark pages alike.

    Args:
        figure: The figure.
        title: Its title.
        height: Pixels.

    Returns:
        The figure.
    """
    axis = {
        "gridcolor": _GRID,
        "linecolor": _GRID,
        "zerolinecolor": _GRID,
        "tickcolor": _GRID,
        "automargin": True,
        "title": {"standoff": 14},
    }
    figure.update_layout(
        template="none",
        title={"text": title, "x": 0, "xref": "paper", "font": {"size": 16}},
        font={"color": INK, "size": 13, "family": "system-ui, sans-serif"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"bgcolor": "#22262b", "font": {"color": "#fff"}, "bordercolor": "#22262b"},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": "#0072b2"},
        margin={"l": 64, "r": 24, "t": 56, "b": 56},
        height=height,
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def shown(text: str, most: int = 24) -> str:
    """Return a label as plotly may draw it: its markup escaped, cut when long.

    Args:
        text: A label.
        most: Letters kept.

    Returns:
        The text.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return escape(cut, quote=False)


def share(value: float | None) -> str:
    """Return a share with three decimals.

    Args:
        value: 0 to 1, or ``None`` where there is none.

    Returns:
        The text; ``-`` for none.
    """
    return "-" if value is None else f"{value:.3f}"
