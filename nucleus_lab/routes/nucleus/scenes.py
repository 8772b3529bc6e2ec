"""Routes of scenes: upload, list, read, delete, export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import (
    datasets,
    models,
    scene_export,
    scene_reading,
    scene_uploads,
    scenes,
    slices,
)
from nucleus_lab.engine.scene_wire import LidarSceneWire, VideoSceneWire
from nucleus_lab.errors import ConflictError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class LidarBody(msgspec.Struct):
    """Body of ``{ds}/upload_scenes``."""

    scenes: list[LidarSceneWire] = []
    update: bool = False
    requestId: str | None = None


class VideoBody(msgspec.Struct):
    """Body of ``{ds}/upload_video_scenes``."""

    scenes: list[VideoSceneWire] = []
    update: bool = False
    requestId: str | None = None


class FilesBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/files``: everything is in the parts."""


class BySceneBody(msgspec.Struct):
    """Body of ``dataset/{ds}/exportForTrainingByScene``."""

    pageToken: str | None = None
    pageSize: int = 10
    sliceId: str | None = None
    onlyMostRecentTask: bool | None = None


def _upload(engine: Engine, call: Call[Any], ds: str, job_type: str) -> dict[str, Any]:
    body = call.body
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    scene_uploads.check_takes_scenes(row)
    if call.query.get("async") == "1" and body.requestId:
        engine.uploads.check(row.id, body.requestId)
        payload = {"requestId": body.requestId, "update": body.update}
        return engine.jobs.submit(job_type, payload, dataset_id=row.id)
    for scene in body.scenes:  # all are looked at before the first one is stored
        scene_uploads.checked(engine, row, scene)
    done = scene_uploads.put(engine, row, body.scenes, update=body.update)
    return done.answer(row.public_id)


@route("POST", "{ds}/upload_scenes", body=LidarBody)
def upload_lidar_scenes(engine: Engine, call: Call[LidarBody], ds: str) -> dict[str, Any]:
    """Add lidar scenes, now or in a job."""
    return _upload(engine, call, ds, "uploadLidarScene")


@route("POST", "{ds}/upload_video_scenes", body=VideoBody)
def upload_video_scenes(engine: Engine, call: Call[VideoBody], ds: str) -> dict[str, Any]:
    """Add video scenes, now or in a job."""
    return _upload(engine, call, ds, "uploadVideoScene")


@route("POST", "lab/dataset/{ds}/files", body=FilesBody)
def take_files(engine: Engine, call: Call[FilesBody], ds: str) -> dict[str, Any]:
    """Store pictures, point clouds and videos that a later upload of scenes names."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    scene_uploads.check_takes_scenes(row)
    return {"stored": scene_uploads.take_files(engine, call.files)}


@route("GET", "dataset/{ds}/scenes_list")
def all_scenes(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """List scenes without their frames."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return {"scenes": scene_reading.listing(connection, row.id)}


@route("GET", "dataset/{ds}/scene/{ref:path}")
def one_scene(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:
    """Answer a scene, by its own reference id or by that of one of its items."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        if call.query.get("from_item") == "1":
            key = scene_reading.of_item(connection, row.id, ref)
        else:
            key = scenes.key_of(connection, row.id, ref)
        return scene_reading.payloads(connection, [key])[key]


@route("DELETE", "dataset/{ds}/scene/{ref:path}")
def delete_scene(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:
    """Delete a scene with its items and everything on them."""
    with engine.store.write(bulk=True) as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        scenes.remove(connection, row.id, scenes.key_of(connection, row.id, ref))
    return {"dataset_id": row.public_id, "reference_id": ref, "message": "Scene deleted"}


@route("POST", "dataset/{ds}/exportForTrainingByScene", body=BySceneBody)
def export_by_scene(engine: Engine, call: Call[BySceneBody], ds: str) -> dict[str, Any]:
    """Answer some scenes with their annotations by track."""
    body = call.body
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        chosen = None
        if body.sliceId is not None:
            found = slices.get(connection, body.sliceId)
            if found.dataset_id != row.id or found.type == "object":
                raise ConflictError(f"slice {body.sliceId} holds no scenes or items of {ds}")
            chosen = found.id
        keys, token = scene_reading.page(connection, row.id, chosen, body.pageToken, body.pageSize)
        data = scene_export.rows(connection, row.id, keys)
    return {"data": data, "nextPageToken": token}


@route("GET", "lab/dataset/{ds}/scene/{ref:path}")
def scene_with_objects(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:
    """Answer a scene with all that is on it and on its items."""
    model_id = call.query.get("model_id")
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        run = models.run_on(connection, model_id, row.id) if model_id else None
        return scene_reading.with_objects(connection, row.id, ref, run)
