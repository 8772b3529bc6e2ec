"""A time series as a static picture: lanes of lines in SVG, and sparklines in text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np

from nucleus_lab import ticks

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
_FEW_LANES: Final = {1: 150, 2: 110}  # with room to spare, they are higher
LEFT: Final = 62
RIGHT: Final = 8
FOOT: Final = 22
MOST_LANES: Final = 6
MOST_AXES: Final = 24
NO_UNITS: Final = "N/A"
_RATIO: Final = 10.0
_LANE_TICKS: Final = 6
_TIME_TICKS: Final = 9
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
    high = _FEW_LANES.get(len(drawn), LANE)
    height = len(drawn) * high + FOOT
    style = "width:100%;max-width:960px;display:block;font:11px sans-serif"
    told = f"{len(recording.sensors)} axes, {len(values)} readings"
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}" '
    parts = [
        f'{head}style="{style}" fill="currentColor">',
        *_bands(segments, len(values), len(drawn) * high),
        *_times(recording, len(drawn) * high),
    ]
    for at, lane in enumerate(drawn):
        parts.extend(_lane(lane, recording, values, at * high, high))
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


def extent(low: float, high: float, units: str) -> str:
    """Say between which numbers something lies.

    Args:
        low: The lowest.
        high: The highest.
        units: Their unit.

    Returns:
        Such as ``-1 to 9.81 m/s2``, or the one number that it is.
    """
    said = number(low) if low == high else f"{number(low)} to {number(high)}"
    return said if units == NO_UNITS else f"{said} {units}".rstrip()


def _lane(lane: Lane, recording: Recording, values: Values, top: int, high: int) -> list[str]:
    margin = 8
    scale = (high - 2 * margin) / (lane.high - lane.low or 1.0)
    bottom = top + high - margin
    right, middle = WIDTH - RIGHT, top + high // 2
    frame = f'<rect x="{LEFT}" y="{top + 2}" width="{right - LEFT}" height="{high - 4}" '
    parts = [frame + 'fill="none" stroke="currentColor" stroke-opacity="0.2"/>']
    if lane.units != NO_UNITS:
        parts.append(
            f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle" '
            f'fill-opacity="0.75">{escape(lane.units[:12])}</text>'
        )
    marks = ticks.ticks(lane.low, lane.high, _LANE_TICKS)
    for mark, text in zip(marks, ticks.written(marks), strict=True):
        y = bottom - (mark - lane.low) * scale
        strong = 0.3 if mark == 0 else 0.12
        parts.append(
            f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
            f'stroke-opacity="{strong}"/><text x="{LEFT - 4}" y="{y + 3.5:.1f}" '
            f'text-anchor="end" font-size="10" fill-opacity="0.75">{text}</text>'
        )
    for axis in lane.axes:
        path = _path(values[:, axis], lambda y: bottom - (y - lane.low) * scale)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{COLOURS[axis % len(COLOURS)]}" '
            'stroke-width="1.3" stroke-linejoin="round" stroke-linecap="round">'
            f"<title>{escape(_range(recording, values, axis))}</title></path>"
        )
    return parts


def _range(recording: Recording, values: Values, axis: int) -> str:
    """Say between which numbers an axis lies."""
    sensor, column = recording.sensors[axis], values[:, axis]
    known = column[np.isfinite(column)]
    if not known.size:
        return f"{sensor.name}: missing"
    return f"{sensor.name}: {extent(float(known.min()), float(known.max()), sensor.units)}"


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
    """Draw the axis of time, or of readings where no time is known, with its grid."""
    count, interval = len(recording.values), recording.interval_ms
    last = (count - 1) * (interval or 1)
    unit, size = ticks.duration_unit(last) if interval else ("", 1.0)
    name = f"time ({unit})" if unit else "reading"
    marks = ticks.ticks(0.0, last / size, _TIME_TICKS)
    if not interval:  # there is nothing between two readings
        marks = [mark for mark in marks if mark.is_integer()]
    across = (WIDTH - LEFT - RIGHT) / (last / size or 1)
    parts = [f'<text x="2" y="{top + 14}" fill-opacity="0.75">{name}</text>']
    for mark, text in zip(marks, ticks.written(marks), strict=True):
        x = LEFT + mark * across
        # The number at the right edge would be cut off if it were centred.
        anchor = "end" if x > WIDTH - RIGHT - 3 * len(text) else "middle"
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{top}" stroke="currentColor" '
            f'stroke-opacity="0.1"/><text x="{x:.1f}" y="{top + 14}" fill-opacity="0.75" '
            f'text-anchor="{anchor}">{text}</text>'
        )
    return parts


def _legend(recording: Recording, drawn: Sequence[Lane], left_out: int) -> str:
    values = np.asarray(recording.values, dtype=np.float64)
    names = [
        f'<span style="white-space:nowrap;margin-right:10px" '
        f'title="{escape(_range(recording, values, axis))}"><span style="color:'
        f'{COLOURS[axis % len(COLOURS)]}">&#9632;</span> {escape(recording.sensors[axis].name)}'
        "</span>"
        for lane in drawn
        for axis in lane.axes
    ]
    more = f"<span>and {left_out:,} more axes</span>" if left_out > 0 else ""
    return f'<div style="font-size:12px">{"".join(names)}{more}</div>'
