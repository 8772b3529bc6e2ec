"""Semantic segmentation of point clouds: one class a point, in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from sqlalchemy import select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import (
    datasets,
    media_references,
    models,
    objects,
    point_clouds,
    references,
)
from nucleus_lab.engine.schema import prediction
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import InvalidInputError, MediaError, NotFoundError, NucleusError
from nucleus_lab.location import is_local
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow

_MASK = ANNOTATION_TYPES["mask"]
_Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Class(msgspec.Struct):
    label: str
    index: Annotated[int, msgspec.Meta(ge=0)]


class _File(msgspec.Struct):
    objects: list[_Class]
    point_objects: list[int]
    point_confidence: list[_Fraction] | None = None


def _read(content: bytes, name: str) -> _File:
    try:
        found: _File = wire.decoder_of(_File).decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise MediaError(
            f"{name} is no lidar segmentation ({fault}): write "
            '{"objects": [{"label": "Car", "index": 1}], "point_objects": [1, …], '
            '"point_confidence": [0.5, …]}',
            path=name,
        ) from fault
    known = {entry.index for entry in found.objects}
    strange = next((at for at, index in enumerate(found.point_objects) if index not in known), None)
    if strange is not None:
        raise MediaError(
            f"{name}: point_objects[{strange}] is {found.point_objects[strange]}, which objects "
            "does not list: add its label there",
            path=name,
        )
    rated = found.point_confidence
    if rated is not None and len(rated) != len(found.point_objects):
        raise MediaError(
            f"{name} has {len(found.point_objects)} point_objects and {len(rated)} "
            "point_confidence: give one of each a point",
            path=name,
        )
    return found


def store(
    engine: Engine,
    row: DatasetRow,
    model_id: str,
    reference_id: str,
    url: str,
    file: FilePart | None,
) -> dict[str, Any]:
    """Store the classes that a model predicts for the points of a cloud.

    Args:
        engine: The workspace.
        row: The dataset.
        model_id: Id of the model on the wire.
        reference_id: The point cloud.
        url: Where the file is, as the caller calls it.
        file: The file, where it came along.

    Returns:
        The answer of the route.

    Raises:
        InvalidInputError: The item is a picture, or the file has another number of points.
        ForbiddenError: The settings do not allow the URL, or the dataset is in privacy mode.
        MediaError: The file cannot be fetched or read.
    """
    with engine.store.read() as connection:
        models.key_of(connection, model_id)
        cloud = point_clouds.source_of(connection, row.id, reference_id)
    if file is None:
        if is_local(url):
            raise InvalidInputError(
                f"pointsSegmentationUrl is the local path {url!r} and no file came along: give a "
                "URL, or upload through nucleus_lab, which sends local files"
            )
        content = engine.media.thumbnails.original(Source(url, None, row.use_privacy_mode))
        file = FilePart("segmentation", url, content=content)
    held: list[_File] = []
    key = engine.media.store(file, lambda body, name: held.append(_read(body, name)))
    classes = held[0]
    _check_count(engine, cloud, len(classes.point_objects), url, reference_id)
    segments = [{"label": entry.label, "index": entry.index} for entry in classes.objects]
    payload = {"type": "mask", "reference_id": reference_id, "mask_url": url}
    value = wire.convert({**payload, "annotations": segments}, _MASK.prediction_wire)
    with engine.store.write() as connection:
        datasets.lock(connection, row.id)
        references.key_of(connection, row.id, reference_id)
        run = models.ensure_run(connection, models.key_of(connection, model_id), row.id)
        outcome = objects.store(
            connection, row.id, [value], update=True, run_id=run, mask_keys={id(value): key}
        )
    return {
        "dataset_id": row.public_id,
        "model_run_id": identifiers.encode(identifiers.RUN, run),
        "reference_id": reference_id,
        "predictions_processed": outcome.processed,
        "predictions_ignored": outcome.ignored,
        "points": len(classes.point_objects),
    }


def _check_count(engine: Engine, cloud: Source, count: int, name: str, reference_id: str) -> None:
    try:
        total = point_clouds.load(engine, cloud).total
    except (
        NucleusError
    ):  # a cloud at a URL that cannot be fetched now is looked at when it is shown
        return
    if total != count:
        raise InvalidInputError(
            f"{name} has classes of {count:,} points and the cloud {reference_id!r} has "
            f"{total:,}: give one a point, in the order of the cloud",
            reference_id=reference_id,
        )


def load(engine: Engine, dataset_id: int, run_id: int, reference_id: str) -> dict[str, Any]:
    """Read the classes that a model predicted for the points of a cloud.

    Args:
        engine: The workspace; no transaction is open.
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the model run.
        reference_id: The point cloud.

    Returns:
        ``objects``, ``point_objects`` and ``point_confidence``.

    Raises:
        NotFoundError: There are none.
    """
    with engine.store.read() as connection:
        key = references.key_of(connection, dataset_id, reference_id)
        found = connection.execute(
            select(prediction.c.geometry, prediction.c.extra).where(
                prediction.c.model_run_id == run_id,
                prediction.c.item_id == key,
                prediction.c.type == _MASK.code,
            )
        ).first()
    if found is None:
        raise NotFoundError(f"the model has no lidar segmentation of item {reference_id!r}")
    url = str(wire.decode(found.geometry)["mask_url"])
    source = Source(url, media_references.mask_key(found.geometry, found.extra))
    classes = _read(engine.media.thumbnails.original(source), url)
    answer: dict[str, Any] = msgspec.to_builtins(classes)
    return answer
