"""The job that takes in vectors which the caller made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab import wire
from nucleus_lab.bulk import batches
from nucleus_lab.engine import datasets, embeddings, indexing, references
from nucleus_lab.engine.vector_values import read_vector
from nucleus_lab.engine.work import FaultyJobError, Task, job_kind
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_AT_ONCE: Final = 5_000

MOST_ROWS: Final = 5_000
"""Vectors that one file at a URL may hold, as Nucleus documents it."""

Given = tuple[str, Any]


@job_kind(indexing.CUSTOM_JOB)
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Store vectors of items, or those that objects and items were uploaded with.

    Args:
        engine: The open workspace.
        task: Its payload holds ``urls``, ``requestId`` (or ``None``) and ``dimension``; a vector
            that an item has already is replaced. With a ``source`` of ``uploads``: ``level``,
            ``run_id`` and ``update``.

    Returns:
        How many were stored, and how many could not be.
    """
    payload = task.payload
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    if payload.get("source") == "uploads":
        from nucleus_lab.engine import uploaded_vector_rows

        return uploaded_vector_rows.take_in(engine, task, row.id)
    sources: list[Iterator[Given]] = [_fetched(engine, url) for url in payload["urls"]]
    if payload.get("requestId"):
        sources.append(_sent(engine, row.id, payload["requestId"]))
    stored = errored = 0
    first_fault = ""
    for done, source in enumerate(sources):
        for batch in batches(source, _AT_ONCE):
            part, faults = _store(engine, row.id, batch, payload["dimension"])
            stored += part
            errored += len(faults)
            first_fault = first_fault or (faults[0] if faults else "")
            for fault in faults:
                task.error(fault)
            task.progress(done, len(sources))
        task.progress(done + 1, len(sources))
    message = {"embeddings_processed": stored, "errored": errored}
    if not stored:
        raise FaultyJobError(f"no vector could be stored: {first_fault or 'none came'}", message)
    with engine.store.read() as connection:
        index = embeddings.find(connection, row.id, "image", "custom")
    if index is not None:
        from nucleus_lab.engine.vector_merging import merge

        merge(engine, index)
    return message


def _fetched(engine: Engine, url: str) -> Iterator[Given]:
    remote = engine.media.thumbnails.remote
    remote.forget(url)  # what is at the URL may have changed since it was last read
    try:
        content = remote.read(url)
    finally:
        remote.forget(url)
    try:
        found = wire.decode(content)
    except (InvalidInputError, UnicodeDecodeError) as fault:
        raise InvalidInputError(f"{url} is not valid JSON: {fault}", url=url) from fault
    if not isinstance(found, dict):
        raise InvalidInputError(
            f"{url} holds a {type(found).__name__}: a mapping of reference ids to vectors is "
            "needed",
            url=url,
        )
    if len(found) > MOST_ROWS:
        raise InvalidInputError(
            f"{url} holds {len(found):,} vectors and {MOST_ROWS:,} are allowed in one file: split "
            "it and give the URLs of all parts",
            url=url,
        )
    yield from found.items()


def _sent(engine: Engine, dataset_id: int, request_id: str) -> Iterator[Given]:
    for number, line in enumerate(engine.uploads.read(dataset_id, request_id), 1):
        if not (isinstance(line, list) and len(line) == 2 and isinstance(line[0], str)):
            raise InvalidInputError(
                f"line {number} of the upload is no pair of a reference id and a vector"
            )
        yield line[0], line[1]


def _store(
    engine: Engine, dataset_id: int, batch: Sequence[Given], dimension: int
) -> tuple[int, list[str]]:
    import numpy as np

    faults: list[str] = []
    vectors: dict[str, Any] = {}
    for name, values in batch:
        try:
            vectors[name] = read_vector(values, dimension, f"the vector of {name!r}")
        except InvalidInputError as fault:
            faults.append(fault.message)
    with engine.store.read() as connection:
        known = references.keys_of(connection, dataset_id, list(vectors))
    faults += [
        references.unknown(name, dataset_id).message for name in vectors if name not in known
    ]
    members = [("item", key, key) for key in known.values()]
    if not members:
        return 0, faults
    stacked = np.stack([vectors[name] for name in known])
    target: tuple[embeddings.Level, embeddings.Kind, str] = ("image", "custom", embeddings.CUSTOM)
    return embeddings.add(engine, dataset_id, target, members, stacked, replace=True), faults
