"""The precision-recall plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.widgets.evaluation.figure import INK, NO_REPORT, ReportFigure, share, shown, themed
from nucleus_lab.widgets.palette import colours

if TYPE_CHECKING:
    from nucleus_lab.evaluation.report import ClassMetrics, EvaluationReport

_DRAWN_AT_FIRST: Final = 10
_F1_LINES: Final = (0.2, 0.4, 0.6, 0.8)


def precision_recall(report: EvaluationReport) -> ReportFigure:
    """Plot precision against recall as the confidence falls, for all classes and for each.

    ::

        precision_recall(dataset.evaluation(model))

    A click on a class in the legend hides or shows it, a double click shows it alone. Hovering
    tells the confidence. Grey lines join points of equal F1.

    Args:
        report: What ``Dataset.evaluation`` returned.

    Returns:
        A plotly figure; ``write_html`` and ``write_image`` keep it.

    Raises:
        InvalidInputError: ``report`` is no evaluation report.
    """
    if not hasattr(report, "classes"):
        raise InvalidInputError(NO_REPORT.format(report))
    figure = ReportFigure()
    _add_f1_lines(figure)
    ordered = sorted(report.classes, key=lambda one: (-one.annotations, one.label))
    painted = _painted(report)
    if len(ordered) > 1:
        overall = report.overall
        figure.add_trace(_curve(overall, "all classes", INK, width=3.5, drawn=True))
    for at, one in enumerate(ordered):
        drawn = at < _DRAWN_AT_FIRST
        figure.add_trace(_curve(one, one.label, painted[one.label], width=2, drawn=drawn))
    themed(figure, f"Precision and recall at IoU ≥ {report.iou_threshold:g}", height=460)
    figure.update_layout(
        legend={
            "title": {"text": "click to hide, double-click for one", "font": {"size": 11}},
            "itemsizing": "constant",
        },
        hovermode="closest",
    )
    ticks = {"dtick": 0.2, "tickformat": ".1f"}
    figure.update_xaxes(title_text="recall", range=[-0.01, 1.02], constrain="domain", **ticks)
    figure.update_yaxes(title_text="precision", range=[-0.01, 1.04], **ticks)
    rows = [_row("all classes", report.overall), *(_row(one.label, one) for one in ordered)]
    head = ["class", "annotations", "predictions", "precision", "recall", "F1", "AP", "AP50"]
    return figure.with_table(
        f"Precision and recall, IoU ≥ {report.iou_threshold:g}, "
        f"confidence ≥ {report.confidence_threshold:g}",
        head,
        rows,
    )


def _painted(report: EvaluationReport) -> dict[str, str]:
    """Colours as a gallery of the dataset has them."""
    by_truth = sorted(report.classes, key=lambda one: (-one.annotations, one.label))
    known = set(report.label_order)
    rest = [one.label for one in by_truth if one.label not in known]
    return colours([*report.label_order, *(sorted(rest) if known else rest)])


def _curve(
    metrics: ClassMetrics, name: str, colour: str, *, width: float, drawn: bool
) -> go.Scatter:
    curve = metrics.curve
    ap = f" · AP50 {metrics.ap50:.2f}" if metrics.ap50 is not None else ""
    return go.Scatter(
        x=curve.recall,
        y=curve.precision,
        customdata=curve.confidence,
        mode="lines" if len(curve.recall) > 1 else "markers",
        name=f"{shown(name)}{ap}",
        line={"color": colour, "width": width},
        visible=True if drawn else "legendonly",
        hovertemplate=(
            f"<b>{shown(name)}</b><br>recall %{{x:.3f}}<br>precision %{{y:.3f}}"
            "<br>confidence ≥ %{customdata:.2f}<extra></extra>"
        ),
    )


def _add_f1_lines(figure: go.Figure) -> None:
    """Draw where the harmonic mean of precision and recall is the same."""
    for value in _F1_LINES:
        # From f1 = 2pr / (p + r): p = f1 r / (2r - f1), which reaches 1 at r = f1 / (2 - f1).
        first = value / (2 - value)
        recall = [first ** (1 - step / 60) for step in range(61)]  # denser where it is steep
        figure.add_trace(
            go.Scatter(
                x=recall,
                y=[value * r / (2 * r - value) for r in recall],
                mode="lines",
                line={"color": "rgba(119,124,130,0.45)", "width": 1, "dash": "dot"},
                hoverinfo="skip",
                showlegend=False,
            )
        )
        figure.add_annotation(
            x=1.0,
            y=value / (2 - value),
            text=f"F1 {value:g}",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"size": 10},
        )


def _row(name: str, metrics: Any) -> list[str]:
    counts = [f"{metrics.annotations:,}", f"{metrics.predictions:,}"]
    shares = (metrics.precision, metrics.recall, metrics.f1, metrics.ap, metrics.ap50)
    return [name, *counts, *(share(value) for value in shares)]
