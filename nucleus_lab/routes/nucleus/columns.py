"""Our own bulk routes: columns in and out, rows for display, label counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.engine import column_indexes, columns, datasets, indexes, labels, models, reading
from nucleus_lab.errors import NotFoundError, PayloadTooLargeError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_MOST_ROWS = 1000


class ColumnsBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/columns``."""

    items: ItemColumns
    boxes: BoxColumns | None = None
    update: bool = False
    model_id: str | None = None

    def open_values(self) -> list[Any]:
        """Return the values that may hold anything."""
        return [self.items.metadata, self.boxes.metadata if self.boxes else []]


class ExportBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/exportColumns``."""

    pageToken: str | None = None
    pageSize: int = 10_000
    model_id: str | None = None


class RowsBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/rows``."""

    item_ids: list[str]
    model_id: str | None = None


@route("POST", "lab/dataset/{ds}/columns", body=ColumnsBody)
def ingest_columns(engine: Engine, call: Call[ColumnsBody], ds: str) -> dict[str, Any]:
    """Store items and boxes given as columns."""
    body = call.body
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        if body.model_id:
            models.key_of(connection, body.model_id)
    with collector_paused():
        return columns.ingest(
            engine,
            row,
            body.items,
            body.boxes,
            call.files,
            update=body.update,
            model_id=body.model_id,
        )


@route("POST", "lab/dataset/{ds}/exportColumns", body=ExportBody)
def export_columns(engine: Engine, call: Call[ExportBody], ds: str) -> dict[str, Any]:
    """Answer items and boxes as columns."""
    body = call.body
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        run = models.run_on(connection, body.model_id, row.id) if body.model_id else None
        return columns.export(connection, row.id, body.pageToken, body.pageSize, run)


@route("POST", "lab/dataset/{ds}/rows", body=RowsBody)
def rows(engine: Engine, call: Call[RowsBody], ds: str) -> dict[str, Any]:
    """Answer items for display, in the order asked."""
    body = call.body
    if len(body.item_ids) > _MOST_ROWS:
        raise PayloadTooLargeError(
            f"{len(body.item_ids)} ids were given and a call takes {_MOST_ROWS}: ask in parts"
        )
    wanted = [identifiers.decode(identifiers.ITEM, public) for public in body.item_ids]
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        found = reading.by_keys(connection, row.id, wanted)
        if len(found) < len(wanted):
            known = {values[0] for values in found}
            missing = next(key for key in wanted if key not in known)
            raise NotFoundError(
                f"dataset {ds} has no item {identifiers.encode(identifiers.ITEM, missing)}"
            )
        keys = list(dict.fromkeys(wanted))
        truths = reading.objects_by_item(connection, keys)
        predicted: dict[int, list[reading.ObjectValues]] = {}
        if body.model_id:
            run = models.run_of(connection, models.key_of(connection, body.model_id), row.id)
            predicted = reading.objects_by_item(connection, keys, run) if run else {}
    return {"rows": [_row(values, truths, predicted) for values in found]}


def _row(
    values: reading.ItemValues,
    truths: dict[int, list[reading.ObjectValues]],
    predicted: dict[int, list[reading.ObjectValues]],
) -> dict[str, Any]:
    item = reading.item_payload(values)
    name = values[1]
    return {
        "id": item["id"],
        "reference_id": name,
        "width": values[4],
        "height": values[5],
        "metadata": item["metadata"],
        "location": values[3],
        "annotations": [_with_id(name, row, "ann") for row in truths[values[0]]],
        "predictions": [_with_id(name, row, "pred") for row in predicted.get(values[0], ())],
    }


def _with_id(name: str, row: reading.ObjectValues, prefix: str) -> dict[str, Any]:
    payload = reading.payload_of(name, row, scored=prefix == identifiers.PREDICTION)
    payload["id"] = identifiers.encode(prefix, row[1])
    return payload


@route("GET", "lab/dataset/{ds}/labels")
def label_counts(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Count the objects of each label."""
    model_id = call.query.get("model_id")
    predictions: list[dict[str, Any]] = []
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        there = column_indexes.existing(connection)
        offers = [column_indexes.LABELS[kind] for kind in ("annotations", "predictions")]
        truths_by_label, predictions_by_label = (offer.name in there for offer in offers)
        if model_id:
            run = models.run_of(connection, models.key_of(connection, model_id), row.id)
            by_label_of = row.id if predictions_by_label else None
            if run:
                predictions = labels.prediction_counts(connection, run, by_label_of=by_label_of)
        truths = labels.annotation_counts(connection, row.id, by_label=truths_by_label)
        size = indexes.size_of(connection, row.id)
    # On a large dataset the next count shall go through an index.
    used = offers if model_id else offers[:1]
    wanted = [offer for offer in used if offer.name not in there]
    column_indexes.note_use(engine.store, wanted, size)
    return {"ground_truth": truths, "predictions": predictions}
