"""Routes of items: append, read one, page, change metadata, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    datasets,
    deletion,
    items,
    metadata_schemas,
    models,
    reading,
    references,
    scene_uploads,
    scenes,
    uploading,
)
from nucleus_lab.engine.uploading import ItemWire
from nucleus_lab.errors import ConflictError, InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class AppendBody(msgspec.Struct):
    """Body of ``dataset/{ds}/append``; with files it is a bare list of items."""

    items: list[ItemWire] = []
    update: bool = False
    requestId: str | None = None  # noqa: N815 - name on the wire

    def open_values(self) -> list[Any]:
        """Return the values that may hold anything."""
        vectors = [item.embedding_info for item in self.items if item.embedding_info]
        return [item.metadata for item in self.items if item.metadata] + vectors


class PageBody(msgspec.Struct):
    """Body of a paged read."""

    pageToken: str | None = None  # noqa: N815
    pageSize: int = 10_000  # noqa: N815


class MetadataEntry(msgspec.Struct):
    """New metadata of one item."""

    reference_id: str
    metadata: dict[str, Any] = {}
    camera_params: dict[str, Any] | None = None


class MetadataBody(msgspec.Struct):
    """Body of ``dataset/{ds}/metadata``."""

    metadata: list[MetadataEntry]
    level: str = "item"


@route("POST", "dataset/{ds}/append", body=AppendBody | list[ItemWire])
def append_items(
    engine: Engine, call: Call[AppendBody | list[ItemWire]], ds: str
) -> dict[str, Any]:
    """Add items, now or in a job."""
    body = call.body if isinstance(call.body, AppendBody) else AppendBody(items=call.body)
    later = call.query.get("async") == "1"
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    uploading.check_takes_items(row)
    if later and body.requestId:
        engine.uploads.check(row.id, body.requestId)
        payload = {"requestId": body.requestId, "update": body.update}
        return engine.jobs.submit("uploadDatasetItems", payload, dataset_id=row.id)
    done = uploading.append(engine, row, body.items, call.files, update=body.update)
    answer = {"dataset_id": row.public_id, **done.counters()}
    if not later:
        return answer
    # Newer clients ask for a job even where the files came along; its work is done already.
    return engine.jobs.submit("uploadDatasetItems", {"done": answer}, dataset_id=row.id)


@route("GET", "dataset/{ds}/datasetItems")
def all_items(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer all items."""
    found: list[dict[str, Any]] = []
    token = None
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        while True:
            rows, token = reading.page(connection, row.id, token, reading.MOST_ROWS)
            found += map(reading.item_payload, rows)
            if token is None:
                return {"dataset_items": found}


@route("POST", "dataset/{ds}/itemsPage", body=PageBody)
def page_of_items(engine: Engine, call: Call[PageBody], ds: str) -> dict[str, Any]:
    """Answer some items in the order of the dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        rows, token = reading.page(connection, row.id, call.body.pageToken, call.body.pageSize)
    return {"items": [reading.item_payload(values) for values in rows], "nextPageToken": token}


def _item_and_objects(
    connection: Any, values: reading.ItemValues, run_id: int | None = None
) -> dict[str, Any]:
    rows = reading.objects_of(connection, values[0], run_id)
    groups = reading.grouped(values[1], rows, scored=run_id is not None)
    return {"item": reading.item_payload(values), "annotations": groups}


@route("GET", "dataset/{ds}/refloc/{ref:path}")
def item_by_reference(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer one item with its annotations, by its reference id."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return _item_and_objects(connection, reading.by_reference(connection, row.id, ref))


@route("GET", "dataset/{ds}/loc/{di}")
def item_by_id(engine: Engine, call: Call[None], ds: str, di: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer one item with its annotations, by its id."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return _item_and_objects(connection, reading.by_public_id(connection, row.id, di))


def index_of(text: str) -> int:
    """Read an index from a path.

    Args:
        text: The segment.

    Returns:
        0 or above.

    Raises:
        InvalidInputError: It is no number, or below 0.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInputError(f"{text!r} is no index: use 0 for the first item, 1 for the next")
    return int(text)


def item_at(engine: Engine, connection: Any, dataset_id: int, index: int) -> reading.ItemValues:
    """Read the item at an index, once its dataset's positions have no gaps.

    Args:
        engine: The workspace.
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        index: 0 for the first item.

    Returns:
        The item.
    """
    if items.positions_dense(connection, dataset_id):
        return reading.by_position(connection, dataset_id, index)
    with engine.store.write() as writing:
        items.close_gaps(writing, dataset_id)
    with engine.store.read() as fresh:
        return reading.by_position(fresh, dataset_id, index)


@route("GET", "dataset/{ds}/iloc/{index}")
def item_by_index(engine: Engine, call: Call[None], ds: str, index: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer one item with its annotations, by its place in the dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        values = item_at(engine, connection, row.id, index_of(index))
        return _item_and_objects(connection, values)


@route("GET", "dataset/{ds}/model/{prj}/referenceId/{ref:path}")
def predictions_by_reference(
    engine: Engine,
    call: Call[None],  # noqa: ARG001
    ds: str,
    prj: str,
    ref: str,
) -> dict[str, Any]:
    """Answer the predictions on one item, by its reference id."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = models.run_on(connection, prj, row.id)
        return _item_and_objects(connection, reading.by_reference(connection, row.id, ref), run)


@route("GET", "dataset/{ds}/model/{prj}/iloc/{index}")
def predictions_by_index(
    engine: Engine,
    call: Call[None],  # noqa: ARG001
    ds: str,
    prj: str,
    index: str,
) -> dict[str, Any]:
    """Answer the predictions on one item, by its place in the dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = models.run_on(connection, prj, row.id)
        values = item_at(engine, connection, row.id, index_of(index))
        return _item_and_objects(connection, values, run)


@route("GET", "dataset/{ds}/model/{prj}/export")
def export_predictions(
    engine: Engine,
    call: Call[None],  # noqa: ARG001
    ds: str,
    prj: str,
) -> dict[str, Any]:
    """Answer all predictions of a model on the dataset, by type."""
    groups: reading.Groups = {}
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = models.run_on(connection, prj, row.id)
        reading.export_run(connection, row.id, run, groups)
    return groups


@route("GET", "dataset/{ds}/groundTruth/loc/{ids:path}")
def one_annotation(
    engine: Engine,
    call: Call[None],  # noqa: ARG001
    ds: str,
    ids: str,
) -> dict[str, Any]:
    """Answer one annotation, by the ids of its item and its own."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return reading.one_object(connection, row.id, ids)


@route("GET", "dataset/{ds}/model/{prj}/loc/{ids:path}")
def one_prediction(
    engine: Engine,
    call: Call[None],  # noqa: ARG001
    ds: str,
    prj: str,
    ids: str,
) -> dict[str, Any]:
    """Answer one prediction, by the ids of its item and its own."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return reading.one_object(connection, row.id, ids, models.run_on(connection, prj, row.id))


@route("POST", "dataset/{ds}/metadata", body=MetadataBody)
def update_metadata(engine: Engine, call: Call[MetadataBody], ds: str) -> dict[str, Any]:
    """Merge new values into the metadata of items or scenes, now or in a job."""
    level = call.body.level
    if level not in {"item", "scene"}:
        raise InvalidInputError(f"level is {level!r}: use item or scene", path="level")
    changes: dict[str, dict[str, Any]] = {}
    for entry in call.body.metadata:
        new = dict(entry.metadata)
        if entry.camera_params is not None:
            new["camera_params"] = entry.camera_params
        changes.setdefault(entry.reference_id, {}).update(new)
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        if call.body.level == "item":
            metadata_schemas.refuse(row.item_metadata_schema, changes)
    if level == "scene":
        scene_uploads.check_takes_scenes(row)
    if call.query.get("async") == "1":
        payload = {"changes": changes, "level": level}
        return engine.jobs.submit(
            "metadataUpdate", payload, dataset_id=row.id, total_steps=max(len(changes), 1)
        )
    with engine.store.write() as connection:
        datasets.lock(connection, row.id)
        owner = scenes if level == "scene" else items
        unknown = owner.merge_metadata(connection, row.id, changes)
    answer = {"dataset_id": row.public_id, f"updated_{level}s": len(changes) - len(unknown)}
    told = scenes.unknown if level == "scene" else references.unknown
    errors = [told(name, row.id).message for name in unknown]
    return {**answer, "errors": errors} if errors else answer


@route("DELETE", "dataset/{ds}/refloc/{ref:path}")
def delete_item(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:  # noqa: ARG001
    """Delete one item with its annotations and predictions."""
    with engine.store.write(bulk=True) as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        key = references.key_of(connection, row.id, ref)
        if row.is_scene:
            raise ConflictError(
                f"item {ref!r} is part of a scene, whose frames cannot be changed: delete the scene"
            )
        deletion.delete_items(connection, row.id, [key])
    return {
        "dataset_id": row.public_id,
        "reference_id": ref,
        "dataset_item_id": identifiers.encode(identifiers.ITEM, key),
        "message": "Item deleted",
    }
