"""The confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.widgets.evaluation.figure import INK, NO_REPORT, ReportFigure, shown, themed

if TYPE_CHECKING:
    from nucleus_lab.evaluation.report import EvaluationReport

_MOST_LABELS: Final = 40
_MOST_TEXTS: Final = 400
_ROOMY: Final = 20
_STRONG: Final = 0.4
# Blue on a page of either theme: transparent where nothing is, so that the page shows through.
_SCALE: Final = ((0.0, "rgba(0,114,178,0.03)"), (0.5, "rgba(0,114,178,0.5)"), (1.0, "#0072b2"))


def confusion_matrix(report: EvaluationReport) -> ReportFigure:
    """Plot which label was taken for which.

    ::

        confusion_matrix(dataset.evaluation(model))

    Rows are annotations, columns predictions. The last column holds annotations that were missed,
    the last row predictions where nothing is. The colour is the share of the row; the buttons
    switch between counts and shares.

    Args:
        report: What ``Dataset.evaluation`` returned.

    Returns:
        A plotly figure; ``write_html`` and ``write_image`` keep it.

    Raises:
        InvalidInputError: ``report`` is no evaluation report.
    """
    if not hasattr(report, "confusion"):
        raise InvalidInputError(NO_REPORT.format(report))
    labels, counts, left_out = _largest(report)
    rows, columns = [*labels, "nothing there"], [*labels, "missed"]
    totals = [sum(row) for row in counts]
    shares = [
        [count / total if total else 0.0 for count in row]
        for row, total in zip(counts, totals, strict=True)
    ]
    hover = [
        [_hover(labels, i, j, counts[i][j], totals[i]) for j in range(len(columns))]
        for i in range(len(rows))
    ]
    places = list(range(len(rows)))
    figure = ReportFigure(
        go.Heatmap(
            x=places,
            y=places,
            z=shares,
            zmin=0,
            zmax=1,
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=[list(stop) for stop in _SCALE],
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": "share of row"},
                "thickness": 10,
                "tickformat": ".0%",
                "outlinewidth": 0,
            },
        )
    )
    title = f"Confusion at IoU ≥ {report.iou_threshold:g}"
    if left_out:
        title += f" (the {len(labels)} most frequent of {len(labels) + left_out} classes)"
    themed(figure, title, height=min(900, max(380, 150 + 34 * len(rows))))
    ticks = {"tickmode": "array", "tickvals": places, "showgrid": False, "zeroline": False}
    figure.update_xaxes(
        title_text="predicted", ticktext=[shown(name) for name in columns], side="bottom", **ticks
    )
    figure.update_yaxes(
        title_text="annotated",
        ticktext=[shown(name) for name in rows],
        autorange="reversed",
        **ticks,
    )
    line = {"color": INK, "width": 1, "dash": "dot"}
    figure.add_hline(y=len(labels) - 0.5, line=line)
    figure.add_vline(x=len(labels) - 0.5, line=line)
    if sum(count > 0 for row in counts for count in row) <= _MOST_TEXTS:
        size = 13 if len(rows) <= _ROOMY else 9
        numbers = _texts(
            shares, [[f"{count:,}" if count else "" for count in row] for row in counts], size
        )
        percents = _texts(
            shares, [[f"{part:.0%}" if part else "" for part in row] for row in shares], size
        )
        figure.update_layout(annotations=numbers, updatemenus=[_buttons(numbers, percents)])
        figure.update_layout(margin={"t": 96}, title={"y": 0.97, "yanchor": "top"})
    table = [
        [name, *(f"{count:,}" for count in row)] for name, row in zip(rows, counts, strict=True)
    ]
    return figure.with_table(
        f"{title}: rows are annotations, columns predictions", ["annotated", *columns], table
    )


def _largest(report: EvaluationReport) -> tuple[list[str], list[list[int]], int]:
    """The matrix of the most frequent classes, in the order of the report."""
    square = report.confusion.to_rows()
    labels = report.confusion.labels
    if len(labels) <= _MOST_LABELS:
        return list(labels), square, 0
    weight = [sum(square[at]) + sum(row[at] for row in square) for at in range(len(labels))]
    ranked = sorted(range(len(labels)), key=lambda at: -weight[at])[:_MOST_LABELS]
    kept = [*sorted(ranked), len(labels)]
    smaller = [[square[i][j] for j in kept] for i in kept]
    return [labels[at] for at in kept[:-1]], smaller, len(labels) - _MOST_LABELS


def _hover(labels: list[str], row: int, column: int, count: int, total: int) -> str:
    background = len(labels)
    if row == background:
        where = "where nothing is annotated"
        return (
            f"{count:,} predictions of <b>{shown(labels[column])}</b> {where}"
            if column < background
            else ""
        )
    said = f"{count:,} of {total:,} <b>{shown(labels[row])}</b> were "
    if column == background:
        said += "missed"
    elif row == column:
        said += "found"
    else:
        said += f"taken for <b>{shown(labels[column])}</b>"
    return f"{said} ({count / total:.1%})" if total else said


def _texts(shares: list[list[float]], texts: list[list[str]], size: int) -> list[dict[str, Any]]:
    """Texts of the cells: white on the strong cells, grey on those that show the page."""
    return [
        {
            "x": j,
            "y": i,
            "text": text,
            "showarrow": False,
            "font": {"color": "#fff" if shares[i][j] > _STRONG else INK, "size": size},
        }
        for i, row in enumerate(texts)
        for j, text in enumerate(row)
        if text
    ]


def _buttons(numbers: list[dict[str, Any]], percents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "buttons",
        "direction": "right",
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "pad": {"l": 0, "b": 4},
        "showactive": False,
        "bgcolor": "rgba(119,124,130,0.18)",
        "bordercolor": "rgba(0,0,0,0)",
        "font": {"size": 11},
        "buttons": [
            {"label": "counts", "method": "relayout", "args": ["annotations", numbers]},
            {"label": "shares", "method": "relayout", "args": ["annotations", percents]},
        ],
    }
