"""Routes of models: create, list, describe, tag, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import bundles, models, weights
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class AddBody(msgspec.Struct):
    """Body of ``models/add``."""

    name: str
    reference_id: str
    metadata: dict[str, Any] | None = None
    trained_slice_ids: list[str] | None = None
    bundle_name: str | None = None
    tags: list[str] | None = None


class TagsBody(msgspec.Struct):
    """Body of ``model/{prj}/tag``."""

    tags: list[str]


class SlicesBody(msgspec.Struct):
    """Body of ``model/{prj}/trainedSliceId``."""

    trained_slice_ids: list[str]


@route("POST", "models/add", body=AddBody)
def add_model(engine: Engine, call: Call[AddBody]) -> dict[str, Any]:
    """Create a model."""
    body = call.body
    with engine.store.write() as connection:
        key = models.create(
            connection,
            body.name,
            body.reference_id,
            metadata=body.metadata,
            tags=body.tags,
            trained_slice_ids=body.trained_slice_ids,
            bundle_name=body.bundle_name,
        )
    return {"model_id": identifiers.encode(identifiers.MODEL, key)}


@route("GET", "model/{prj}")
def get_model(engine: Engine, call: Call[None], prj: str) -> dict[str, Any]:
    """Describe a model; the id of one of its runs serves too."""
    with engine.store.read() as connection:
        return models.payloads(connection, models.key_of(connection, prj))[0]


@route("DELETE", "model/{prj}")
def delete_model(engine: Engine, call: Call[None], prj: str) -> dict[str, Any]:
    """Delete a model with its predictions."""
    with engine.store.write(bulk=True) as connection:
        key = models.key_of(connection, prj)
        folder = bundles.folder_of(connection, key)
        upload = weights.upload_of(connection, key)
        models.remove(connection, key)
    bundles.forget(engine, folder)
    weights.forget(engine, upload)
    return {"msg": "Model deletion running in an async job"}


@route("POST", "model/{prj}/tag", body=TagsBody)
def add_tags(engine: Engine, call: Call[TagsBody], prj: str) -> dict[str, Any]:
    """Tag a model."""
    with engine.store.write() as connection:
        key = models.key_of(connection, prj)
        now = models.add_words(connection, key, "tags", call.body.tags)
    return {"model_id": prj, "tags": now}


@route("DELETE", "model/{prj}/tag", body=TagsBody)
def remove_tags(engine: Engine, call: Call[TagsBody], prj: str) -> dict[str, Any]:
    """Take tags from a model."""
    with engine.store.write() as connection:
        key = models.key_of(connection, prj)
        now = models.remove_words(connection, key, "tags", call.body.tags)
    return {"model_id": prj, "tags": now}


@route("POST", "model/{prj}/trainedSliceId", body=SlicesBody)
def add_trained_slices(engine: Engine, call: Call[SlicesBody], prj: str) -> dict[str, Any]:
    """Note slices that a model was trained on."""
    with engine.store.write() as connection:
        key = models.key_of(connection, prj)
        added = call.body.trained_slice_ids
        now = models.add_words(connection, key, "trained_slice_ids", added)
    return {"model_id": prj, "trained_slice_ids": now}


@route("DELETE", "model/{prj}/trainedSliceId", body=SlicesBody)
def remove_trained_slices(engine: Engine, call: Call[SlicesBody], prj: str) -> dict[str, Any]:
    """Forget slices that a model was trained on."""
    with engine.store.write() as connection:
        key = models.key_of(connection, prj)
        removed = call.body.trained_slice_ids
        now = models.remove_words(connection, key, "trained_slice_ids", removed)
    return {"model_id": prj, "trained_slice_ids": now}
