"""Scenes: their rows, their items, their metadata."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    bulk_write,
    cameras,
    clock,
    datasets,
    deletion,
    items,
    references,
    tracks,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.scene_wire import SceneRow
from nucleus_lab.engine.schema import (
    annotation,
    item,
    model_run,
    prediction,
    scene,
    scene_track,
    slice_,
    slice_member,
)
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import ConflictError, NotFoundError

_ITEM_COLUMNS: Final = (
    "dataset_id", "position", "created_at", "scene_id", "frame", "sensor", *ItemRow._fields,
)  # fmt: skip


@dataclass(slots=True)
class SceneCounts:
    """What became of the scenes of one call.

    Attributes:
        new: Stored.
        updated: Already there, with new metadata now.
        ignored: Already there, and left alone.
        errors: One sentence for each scene that could not be taken.
    """

    new: int = 0
    updated: int = 0
    ignored: int = 0
    errors: list[str] = field(default_factory=list)

    def answer(self, dataset_id: str) -> dict[str, Any]:
        """Return the counts as an answer carries them.

        Args:
            dataset_id: Id of the dataset on the wire.

        Returns:
            The counters, and ``errors``.
        """
        return {
            "dataset_id": dataset_id,
            "new_scenes": self.new,
            "updated_scenes": self.updated,
            "ignored_scenes": self.ignored,
            "scenes_errored": len(self.errors),
            "errors": self.errors[:1_000],
        }


_BY_REFERENCE = Statement(
    lambda: select(scene.c.reference_id, scene.c.id).where(
        scene.c.dataset_id == bindparam("dataset_id"), among(scene.c.reference_id, "wanted")
    )
)
_STRUCTURE = Statement(
    lambda: (
        select(item.c.frame, item.c.sensor, item.c.reference_id, item.c.kind)
        .where(item.c.scene_id == bindparam("key"))
        .order_by(item.c.frame, item.c.position)
    )
)
_HEAD = Statement(
    lambda: select(scene.c.type, scene.c.frame_rate, scene.c.video_url).where(
        scene.c.id == bindparam("key")
    )
)
_METADATA = Statement(
    lambda: select(scene.c.reference_id, scene.c.id, scene.c.metadata).where(
        scene.c.dataset_id == bindparam("dataset_id"), among(scene.c.reference_id, "wanted")
    )
)
_SET_METADATA = Statement(
    lambda: (
        update(scene)
        .where(scene.c.id == bindparam("key"))
        .values(metadata=bindparam("new", type_=scene.c.metadata.type))
    )
)


def keys_of(connection: Connection, dataset_id: int, wanted: Collection[str]) -> dict[str, int]:
    """Find scenes by their reference ids.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        wanted: Reference ids.

    Returns:
        Primary key by reference id; unknown ones are absent.
    """
    rows = _BY_REFERENCE.rows(connection, dataset_id=dataset_id, wanted=json_list(wanted))
    return dict(rows)


def key_of(connection: Connection, dataset_id: int, reference_id: str) -> int:
    """Find one scene by its reference id.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: What the caller calls it.

    Returns:
        The primary key.

    Raises:
        NotFoundError: The dataset has no such scene.
    """
    found = keys_of(connection, dataset_id, [reference_id]).get(reference_id)
    if found is None:
        raise unknown(reference_id, dataset_id)
    return found


def unknown(reference_id: str, dataset_id: int) -> NotFoundError:
    """Say that a scene does not exist.

    Args:
        reference_id: What the caller calls it.
        dataset_id: Primary key of the dataset.

    Returns:
        The error to raise.
    """
    shown = identifiers.encode(identifiers.DATASET, dataset_id)
    return NotFoundError(
        f"Scene not found for reference ID {reference_id} in dataset {shown}!",
        reference_id=reference_id,
    )


def put(connection: Connection, dataset_id: int, row: SceneRow, *, update: bool) -> str:
    """Store a scene, or give the one that is there new metadata.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        row: The scene.
        update: Whether to change one that is there.

    Returns:
        ``new``, ``updated`` or ``ignored``.

    Raises:
        ConflictError: The scene that is there has other frames, or an item belongs to another
            scene.
    """
    key = keys_of(connection, dataset_id, [row.reference_id]).get(row.reference_id)
    if key is None:
        _insert(connection, dataset_id, row)
        return "new"
    if not update:
        return "ignored"
    check_same(connection, key, row)
    items.insert(connection, dataset_id, [entry for _, _, entry in row.items], update=True)
    _SET_METADATA.many(connection, [(key, row.metadata)], "key", "new")
    _link_tracks(connection, dataset_id, key, row)
    return "updated"


def _insert(connection: Connection, dataset_id: int, row: SceneRow) -> None:
    taken = references.keys_of(connection, dataset_id, row.item_names)
    if taken:
        first = next(name for name in row.item_names if name in taken)
        raise ConflictError(
            f"scene {row.reference_id!r} was left out: its item {first!r} belongs to another scene "
            "of the dataset; give each item a reference id of its own"
        )
    last = select(func.coalesce(func.max(scene.c.position), -1)).where(
        scene.c.dataset_id == dataset_id
    )
    now = clock.now()
    values = {
        "dataset_id": dataset_id,
        "reference_id": row.reference_id,
        "type": row.type,
        "position": connection.execute(last).scalar_one() + 1,
        "metadata": row.metadata,
        "frame_rate": row.frame_rate,
        "video_url": row.video_url,
        "created_at": now,
    }
    key: int = connection.scalar(insert(scene).values(values).returning(scene.c.id))
    first_position = datasets.take_positions(connection, dataset_id, len(row.items))
    ready = [
        (dataset_id, place, now, key, frame, sensor, *entry)
        for place, (frame, sensor, entry) in enumerate(row.items, first_position)
    ]
    bulk_write.upsert(connection, item, _ITEM_COLUMNS, ready, key=())
    _link_tracks(connection, dataset_id, key, row)


def _link_tracks(connection: Connection, dataset_id: int, key: int, row: SceneRow) -> None:
    if row.tracks:
        keys = tracks.merge(connection, dataset_id, row.tracks)
        columns = ["scene_id", "track_id"]
        links = [(key, keys[name]) for name in row.tracks]
        bulk_write.upsert(connection, scene_track, columns, sorted(links), key=columns)


def check_same(connection: Connection, key: int, row: SceneRow) -> None:
    """Refuse to change what a stored scene is made of.

    Args:
        connection: The open transaction.
        key: Primary key of the stored scene.
        row: The scene as it was sent now; one that is still to be cut has no items.

    Raises:
        ConflictError: Frames, items, sensors, the video or the frame rate differ.
    """
    kind, frame_rate, video_url = _HEAD.rows(connection, key=key)[0]
    there = [tuple(values) for values in _STRUCTURE.rows(connection, key=key)]
    now = [
        (frame, sensor, entry.reference_id, entry.kind)
        for frame, sensor, entry in sorted(row.items, key=lambda placed: placed[0])
    ]
    fault = ""
    if kind != row.type:
        fault = f"it is a {kind} scene"
    elif video_url != row.video_url:
        fault = f"its video is {video_url!r}" if video_url else "it was made of single frames"
    elif not row.cut and frame_rate != row.frame_rate:
        fault = f"its frame rate is {frame_rate}"
    elif not row.cut and sorted(there, key=_order) != sorted(now, key=_order):
        frames, given = len({values[0] for values in there}), len({values[0] for values in now})
        fault = (
            f"it has {frames} frames, not {given}"
            if frames != given
            else "its frames hold other items"
        )
    if fault:
        raise ConflictError(
            f"scene {row.reference_id!r} cannot be updated, since {fault}: an update changes "
            "metadata only; delete the scene and upload it again"
        )


def _order(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return (values[0], values[1] or "", values[2], values[3])


def merge_metadata(
    connection: Connection, dataset_id: int, changes: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Set keys of the metadata of scenes; their other keys stay.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        changes: New values by key, by reference id.

    Returns:
        The reference ids that the dataset does not have.
    """
    rows = _METADATA.rows(connection, dataset_id=dataset_id, wanted=json_list(changes))
    known = {name: (key, old) for name, key, old in rows}
    ready = [(key, cameras.merged(old, changes[name])) for name, (key, old) in known.items()]
    _SET_METADATA.many(connection, ready, "key", "new")
    return [name for name in changes if name not in known]


def remove(connection: Connection, dataset_id: int, key: int) -> None:
    """Delete a scene with its items and everything on them.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        key: Primary key of the scene.
    """
    inside = list(connection.scalars(select(item.c.id).where(item.c.scene_id == key)))
    deletion.delete_items(connection, dataset_id, inside)
    ours = select(slice_.c.id).where(slice_.c.dataset_id == dataset_id)
    runs = select(model_run.c.id).where(model_run.c.dataset_id == dataset_id)
    for statement in (
        delete(slice_member).where(
            slice_member.c.slice_id.in_(ours),
            slice_member.c.member == "scene",
            slice_member.c.member_id == key,
        ),
        delete(annotation).where(annotation.c.scene_id == key),
        delete(prediction).where(prediction.c.model_run_id.in_(runs), prediction.c.scene_id == key),
        delete(scene_track).where(scene_track.c.scene_id == key),
        delete(scene).where(scene.c.id == key),
    ):
        connection.execute(statement)
