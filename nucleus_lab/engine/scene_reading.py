"""Reading scenes, as the wire carries them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, tuple_

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import reading, references, scenes, tracks
from nucleus_lab.engine.export_rows import export_rows
from nucleus_lab.engine.schema import annotation, item, prediction, scene, slice_member
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import InvalidInputError, NotFoundError

MOST_SCENES: Final = 1_000
"""Scenes of one page at most: each comes with all that is on its items."""

_PLACES = Statement(
    lambda: (
        select(item.c.id, item.c.scene_id, item.c.frame, item.c.sensor)
        .where(among(item.c.scene_id, "keys"))
        .order_by(item.c.scene_id, item.c.frame, item.c.position)
    )
)
_HEADS = Statement(
    lambda: select(
        scene.c.id, scene.c.reference_id, scene.c.type, scene.c.metadata, scene.c.frame_rate,
        scene.c.video_url, scene.c.dataset_id,
    ).where(among(scene.c.id, "keys"))
)  # fmt: skip
_LISTING = Statement(
    lambda: (
        select(scene.c.id, scene.c.reference_id, scene.c.type, scene.c.metadata)
        .where(scene.c.dataset_id == bindparam("dataset_id"))
        .order_by(scene.c.position)
    )
)
_SCENE_OF_ITEM = Statement(lambda: select(item.c.scene_id).where(item.c.id == bindparam("key")))


class SceneItem(NamedTuple):
    """An item of a scene.

    Attributes:
        scene: Primary key of the scene.
        frame: Index of its frame, from 0.
        sensor: Name of its sensor; ``None`` in a video.
        values: The item.
    """

    scene: int
    frame: int
    sensor: str | None
    values: reading.ItemValues


def items_of(connection: Connection, dataset_id: int, keys: Collection[int]) -> list[SceneItem]:
    """Read the items of scenes.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        keys: Primary keys of the scenes.

    Returns:
        The items, scene by scene and frame by frame.
    """
    places = _PLACES.rows(connection, keys=json_list(keys))
    rows = reading.by_keys(connection, dataset_id, [place[0] for place in places])
    found = {values[0]: values for values in rows}
    return [
        SceneItem(scene_key, frame, sensor, found[key])
        for key, scene_key, frame, sensor in places
        if key in found
    ]


def head(values: Sequence[Any]) -> dict[str, Any]:
    """Return what is known of a scene without its frames.

    Args:
        values: Key, reference id, type, metadata.

    Returns:
        Its payload.
    """
    key, reference_id, kind, metadata = values[:4]
    return {
        "id": identifiers.encode(identifiers.SCENE, key),
        "reference_id": reference_id,
        "type": kind,
        "metadata": wire.decode(metadata) if metadata else {},
    }


def payloads(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read scenes with their frames and tracks.

    Published clients tell a video from a lidar scene by the mere presence of ``frame_rate`` and
    ``video_url``: they are there only where they say something.

    Args:
        connection: The open transaction.
        keys: Primary keys.

    Returns:
        Payload by primary key; scenes that do not exist are absent.
    """
    found: dict[int, dict[str, Any]] = {}
    owners: dict[int, list[int]] = {}
    for values in _HEADS.rows(connection, keys=json_list(keys)):
        payload = {**head(values), "frames": [], "tracks": []}
        if values[4] is not None:
            rate = values[4]
            payload["frame_rate"] = int(rate) if rate == int(rate) else rate
        if values[5] is not None:
            payload["video_url"] = values[5]
        found[values[0]] = payload
        owners.setdefault(values[6], []).append(values[0])
    for dataset_id, ours in owners.items():
        for entry in items_of(connection, dataset_id, ours):
            _add(found[entry.scene], entry)
        for key, listed in tracks.of_scenes(connection, dataset_id, ours).items():
            found[key]["tracks"] = listed
    return found


def _add(payload: dict[str, Any], entry: SceneItem) -> None:
    """Put an item into its frame; frames come in order."""
    inside = {**reading.item_payload(entry.values), "type": entry.values[2]}
    frames = payload["frames"]
    if payload["type"] == "video":
        frames.append(inside)
        return
    while len(frames) <= entry.frame:
        frames.append({})
    frames[entry.frame][entry.sensor] = inside


def listing(connection: Connection, dataset_id: int) -> list[dict[str, Any]]:
    """List the scenes of a dataset without their frames.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        ``id``, ``reference_id``, ``type`` and ``metadata`` of each, in the order of upload.
    """
    return [head(values) for values in _LISTING.rows(connection, dataset_id=dataset_id)]


def of_item(connection: Connection, dataset_id: int, reference_id: str) -> int:
    """Find the scene that an item belongs to.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: What the caller calls the item.

    Returns:
        Primary key of the scene.

    Raises:
        NotFoundError: There is no such item, or it belongs to no scene.
    """
    key = references.key_of(connection, dataset_id, reference_id)
    row = _SCENE_OF_ITEM.first(connection, key=key)
    if row is None or row[0] is None:
        raise NotFoundError(f"item {reference_id!r} belongs to no scene")
    return int(row[0])


def page(
    connection: Connection, dataset_id: int, slice_id: int | None, token: str | None, size: int
) -> tuple[list[int], str | None]:
    """Read the keys of some scenes in the order of the dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        slice_id: Only scenes of this slice, or with an item in it.
        token: What the page before returned; ``None`` for the first page.
        size: Scenes at most.

    Returns:
        Primary keys, and the token of the next page or ``None``.

    Raises:
        InvalidInputError: The token is not ours, or the size is out of range.
    """
    if not 1 <= size <= MOST_SCENES:
        raise InvalidInputError(f"pageSize is {size}: use 1 to {MOST_SCENES}", path="pageSize")
    place = scene.c.position, scene.c.id
    rows = select(*place).where(scene.c.dataset_id == dataset_id)
    if token:
        position, _, key = token.partition("-")
        if not (position.isdigit() and key.isdigit()):
            raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
        rows = rows.where(tuple_(*place) > tuple_(int(position), int(key)))
    if slice_id is not None:
        members = select(slice_member.c.member_id).where(slice_member.c.slice_id == slice_id)
        inside = select(item.c.scene_id).where(
            item.c.id.in_(members.where(slice_member.c.member == "item"))
        )
        rows = rows.where(
            scene.c.id.in_(members.where(slice_member.c.member == "scene")) | scene.c.id.in_(inside)
        )
    found = [tuple(row) for row in connection.execute(rows.order_by(*place).limit(size + 1))]
    if len(found) <= size:
        return [key for _, key in found], None
    found.pop()
    return [key for _, key in found], f"{found[-1][0]}-{found[-1][1]}"


_OF_SCENE = {
    "annotation": Statement(
        lambda: reading.object_rows(annotation, annotation.c.scene_id == bindparam("scene_id"))
    ),
    "prediction": Statement(
        lambda: reading.object_rows(prediction, prediction.c.scene_id == bindparam("scene_id"))
    ),
}


def with_objects(
    connection: Connection, dataset_id: int, reference_id: str, run_id: int | None = None
) -> dict[str, Any]:
    """Read a scene with all that is on it and on its items.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: What the caller calls the scene.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        ``scene``, ``annotations`` of the scene itself by type, and ``items``: rows as training
        exports have them, each with ``frame`` and ``sensor``.
    """
    key = scenes.key_of(connection, dataset_id, reference_id)
    inside = items_of(connection, dataset_id, [key])
    if run_id is None:
        own = _OF_SCENE["annotation"].rows(connection, scene_id=key)
    else:
        own = _OF_SCENE["prediction"].rows(connection, scene_id=key, run_id=run_id)
    own.sort(key=lambda row: row[1])
    rows = export_rows(connection, [entry.values for entry in inside], run_id)
    for row, entry in zip(rows, inside, strict=True):
        row["frame"], row["sensor"] = entry.frame, entry.sensor
    return {
        "scene": payloads(connection, [key])[key],
        "annotations": reading.grouped(reference_id, own, scored=run_id is not None),
        "items": rows,
    }
