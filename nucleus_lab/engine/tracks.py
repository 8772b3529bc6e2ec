"""Tracks: the names that join the objects of one thing, and what is known about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import bulk_write
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.schema import (
    annotation,
    item,
    model_run,
    prediction,
    scene,
    scene_track,
    track,
)
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import NotFoundError

_KNOWN = Statement(
    lambda: select(track.c.reference_id, track.c.id, track.c.metadata).where(
        track.c.dataset_id == bindparam("dataset_id"), among(track.c.reference_id, "wanted")
    )
)
_ALL = Statement(
    lambda: (
        select(track.c.reference_id, track.c.id, track.c.metadata)
        .where(track.c.dataset_id == bindparam("dataset_id"))
        .order_by(track.c.id)
    )
)
_SET = Statement(
    lambda: (
        update(track)
        .where(track.c.id == bindparam("key"))
        .values(metadata=bindparam("new", type_=track.c.metadata.type))
    )
)


def note(connection: Connection, dataset_id: int, names: Collection[str]) -> None:
    """Make tracks of names that are new.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        names: What uploads call their tracks.
    """
    if names:
        rows = [(dataset_id, name) for name in sorted(set(names))]
        key = ["dataset_id", "reference_id"]
        bulk_write.upsert(connection, track, key, rows, key=key)


def merge(
    connection: Connection,
    dataset_id: int,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    overwrite: bool = False,
) -> dict[str, int]:
    """Set metadata of tracks; tracks that are new are made.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        changes: New values by key, by name of the track.
        overwrite: Forget the keys that are not given.

    Returns:
        Primary key by name.
    """
    note(connection, dataset_id, changes.keys())
    rows = _KNOWN.rows(connection, dataset_id=dataset_id, wanted=json_list(changes))
    ready = []
    for name, key, old in rows:
        new = changes[name]
        if new or overwrite:
            kept = {} if overwrite or not old else wire.decode(old)
            ready.append((key, document({**kept, **new})))
    _SET.many(connection, ready, "key", "new")
    return {name: key for name, key, _ in rows}


def payload(dataset_id: int, name: str, metadata: str | None) -> dict[str, Any]:
    """Return a track as the wire carries it.

    Args:
        dataset_id: Primary key of its dataset.
        name: Its name.
        metadata: JSON text of the column.

    Returns:
        ``reference_id``, ``dataset_id`` and ``metadata``.
    """
    return {
        "reference_id": name,
        "dataset_id": identifiers.encode(identifiers.DATASET, dataset_id),
        "metadata": wire.decode(metadata) if metadata else {},
    }


def listing(connection: Connection, dataset_id: int) -> list[dict[str, Any]]:
    """Return the tracks of a dataset in the order in which they came up.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Their payloads.
    """
    rows = _ALL.rows(connection, dataset_id=dataset_id)
    return [payload(dataset_id, name, metadata) for name, _, metadata in rows]


def change(
    connection: Connection,
    dataset_id: int,
    name: str,
    metadata: Mapping[str, Any],
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Change the metadata of a track that exists.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Its name.
        metadata: Keys to set.
        overwrite: Forget the keys that are not given.

    Returns:
        Its payload afterwards.
    """
    _require(connection, dataset_id, [name])
    merge(connection, dataset_id, {name: metadata}, overwrite=overwrite)
    found = _KNOWN.rows(connection, dataset_id=dataset_id, wanted=json_list([name]))
    return payload(dataset_id, name, found[0][2])


def remove(connection: Connection, dataset_id: int, names: Sequence[str]) -> int:
    """Delete tracks; their annotations and predictions stay, without a track.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        names: Names of the tracks.

    Returns:
        How many tracks went.
    """
    wanted = list(dict.fromkeys(names))
    keys = _require(connection, dataset_id, wanted)
    values = {"names": json_list(wanted), "keys": json_list(keys)}
    items = select(item.c.id).where(item.c.dataset_id == dataset_id)
    scenes = select(scene.c.id).where(scene.c.dataset_id == dataset_id)
    runs = select(model_run.c.id).where(model_run.c.dataset_id == dataset_id)
    ours = annotation.c.item_id.in_(items) | annotation.c.scene_id.in_(scenes)
    for table, condition in (
        (annotation, ours),
        (prediction, prediction.c.model_run_id.in_(runs)),
    ):
        named = among(table.c.track_reference_id, "names")
        unlinked = update(table).where(named, condition).values(track_reference_id=None)
        connection.execute(unlinked, values)
    connection.execute(delete(scene_track).where(among(scene_track.c.track_id, "keys")), values)
    connection.execute(delete(track).where(among(track.c.id, "keys")), values)
    return len(keys)


def _require(connection: Connection, dataset_id: int, names: Sequence[str]) -> list[int]:
    """Find tracks that must exist.

    Returns:
        Their primary keys.

    Raises:
        NotFoundError: One does not exist; the message names up to five.
    """
    rows = _KNOWN.rows(connection, dataset_id=dataset_id, wanted=json_list(names))
    known = {name: key for name, key, _ in rows}
    missing = [name for name in names if name not in known]
    if missing:
        shown = ", ".join(repr(name) for name in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        public = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(f"dataset {public} has no track {shown}{more}", missing=missing[:100])
    return [known[name] for name in names]


_LINKED = Statement(
    lambda: (
        select(scene_track.c.scene_id, track.c.reference_id, track.c.metadata)
        .join(track, track.c.id == scene_track.c.track_id)
        .where(among(scene_track.c.scene_id, "scenes"))
        .order_by(track.c.id)
    )
)
_USED = Statement(
    lambda: (
        select(item.c.scene_id, track.c.reference_id, track.c.metadata)
        .select_from(item)
        .join(annotation, annotation.c.item_id == item.c.id)
        .join(
            track,
            (track.c.dataset_id == item.c.dataset_id)
            & (track.c.reference_id == annotation.c.track_reference_id),
        )
        .where(among(item.c.scene_id, "scenes"))
        .distinct()
    )
)


def of_scenes(
    connection: Connection, dataset_id: int, scene_keys: Collection[int]
) -> dict[int, list[dict[str, Any]]]:
    """Return the tracks of scenes: those they were uploaded with, and those of their annotations.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        scene_keys: Primary keys of the scenes.

    Returns:
        Payloads by primary key of the scene; scenes without a track are absent.
    """
    scenes = json_list(scene_keys)
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for rows in (
        _LINKED.rows(connection, scenes=scenes),
        sorted(_USED.rows(connection, scenes=scenes), key=lambda row: row[1]),
    ):
        for key, name, metadata in rows:
            found.setdefault(key, {}).setdefault(name, payload(dataset_id, name, metadata))
    return {key: list(tracks.values()) for key, tracks in found.items()}
