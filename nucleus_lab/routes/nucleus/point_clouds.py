"""Routes of point clouds: their points, and what models say about each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, lidar_segmentation, models, point_clouds
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.nucleus.items import index_of
from nucleus_lab.routes.table import Call, route
from nucleus_lab.wire import Binary

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class SegmentationBody(msgspec.Struct):
    """Body of ``…/uploadLSSPrediction``."""

    pointsSegmentationUrl: str


@route("GET", "task/{task}/frame/{frame}")
def points_of_frame(engine: Engine, call: Call[None], task: str, frame: str) -> dict[str, Any]:
    """Answer the points of a frame of a scene, or of a labeling task."""
    with engine.store.read() as connection:
        source = point_clouds.of_frame(connection, task, index_of(frame))
    return {"points": point_clouds.as_points(point_clouds.load(engine, source))}


@route("GET", "lab/dataset/{ds}/pointcloud/{di}")
def points_of_item(engine: Engine, call: Call[None], ds: str, di: str) -> Binary:
    """Answer the points of an item as 32-bit floats: x, y, z and intensity of each."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        source = point_clouds.source_of(connection, row.id, di, public=True)
    cloud = point_clouds.load(engine, source)
    return Binary(cloud.as_float32().astype("<f4").tobytes())


@route(
    "POST",
    "dataset/{ds}/model/{prj}/pointcloud/{ref:path}/uploadLSSPrediction",
    body=SegmentationBody,
)
def upload_segmentation(
    engine: Engine, call: Call[SegmentationBody], ds: str, prj: str, ref: str
) -> dict[str, Any]:
    """Store the class that a model predicts for each point of a cloud."""
    if len(call.files) > 1:
        raise InvalidInputError(f"{len(call.files)} files came along: send one, or none")
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    file = call.files[0] if call.files else None
    url = call.body.pointsSegmentationUrl
    return lidar_segmentation.store(engine, row, prj, ref, url, file)


@route("GET", "lab/dataset/{ds}/model/{prj}/pointcloud/{ref:path}/segmentation")
def segmentation(
    engine: Engine,
    call: Call[None],
    ds: str,
    prj: str,
    ref: str,
) -> dict[str, Any]:
    """Answer the class that a model predicted for each point of a cloud."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = models.run_on(connection, prj, row.id)
    return lidar_segmentation.load(engine, row.id, run, ref)
