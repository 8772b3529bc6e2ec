"""Routes of datasets: create, list, describe, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import clock, datasets
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CreateBody(msgspec.Struct):
    """Body of ``dataset/create``."""

    name: str
    is_scene: bool | None = None
    use_privacy_mode: bool | None = None
    item_metadata_schema: dict[str, Any] | None = None
    annotation_metadata_schema: dict[str, Any] | None = None


class TagsBody(msgspec.Struct):
    """Body of ``dataset/{ds}/tags``."""

    tags: list[Annotated[str, msgspec.Meta(min_length=1)]]


@route("POST", "dataset/create", body=CreateBody)
def create_dataset(engine: Engine, call: Call[CreateBody]) -> dict[str, Any]:
    """Create an empty dataset."""
    body = call.body
    with engine.store.write() as connection:
        key = datasets.create(
            connection,
            body.name,
            is_scene=bool(body.is_scene),
            use_privacy_mode=bool(body.use_privacy_mode),
            item_metadata_schema=body.item_metadata_schema,
            annotation_metadata_schema=body.annotation_metadata_schema,
        )
    return {"dataset_id": identifiers.encode(identifiers.DATASET, key)}


@route("GET", "dataset/details")
@route("GET", "dataset/")
def list_datasets(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List all datasets, oldest first."""
    with engine.store.read() as connection:
        rows = datasets.listing(connection)
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "is_public": False,
            "is_scene": row.is_scene,
            "created_at": clock.iso(row.created_at),
        }
        for row in rows
    ]


def _one(engine: Engine, ds: str) -> datasets.DatasetRow:
    with engine.store.read() as connection:
        return datasets.get(connection, ds)


@route("GET", "dataset/{ds}/name")
def dataset_name(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the name."""
    return {"name": _one(engine, ds).name}


@route("GET", "dataset/{ds}/is_scene")
def dataset_is_scene(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer whether the dataset holds scenes."""
    return {"is_scene": _one(engine, ds).is_scene}


@route("GET", "dataset/{ds}/use_privacy_mode")
def dataset_privacy(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer whether the pictures stay where their URLs say."""
    return {"use_privacy_mode": _one(engine, ds).use_privacy_mode}


@route("GET", "dataset/{ds}/size")
def dataset_size(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the number of items."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return {"count": datasets.size(connection, row.id)}


@route("GET", "dataset/{ds}/info")
def dataset_info(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Describe the dataset."""
    with engine.store.read() as connection:
        return datasets.info(connection, datasets.get(connection, ds))


@route("GET", "dataset/{ds}/model_runs")
def dataset_runs(engine: Engine, call: Call[None], ds: str) -> list[str]:
    """List the model runs on the dataset."""
    with engine.store.read() as connection:
        return datasets.run_ids(connection, datasets.get(connection, ds).id)


@route("DELETE", "dataset/{ds}")
def delete_dataset(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Delete the dataset with all that it holds."""
    from nucleus_lab.engine import deletion, indexes  # with the tables of every feature

    with engine.store.write(bulk=True) as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        deletion.delete_dataset(connection, row.id)
        indexes.drop(connection, row.id)
    return {"message": "Beginning dataset deletion..."}


@route("GET", "dataset/{ds}/tags")
def dataset_tags(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the tags of the dataset."""
    with engine.store.read() as connection:
        return {"tags": datasets.tags(connection, datasets.get(connection, ds).id)}


@route("POST", "dataset/{ds}/tags", body=TagsBody)
def add_dataset_tags(engine: Engine, call: Call[TagsBody], ds: str) -> dict[str, Any]:
    """Tag the dataset; tags that it has are left alone."""
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        known = datasets.tags(connection, row.id)
        return {"tags": datasets.set_tags(connection, row.id, [*known, *call.body.tags])}


@route("DELETE", "dataset/{ds}/tags", body=TagsBody)
def remove_dataset_tags(engine: Engine, call: Call[TagsBody], ds: str) -> dict[str, Any]:
    """Take tags from the dataset; tags that it does not have are no error."""
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        known = datasets.tags(connection, row.id)
        left = [word for word in known if word not in set(call.body.tags)]
        return {"tags": datasets.set_tags(connection, row.id, left)}
