"""Routes of slices: create, fill, describe, export, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import (
    datasets,
    live_jobs,
    media_urls,
    models,
    reading,
    sampling,
    slice_members,
    slice_objects,
    slice_reading,
    slices,
)
from nucleus_lab.engine.export_rows import narrow_rows
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.nucleus.items import PageBody
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine


_KINDS: Final = {
    "dataset_item_ids": (identifiers.ITEM,),
    "scene_ids": (identifiers.SCENE,),
    "object_ids": (identifiers.ANNOTATION, identifiers.PREDICTION),
}
"""What ids belong in which field of a new slice."""


class CreateBody(msgspec.Struct):
    """Body of ``dataset/{ds}/create_slice``: reference ids, or ids of any kind."""

    name: str
    reference_ids: list[str] | None = None
    dataset_item_ids: list[str] | None = None
    scene_ids: list[str] | None = None
    object_ids: list[str] | None = None
    allow_empty: bool | int = False


class AppendBody(msgspec.Struct):
    """Body of ``slice/{slc}/append``."""

    reference_ids: list[str]
    dataset_id: str | None = None


class ExportPageBody(PageBody):
    """Body of ``slice/{slc}/exportForTrainingPage``.

    Attributes:
        chip: Give locations that the workspace serves beside the original ones.
    """

    chip: bool = False


class RowsBody(ExportPageBody):
    """Body of ``lab/slice/{slc}/exportRows``.

    Attributes:
        model_id: Give the predictions of this model instead of the ground truth.
    """

    model_id: str | None = None


class TagBody(msgspec.Struct):
    """Body of ``slice/{slc}/tag``."""

    slice_tags: list[str]


@route("POST", "dataset/{ds}/create_slice", body=CreateBody)
def create_slice(engine: Engine, call: Call[CreateBody], ds: str) -> dict[str, Any]:
    """Create a slice of items, scenes or objects."""
    body = call.body
    fields = ("reference_ids", *_KINDS)
    filled = [name for name in fields if getattr(body, name)]
    if len(filled) > 1:
        raise InvalidInputError(
            f"{' and '.join(filled)} were given, and a slice holds items, scenes or objects: give "
            f"one of {', '.join(fields)}"
        )
    field = filled[0] if filled else fields[0]
    names: list[str] = getattr(body, field) or []
    slice_members.check_count(len(names))
    if field in _KINDS:
        homes = {prefix: name for name, kinds in _KINDS.items() for prefix in kinds}
        identifiers.check_kinds(field, names, _KINDS[field], homes)
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        if field in _KINDS:
            members = slice_members.of_ids(connection, row.id, names)
        else:
            kind = "scene" if row.is_scene else "item"
            members = {
                kind: slice_members.of_references(connection, row.id, names, scenes=row.is_scene)
            }
        key = slices.create(connection, row.id, body.name, slice_members.type_of(members))
        for member, keys in members.items():
            slice_members.add(connection, key, member, keys)
    return {"slice_id": identifiers.encode(identifiers.SLICE, key)}


@route("POST", "slice/{slc}/append", body=AppendBody)
def append_to_slice(engine: Engine, call: Call[AppendBody], slc: str) -> dict[str, Any]:
    """Add items to a slice."""
    body = call.body
    slice_members.check_count(len(body.reference_ids))
    with engine.store.write() as connection:
        row = slices.get(connection, slc)
        of = datasets.by_key(connection, row.dataset_id)
        if body.dataset_id not in {None, of.public_id}:
            raise InvalidInputError(
                f"slice {slc} is of dataset {of.public_id}, and dataset_id is {body.dataset_id!r}"
            )
        datasets.lock(connection, row.dataset_id, changes=False)
        keys = slice_members.of_references(
            connection, row.dataset_id, body.reference_ids, scenes=of.is_scene
        )
        new = slice_members.add(connection, row.id, "scene" if of.is_scene else "item", keys)
        known = dict(zip(keys, dict.fromkeys(body.reference_ids), strict=True))
    return {"slice_id": row.public_id, "new_items": [known[key] for key in new]}


@route("GET", "slice/{slc}/info")
def slice_info(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Describe a slice."""
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        working = live_jobs.find(connection, row.dataset_id, sampling.JOB)
        return {
            **row.payload(),
            "pending_job_count": sum(job.payload["slice_id"] == row.id for job in working),
            "tags": slices.tags(connection, row.id),
        }


@route("POST", "slice/{slc}/tag", body=TagBody)
def tag_slice(engine: Engine, call: Call[TagBody], slc: str) -> dict[str, Any]:
    """Tag a slice."""
    with engine.store.write() as connection:
        row = slices.get(connection, slc)
        tags = slices.add_tags(connection, row.id, call.body.slice_tags)
    return {"slice_id": row.public_id, "tags": tags}


@route("DELETE", "slice/{slc}")
def delete_slice(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Delete a slice; what it holds stays."""
    with engine.store.write() as connection:
        row = slices.get(connection, slc)
        datasets.lock(connection, row.dataset_id, changes=False)
        slices.remove(connection, row.id)
    return {"slice_id": row.public_id, "message": "Slice deleted"}


@route("GET", "slice/{slc}")
def slice_with_members(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Answer all that a slice holds."""
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        rows, _ = slice_reading.members_page(connection, row, None, None)
        tags = slices.tags(connection, row.id)
    return {**row.payload(), "tags": tags, "items": rows}


@route("POST", "slice/{slc}/itemsPage", body=PageBody)
def page_of_members(engine: Engine, call: Call[PageBody], slc: str) -> dict[str, Any]:
    """Answer some of what a slice holds."""
    body = call.body
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        rows, token = slice_reading.members_page(connection, row, body.pageToken, body.pageSize)
    return {"items": rows, "nextPageToken": token}


def _export(
    connection: Any,
    row: slices.SliceRow,
    token: str | None,
    size: int | None,
    run_id: int | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    if row.type == "object":
        return slice_objects.export_page(connection, row, token, size, run_id)
    return slice_reading.export_page(connection, row, token, size, run_id)


@route("GET", "slice/{slc}/exportForTraining")
def export_slice(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Answer the items of a slice with their annotations."""
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        data, _ = _export(connection, row, None, None)
    return {"exportedRows": data}


@route("POST", "slice/{slc}/exportForTrainingPage", body=ExportPageBody)
def export_slice_page(engine: Engine, call: Call[ExportPageBody], slc: str) -> dict[str, Any]:
    """Answer some items of a slice with their annotations."""
    body = call.body
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        data, token = _export(connection, row, body.pageToken, body.pageSize)
        if body.chip:
            _add_mirrored(engine, connection, call, row, data)
    return {"data": data, "nextPageToken": token}


def _add_mirrored(
    engine: Engine,
    connection: Connection,
    call: Call[Any],
    row: slices.SliceRow,
    data: list[dict[str, Any]],
) -> None:
    of = datasets.by_key(connection, row.dataset_id)
    keys = [identifiers.decode(identifiers.ITEM, exported["item"]["id"]) for exported in data]
    items = reading.by_keys(connection, of.id, keys)
    for exported, values in zip(data, items, strict=True):
        exported["item"]["processed_url"] = media_urls.mirrored(engine, of, values, call.base_url)


@route("POST", "lab/slice/{slc}/exportRows", body=RowsBody)
def export_narrow_page(engine: Engine, call: Call[RowsBody], slc: str) -> dict[str, Any]:
    """Answer some items of a slice with their objects, plain boxes as rows of one list."""
    body = call.body
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        run = None
        if body.model_id is not None:
            run = models.run_on(connection, body.model_id, row.dataset_id)
        if row.type == "object":  # only some of the objects of an item: few, so each a payload
            rows, token = slice_objects.export_page(
                connection, row, body.pageToken, body.pageSize, run
            )
            keys = list(range(len(rows)))
            data: dict[str, Any] = {"items": rows, "keys": keys, "boxes": [], "labels": []}
        else:
            items, token = slice_reading.items_page(connection, row, body.pageToken, body.pageSize)
            data = narrow_rows(connection, items, run)
        if body.chip:
            _add_mirrored(engine, connection, call, row, data["items"])
    return {**data, "nextPageToken": token}


@route("GET", "slice/{slc}/{prj}/exportForTraining")
def export_slice_predictions(
    engine: Engine,
    call: Call[None],
    slc: str,
    prj: str,
) -> dict[str, Any]:
    """Answer the items of a slice with the predictions of a model."""
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        run = models.run_on(connection, prj, row.dataset_id)
        data, _ = _export(connection, row, None, None, run)
    return {"exportedRows": data}


@route("POST", "slice/{slc}/{prj}/exportForTrainingPage", body=PageBody)
def export_slice_predictions_page(
    engine: Engine, call: Call[PageBody], slc: str, prj: str
) -> dict[str, Any]:
    """Answer some items of a slice with the predictions of a model."""
    body = call.body
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        run = models.run_on(connection, prj, row.dataset_id)
        data, token = _export(connection, row, body.pageToken, body.pageSize, run)
    return {"data": data, "nextPageToken": token}
