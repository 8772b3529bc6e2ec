"""Vectors that come along with objects and items: they make the custom indexes grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import embeddings, indexing, live_jobs
from nucleus_lab.engine.job_status import QUEUED
from nucleus_lab.engine.vector_values import check_dimension, read_vector
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


def fitting(
    engine: Engine, dataset_id: int, values: Sequence[Any], errors: list[str]
) -> tuple[Sequence[Any], bool]:
    """Leave out objects whose vector cannot be compared with those that are there.

    Args:
        engine: The workspace; no transaction is open.
        dataset_id: Primary key of the dataset.
        values: Validated payloads of objects.
        errors: Where to note those that are left out.

    Returns:
        The others, and whether any has a vector.
    """
    given = [value for value in values if value.embedding_vector is not None]
    if not given:
        return values, False
    with engine.store.read() as connection:
        index = embeddings.find(connection, dataset_id, "object", "custom")
    dimension = len(given[0].embedding_vector) if index is None else index.dimension
    wrong: set[int] = set()
    for value in given:
        try:
            check_dimension(dimension)
            read_vector(value.embedding_vector, dimension, "embedding_vector")
        except InvalidInputError as fault:
            wrong.add(id(value))
            errors.append(f"an object of item {value.reference_id!r} was left out: {fault.message}")
    kept = [value for value in values if id(value) not in wrong] if wrong else values
    return kept, len(wrong) < len(given)


def submit(engine: Engine, dataset_id: int, payload: dict[str, Any]) -> str:
    """Queue the job that takes vectors out of what was uploaded; once, however many wait.

    Args:
        engine: The workspace; no transaction is open.
        dataset_id: Primary key of the dataset.
        payload: ``level``, ``run_id`` (of predictions, else ``None``) and ``update``.

    Returns:
        Id of the job on the wire.
    """
    payload = {"source": "uploads", **payload}
    with engine.store.read() as connection:
        queued = live_jobs.find(connection, dataset_id, indexing.CUSTOM_JOB)
    for job in queued:
        if job.status == QUEUED and job.payload == payload:
            return job.public_id
    made = engine.jobs.submit(indexing.CUSTOM_JOB, payload, dataset_id=dataset_id)
    return str(made["job_id"])
