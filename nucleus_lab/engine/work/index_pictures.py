"""The jobs that embed pictures and objects which have no vector yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, embedders, embedding_removal, embeddings, indexing
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.engine.work import FaultyJobError, Task, job_kind
from nucleus_lab.errors import InvalidInputError, NucleusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.embedders import Embedder

AT_ONCE: Final = 64
KEPT_AT_ONCE: Final = 2048
"""Vectors of one file: what a killed job loses at most."""

THUMBNAIL: Final = 128

_PREFIXES: Final = {"annotation": identifiers.ANNOTATION, "prediction": identifiers.PREDICTION}

Row = tuple[Any, ...]
Embedded = list[tuple[tuple[str, int, int], "NDArray[Any]"]]


@job_kind(indexing.IMAGES)
def index_images(engine: Engine, task: Task) -> dict[str, Any]:
    """Embed the pictures that have no vector; those that have one keep it.

    Args:
        engine: The open workspace.
        task: The job.

    Returns:
        How many were embedded, and how many could not be.
    """
    embedder = embedders.chosen(engine)
    columns = (item.c.id, item.c.reference_id, item.c.location, item.c.media_key)
    todo = _missing(engine, task, embedder, "item", item, item.c.id, indexing.images, columns)
    private = _is_private(engine, task)

    def embed(row: Row) -> Embedded:
        from nucleus_lab.engine import pictures

        key, _, location, media_key = row
        content = engine.media.thumbnails.of(Source(location, media_key, private), THUMBNAIL)
        pixels = pictures.pixels(content, location, engine.settings.max_pixels)
        return [(("item", key, key), embedder.embed([pixels])[0])]

    return _run(engine, task, ("image", embedder), [[row] for row in todo], embed)


@job_kind(indexing.OBJECTS_JOB)
def index_objects(engine: Engine, task: Task) -> dict[str, Any]:
    """Embed the objects that have no vector, each as it is cut out of its picture.

    Args:
        engine: The open workspace.
        task: Its payload holds ``run_id``, ``None`` for ground truth.

    Returns:
        How many were embedded, and how many could not be.
    """
    embedder = embedders.chosen(engine)
    run_id: int | None = task.payload.get("run_id")
    member, joined, _ = indexing.objects(0, run_id)
    table = embeddings.OBJECTS[member].c
    columns = (
        table.id, item.c.reference_id, item.c.location, item.c.media_key, item.c.id,
        table.x, table.y, table.width, table.height,
    )  # fmt: skip
    todo = _missing(
        engine, task, embedder, member, joined, table.id,
        lambda dataset_id: indexing.objects(dataset_id, run_id)[2], columns,
    )  # fmt: skip
    private = _is_private(engine, task)
    by_item: dict[int, list[Row]] = {}
    for row in todo:
        by_item.setdefault(row[4], []).append(row)

    def embed(*rows: Row) -> Embedded:
        from nucleus_lab.engine import pictures

        _, _, location, media_key, item_id = rows[0][:5]
        content = engine.media.thumbnails.original(Source(location, media_key, private))
        pixels = pictures.pixels(content, location, engine.settings.max_pixels)
        made: Embedded = []
        for row in rows:
            crop = _cut_out(pixels, *row[5:])
            if crop is None:
                shown = identifiers.encode(_PREFIXES[member], row[0])
                task.error(f"{shown} lies outside of the picture of item {row[1]!r}")
            else:
                made.append(((member, row[0], item_id), embedder.embed([crop])[0]))
        return made

    return _run(engine, task, ("object", embedder), list(by_item.values()), embed)


def _is_private(engine: Engine, task: Task) -> bool:
    with engine.store.read() as connection:
        return datasets.by_key(connection, task.dataset_id).use_privacy_mode


def _cut_out(
    pixels: NDArray[Any], x: float, y: float, width: float, height: float
) -> NDArray[Any] | None:
    """Return the part of a picture in a box; at least one pixel, ``None`` when it lies outside."""
    bottom, right = pixels.shape[:2]
    if x >= right or y >= bottom or x + width < 0 or y + height < 0:
        return None
    left, top = int(max(x, 0)), int(max(y, 0))
    right = max(round(min(x + width, right)), left + 1)
    bottom = max(round(min(y + height, bottom)), top + 1)
    return pixels[top:bottom, left:right]


def _missing(
    engine: Engine,
    task: Task,
    embedder: Embedder,
    member: str,
    source: Any,
    key: Any,
    condition: Callable[[int], Any],
    columns: Sequence[Any],
) -> list[Row]:
    """Find what has no vector, after making room for those of another embedder."""
    level: embeddings.Level = "image" if member == "item" else "object"
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
        index = embeddings.find(connection, row.id, level, "internal")
    if index is not None and index.embedder != embedder.name:
        with engine.store.write() as connection:
            datasets.lock(connection, row.id)
            files = embedding_removal.renew(connection, index, embedder.name, embedder.dimension)
        engine.vectors.remove(files)
    wanted = select(*columns).select_from(source).where(condition(row.id)).order_by(key)
    wanted = indexing.without_vector(wanted, key, member, index)
    most = indexing.MOST_IMAGES if level == "image" else indexing.MOST_OBJECTS
    with engine.store.read() as connection:
        counted = wanted.with_only_columns(func.count()).order_by(None)
        count = connection.scalar(counted) or 0
        if count > most:
            raise InvalidInputError(
                f"{count:,} {level}s have no embedding and one job makes {most:,}: split the "
                "dataset"
            )
        return [tuple(found) for found in connection.execute(wanted)]


def _run(
    engine: Engine,
    task: Task,
    target: tuple[embeddings.Level, Embedder],
    groups: Sequence[list[Row]],
    embed: Callable[..., Embedded],
) -> dict[str, Any]:
    """Embed group after group of what lies on one picture; keep the vectors file by file."""
    from nucleus_lab.bulk import batches
    from nucleus_lab.engine.media import in_threads

    level, embedder = target
    dataset_id = task.dataset_id or 0
    total = sum(map(len, groups))
    faults: list[str] = []

    def one(rows: list[Row]) -> Embedded:
        try:
            return embed(*rows)
        except NucleusError as fault:
            faults.append(f"item {rows[0][1]!r} has no embedding: {fault.message}")
            return []

    waiting: Embedded = []
    looked = stored = 0
    first_fault = ""
    task.progress(0, max(total, 1))
    for batch in batches(groups, AT_ONCE):
        for made in in_threads(one, batch, engine.settings.media_threads):
            waiting += made
        looked += sum(map(len, batch))
        for fault in faults:
            task.error(fault)
        first_fault = first_fault or (faults[0] if faults else "")
        faults.clear()
        if len(waiting) >= KEPT_AT_ONCE:
            stored += _keep(engine, dataset_id, level, embedder, waiting)
            waiting = []
        task.progress(looked, max(total, 1))
    stored += _keep(engine, dataset_id, level, embedder, waiting)
    message = {"embeddings_created": stored, "errored": total - stored, "embedder": embedder.name}
    if total and not stored:
        raise FaultyJobError(
            f"none of {total} {level}s could be embedded: {first_fault or 'see errors()'}", message
        )
    with engine.store.read() as connection:
        index = embeddings.find(connection, dataset_id, level, "internal")
    if index is not None:
        from nucleus_lab.engine.vector_merging import merge

        merge(engine, index)
    return message


def _keep(
    engine: Engine,
    dataset_id: int,
    level: embeddings.Level,
    embedder: Embedder,
    made: Embedded,
) -> int:
    if not made:
        return 0
    import numpy as np

    vectors = np.stack([vector for _, vector in made])
    target: tuple[embeddings.Level, embeddings.Kind, str] = (level, "internal", embedder.name)
    return embeddings.add(engine, dataset_id, target, [member for member, _ in made], vectors)
