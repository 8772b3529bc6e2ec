"""How many lidar points each cuboid holds: counted when a query first asks, and kept.

A number holds while the cuboid has the geometry and the point cloud that it was counted from.
"""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, and_, delete, func, insert, literal, select

from nucleus_lab import wire
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import datasets
from nucleus_lab.engine.query_schema import cuboid_points
from nucleus_lab.engine.schema import annotation, item, prediction
from nucleus_lab.engine.schema_types import json_to_text
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.thumbnails import Source
    from nucleus_lab.formats.pointcloud import PointCloud

_log = logging.getLogger(__name__)
_ASKED: Final = re.compile(r"\b(points|saved)\b")
_CUBOID: Final = ANNOTATION_TYPES["cuboid"].code


def ensure(engine: Engine, dataset: str, text: str | None) -> None:
    """Count the points of all cuboids of a dataset whose number is not known, if a query asks.

    Args:
        engine: The workspace.
        dataset: Public id of the dataset.
        text: The query.
    """
    if not text or not _ASKED.search(text):
        return
    from nucleus_lab.engine import point_clouds

    with engine.store.read() as connection:
        dataset_id = datasets.get(connection, dataset).id
    for member, table in (("annotation", annotation), ("prediction", prediction)):
        for item_id, source, cuboids in _uncounted(engine, dataset_id, member, table):
            try:
                cloud = point_clouds.load(engine, source)
            except NucleusError as fault:  # such a cuboid has no number; a new cloud is tried again
                _log.warning("points of %s cannot be counted: %s", source.location, fault)
                cloud = None
            numbers = [None if cloud is None else inside(cloud, shape) for _, shape in cuboids]
            _keep(engine, member, item_id, source, cuboids, numbers)


def inside(cloud: PointCloud, shape: str) -> int:
    """Count the points inside a cuboid, its faces included.

    Args:
        cloud: The point cloud.
        shape: The geometry of the cuboid as JSON.

    Returns:
        The number.
    """
    import numpy as np

    geometry = wire.decode(shape)
    centre, size = geometry["position"], geometry["dimensions"]
    moved = cloud.points - np.array([centre["x"], centre["y"], centre["z"]])
    cos, sin = math.cos(geometry["yaw"]), math.sin(geometry["yaw"])
    along = moved[:, 0] * cos + moved[:, 1] * sin
    across = moved[:, 1] * cos - moved[:, 0] * sin
    held = np.abs(along) <= size["x"] / 2
    held &= np.abs(across) <= size["y"] / 2
    held &= np.abs(moved[:, 2]) <= size["z"] / 2
    return int(np.count_nonzero(held))


def _uncounted(
    engine: Engine, dataset_id: int, member: str, table: Table
) -> list[tuple[int, Source, list[tuple[int, str]]]]:
    """Return the items with such cuboids: key, point cloud, and key and geometry of each."""
    place = func.coalesce(item.c.media_key, item.c.location)
    counted = cuboid_points.alias("counted")
    known = and_(
        counted.c.member == member,
        counted.c.member_id == table.c.id,
        json_to_text(counted.c.geometry) == json_to_text(table.c.geometry),
        counted.c.location == place,
    )
    statement = (
        select(item.c.id, item.c.location, item.c.media_key, table.c.id, table.c.geometry)
        .join(item, item.c.id == table.c.item_id)
        .where(
            item.c.dataset_id == dataset_id,
            item.c.kind == "pointcloud",
            table.c.type == literal(_CUBOID),
            ~select(1).select_from(counted).where(known).correlate(table, item).exists(),
        )
        .order_by(item.c.id)
    )
    from nucleus_lab.engine.thumbnails import Source

    found: dict[int, tuple[int, Source, list[tuple[int, str]]]] = {}
    with engine.store.read() as connection:
        for item_id, location, media_key, key, shape in connection.execute(statement):
            entry = found.setdefault(item_id, (item_id, Source(location, media_key), []))
            entry[2].append((key, shape))
    return list(found.values())


def _keep(
    engine: Engine,
    member: str,
    item_id: int,
    source: Source,
    cuboids: list[tuple[int, str]],
    numbers: list[int | None],
) -> None:
    table = annotation if member == "annotation" else prediction
    rows: list[dict[str, Any]] = [
        {
            "member": member,
            "member_id": key,
            "item_id": item_id,
            "points": number,
            "geometry": shape,
            "location": source.media_key or source.location,
        }
        for (key, shape), number in zip(cuboids, numbers, strict=True)
    ]
    keys = [row["member_id"] for row in rows]
    with engine.store.write() as connection:
        # A cuboid may be gone by now, and others may have counted it meanwhile.
        there = select(table.c.id).where(table.c.id.in_(keys))
        kept = {row[0] for row in connection.execute(there)}
        old = and_(cuboid_points.c.member == member, cuboid_points.c.member_id.in_(keys))
        connection.execute(delete(cuboid_points).where(old))
        rows = [row for row in rows if row["member_id"] in kept]
        if rows:
            connection.execute(insert(cuboid_points), rows)
