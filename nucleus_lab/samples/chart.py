"""A time series as a static picture: lanes of lines in SVG, and sparklines in text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.formats.samples.recording import Recording

    Values = NDArray[np.float64]

COLOURS: Final = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f",
)  # fmt: skip
"""Told apart also by the colour-blind (after Okabe and Ito)."""

WIDTH: Final = 720
LANE: Final = 84
LEFT: Final = 62
RIGHT: Final = 8
FOOT: Final = 22
MOST_LANES: Final = 6
MOST_AXES: Final = 24
NO_UNITS: Final = "N/A"
_RATIO: Final = 10.0
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_SPARKS: Final = 48


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """Choose the colours of labels: of each the same everywhere, as far as they differ here.

    Args:
        names: The labels.

    Returns:
        Colours for CSS by label.
    """
    wanted = dict.fromkeys(names)
    free = list(range(len(COLOURS)))
    found: dict[str, str] = {}
    for name in wanted:
        own = crc32(name.encode()) % len(COLOURS)
        free = free or list(range(len(COLOURS)))
        taken = own if own in free else free[own % len(free)]
        free.remove(taken)
        found[name] = COLOURS[taken]
    return found


@dataclass(frozen=True, slots=True)
class Lane:
    """Axes that share a scale.

    Attributes:
        axes: Their columns.
        units: Their unit.
        low: Lowest value.
        high: Highest value.
    """

    axes: tuple[int, ...]
    units: str
    low: float
    high: float


def lanes(recording: Recording) -> list[Lane]:
    """Put axes of one unit and of one order of magnitude together, so that none flattens another.

    Args:
        recording: The time series.

    Returns:
        The lanes, in the order of their first axes.
    """
    values = np.asarray(recording.values, dtype=np.float64)[:, :MOST_AXES]
    groups: list[tuple[str, float, float, list[int], float]] = []
    for axis in range(values.shape[1]):
        column = values[:, axis]
        known = column[np.isfinite(column)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        size = max(abs(low), abs(high))
        units = recording.sensors[axis].units
        for at, (unit, lowest, highest, axes, first) in enumerate(groups):
            near = first == size or max(first, size) <= _RATIO * min(first, size)
            if unit == units and near:
                axes.append(axis)
                groups[at] = (unit, min(lowest, low), max(highest, high), axes, first)
                break
        else:
            groups.append((units, low, high, [axis], size))
    return [Lane(tuple(axes), unit, low, high) for unit, low, high, axes, _ in groups]


def svg(recording: Recording, segments: Sequence[Mapping[str, Any]] = ()) -> str:
    """Draw a time series.

    Args:
        recording: The time series.
        segments: Structured labels, drawn as bands behind the lines.

    Returns:
        An SVG element that needs nothing else.
    """
    values = np.asarray(recording.values, dtype=np.float64)
    found = lanes(recording)
    drawn = found[:MOST_LANES]
    height = len(drawn) * LANE + FOOT
    style = "width:100%;max-width:960px;display:block;font:11px sans-serif"
    told = f"{len(recording.sensors)} axes, {len(values)} readings"
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}" '
    parts = [
        f'{head}style="{style}" fill="currentColor">',
        *_bands(segments, len(values), len(drawn) * LANE),
    ]
    for at, lane in enumerate(drawn):
        parts.extend(_lane(lane, values, at * LANE))
    parts.extend(_times(recording, len(drawn) * LANE))
    parts.append("</svg>")
    left_out = len(recording.sensors) - sum(len(lane.axes) for lane in drawn)
    parts.append(_legend(recording, drawn, left_out))
    return "".join(parts)


def sparkline(column: Values) -> str:
    """Draw one axis in one line of text.

    Args:
        column: The numbers; NaN is a gap.

    Returns:
        A character for each stretch of time.
    """
    pieces = np.array_split(column, min(_SPARKS, len(column)))
    means = np.array([
        float(np.mean(known)) if (known := piece[np.isfinite(piece)]).size else math.nan
        for piece in pieces
    ])
    known = means[np.isfinite(means)]
    if not known.size:
        return " " * len(means)
    low, span = float(known.min()), float(known.max() - known.min())
    return "".join(
        " " if math.isnan(mean) else _BLOCKS[int((mean - low) / span * 7.999) if span else 3]
        for mean in means
    )


def number(value: float) -> str:
    """Write a number in few characters.

    Args:
        value: The number.

    Returns:
        Four significant digits.
    """
    return f"{value:.4g}"


def _lane(lane: Lane, values: Values, top: int) -> list[str]:
    margin = 8
    span = lane.high - lane.low or 1.0
    scale = (LANE - 2 * margin) / span
    bottom = top + LANE - margin
    written = (
        (top + margin + 6, number(lane.high)),
        (top + LANE // 2 + 4, escape(lane.units[:9]) if lane.units != NO_UNITS else ""),
        (bottom + 2, number(lane.low)),
    )
    frame = f'<rect x="{LEFT}" y="{top + 2}" width="{WIDTH - LEFT - RIGHT}" height="{LANE - 4}" '
    parts = [
        frame + 'fill="none" stroke="currentColor" stroke-opacity="0.2"/>',
        *(
            f'<text x="{LEFT - 4}" y="{y}" text-anchor="end" fill-opacity="0.65">{text}</text>'
            for y, text in written
        ),
    ]
    if lane.low < 0 < lane.high:
        zero = bottom + lane.low * scale
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{zero:.1f}" y2="{zero:.1f}" '
            'stroke="currentColor" stroke-opacity="0.15"/>'
        )
    for axis in lane.axes:
        path = _path(values[:, axis], lambda y: bottom - (y - lane.low) * scale)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{COLOURS[axis % len(COLOURS)]}" '
            'stroke-width="1.2" stroke-linejoin="round" stroke-linecap="round"/>'
        )
    return parts


def _path(column: Values, height: Any) -> str:
    """Draw a line, broken where values are missing; of many values the extremes of each stretch."""
    across = WIDTH - LEFT - RIGHT
    count = len(column)
    places = np.arange(count)
    if count > 2 * across:
        places = _extremes(column, across)
    xs = LEFT + places / max(count - 1, 1) * across
    ys = height(column[places])
    parts: list[str] = []
    down = False
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if math.isfinite(y):
            parts.append(f"{'L' if down else 'M'}{x:.1f} {y:.1f}")
        down = math.isfinite(y)
    if len(parts) == 1:
        parts.append("h0.1")  # so that a single value is a dot
    return "".join(parts)


def _extremes(column: Values, stretches: int) -> Any:
    """Choose the lowest and the highest reading of each stretch, and one that is missing."""
    edges = np.linspace(0, len(column), stretches + 1).astype(int)
    chosen: list[int] = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        piece = column[start:end]
        missing = np.isnan(piece)
        if missing.all():
            chosen.append(start)
            continue
        two = {start + int(np.nanargmin(piece)), start + int(np.nanargmax(piece))}
        if missing.any():
            two.add(start + int(np.argmax(missing)))
        chosen.extend(sorted(two))
    return np.array(chosen)


def _bands(segments: Sequence[Mapping[str, Any]], count: int, height: int) -> list[str]:
    across = (WIDTH - LEFT - RIGHT) / max(count - 1, 1)
    colours = colours_of(str(each["label"]) for each in segments)
    parts = []
    for each in segments:
        start, end = max(each["startIndex"] - 0.5, 0), min(each["endIndex"] + 0.5, count - 1)
        label = str(each["label"])
        parts.append(
            f'<rect x="{LEFT + start * across:.1f}" y="0" '
            f'width="{max(end - start, 0) * across:.1f}" height="{height}" '
            f'fill="{colours[label]}" fill-opacity="0.18"><title>{escape(label)}: '
            f"{each['startIndex']} to {each['endIndex']}</title></rect>"
        )
    return parts


def _times(recording: Recording, top: int) -> list[str]:
    count, interval = len(recording.values), recording.interval_ms
    last = (count - 1) * interval
    if not interval:
        marks = [(0.0, "0"), (1.0, f"{count - 1:,}")]
    else:
        unit, size = ("s", 1000.0) if last >= 1000 else ("ms", 1.0)
        marks = [(at / 4, f"{number(last * at / 4 / size)} {unit}") for at in range(5)]
    across = WIDTH - LEFT - RIGHT
    anchors = {0.0: "start", 1.0: "end"}
    return [
        f'<text x="{LEFT + share * across:.0f}" y="{top + 14}" fill-opacity="0.65" '
        f'text-anchor="{anchors.get(share, "middle")}">{text}</text>'
        for share, text in marks
    ]


def _legend(recording: Recording, drawn: Sequence[Lane], left_out: int) -> str:
    names = [
        f'<span style="white-space:nowrap;margin-right:10px"><span style="color:'
        f'{COLOURS[axis % len(COLOURS)]}">&#9632;</span> {escape(recording.sensors[axis].name)}'
        "</span>"
        for lane in drawn
        for axis in lane.axes
    ]
    more = f"<span>and {left_out:,} more axes</span>" if left_out > 0 else ""
    return f'<div style="font-size:12px">{"".join(names)}{more}</div>'
