"""Samples as rows: finding one, and what is told of it on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from nucleus_lab.engine import clock
from nucleus_lab.engine.sample_schema import sample
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import NotFoundError
from nucleus_lab.wire import decode

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ENDS: Final = {
    "audio/wav": "wav", "image/jpeg": "jpg", "image/png": "png", "video/mp4": "mp4",
    "video/x-msvideo": "avi",
}  # fmt: skip


def get(connection: Connection, project_id: int, text: str) -> Row[Any]:
    """Find a sample.

    Args:
        connection: The open transaction.
        project_id: Row of its project.
        text: Its id as a path has it.

    Returns:
        Its row.

    Raises:
        NotFoundError: The project has none; published clients know the text.
    """
    if text.isascii() and text.isdigit() and len(text) <= 18:
        wanted = sample.c.id == int(text), sample.c.sample_project_id == project_id
        row = connection.execute(select(sample).where(*wanted)).first()
        if row is not None:
            return row
    raise NotFoundError(f"No sample found with ID {text}")


def among_ids(connection: Connection, project_id: int, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Find samples.

    Args:
        connection: The open transaction.
        project_id: Row of their project.
        ids: Their ids.

    Returns:
        Rows by id; those that the project does not have are absent.
    """
    wanted = sample.c.sample_project_id == project_id, among(sample.c.id, "wanted")
    rows = connection.execute(select(sample).where(*wanted), {"wanted": json_list(ids)})
    return {row.id: row for row in rows}


def span(row: Row[Any]) -> tuple[int, int]:
    """Return which readings are left of a sample.

    Args:
        row: Its row.

    Returns:
        The first one, and the one after the last.
    """
    if row.crop_start is None:
        return 0, row.readings
    return row.crop_start, row.crop_end


def interval(row: Row[Any]) -> float:
    """Return the milliseconds between two readings, as they are told.

    Args:
        row: Its row.

    Returns:
        The interval. A single reading has none; clients ask for one above 0 all the same.
    """
    return float(row.interval_ms or (1.0 if row.kind == "series" else 0.0))


def structured_labels(row: Row[Any]) -> list[dict[str, Any]]:
    """Return the labels of stretches, as they lie in what is left of a sample.

    Args:
        row: Its row.

    Returns:
        Labels by start; none where the sample has one label.
    """
    if not row.structured_labels:
        return []
    start, end = span(row)
    return [
        {
            **entry,
            "startIndex": max(entry["startIndex"], start) - start,
            "endIndex": min(entry["endIndex"], end - 1) - start,
        }
        for entry in decode(row.structured_labels)
        if entry["startIndex"] < end and entry["endIndex"] >= start
    ]


def payload(row: Row[Any]) -> dict[str, Any]:
    """Describe a sample.

    Args:
        row: Its row.

    Returns:
        The object that published clients read.
    """
    start, end = span(row)
    count = end - start
    step = interval(row)
    rate = 1000 / step if step else 0.0
    labels = structured_labels(row)
    found = {
        "id": row.id,
        "projectId": row.sample_project_id,
        "filename": row.filename,
        "category": row.category,
        "label": row.label,
        "coldstorageFilename": storage_name(row),
        "created": clock.iso(row.created_at),
        "added": clock.iso(row.created_at),
        "lastModified": clock.iso(row.changed_at),
        "signatureValidate": bool(row.signature_valid),
        "signatureMethod": row.signature_method,
        "signatureKey": "",
        "intervalMs": step,
        "frequency": rate,
        "originalIntervalMs": step,
        "originalFrequency": rate,
        "deviceName": row.device_name or "",
        "deviceType": row.device_type,
        "sensors": decode(row.sensors),
        "valuesCount": count,
        "totalLengthMs": count * step,
        "chartType": _chart(row),
        "boundingBoxes": decode(row.bounding_boxes) if row.bounding_boxes else [],
        "boundingBoxesType": "object_detection",
        "isDisabled": bool(row.is_disabled),
        "isProcessing": False,
        "processingError": False,
        "isCropped": row.crop_start is not None,
        "metadata": decode(row.metadata) if row.metadata else None,
        "sha256Hash": row.content_hash,
    }
    if labels:
        found["structuredLabels"] = labels
        found["structuredLabelsList"] = sorted({entry["label"] for entry in labels})
    if row.width is not None:
        found["imageDimensions"] = {"width": row.width, "height": row.height}
    return found


def _chart(row: Row[Any]) -> str:
    if row.kind != "series":
        return str(row.kind)
    return "chart" if row.readings > 1 else "table"


def storage_name(row: Row[Any]) -> str:
    """Return the name under which clients store a sample that they download.

    Args:
        row: Its row.

    Returns:
        Such as ``training/wave.01.json.0000002s.ingestion.json``: clients take the last three
        parts off.
    """
    end = _ENDS.get(row.media_type, "json")
    return f"{row.category}/{row.file}.{_short(row.id):0>8}.ingestion.{end}"


def _short(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text
