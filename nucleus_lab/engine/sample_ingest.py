"""Taking files in as samples, one transaction a request.

A file that cannot be read is refused alone; the others of its request are stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from nucleus_lab.engine import clock, sample_description, sample_projects, sample_values
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.media import in_threads
from nucleus_lab.engine.sample_schema import sample
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import InvalidInputError, MediaError, StorageFullError, WorkspaceError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.formats.samples.reading import Content

MOST_FILES: Final = 1000
_LONGEST_NAME: Final = 255
_SEGMENTS: Final = "structured_labels.labels"
_BOXES: Final = "bounding_boxes.labels"
_DESCRIPTIONS: Final = frozenset({_SEGMENTS, _BOXES, sample_description.INFO})
WAV: Final = "audio/wav"
PARQUET: Final = "application/vnd.apache.parquet"
_MEDIA_TYPES: Final = {
    "json": "application/json",
    "cbor": "application/cbor",
    "csv": "text/csv",
    "wav": WAV,
    "parquet": PARQUET,
}


@dataclass(slots=True)
class Wishes:
    """What a request says of all its files.

    Attributes:
        label: Their label; ``None`` takes it from each file name.
        metadata: Their metadata.
        bounding_boxes: Their boxes.
        no_duplicates: Refuse what the project has.
        date_id: Put the time into each file name, so that names differ.
    """

    label: str | None = None
    metadata: dict[str, Any] | None = None
    bounding_boxes: list[dict[str, Any]] | None = None
    no_duplicates: bool = False
    date_id: bool = False


@dataclass(slots=True)
class _Beside:
    """What the description files of a request say, by file name."""

    segments: dict[str, Any] = field(default_factory=dict)
    boxes: dict[str, Any] = field(default_factory=dict)


def ingest(
    engine: Engine, category: str, parts: Sequence[FilePart], wishes: Wishes
) -> list[dict[str, Any]]:
    """Store files as samples.

    Args:
        engine: The workspace.
        category: One of :data:`CATEGORIES`, or ``split`` to choose by content.
        parts: The files, among them ``structured_labels.labels``, ``bounding_boxes.labels`` and
            ``info.labels``, which says what differs from ``category`` and ``wishes``.
        wishes: What holds for all of them.

    Returns:
        In the order of the files, ``success`` with the id, or what is wrong with the file.

    Raises:
        InvalidInputError: No files, too many, or a description that cannot be read.
        StorageFullError: No space is left; nothing was kept.
    """
    from nucleus_lab.formats.samples.labels import CATEGORIES, SPLIT

    if category not in {*CATEGORIES, SPLIT}:
        raise InvalidInputError(
            f"category is {category!r}: {', '.join([*CATEGORIES, SPLIT])} are possible",
            path="category",
        )
    if len(parts) > MOST_FILES:
        raise InvalidInputError(
            f"the request has {len(parts):,} files and {MOST_FILES:,} are allowed: send the rest "
            "in another one"
        )
    files = [part for part in parts if part.filename not in _DESCRIPTIONS]
    if not files:
        alone = f" besides {parts[0].filename}, which is no sample" if parts else ""
        raise InvalidInputError(f"the request has no files{alone}: send each as a part named data")
    beside = _beside(parts, {part.filename for part in files})
    project_id = sample_projects.default(engine)
    entries = sample_description.read(parts, files)
    prepared = in_threads(  # most of the time goes into waiting for the disk
        lambda one: _prepared(engine, category, one[0], wishes, beside, one[1]),
        list(zip(files, entries, strict=True)),
        engine.settings.media_threads,
    )
    with engine.store.write() as connection:
        sample_projects.lock(connection, project_id)
        return [_answer(connection, project_id, row, wishes) for row in prepared]


def _beside(parts: Sequence[FilePart], names: set[str]) -> _Beside:
    beside = _Beside()
    for name, key, found in (
        (_SEGMENTS, "structuredLabels", beside.segments),
        (_BOXES, "boundingBoxes", beside.boxes),
    ):
        for part in parts:
            if part.filename == name:
                found.update(_description(part, key))
        unknown = sorted(set(found) - names)
        if unknown:
            raise InvalidInputError(
                f"{name} describes {unknown[0]!r}, which is not among the files of the request",
                path=name,
            )
    return beside


def _description(part: FilePart, key: str) -> dict[str, Any]:
    from nucleus_lab.wire import decode, refuse_nul

    content = part.content if part.content is not None else Path(part.path or "").read_bytes()
    try:
        refuse_nul(content)
        found = decode(content)
    except InvalidInputError as fault:
        raise InvalidInputError(f"{part.filename}: {fault.message}", path=part.filename) from fault
    entries = found.get(key) if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise InvalidInputError(
            f'{part.filename} needs an object "{key}" with one list for each file',
            path=f"{part.filename}.{key}",
        )
    return entries


_Row = dict[str, Any]


def _prepared(
    engine: Engine, category: str, part: FilePart, wishes: Wishes, beside: _Beside, entry: Any
) -> _Row | tuple[str, str]:
    """Return the row of a file, or its name and what is wrong with it."""
    try:
        segments = beside.segments.get(part.filename)
        if entry is not None:
            category, wishes, told = sample_description.said(entry, category, wishes)
            segments = told if segments is None else segments
        return _row(engine, category, part, wishes, segments, beside.boxes.get(part.filename))
    except (StorageFullError, WorkspaceError):
        raise
    except InvalidInputError as refusal:  # also of pictures and files
        return part.filename, refusal.message


def _row(
    engine: Engine, category: str, part: FilePart, wishes: Wishes, segments: Any, boxes: Any
) -> _Row:
    from nucleus_lab.formats.samples import labels

    file = _name(part.filename)
    found, row = _stored(engine, part, file)
    if category == labels.SPLIT:
        category = row.pop("split")
    row.pop("split", None)
    if segments is not None:
        if found.recording is None:
            raise InvalidInputError(f"{file} is no time series: structured labels need one")
        place = f"{_SEGMENTS} for {file}"
        segments = labels.check_segments(segments, row["readings"], place)
    if boxes is not None:
        boxes = labels.check_boxes(boxes, f"{_BOXES} for {file}")
    elif wishes.bounding_boxes:
        boxes = wishes.bounding_boxes
    if boxes and found.recording is not None:
        raise InvalidInputError(f"{file} is no picture: bounding boxes need one")
    now = clock.now()
    stem, dot, end = file.rpartition(".")
    if wishes.date_id:
        file = f"{stem or end}.{now}{dot}{end if stem else ''}"
    return {
        **row,
        "category": category,
        "file": file,
        "filename": file.rpartition(".")[0] or file,
        "label": labels.label_of_name(file) if wishes.label is None else wishes.label,
        "metadata": document(wishes.metadata),
        "bounding_boxes": document(boxes),
        "structured_labels": document(segments),
        "created_at": now,
        "changed_at": now,
    }


def _name(given: str) -> str:
    from nucleus_lab.formats.samples.recording import text_of

    name = given.replace("\\", "/").rpartition("/")[2].strip()
    if not name:
        raise InvalidInputError("a file has no name: name each part of the request")
    if len(name) > _LONGEST_NAME:
        raise InvalidInputError(f"the file name {name[:40]}… has more than {_LONGEST_NAME} letters")
    if name.endswith(".labels"):
        raise InvalidInputError(
            f"{name} describes files and is no sample: upload the files that it names, with "
            f"{_SEGMENTS} or {_BOXES} beside them where they have labels"
        )
    return text_of(name, "a file name")


def _stored(engine: Engine, part: FilePart, file: str) -> tuple[Content, _Row]:
    """Read a file and store it, once it is known to be whole."""
    from nucleus_lab.formats.samples import labels, reading

    if part.path is not None and Path(part.path).is_file():
        _check_size(Path(part.path).stat().st_size, file)
    seen: dict[str, Any] = {}

    def look(content: bytes, _: str) -> None:
        _check_size(len(content), file)
        seen["content"] = reading.read(content, file, engine.settings.samples_hmac_key or None)
        seen["row"] = _described(engine, seen["content"], content, file)
        seen["split"] = labels.category_of_content(content)

    part = FilePart(part.field, file, part.path, part.content)
    key = engine.media.store(part, look)
    found: Content = seen["content"]
    row = {**seen["row"], "media_key": key, "split": seen["split"]}
    if found.recording is not None:
        # Few bytes of Parquet can be many numbers, and its reader is not there at every reader.
        long = row["size"] > sample_values.LONG_BYTES and row["media_type"] != WAV
        if long or row["media_type"] == PARQUET:
            stored = sample_values.store(engine, found.recording.values, file)
            row["values_key"], row["dtype"] = stored
    elif row.pop("embedded"):
        embedded = FilePart("picture", file, content=found.file)
        row["media_key"] = engine.media.store(embedded, lambda *_: None)
    return found, row


def _check_size(size: int, file: str) -> None:
    from nucleus_lab.formats.samples.reading import MOST_BYTES

    if size > MOST_BYTES:
        raise MediaError(
            f"{file} has {size:,} bytes and {MOST_BYTES:,} are allowed: cut it into shorter "
            "samples",
            path=file,
        )


def _described(engine: Engine, found: Content, content: bytes, file: str) -> _Row:
    """The columns that follow from the content."""
    row: _Row = {
        "kind": found.kind,
        "content_hash": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "values_key": None,
        "dtype": None,
        "width": None,
        "height": None,
        "device_type": found.device_type,
        "device_name": found.device_name,
        "signature_method": "none",
        "signature_valid": False,
        "interval_ms": 0.0,
        "readings": 1,
    }
    recording = found.recording
    if recording is not None:
        from nucleus_lab.formats.samples.reading import kind_of

        sensors = [{"name": one.name, "units": one.units} for one in recording.sensors]
        return row | {
            "readings": len(recording.values),
            "sensors": document(sensors),
            "interval_ms": recording.interval_ms,
            "media_type": _MEDIA_TYPES[kind_of(content, file)],
            "device_type": recording.device_type,
            "device_name": recording.device_name,
            "signature_method": recording.signature_method,
            "signature_valid": recording.signature_valid,
        }
    row["sensors"] = document([{"name": found.kind, "units": "rgba"}])
    row["embedded"] = found.file is not content
    if found.kind == "image":
        from nucleus_lab.engine import pictures

        width, height, kind, _ = pictures.check(found.file, file, engine.settings.max_pixels)
        media_type = f"image/{'jpeg' if kind == 'MPO' else kind.lower()}"
        return row | {"width": width, "height": height, "media_type": media_type}
    from nucleus_lab.engine.video import container_of

    avi = container_of(content, file) == "avi"
    return row | {"media_type": "video/x-msvideo" if avi else "video/mp4"}


def _answer(
    connection: Connection, project_id: int, row: _Row | tuple[str, str], wishes: Wishes
) -> dict[str, Any]:
    if isinstance(row, tuple):
        return {"success": False, "fileName": row[0], "error": row[1]}
    if wishes.no_duplicates:
        found = _SAME.rows(connection, project=project_id, content=row["content_hash"])
        if found:
            told = ", ".join(str(key) for (key,) in found)
            error = f"An item with this hash already exists (ids: {told})"
            return {"success": False, "fileName": row["file"], "error": error}
    made = _INSERT.rows(connection, sample_project_id=project_id, **row)
    return {
        "success": True,
        "projectId": project_id,
        "sampleId": made[0][0],
        "fileName": row["file"],
    }


_SAME: Final = Statement(
    lambda: (
        select(sample.c.id)
        .where(
            sample.c.sample_project_id == bindparam("project"),
            sample.c.content_hash == bindparam("content"),
        )
        .order_by(sample.c.id)
        .limit(20)
    )
)
_LATER: Final = frozenset({"id", "crop_start", "crop_end", "is_disabled"})
_INSERT: Final = Statement(
    lambda: (
        insert(sample)
        .values({one.name: bindparam(one.name) for one in sample.c if one.name not in _LATER})
        .returning(sample.c.id)
    )
)
