"""Routes that answer items with their annotations in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import datasets, labels, queries, reading, slices
from nucleus_lab.engine.export_rows import export_rows, narrow_rows
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine


class ExportBody(msgspec.Struct):
    """Body of ``dataset/{ds}/exportForTrainingPage``."""

    pageToken: str | None = None  # noqa: N815 - name on the wire
    pageSize: int = 10_000  # noqa: N815
    query: str | None = None
    chip: bool = False
    onlyMostRecentTask: bool | None = None  # noqa: N815


@route("GET", "dataset/{ds}/exportForTraining")
def export_all(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer all items with their annotations."""
    found: list[dict[str, Any]] = []
    token = None
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        while True:
            rows, token = reading.page(connection, row.id, token, 10_000)
            found += export_rows(connection, rows)
            if token is None:
                return {"exportedRows": found}


@route("POST", "dataset/{ds}/exportForTrainingPage", body=ExportBody)
def export_page(engine: Engine, call: Call[ExportBody], ds: str) -> dict[str, Any]:
    """Answer some items with their annotations."""
    with engine.store.read() as connection, collector_paused():
        rows, token = _page(connection, datasets.get(connection, ds), call.body)
        data = export_rows(connection, rows)
    if call.body.chip:
        _add_served(engine, call, ds, data, rows)
    return {"data": data, "nextPageToken": token}


@route("POST", "lab/dataset/{ds}/exportRows", body=ExportBody)
def export_narrow_page(engine: Engine, call: Call[ExportBody], ds: str) -> dict[str, Any]:
    """Answer some items with their annotations, plain boxes as rows of one list."""
    with engine.store.read() as connection, collector_paused():
        rows, token = _page(connection, datasets.get(connection, ds), call.body)
        data = narrow_rows(connection, rows)
    if call.body.chip:
        _add_served(engine, call, ds, data["items"], rows)
    return {**data, "nextPageToken": token}


def _page(
    connection: Connection, row: Any, body: ExportBody
) -> tuple[list[reading.ItemValues], str | None]:
    if not body.query:
        return reading.page(connection, row.id, body.pageToken, body.pageSize)
    found = queries.select_rows(connection, row.id, body.query)
    keys, token = queries.page_of(connection, found, body.pageToken, body.pageSize)
    return reading.by_keys(connection, row.id, keys), token


def _add_served(
    engine: Engine,
    call: Call[Any],
    ds: str,
    data: list[dict[str, Any]],
    rows: list[reading.ItemValues],
) -> None:
    for exported, values in zip(data, rows, strict=True):
        exported["item"]["processed_url"] = _served(engine, call, ds, values)


def _served(engine: Engine, call: Call[Any], ds: str, values: reading.ItemValues) -> str:
    """Return where the workspace itself has the picture of an item."""
    key, location, media_key = values[0], values[3], values[7]
    if media_key is None:
        return str(location)
    if call.base_url:
        return f"{call.base_url.rstrip('/')}/lab/dataset/{ds}/image/di_{key:013x}"
    return str(engine.media.path(media_key))


@route("GET", "dataset/{ds}/class_labels")
def class_labels(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer the labels that the annotations of the dataset have, sorted."""
    with engine.store.read() as connection:
        counts = labels.annotation_counts(connection, datasets.get(connection, ds).id)
    return {"data": sorted(entry["label"] for entry in counts)}


@route("GET", "slice/{slc}/class_labels")
def class_labels_of_slice(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:  # noqa: ARG001
    """Answer the labels of the annotations in a slice, sorted."""
    with engine.store.read() as connection:
        return {"data": labels.names_in_slice(connection, slices.get(connection, slc).id)}
