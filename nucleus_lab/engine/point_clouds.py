"""The point clouds of a workspace: taken in as files, fetched from URLs, read as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from nucleus_lab import identifiers
from nucleus_lab.engine import labeling_tasks
from nucleus_lab.engine.schema import dataset, item, scene
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.formats.pointcloud import PointCloud


def ingest(engine: Engine, part: FilePart) -> str:
    """Store the file of a point cloud, after making sure that it can be read.

    Args:
        engine: The workspace.
        part: The file.

    Returns:
        Its key in the media store.
    """
    from nucleus_lab.formats import pointcloud

    return engine.media.store(part, pointcloud.read)


def load(engine: Engine, source: Source) -> PointCloud:
    """Read a point cloud.

    Args:
        engine: The workspace.
        source: Where it is.

    Returns:
        Its points.

    Raises:
        ForbiddenError: The settings do not allow its URL.
        MediaError: It cannot be fetched or read.
    """
    from nucleus_lab.formats import pointcloud

    return pointcloud.read(engine.media.thumbnails.original(source), source.location)


def source_of(
    connection: Connection, dataset_id: int, name: str, *, public: bool = False
) -> Source:
    """Find the file of a point cloud.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        name: Reference id of the item.
        public: Whether ``name`` is the id on the wire instead.

    Returns:
        Where it is.

    Raises:
        NotFoundError: The dataset has no such item.
        InvalidInputError: It is a picture.
    """
    wanted = (
        select(item.c.kind, item.c.location, item.c.media_key, dataset.c.use_privacy_mode)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(item.c.dataset_id == dataset_id)
    )
    if public:
        wanted = wanted.where(item.c.id == identifiers.decode(identifiers.ITEM, name))
    else:
        wanted = wanted.where(item.c.reference_id == name)
    row = connection.execute(wanted).first()
    if row is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(f"dataset {shown} has no item {name!r}")
    if row.kind != "pointcloud":
        raise InvalidInputError(f"item {name!r} is a picture: name a point cloud")
    return Source(row.location, row.media_key, bool(row.use_privacy_mode))


def of_frame(connection: Connection, task_id: str, frame: int) -> Source:
    """Find the point cloud of a frame.

    Args:
        connection: The open transaction.
        task_id: Id of a scene (``scn_``), or of a labeling task (``task_``): then the scene is
            that of the picture to be labeled.
        frame: Index of the frame, from 0.

    Returns:
        Where it is.

    Raises:
        NotFoundError: There is no such scene or task, or it has no such frame.
        InvalidInputError: It is a video, or the picture of the task is in no scene.
    """
    if task_id.startswith(f"{identifiers.LABELING_TASK}_"):
        key = _scene_of_task(connection, task_id)
    else:
        key = identifiers.decode(identifiers.SCENE, task_id)
    kind = connection.scalar(select(scene.c.type).where(scene.c.id == key))
    if kind is None:
        raise NotFoundError(f"there is no scene {task_id!r}: it was deleted, or never was")
    if kind != "lidar":
        raise InvalidInputError(f"scene {task_id} is a video: it has no point clouds")
    row = connection.execute(
        select(item.c.location, item.c.media_key, dataset.c.use_privacy_mode)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(item.c.scene_id == key, item.c.frame == frame, item.c.kind == "pointcloud")
        .order_by(item.c.id)
    ).first()
    if row is None:
        raise NotFoundError(f"scene {task_id} has no frame {frame}: frames run from 0")
    return Source(row.location, row.media_key, bool(row.use_privacy_mode))


def _scene_of_task(connection: Connection, public_id: str) -> int:
    task = labeling_tasks.by_ids(connection, [public_id])[public_id]
    key = connection.scalar(select(item.c.scene_id).where(item.c.id == task.item_id))
    if key is None:
        raise InvalidInputError(
            f"{public_id} shows {task.reference_id!r}, which is in no scene: give a task of a "
            "camera picture of a lidar scene, or the id of the scene"
        )
    return int(key)


def as_points(cloud: PointCloud) -> list[dict[str, float]]:
    """Return a cloud as the wire carries it.

    Args:
        cloud: The cloud.

    Returns:
        ``x``, ``y``, ``z`` and, where the file has an intensity, ``i`` of each point.
    """
    rows = cloud.points.tolist()
    if cloud.intensity is None:
        return [{"x": x, "y": y, "z": z} for x, y, z in rows]
    strengths = cloud.intensity.tolist()
    return [{"x": x, "y": y, "z": z, "i": i} for (x, y, z), i in zip(rows, strengths, strict=True)]
