"""Uploads of scenes: payloads, files that came ahead and videos become rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.engine import (
    cameras,
    datasets,
    indexing,
    metadata_schemas,
    point_clouds,
    scenes,
    video,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.scene_wire import (
    LidarSceneWire,
    SceneRow,
    VideoSceneWire,
    lidar_row,
    video_row,
)
from nucleus_lab.engine.scenes import SceneCounts
from nucleus_lab.errors import ConflictError, InvalidInputError, MediaError, NucleusError
from nucleus_lab.location import is_local
from nucleus_lab.wire import FilePart, decode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow

Progress = Callable[[int], object]
Payload = LidarSceneWire | VideoSceneWire

FIELDS: Final = ("image", "pointcloud", "video")
"""What a file that is sent ahead may be."""


def check_takes_scenes(row: DatasetRow) -> None:
    """Refuse scenes for a dataset of single items.

    Args:
        row: The dataset.

    Raises:
        InvalidInputError: It holds items.
    """
    if not row.is_scene:
        raise InvalidInputError(
            f"dataset {row.public_id} holds single items and takes no scenes: create a dataset "
            "with is_scene=True for them"
        )


def take_files(engine: Engine, files: Sequence[FilePart]) -> list[dict[str, Any]]:
    """Store files that the scenes of a later call name.

    Args:
        engine: The workspace.
        files: The files; their field says what they are.

    Returns:
        For each ``key`` and, of pictures, ``width``, ``height`` and ``phash``; ``error`` and
        ``code`` of one that cannot be taken.

    Raises:
        InvalidInputError: A field has another name.
    """
    for part in files:
        if part.field not in FIELDS:
            raise InvalidInputError(f"the part {part.field!r} is none of {', '.join(FIELDS)}")
    pictures = iter(engine.media.ingest_many([part for part in files if part.field == "image"]))
    taken: list[dict[str, Any]] = []
    for part in files:
        try:
            if part.field == "image":
                picture = next(pictures)
                if isinstance(picture, MediaError):
                    raise picture
                size = {"width": picture.width, "height": picture.height}
                taken.append({"key": picture.key, **size, "phash": picture.phash})
            elif part.field == "pointcloud":
                taken.append({"key": point_clouds.ingest(engine, part)})
            else:
                taken.append({"key": video.ingest(engine, part)})
        except MediaError as fault:
            taken.append({"error": fault.message, "code": fault.code})
    return taken


def put(
    engine: Engine,
    row: DatasetRow,
    payloads: Sequence[Payload],
    *,
    update: bool,
    progress: Progress = lambda _done: None,
) -> SceneCounts:
    """Store scenes, each with its items as one.

    Args:
        engine: The workspace.
        row: The dataset.
        payloads: The scenes in order.
        update: Whether to give scenes that are there new metadata.
        progress: Called with the number of pictures of a video that are stored.

    Returns:
        What became of them; one that cannot be taken loses none of the others.
    """
    counts = SceneCounts()
    for payload in payloads:
        overwrite = update if payload.update is None else payload.update
        try:
            ready = checked(engine, row, payload)
            became = _store(engine, row, ready, overwrite, progress)
        except NucleusError as fault:
            counts.errors.append(fault.message)
        else:
            setattr(counts, became, getattr(counts, became) + 1)
    if counts.new:
        indexing.index_new(engine, row.id)
    return counts


def checked(engine: Engine, row: DatasetRow, payload: Payload) -> SceneRow:
    """Check a scene, before anything is written.

    Args:
        engine: The workspace.
        row: The dataset.
        payload: The scene.

    Returns:
        What to store.

    Raises:
        InvalidInputError: It is not as a scene must be.
        MediaError: A file that it names was not sent, or has been swept since.
    """
    if isinstance(payload, LidarSceneWire):
        ready = lidar_row(payload)
    else:
        ready = video_row(payload, privacy=row.use_privacy_mode)
    if ready.cut and ready.video_url and is_local(ready.video_url) and ready.video_key is None:
        raise InvalidInputError(
            f"{ready.video_url!r} of scene {ready.reference_id!r} is a local path and no file came "
            "along: give a URL, or upload through nucleus_lab, which sends local files"
        )
    _check_metadata(row, ready)
    if row.use_privacy_mode and any(entry.media_key for _, _, entry in ready.items):
        raise InvalidInputError(
            f"scene {ready.reference_id!r} has local files, and a dataset in privacy mode keeps "
            "none: give the URLs under which you serve them"
        )
    for key, name in (
        (ready.video_key, ready.video_url),
        *((entry.media_key, entry.location) for _, _, entry in ready.items),
    ):
        if key is not None and not engine.media.hold(key):
            raise MediaError(
                f"the file of {name!r} in scene {ready.reference_id!r} is not in the workspace: "
                "send it again before the scene"
            )
    return ready


def _check_metadata(row: DatasetRow, ready: SceneRow) -> None:
    """Hold cameras, and the metadata of a scene and its items against the schema of the dataset."""
    for _, _, entry in ready.items:
        unseen = cameras.fault_in(entry.metadata)
        if unseen:
            raise InvalidInputError(
                f"item {entry.reference_id!r}: {unseen}; the scene was left out",
                reference_id=ready.reference_id,
            )
    schema = metadata_schemas.read(row.item_metadata_schema)
    if not schema:
        return
    places = [(f"scene {ready.reference_id!r}", ready.metadata)]
    places += [(f"item {entry.reference_id!r}", entry.metadata) for _, _, entry in ready.items]
    for place, text in places:
        wrong = metadata_schemas.fault(schema, decode(text) if text else None)
        if wrong:
            raise InvalidInputError(
                f"Metadata type conflict: {place}: {wrong}; the scene was left out",
                reference_id=ready.reference_id,
            )


def _store(
    engine: Engine, row: DatasetRow, ready: SceneRow, overwrite: bool, progress: Progress
) -> str:
    if ready.cut:
        with engine.store.read() as connection:
            there = scenes.keys_of(connection, row.id, [ready.reference_id])
        if not there:  # a video that is there already is not cut again
            _cut(engine, ready, progress)
    with engine.store.write(bulk=True) as connection:
        datasets.lock(connection, row.id)
        if (
            ready.cut
            and not ready.items
            and not scenes.keys_of(connection, row.id, [ready.reference_id])
        ):
            raise ConflictError(
                f"scene {ready.reference_id!r} was deleted while it was updated: upload it again"
            )
        return scenes.put(connection, row.id, ready, update=overwrite)


def _cut(engine: Engine, ready: SceneRow, progress: Progress) -> None:
    """Make the items of a video; a video at a URL is only kept while it is cut."""
    url = ready.video_url or ""
    if ready.video_key is not None:
        made = video.cut(engine, engine.media.path(ready.video_key), url, progress)
    else:
        content = engine.media.thumbnails.remote.read(url)
        with tempfile.TemporaryDirectory(prefix="nucleus-lab-") as folder:
            path = Path(folder) / "video"
            path.write_bytes(content)
            made = video.cut(engine, path, url, progress)
        engine.media.thumbnails.remote.forget(url)
    ready.frame_rate = made.frame_rate
    ready.items = [
        (
            index,
            None,
            ItemRow(
                frame_name(ready.reference_id, index),
                "image",
                f"{url}#frame={index}",
                picture.key,
                picture.width,
                picture.height,
                phash=picture.phash,
            ),
        )
        for index, picture in enumerate(made.pictures)
    ]


def frame_name(scene_id: str, index: int) -> str:
    """Return the reference id of a picture that was cut out of a video.

    Args:
        scene_id: Reference id of the scene.
        index: Place of the picture, from 0.

    Returns:
        The same for the same video and place.
    """
    return f"{scene_id}_frame_{index:06d}"
