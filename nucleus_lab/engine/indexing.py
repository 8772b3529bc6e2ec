"""What there is to index, how far it is, and how new pictures are indexed by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, update

from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import embeddings, live_jobs
from nucleus_lab.engine.embedding_schema import embedding
from nucleus_lab.engine.embeddings import OBJECTS, IndexRow
from nucleus_lab.engine.job_status import QUEUED
from nucleus_lab.engine.schema import dataset, item, model_run

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

IMAGES: Final = "indexingImage"
OBJECTS_JOB: Final = "indexingObject"
CUSTOM_JOB: Final = "customIndexing"

MOST_IMAGES: Final = 2_000_000
"""Pictures of one job, as documented."""

MOST_OBJECTS: Final = 3_000_000
"""Objects of one job, as documented."""

# A cuboid lies in metres and a mask has no box: neither is a part of a picture that can be cut out.
_CROPPED: Final = [
    entry.code
    for entry in ANNOTATION_TYPES.values()
    if entry.geometric and entry.name not in {"cuboid", "mask"}
]


def images(dataset_id: int) -> ColumnElement[bool]:
    """Return what an item is, to have a vector.

    Args:
        dataset_id: Primary key of the dataset.

    Returns:
        The condition on ``item``.
    """
    return and_(item.c.dataset_id == dataset_id, item.c.kind == "image")


def objects(dataset_id: int, run_id: int | None) -> tuple[str, Any, ColumnElement[bool]]:
    """Return what an object is, to have a vector: it lies on a picture and has an extent.

    Args:
        dataset_id: Primary key of the dataset.
        run_id: Predictions of this run; ``None`` for ground truth.

    Returns:
        Kind of member, the joined tables, and the condition.
    """
    member = "annotation" if run_id is None else "prediction"
    table = OBJECTS[member]
    condition = and_(images(dataset_id), table.c.type.in_(_CROPPED), table.c.x.is_not(None))
    if run_id is not None:
        condition = and_(condition, table.c.model_run_id == run_id)
    return member, table.join(item, item.c.id == table.c.item_id), condition


def without_vector(
    wanted: Select[Any], key: ColumnElement[Any], member: str, index: IndexRow | None
) -> Select[Any]:
    """Leave out of a query what an index has a vector of.

    Args:
        wanted: The query.
        key: Its column of primary keys.
        member: ``item``, ``annotation`` or ``prediction``.
        index: The index; ``None`` when there is none yet.

    Returns:
        The query.
    """
    if index is None:
        return wanted
    known = select(embedding.c.member_id).where(
        embedding.c.embedding_index_id == index.id,
        embedding.c.member == member,
        embedding.c.member_id == key,
    )
    return wanted.where(~known.exists())


def status(engine: Engine, dataset_id: int, run_id: int | None, *, image: bool) -> dict[str, Any]:
    """Say how much of a dataset its primary index covers.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        run_id: For objects: predictions of this run; ``None`` for ground truth.
        image: Whether to look at pictures rather than objects.

    Returns:
        ``embedding_count``; ``image_count`` or ``object_count``; ``percent_indexed``, 0 to 100; and
        ``additional_context``.
    """
    level: embeddings.Level = "image" if image else "object"
    working = [
        job
        for kind in (IMAGES if image else OBJECTS_JOB, CUSTOM_JOB)
        for job in live_jobs.certain(engine, dataset_id, kind)
        if kind != CUSTOM_JOB or job.payload.get("level", "image") == level
    ]
    with engine.store.read() as connection:
        if image:
            total = _count(connection, item, images(dataset_id))
        else:
            _, joined, condition = objects(dataset_id, run_id)
            total = _count(connection, joined, condition)
        index = embeddings.primary(connection, dataset_id, level)
        done = 0 if index is None else embeddings.count(connection, index, run_id)
    return {
        "embedding_count": done,
        "image_count" if image else "object_count": total,
        "percent_indexed": round(100.0 * min(done, total) / total, 2) if total else 0.0,
        "additional_context": "; ".join([_described(level, index), *map(_working, working)]),
    }


def _count(connection: Connection, source: Any, condition: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(source).where(condition)) or 0


def _described(level: str, index: IndexRow | None) -> str:
    if index is None:
        return f"there is no {level} index yet: create_{level}_index() makes one"
    return f"{index.kind} index, {index.dimension} numbers a vector, made by {index.embedder}"


def _working(job: live_jobs.LiveJob) -> str:
    return f"{job.public_id} is {'waiting' if job.status == QUEUED else 'at work'}"


def set_continuous(connection: Connection, dataset_id: int, *, enable: bool) -> None:
    """Switch on or off that new pictures are indexed by themselves.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        enable: Whether they are.
    """
    change = update(dataset).where(dataset.c.id == dataset_id)
    connection.execute(change.values(continuous_indexing=enable))


def index_new(engine: Engine, dataset_id: int) -> None:
    """Queue the indexing of new pictures where the dataset is told to; once, however many wait.

    Args:
        engine: The workspace; no transaction is open.
        dataset_id: Primary key of the dataset.
    """
    wanted = select(dataset.c.continuous_indexing).where(dataset.c.id == dataset_id)
    with engine.store.read() as connection:
        if not connection.scalar(wanted):
            return
        queued = live_jobs.find(connection, dataset_id, IMAGES)
    if not any(job.status == QUEUED for job in queued):
        engine.jobs.submit(IMAGES, {}, dataset_id=dataset_id)


def runs_of(connection: Connection, dataset_id: int) -> list[int]:
    """Return the runs that have predictions on a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Primary keys.
    """
    return list(
        connection.scalars(select(model_run.c.id).where(model_run.c.dataset_id == dataset_id))
    )
