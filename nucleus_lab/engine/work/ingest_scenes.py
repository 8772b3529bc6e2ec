"""The jobs that take in lidar and video scenes which were sent ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import datasets, scene_uploads
from nucleus_lab.engine.scene_wire import LidarSceneWire, VideoSceneWire
from nucleus_lab.engine.scenes import SceneCounts
from nucleus_lab.engine.work import FaultyJobError, Task, job_kind
from nucleus_lab.engine.work.reading import converted

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("uploadLidarScene")
def run_lidar(engine: Engine, task: Task) -> dict[str, Any]:
    """Store the lidar scenes of an upload.

    Args:
        engine: The open workspace.
        task: Its payload holds ``requestId`` and ``update``.

    Returns:
        The counters under ``scene_upload_progress``.
    """
    return _run(engine, task, LidarSceneWire)


@job_kind("uploadVideoScene")
def run_video(engine: Engine, task: Task) -> dict[str, Any]:
    """Store the video scenes of an upload; cut those that are one file.

    Args:
        engine: The open workspace.
        task: Its payload holds ``requestId`` and ``update``.

    Returns:
        The counters under ``scene_upload_progress``.
    """
    return _run(engine, task, VideoSceneWire)


def _run(engine: Engine, task: Task, kind: Any) -> dict[str, Any]:
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    total = SceneCounts()

    def message(**more: Any) -> dict[str, Any]:
        return {"scene_upload_progress": {**total.answer(row.public_id), **more}}

    for line in engine.uploads.read(row.id, task.payload["requestId"]):
        refused: list[str] = []
        values = converted([line], kind, task, refused.append)
        part = scene_uploads.put(
            engine,
            row,
            values,
            update=task.payload["update"],
            progress=lambda done: task.progress(0, 1, message(frames_of_video=done)),
        )
        for text in part.errors:
            task.error(text)
        total.new += part.new
        total.updated += part.updated
        total.ignored += part.ignored
        total.errors += refused + part.errors
        task.progress(0, 1, message())
    if total.errors and not (total.new or total.updated or total.ignored):
        raise FaultyJobError(total.errors[0], message())
    return message()
