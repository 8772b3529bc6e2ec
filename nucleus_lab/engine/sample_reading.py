"""Reading samples: the numbers of one, thinned for a chart or whole, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row

from nucleus_lab.engine import sample_rows, sample_values
from nucleus_lab.errors import InvalidInputError, MediaError, NucleusError
from nucleus_lab.wire import Binary, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine


MOST_BYTES: Final = 4 * 1024**2
"""Of the samples of one answer, unless one alone is larger."""

MOST_SAMPLES: Final = 1_000
"""Of one answer."""


def answer(
    engine: Engine,
    row: Row[Any],
    *,
    most: int | None = None,
    stretch: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Describe a sample with its numbers.

    Args:
        engine: The workspace.
        row: Its row.
        most: Most rows of numbers wanted; ``None`` for all.
        stretch: First reading and the one after the last, before it was cropped; ``None`` for what
            cropping left.

    Returns:
        ``sample``, ``payload`` and ``totalPayloadLength``.
    """
    start, end = sample_rows.span(row) if stretch is None else stretch
    described = sample_rows.payload(row)
    interval = described["intervalMs"]
    rows: list[list[Any]] = []
    if row.kind == "series":
        values = numbers(engine, row)[start:end]
        if most is not None:
            values = sample_values.thinned(values, most)
        if len(values):  # thinned rows stand further apart
            interval *= (end - start) / len(values)
        rows = sample_values.rows_of(values)
    sensors = decode(row.sensors)
    return {
        "success": True,
        "sample": described,
        "payload": {
            "device_name": row.device_name,
            "device_type": row.device_type,
            "sensors": [{"index": at, **sensor} for at, sensor in enumerate(sensors)],
            "values": rows,
            "intervalMs": interval,
            "frequencyHz": 1000 / interval if interval else 0.0,
        },
        "totalPayloadLength": end - start,
        "datastreamPayloads": [],
    }


def contents(engine: Engine, project_id: int, ids: Sequence[int]) -> Binary:
    """Hand out many samples at once: their descriptions, and their text or files.

    Args:
        engine: The workspace.
        project_id: Row of their project.
        ids: Their ids, in the order in which they are wanted.

    Returns:
        What :func:`nucleus_lab.formats.samples.contents.unpack` reads: the first of the samples,
        at least one and as many as stay below :data:`MOST_BYTES`. ``sample`` is ``None`` where
        the project has none of this id.

    Raises:
        MediaError: The content of the first one cannot be read; that of a later one ends the
            answer before it.
    """
    from nucleus_lab.formats.samples.contents import pack

    with engine.store.read() as connection:
        rows = sample_rows.among_ids(connection, project_id, ids)
    entries: list[dict[str, Any]] = []
    files: list[bytes] = []
    size = 0
    for wanted in ids:
        row = rows.get(wanted)
        if row is not None and entries and size + row.size > MOST_BYTES:
            break
        try:
            kind, content = (None, b"") if row is None else _content(engine, row)
        except NucleusError as fault:
            if entries:
                break
            raise MediaError(
                f"the content of sample {wanted} ({'' if row is None else row.file}) cannot be "
                f"read: {fault.message}",
                sample_id=wanted,
            ) from fault
        described = None if row is None else sample_rows.payload(row)
        entries.append({"id": wanted, "sample": described, "kind": kind})
        files.append(content)
        size += len(content)
        if size >= MOST_BYTES:
            break
    return Binary(pack(entries, files))


def _content(engine: Engine, row: Row[Any]) -> tuple[str | None, bytes]:
    from nucleus_lab.formats.samples.contents import acquisition, file_kind

    sensors = decode(row.sensors)
    kind = file_kind(sensors)
    if kind == "wav":
        return kind, wav(engine, row, "0").content
    if kind is not None:
        return kind, file_of(engine, row, kind).content
    values = numbers(engine, row)[slice(*sample_rows.span(row))] if row.kind == "series" else None
    rows = [] if values is None else sample_values.rows_of(values)
    interval = sample_rows.interval(row)
    return None, acquisition(sensors, rows, interval, row.device_type, row.device_name)


def numbers(engine: Engine, row: Row[Any]) -> NDArray[Any]:
    """Open the numbers of a recording.

    Args:
        engine: The workspace.
        row: Its row.

    Returns:
        One row a reading, one column a sensor.

    Raises:
        InvalidInputError: The sample is no recording.
    """
    if row.values_key is not None:
        sensors = len(decode(row.sensors))
        return sample_values.load(engine, row.values_key, row.dtype, row.readings, sensors)
    if row.kind == "series":
        from nucleus_lab.formats.samples.reading import read

        recording = read(engine.media.read(row.media_key), row.file).recording
        if recording is not None:
            return sample_values.compact(recording.values)
    raise InvalidInputError(f"sample {row.id} is no time series ({row.media_type})")


def file_of(engine: Engine, row: Row[Any], kind: str) -> Binary:
    """Return the file of a picture or a video.

    Args:
        engine: The workspace.
        row: Its row.
        kind: ``image`` or ``video``; ``""`` for the file of any sample as it was uploaded.

    Returns:
        The file.

    Raises:
        InvalidInputError: The sample is of another kind.
    """
    if kind and row.kind != kind:
        raise InvalidInputError(
            f"sample {row.id} is no {kind} ({row.media_type}): ask /raw for its file", kind=row.kind
        )
    content = engine.media.read(row.media_key)
    return Binary(content, row.media_type) if kind else Binary(content)


def wav(engine: Engine, row: Row[Any], axis: str) -> Binary:
    """Return one sensor of a recording as sound.

    Args:
        engine: The workspace.
        row: Its row.
        axis: Number of the sensor, from 0.

    Returns:
        A WAV file; the uploaded one where it has this sensor alone.

    Raises:
        InvalidInputError: There is no such sensor.
    """
    sensors = decode(row.sensors)
    if not (axis.isascii() and axis.isdigit() and len(axis) < 6 and int(axis) < len(sensors)):
        raise InvalidInputError(
            f"axisIx is {axis!r} and sample {row.id} has {len(sensors)} sensors: 0 to "
            f"{len(sensors) - 1} are possible",
            path="axisIx",
        )
    if row.media_type == "audio/wav" and len(sensors) == 1 and row.crop_start is None:
        return Binary(engine.media.read(row.media_key), "audio/wav")
    values = numbers(engine, row)[slice(*sample_rows.span(row)), int(axis)]
    from nucleus_lab.formats.samples.wave import wav_of

    return Binary(wav_of(values, 1000 / (row.interval_ms or 1.0)), "audio/wav")
