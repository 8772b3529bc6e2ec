"""Routes that change items: append, change metadata, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    cameras,
    datasets,
    deletion,
    items,
    metadata_schemas,
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
    requestId: str | None = None

    def open_values(self) -> list[Any]:
        """Return the values that may hold anything."""
        vectors = [item.embedding_info for item in self.items if item.embedding_info]
        return [item.metadata for item in self.items if item.metadata] + vectors


class MetadataEntry(msgspec.Struct):
    """New metadata of one item; ``null`` as its camera takes the camera away."""

    reference_id: str
    metadata: dict[str, Any] = {}
    camera_params: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


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


@route("POST", "dataset/{ds}/metadata", body=MetadataBody)
def update_metadata(engine: Engine, call: Call[MetadataBody], ds: str) -> dict[str, Any]:
    """Merge new values into the metadata of items or scenes, now or in a job."""
    level = call.body.level
    if level not in {"item", "scene"}:
        raise InvalidInputError(f"level is {level!r}: use item or scene", path="level")
    changes: dict[str, dict[str, Any]] = {}
    for entry in call.body.metadata:
        new = dict(entry.metadata)
        if entry.camera_params is not msgspec.UNSET:
            new["camera_params"] = entry.camera_params
        changes.setdefault(entry.reference_id, {}).update(new)
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        metadata_schemas.refuse(row.item_metadata_schema, changes, level)
    if level == "scene":
        scene_uploads.check_takes_scenes(row)
    else:
        cameras.refuse(changes)
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
def delete_item(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:
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
