"""Scenes with their objects grouped by track, as ``exportForTrainingByScene`` answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import TYPES_BY_CODE
from nucleus_lab.engine import reading, scene_reading
from nucleus_lab.errors import InvalidInputError


def rows(connection: Connection, dataset_id: int, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Read scenes with their annotations by track.

    The track of an annotation is its ``track_reference_id``, else ``track_reference_id`` or
    ``track_id`` in its metadata, else its own id.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        keys: Primary keys of the scenes.

    Returns:
        ``scene`` and ``annotations``: label, name and frames by track.

    Raises:
        InvalidInputError: An annotation has neither a track nor an id.
    """
    payloads = scene_reading.payloads(connection, keys)
    items = scene_reading.items_of(connection, dataset_id, keys)
    objects = reading.objects_by_item(connection, [entry.values[0] for entry in items])
    found: dict[int, dict[str, Any]] = {
        key: {"scene": _scene(payloads[key]), "annotations": {}} for key in keys if key in payloads
    }
    for entry in items:
        whole = found[entry.scene]
        # Of a scene without one file of its own, that of its first frame.
        whole["scene"]["fileLocation"] = whole["scene"]["fileLocation"] or entry.values[3]
        for row in objects[entry.values[0]]:
            if TYPES_BY_CODE[row[2]].geometric and row[7] is not None:
                _add(whole["annotations"], entry.values, entry.frame, row)
    return [found[key] for key in keys if key in found]


def _scene(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": payload["id"],
        "reference_id": payload["reference_id"],
        "metadata": payload["metadata"],
        "type": payload["type"],
        "fileLocation": payload.get("video_url", ""),
    }


def _add(tracks: dict[str, Any], item: Sequence[Any], frame: int, row: Sequence[Any]) -> None:
    metadata = wire.decode(row[12]) if row[12] else {}
    extra = wire.decode(row[14]) if row[14] else {}
    named = None if extra.get("unnamed") else row[4]
    name = row[13] or metadata.get("track_reference_id") or metadata.get("track_id") or named
    if not name:
        raise InvalidInputError(
            f"an annotation {row[5]!r} of item {item[1]!r} has neither a track_reference_id nor an "
            "annotation_id, so it cannot be followed over frames: give it one of both",
            reference_id=item[1],
        )
    track = tracks.setdefault(str(name), {"label": row[5], "name": str(name), "frames": []})
    kind = TYPES_BY_CODE[row[2]].name
    entry: dict[str, Any] = {
        "left": row[7],
        "top": row[8],
        "width": row[9],
        "height": row[10],
        "key": str(frame),
        "metadata": metadata,
        "dataset_item_id": identifiers.encode(identifiers.ITEM, item[0]),
    }
    if kind != "box":  # the four numbers are only the bounds of what it is
        entry["type"] = kind
        entry["geometry"] = wire.decode(row[11]) if row[11] else {}
    track["frames"].append(entry)
