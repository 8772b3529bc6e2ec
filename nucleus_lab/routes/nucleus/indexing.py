"""Routes of embedding indexes: make, delete, choose, ask how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import (
    datasets,
    embedders,
    embedding_removal,
    embeddings,
    fetch_rules,
    indexing,
    live_jobs,
    runs,
    vector_values,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CustomBody(msgspec.Struct):
    """Body of ``indexing/{ds}``: files of vectors at URLs, or sent ahead."""

    embedding_dimension: int
    embeddings_urls: list[str] = []
    requestId: str | None = None


class DeleteBody(msgspec.Struct):
    """Body of ``DELETE indexing/{ds}``."""

    image: bool = True


class PrimaryBody(msgspec.Struct):
    """Body of ``indexing/{ds}/setPrimary``."""

    image: bool = True
    custom: bool = False


class ContinuousBody(msgspec.Struct):
    """Body of ``indexing/{ds}/setContinuous``."""

    enable: bool = True


class ObjectBody(msgspec.Struct):
    """Body of ``indexing/{ds}/internal/object``."""

    model_run_id: str | None = None
    ingest_gt_only: bool | None = None


class StatusBody(msgspec.Struct):
    """Body of ``dataset/{ds}/indexingStatus``."""

    image: bool
    model_run_id: str | None = None


@route("POST", "indexing/{ds}", body=CustomBody)
def create_custom_index(engine: Engine, call: Call[CustomBody], ds: str) -> dict[str, Any]:
    """Submit the job that takes in vectors of items."""
    body = call.body
    vector_values.check_dimension(body.embedding_dimension)
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        index = embeddings.find(connection, row.id, "image", "custom")
    if index is not None:
        embeddings.check_fits(index, embeddings.CUSTOM, body.embedding_dimension)
    for url in body.embeddings_urls:
        if is_local(url):
            raise InvalidInputError(
                f"{url!r} in embeddings_urls is no URL: give one, or use "
                "Dataset.create_custom_index of nucleus_lab, which sends local files"
            )
        fetch_rules.check_allowed(url, engine.settings.fetch)
    if body.requestId is not None:
        engine.uploads.check(row.id, body.requestId)
    elif not body.embeddings_urls:
        raise InvalidInputError(
            "embeddings_urls is empty: give at least one", path="embeddings_urls"
        )
    payload = {
        "level": "image",
        "urls": body.embeddings_urls,
        "requestId": body.requestId,
        "dimension": body.embedding_dimension,
    }
    return engine.jobs.submit(indexing.CUSTOM_JOB, payload, dataset_id=row.id)


@route("DELETE", "indexing/{ds}", body=DeleteBody)
def delete_custom_index(engine: Engine, call: Call[DeleteBody], ds: str) -> dict[str, Any]:
    """Delete the vectors that the caller gave, of images or of objects."""
    level: embeddings.Level = "image" if call.body.image else "object"
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        index = embeddings.find(connection, row.id, level, "custom")
        if index is None:
            raise embeddings.unknown(row.id, level, "custom")
        gone, files = embedding_removal.remove(connection, index)
    engine.vectors.remove(files)
    answer = {
        "dataset_id": row.public_id,
        "message": f"Custom {level} index deleted",
        "embeddings_deleted": gone,
    }
    # Clients follow a job; its work is done already.
    made = engine.jobs.submit("embeddingDelete", {"done": answer}, dataset_id=row.id)
    return {**answer, "job_id": made["job_id"]}


@route("POST", "indexing/{ds}/setPrimary", body=PrimaryBody)
def set_primary_index(engine: Engine, call: Call[PrimaryBody], ds: str) -> dict[str, Any]:
    """Choose the index that autotags and similarity search read."""
    level: embeddings.Level = "image" if call.body.image else "object"
    kind: embeddings.Kind = "custom" if call.body.custom else "internal"
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        embeddings.set_primary(connection, row.id, level, kind)
    return {"success": True}


@route("POST", "indexing/{ds}/setContinuous", body=ContinuousBody)
def set_continuous_indexing(engine: Engine, call: Call[ContinuousBody], ds: str) -> dict[str, Any]:
    """Switch on or off that new pictures are indexed by themselves; index what there is."""
    enable = call.body.enable
    if enable:
        embedders.chosen(engine)
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        indexing.set_continuous(connection, row.id, enable=enable)
    answer = {
        "dataset_id": row.public_id,
        "message": f"Continuous indexing is {'on' if enable else 'off'}",
    }
    if not enable:
        return answer
    return {**answer, **engine.jobs.submit(indexing.IMAGES, {}, dataset_id=row.id)}


@route("POST", "indexing/{ds}/internal/image")
def create_image_index(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Submit the job that embeds the pictures which have no vector."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    embedders.chosen(engine)
    return engine.jobs.submit(indexing.IMAGES, {}, dataset_id=row.id)


@route("POST", "indexing/{ds}/internal/object", body=ObjectBody)
def create_object_index(engine: Engine, call: Call[ObjectBody], ds: str) -> dict[str, Any]:
    """Submit the job that embeds ground truth, or the predictions of a run, without a vector."""
    body = call.body
    if bool(body.model_run_id) == bool(body.ingest_gt_only):
        raise InvalidInputError(
            "an object index is made of ground truth or of the predictions of one run: give "
            "either gt_only=True (ingest_gt_only) or model_run_id"
        )
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run_id = _run_on(connection, body.model_run_id, row.id)
    embedders.chosen(engine)
    return engine.jobs.submit(indexing.OBJECTS_JOB, {"run_id": run_id}, dataset_id=row.id)


@route("POST", "dataset/{ds}/indexingStatus", body=StatusBody)
def indexing_status(engine: Engine, call: Call[StatusBody], ds: str) -> dict[str, Any]:
    """Say how much of a dataset its primary index covers."""
    body = call.body
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run_id = None if body.image else _run_on(connection, body.model_run_id, row.id)
    return indexing.status(engine, row.id, run_id, image=body.image)


@route("GET", "dataset/{ds}/embeddingIndexes")
def embedding_indexes(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """List the embedding indexes of a dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        found = embeddings.listing(connection, row.id)
    working = {
        "image": live_jobs.certain(engine, row.id, indexing.IMAGES),
        "object": live_jobs.certain(engine, row.id, indexing.OBJECTS_JOB),
    }
    custom = live_jobs.certain(engine, row.id, indexing.CUSTOM_JOB)
    return {
        "embedding_indexes": [
            {
                "id": index.public_id,
                "status": "Started"
                if (working[index.level] if index.kind == "internal" else custom)
                else "Completed",
                "index_type": index.kind.capitalize(),
                "index_level": index.level.capitalize(),
                "embedding_type": index.embedder,
                "embedding_dimension": index.dimension,
                "is_primary": index.is_primary,
            }
            for index in found
        ]
    }


def _run_on(connection: Any, model_run_id: str | None, dataset_id: int) -> int | None:
    if model_run_id is None:
        return None
    return runs.part_on(connection, runs.get(connection, model_run_id), dataset_id)
