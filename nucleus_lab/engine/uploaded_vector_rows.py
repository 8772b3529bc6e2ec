"""Taking vectors out of the rows of objects and items into the custom indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from nucleus_lab import identifiers, wire
from nucleus_lab.bulk import batches
from nucleus_lab.engine import embeddings, indexing, vector_values
from nucleus_lab.engine.embeddings import CUSTOM, OBJECTS, IndexRow, Kind, Level
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.vector_merging import merge
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.work import Task

_AT_ONCE: Final = 5_000


def take_in(engine: Engine, task: Task, dataset_id: int) -> dict[str, Any]:
    """Store the vectors that objects or items were uploaded with.

    Args:
        engine: The workspace.
        task: Its payload holds ``level``, ``run_id`` and ``update``: whether vectors that are in
            the index are read again.
        dataset_id: Primary key of the dataset.

    Returns:
        How many were stored, and how many could not be.
    """
    payload = task.payload
    level: Level = payload["level"]
    with engine.store.read() as connection:
        index = embeddings.find(connection, dataset_id, level, "custom")
        known = None if payload["update"] else index
        member, wanted = _rows(dataset_id, payload, known)
        rows = [tuple(row) for row in connection.execute(wanted)]
    dimension = None if index is None else index.dimension
    stored = errored = 0
    for batch in batches(rows, _AT_ONCE):
        members: list[tuple[str, int, int]] = []
        vectors: list[Any] = []
        for key, item_id, text in batch:
            try:
                values = _vector(wire.decode(text), level, index)
                if values is None:
                    continue
                dimension = dimension or len(values)
                vector = vector_values.read_vector(values, dimension, "embedding_vector")
            except InvalidInputError as fault:
                errored += 1
                prefix = {"item": identifiers.ITEM, "annotation": identifiers.ANNOTATION}
                shown = identifiers.encode(prefix.get(member, identifiers.PREDICTION), key)
                task.error(f"{shown}: {fault.message}")
                continue
            members.append((member, key, item_id))
            vectors.append(vector)
        if members:
            stored += _store(engine, dataset_id, level, members, vectors)
        task.progress(min(stored + errored, len(rows)), max(len(rows), 1))
    with engine.store.read() as connection:
        index = embeddings.find(connection, dataset_id, level, "custom")
    if index is not None:
        merge(engine, index)
    return {"embeddings_processed": stored, "errored": errored}


def _rows(
    dataset_id: int, payload: dict[str, Any], known: IndexRow | None
) -> tuple[str, Select[Any]]:
    """Return the kind of member, and a query for key, key of the item, and JSON text."""
    if payload["level"] == "image":
        wanted = select(item.c.id, item.c.id.label("item_id"), item.c.embedding_info)
        wanted = wanted.where(indexing.images(dataset_id), item.c.embedding_info.is_not(None))
        return "item", indexing.without_vector(wanted, item.c.id, "item", known)
    run_id = payload["run_id"]
    member = "annotation" if run_id is None else "prediction"
    table = OBJECTS[member]
    wanted = select(table.c.id, table.c.item_id, table.c.extra)
    wanted = wanted.join(item, item.c.id == table.c.item_id).where(
        item.c.dataset_id == dataset_id, table.c.extra.is_not(None)
    )
    if run_id is not None:
        wanted = wanted.where(table.c.model_run_id == run_id)
    return member, indexing.without_vector(wanted, table.c.id, member, known)


def _vector(document: dict[str, Any], level: Level, index: IndexRow | None) -> list[Any] | None:
    """Return the vector in a document; ``None`` where there is none."""
    if level == "object":
        return document.get("embedding_vector")
    named = document.get("index_id")
    if index is None or named != index.public_id:
        known = "there is none yet: create_custom_index" if index is None else index.public_id
        raise InvalidInputError(
            f"embedding_info names the index {named!r}, and the custom image index is {known}"
        )
    return document.get("embedding_vector")


def _store(
    engine: Engine,
    dataset_id: int,
    level: Level,
    members: list[tuple[str, int, int]],
    vectors: list[Any],
) -> int:
    import numpy as np

    target: tuple[Level, Kind, str] = (level, "custom", CUSTOM)
    return embeddings.add(engine, dataset_id, target, members, np.stack(vectors), replace=True)
