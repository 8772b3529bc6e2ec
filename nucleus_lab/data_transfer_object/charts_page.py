"""How the answers of Evaluation V2 show themselves in a notebook: bars, a histogram, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab import ticks

if TYPE_CHECKING:
    from nucleus_lab.data_transfer_object.evaluation_v2 import (
        EvaluationV2Charts,
        EvaluationV2ExamplesPage,
        ScoreHistogramBucket,
        TideAttribution,
    )

BACKGROUND: Final = "background"
MOST_CLASSES: Final = 20
MOST_CONFUSIONS: Final = 10
_RIGHT: Final = "#009e73"
_WRONG: Final = "#d55e00"
_PLAIN: Final = "#0072b2"
_MUTED: Final = "color:var(--jp-ui-font-color2,inherit)"
_CAUSES: Final = (
    ("localization", "right class, overlap too small"),
    ("classification", "wrong class"),
    ("both", "wrong class and overlap too small"),
    ("duplicate", "object found before"),
    ("background", "nothing there"),
    ("missed", "object without a prediction"),
)
_WIDTH: Final = 420
_HEIGHT: Final = 150
_LEFT: Final = 46
_FOOT: Final = 34


def charts_html(charts: EvaluationV2Charts) -> str:
    """Lay out all charts of an evaluation.

    Args:
        charts: The charts.

    Returns:
        HTML that needs nothing else, in the colours of the page.
    """
    counts, size = charts.totalCounts, charts.apBySize
    found, predicted = counts.tp + counts.fn, counts.tp + counts.fp
    precision = counts.tp / predicted if predicted else None
    recall = counts.tp / found if found else None
    numbers = [
        ("mAP", charts.mapSummary.mapAt5095, "COCO, IoU 0.50 to 0.95"),
        ("AP50", charts.mapSummary.mapAt50, "at IoU 0.50"),
        ("AP75", charts.mapSummary.mapAt75, "at IoU 0.75"),
        ("precision", precision, f"{counts.tp:,} of {predicted:,} right"),
        ("recall", recall, f"{counts.tp:,} of {found:,} found"),
        ("small", size.small, "mAP of objects below 32² pixels"),
        ("medium", size.medium, "mAP of objects from 32² to 96² pixels"),
        ("large", size.large, "mAP of objects above 96² pixels"),
    ]  # fmt: skip
    cards = "".join(
        f"<div style='min-width:5em' title='{escape(about)}'><div style='{_MUTED};font-size:12px'>"
        f"{name}</div><div style='font-size:20px'>{number(value)}</div></div>"
        for name, value, about in numbers
    )
    left = [
        _panel("What goes wrong", _causes(charts.tideAttribution)),
        _panel("Predictions by confidence", _histogram(charts.scoreHistogram)),
        _panel("Most frequent confusions", _confusions(charts)),
    ]
    right = _panel("Average precision by class", _classes(charts))
    return (
        f"<div><div style='display:flex;flex-wrap:wrap;gap:6px 22px;margin:4px 0 10px'>{cards}"
        f"</div><div style='display:flex;flex-wrap:wrap;gap:14px 40px'><div>{''.join(left)}</div>"
        f"<div>{right}</div></div></div>"
    )


def record_html(record: Any) -> str:
    """Lay out a small record: its fields with sensible digits.

    Args:
        record: A dataclass of numbers, texts and lists.

    Returns:
        HTML.
    """
    rows = [(entry.name, _shown(getattr(record, entry.name))) for entry in fields(record)]
    return _table((), rows)


def examples_html(page: EvaluationV2ExamplesPage) -> str:
    """Lay out rows of an evaluation.

    Args:
        page: The rows.

    Returns:
        HTML.
    """
    head = ("item", "counts as", "cause", "prediction", "annotation", "IoU", "confidence")
    rows = [
        (
            each.reference_id or each.dataset_item_id,
            each.match_type,
            each.cause or "",
            each.pred_canonical_label or "",
            each.gt_canonical_label or "",
            number(each.iou),
            number(each.confidence),
        )
        for each in page.rows
    ]
    told = f"{len(rows):,} of {page.total:,} rows" if len(rows) < page.total else f"{page.total:,}"
    told = told if "rows" in told else f"{told} row{'s' * (page.total != 1)}"
    return f"<div style='{_MUTED}'>{told}</div>{_table(head, rows) if rows else ''}"


def number(value: float | None) -> str:
    """Write a share or a score.

    Args:
        value: The number, or ``None`` where nothing could be measured.

    Returns:
        Three decimals, or a dash.
    """
    return "-" if value is None else f"{value:.3f}"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, float):
        return number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, (list, dict)):
        return f"{len(value):,} entries" if len(value) != 1 else "1 entry"
    return str(value)


def _panel(title: str, body: str) -> str:
    nothing = f"<div style='{_MUTED}'>nothing to show</div>"
    head = f"<div style='font-weight:600;margin-bottom:4px'>{title}</div>"
    return f"<div style='margin-bottom:14px'>{head}{body or nothing}</div>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th scope='col' style='text-align:left'>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    thead = f"<thead><tr>{top}</tr></thead>" if head else ""
    return (
        "<div style='overflow-x:auto' tabindex='0' role='group' aria-label='Table'>"
        f"<table style='margin:0'>{thead}<tbody>{body}</tbody></table></div>"
    )


def _bars(rows: Sequence[tuple[str, float, str, str, str]], most: float) -> str:
    """Draw one bar a row: name, length, colour, what stands behind it, what hovering tells."""
    return "".join(
        f"<div style='display:flex;align-items:center;gap:8px;height:20px' title='{escape(about)}'>"
        f"<span style='width:9em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;"
        f"text-align:right'>{escape(name)}</span><span style='width:190px;flex:none'>"
        f"<span style='display:block;height:11px;border-radius:2px;background:{colour};"
        f"width:{100 * length / most if most else 0:.1f}%'></span></span>"
        f"<span style='font-variant-numeric:tabular-nums'>{escape(text)}</span></div>"
        for name, length, colour, text, about in rows
    )


def _causes(tide: TideAttribution) -> str:
    total = tide.truePositive + sum(getattr(tide, name) for name, _ in _CAUSES)
    rows = [("right", tide.truePositive, _RIGHT, "right class, enough overlap")]
    rows += [(name, getattr(tide, name), _WRONG, about) for name, about in _CAUSES]
    most = max(count for _, count, _, _ in rows)
    return (
        _bars(
            [
                (name, count, colour, f"{count:,} ({count / total:.0%})", f"{count:,}: {about}")
                for name, count, colour, about in rows
            ],
            most,
        )
        if total
        else ""
    )


def _classes(charts: EvaluationV2Charts) -> str:
    ranked = sorted(charts.perClassAp, key=lambda each: (-each.ap, each.classLabel))
    kept = ranked
    if len(ranked) > MOST_CLASSES:  # the ends are what one looks for
        half = MOST_CLASSES // 2
        kept = [*ranked[:half], *ranked[-half:]]
    rows = [
        (each.classLabel, each.ap, _PLAIN, number(each.ap), f"{each.classLabel}: {each.ap:.4f}")
        for each in kept
    ]
    if len(kept) == len(ranked):
        return _bars(rows, 1.0)
    between = f"<div style='{_MUTED};padding-left:9.6em'>… {len(ranked) - len(kept):,} more …</div>"
    half = MOST_CLASSES // 2
    return _bars(rows[:half], 1.0) + between + _bars(rows[half:], 1.0)


def _confusions(charts: EvaluationV2Charts) -> str:
    wrong = [
        each
        for each in charts.confusionMatrix
        if each.gtLabel != each.predLabel and BACKGROUND not in {each.gtLabel, each.predLabel}
    ]
    ranked = sorted(wrong, key=lambda each: (-each.count, each.gtLabel, each.predLabel))
    rows = [(each.gtLabel, each.predLabel, f"{each.count:,}") for each in ranked[:MOST_CONFUSIONS]]
    return _table(("annotated", "predicted as", "count"), rows) if rows else ""


def _histogram(buckets: Sequence[ScoreHistogramBucket]) -> str:
    high = max((each.count for each in buckets), default=0)
    if not high:
        return ""
    bottom, top, right = _HEIGHT - _FOOT, 6, _WIDTH - 8
    scale, across = (bottom - top) / high, right - _LEFT
    head = f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' role='img' "
    style = "style='max-width:100%;font:11px sans-serif'"
    parts = [f"{head}fill='currentColor' aria-label='Predictions by confidence' {style}>"]
    marks = [mark for mark in ticks.ticks(0, high, 5) if mark.is_integer()]
    for mark, text in zip(marks, ticks.written(marks), strict=True):
        y = bottom - mark * scale
        parts.append(
            f"<line x1='{_LEFT}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}' stroke='currentColor' "
            f"stroke-opacity='0.15'/><text x='{_LEFT - 4}' y='{y + 4:.1f}' text-anchor='end' "
            f"fill-opacity='0.75'>{text}</text>"
        )
    for each in buckets:
        x, wide = _LEFT + each.bucketMin * across, (each.bucketMax - each.bucketMin) * across
        told = f"confidence {each.bucketMin:.2f} to {each.bucketMax:.2f}: {each.count:,}"
        parts.append(
            f"<rect x='{x + 0.5:.1f}' y='{bottom - each.count * scale:.1f}' "
            f"width='{max(wide - 1, 1):.1f}' height='{each.count * scale:.1f}' fill='{_PLAIN}'>"
            f"<title>{told}</title></rect>"
        )
    shares = ticks.ticks(0, 1, 6)
    for mark, text in zip(shares, ticks.written(shares), strict=True):
        parts.append(
            f"<text x='{_LEFT + mark * across:.1f}' y='{bottom + 14}' text-anchor='middle' "
            f"fill-opacity='0.75'>{text}</text>"
        )
    parts.append(
        f"<text x='{_LEFT + across / 2:.0f}' y='{_HEIGHT - 4}' text-anchor='middle'>confidence"
        "</text></svg>"
    )
    return "".join(parts)
