"""What a scenario test is about: the items, scenes and tracks of its slice."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, union

from nucleus_lab import identifiers
from nucleus_lab.engine import reading, scene_reading, slice_members, slice_reading, slices, tracks
from nucleus_lab.engine.schema import annotation, model_run, prediction, slice_, track
from nucleus_lab.engine.statements import among, json_list


def dataset_of(connection: Connection, slice_id: int) -> int:
    """Return the dataset of a slice.

    Args:
        connection: The open transaction.
        slice_id: Primary key of the slice.

    Returns:
        Primary key of the dataset.
    """
    found = connection.execute(select(slice_.c.dataset_id).where(slice_.c.id == slice_id))
    key: int = found.scalar_one()
    return key


def of_slice(connection: Connection, slice_id: int) -> dict[str, Any]:
    """Describe what a slice holds, at every level.

    Args:
        connection: The open transaction.
        slice_id: Primary key of the slice, of items or scenes.

    Returns:
        ``dataset_items``, those of its scenes too; ``scenes``; and ``tracks``, which objects on
        these items name.
    """
    row = slices.get(connection, identifiers.encode(identifiers.SLICE, slice_id))
    keys = [key for _, key, _ in slice_members.listing(connection, row.id)]
    scenes: list[dict[str, Any]] = []
    if row.type == "scene":
        found = slice_reading.scenes(connection, keys)
        scenes = [found[key] for key in keys if key in found]
        place = {key: position for position, key in enumerate(keys)}
        inside = scene_reading.items_of(connection, row.dataset_id, keys)
        inside.sort(key=lambda entry: place[entry.scene])
        items = [entry.values for entry in inside]
    else:
        items = reading.by_keys(connection, row.dataset_id, keys)
    named = _track_names(connection, row.dataset_id, [values[0] for values in items])
    rows = connection.execute(
        select(track.c.reference_id, track.c.metadata)
        .where(track.c.dataset_id == row.dataset_id, among(track.c.reference_id, "named"))
        .order_by(track.c.id),
        {"named": json_list(named)},
    )
    return {
        "dataset_items": [reading.item_payload(values) for values in items],
        "scenes": scenes,
        "tracks": [tracks.payload(row.dataset_id, name, metadata) for name, metadata in rows],
    }


def _track_names(connection: Connection, dataset_id: int, items: list[int]) -> list[str]:
    runs = select(model_run.c.id).where(model_run.c.dataset_id == dataset_id)
    sides = [
        select(table.c.track_reference_id).where(
            among(table.c.item_id, "items"), table.c.track_reference_id.is_not(None)
        )
        for table in (annotation, prediction)
    ]
    sides[1] = sides[1].where(prediction.c.model_run_id.in_(runs))
    return list(connection.scalars(union(*sides), {"items": json_list(items)}))
