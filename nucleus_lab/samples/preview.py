"""How a sample shows itself: a chart, a picture or a player under one line that describes it.

Nothing here raises, whatever the content is, and nothing prints it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from io import IOBase
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import NucleusError
from nucleus_lab.samples.parts import content_of

if TYPE_CHECKING:
    from nucleus_lab.formats.samples.recording import Recording
    from nucleus_lab.samples.sample_type import Sample

MOST_BYTES: Final = 32 * 1024**2
"""Largest content that is read for a picture of it."""

MOST_PLAYED: Final = 2 * 1024**2
_FAULTS: Final = (NucleusError, OSError, ValueError, TypeError, KeyError, RecursionError)
_SPARK_AXES: Final = 8
_TABLE_ROWS: Final = 40
_BRIGHT: Final = 120


@dataclass(slots=True)
class _Look:
    """What was found in the content of a sample."""

    kind: str = ""
    size: int = 0
    recording: Recording | None = None
    content: bytes = b""
    fault: str = ""
    facts: list[str] = field(default_factory=list)


def one_line(sample: Sample) -> str:
    """Describe a sample for ``repr``.

    Args:
        sample: The sample.

    Returns:
        Its name, label, category and id, and what it holds.
    """
    look = _look(sample)
    said = [f"filename={sample.filename!r}"]
    said += [
        f"{name}={value!r}"
        for name in ("label", "category", "sample_id")
        if (value := getattr(sample, name)) is not None
    ]
    return f"<Sample {', '.join(said)}: {', '.join(look.facts)}>"


def bundle(sample: Sample) -> dict[str, str]:
    """Show a sample in a notebook and in a terminal.

    Args:
        sample: The sample.

    Returns:
        Texts by media type.
    """
    look = _look(sample)
    return {"text/plain": _plain(sample, look), "text/html": _html(sample, look)}


def _look(sample: Sample) -> _Look:
    look = _Look()
    try:
        look.size = _size(sample.data)
        if look.size > MOST_BYTES:
            look.facts = [_bytes(look.size)]
            return look
        look.content = content_of(sample.data)
        look.size = len(look.content)
        from nucleus_lab.formats.samples.reading import read

        found = read(look.content, sample.filename or _name(sample.data))
        look.kind, look.recording = found.kind, found.recording
        look.content = found.file
    except _FAULTS as fault:
        look.fault = str(fault) or type(fault).__name__
        look.facts = [_bytes(look.size), "which cannot be shown"]
        return look
    if look.recording is None:
        look.facts = [look.kind, _bytes(look.size)]
    else:
        look.facts = _facts(look.recording, look.size)
    return look


def _size(data: Any) -> int:
    """Tell the size of a content without reading it, where that is possible."""
    if isinstance(data, PathLike):
        return Path(fspath(data)).expanduser().stat().st_size
    if isinstance(data, (str, bytes)):
        return len(data)
    if isinstance(data, IOBase) and not data.closed and data.seekable():
        here = data.tell()
        end = data.seek(0, 2)
        data.seek(here)
        return end - here
    return 0


def _name(data: Any) -> str:
    return Path(fspath(data)).name if isinstance(data, PathLike) else ""


def _facts(recording: Recording, size: int) -> list[str]:
    import numpy as np

    count, axes = recording.values.shape
    facts = [f"{count:,} reading{'s' * (count != 1)} of {axes:,} ax{'e' if axes > 1 else 'i'}s"]
    if recording.interval_ms and count > 1:
        rate = 1000 / recording.interval_ms
        seconds = count * recording.interval_ms / 1000
        facts += [f"{rate:.6g} Hz", f"{seconds:.4g} s"]
    missing = int(np.isnan(np.asarray(recording.values, dtype=np.float64)).sum())
    if missing:
        facts.append(f"{missing:,} value{'s' * (missing != 1)} missing")
    return [*facts, _bytes(size)]


def _bytes(size: int) -> str:
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1e3:.1f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"


def _plain(sample: Sample, look: _Look) -> str:
    lines = [one_line(sample)]
    if look.recording is not None:
        import numpy as np

        from nucleus_lab.samples.chart import extent, sparkline

        values = np.asarray(look.recording.values, dtype=np.float64)
        sensors = look.recording.sensors[:_SPARK_AXES]
        width = max((len(sensor.name) for sensor in sensors), default=0)
        for at, sensor in enumerate(sensors):
            column = values[:, at]
            known = column[np.isfinite(column)]
            ends = extent(known.min(), known.max(), sensor.units) if known.size else "missing"
            mark = f"{sparkline(column)}  " if len(values) > 1 else ""
            lines.append(f"  {sensor.name:<{width}}  {mark}{ends}")
        if len(look.recording.sensors) > len(sensors):
            lines.append(f"  and {len(look.recording.sensors) - len(sensors):,} more axes")
    if look.fault:
        lines.append(f"  {look.fault}")
    lines += [f"  {name}: {text}" for name, text in _label_times(sample, look)]
    lines += [f"  box {each.get('label')}" for each in _mappings(sample.bounding_boxes)[:20]]
    return "\n".join(lines)


def _html(sample: Sample, look: _Look) -> str:
    parts = [_header(sample, look)]
    try:
        parts.append(_body(sample, look))
    except _FAULTS as fault:
        parts.append(_muted(f"cannot be shown: {fault}"))
    legend = _label_times(sample, look)
    if legend:
        from nucleus_lab.samples.chart import colours_of

        colours = colours_of(name for name, _ in legend)
        chips = "".join(f"{_chip(name, colours[name])} {escape(text)} " for name, text in legend)
        parts.append(f"<div style='font-size:12px'>{chips}</div>")
    return f"<div style='margin:4px 0'>{''.join(parts)}</div>"


def _body(sample: Sample, look: _Look) -> str:
    if look.fault:
        return _muted(look.fault)
    if look.recording is not None:
        return _series(sample, look.recording)
    if look.kind == "image":
        from nucleus_lab.samples.picture import svg

        drawn, (width, height) = svg(look.content, _mappings(sample.bounding_boxes))
        return drawn + _muted(f"{width} by {height} pixels")
    return ""


def _series(sample: Sample, recording: Recording) -> str:
    from nucleus_lab.samples.chart import svg

    if len(recording.values) == 1:
        return _table(recording)
    drawn = svg(recording, _mappings(sample.structured_labels))
    if len(recording.sensors) == 1 and recording.sensors[0].name == "audio":
        from nucleus_lab.formats.samples.wave import wav_of

        sound = wav_of(recording.values, 1000 / recording.interval_ms)
        if len(sound) <= MOST_PLAYED:
            text = base64.b64encode(sound).decode()
            drawn += f"<audio controls src='data:audio/wav;base64,{text}'></audio>"
    return drawn


def _table(recording: Recording) -> str:
    from nucleus_lab.samples.chart import NO_UNITS

    left = "style='text-align:left'"
    rows = "".join(
        f"<tr><td {left}>{escape(sensor.name)}</td><td style='text-align:right'>{value:.6g}</td>"
        f"<td {left}>{'' if sensor.units == NO_UNITS else escape(sensor.units)}</td></tr>"
        for sensor, value in zip(
            recording.sensors[:_TABLE_ROWS], recording.values[0].tolist(), strict=False
        )
    )
    more = len(recording.sensors) - _TABLE_ROWS
    note = _muted(f"and {more:,} more") if more > 0 else ""
    return f"<table><tbody>{rows}</tbody></table>{note}"


def _header(sample: Sample, look: _Look) -> str:
    from nucleus_lab.samples.chart import colours_of

    parts = [f"<b>{escape(str(sample.filename or 'sample'))}</b>"]
    if sample.label:
        label = str(sample.label)
        parts.append(_chip(label, colours_of([label])[label]))
    if sample.category:
        parts.append(escape(str(sample.category)))
    if sample.sample_id is not None:
        parts.append(f"id {escape(str(sample.sample_id))}")
    parts.append(f"<span style='opacity:.7'>{escape(', '.join(look.facts))}</span>")
    if sample.metadata:
        said = ", ".join(f"{key}: {value}" for key, value in sample.metadata.items())
        parts.append(f"<span style='opacity:.7'>{escape(said[:200])}</span>")
    return f"<div>{' &nbsp; '.join(parts)}</div>"


def _label_times(sample: Sample, look: _Look) -> list[tuple[str, str]]:
    """Say how much of a time series has each label."""
    totals: dict[str, int] = {}
    try:
        for each in _mappings(sample.structured_labels):
            label = str(each["label"])
            totals[label] = totals.get(label, 0) + each["endIndex"] - each["startIndex"] + 1
    except _FAULTS as fault:
        return [("structured_labels", f"cannot be shown: {fault!r}")]
    interval = look.recording.interval_ms if look.recording is not None else 0
    if not interval:
        return [(label, f"{count:,} readings") for label, count in totals.items()]
    return [(label, f"{count * interval / 1000:.4g} s") for label, count in totals.items()]


def _mappings(given: Any) -> Sequence[Mapping[str, Any]]:
    """Return the mappings of a list, whatever was put into the sample."""
    if not isinstance(given, (list, tuple)):
        return []
    return [each for each in given if isinstance(each, Mapping)]


def _chip(text: str, colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    # By the brightness that the eye sees: white cannot be read on yellow or light blue.
    ink = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT else "#fff"
    return (
        f"<span style='background:{colour};color:{ink};border-radius:8px;padding:0 7px'>"
        f"{escape(text)}</span>"
    )


def _muted(text: str) -> str:
    return f"<div style='opacity:.7;font-size:12px'>{escape(text)}</div>"
