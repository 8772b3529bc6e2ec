"""Routes that answer items with their annotations in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import datasets, labels, media_urls, queries, reading, slices
from nucleus_lab.engine.export_rows import export_rows, narrow_rows
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow


class ExportBody(msgspec.Struct):
    """Body of ``dataset/{ds}/exportForTrainingPage``."""

    pageToken: str | None = None
    pageSize: int = 10_000
    query: str | None = None
    chip: bool = False
    onlyMostRecentTask: bool | None = None


@route("GET", "dataset/{ds}/exportForTraining")
def export_all(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
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
        row = datasets.get(connection, ds)
        rows, token = _page(connection, row, call.body)
        data = export_rows(connection, rows)
    if call.body.chip:
        _add_mirrored(engine, call, row, data, rows)
    return {"data": data, "nextPageToken": token}


@route("POST", "lab/dataset/{ds}/exportRows", body=ExportBody)
def export_narrow_page(engine: Engine, call: Call[ExportBody], ds: str) -> dict[str, Any]:
    """Answer some items with their annotations, plain boxes as rows of one list."""
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        rows, token = _page(connection, row, call.body)
        data = narrow_rows(connection, rows)
    if call.body.chip:
        _add_mirrored(engine, call, row, data["items"], rows)
    return {**data, "nextPageToken": token}


def _page(
    connection: Connection, row: DatasetRow, body: ExportBody
) -> tuple[list[reading.ItemValues], str | None]:
    if not body.query:
        return reading.page(connection, row.id, body.pageToken, body.pageSize)
    found = queries.select_rows(connection, row.id, body.query)
    keys, token = queries.page_of(connection, found, body.pageToken, body.pageSize)
    return reading.by_keys(connection, row.id, keys), token


def _add_mirrored(
    engine: Engine,
    call: Call[Any],
    row: DatasetRow,
    data: list[dict[str, Any]],
    rows: list[reading.ItemValues],
) -> None:
    for exported, values in zip(data, rows, strict=True):
        exported["item"]["processed_url"] = media_urls.mirrored(engine, row, values, call.base_url)


@route("GET", "dataset/{ds}/class_labels")
def class_labels(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the labels that the annotations of the dataset have, sorted."""
    with engine.store.read() as connection:
        counts = labels.annotation_counts(connection, datasets.get(connection, ds).id)
    return {"data": sorted(entry["label"] for entry in counts)}


@route("GET", "slice/{slc}/class_labels")
def class_labels_of_slice(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Answer the labels of the annotations in a slice, sorted."""
    with engine.store.read() as connection:
        return {"data": labels.names_in_slice(connection, slices.get(connection, slc).id)}
