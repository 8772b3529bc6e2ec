"""Routes that read items: one, a page, all, with annotations or predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, items, reading
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class PageBody(msgspec.Struct):
    """Body of a paged read."""

    pageToken: str | None = None
    pageSize: int = 10_000


@route("GET", "dataset/{ds}/datasetItems")
def all_items(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
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
def item_by_reference(engine: Engine, call: Call[None], ds: str, ref: str) -> dict[str, Any]:
    """Answer one item with its annotations, by its reference id."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return _item_and_objects(connection, reading.by_reference(connection, row.id, ref))


@route("GET", "dataset/{ds}/loc/{di}")
def item_by_id(engine: Engine, call: Call[None], ds: str, di: str) -> dict[str, Any]:
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
def item_by_index(engine: Engine, call: Call[None], ds: str, index: str) -> dict[str, Any]:
    """Answer one item with its annotations, by its place in the dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        values = item_at(engine, connection, row.id, index_of(index))
        return _item_and_objects(connection, values)


def _run_on(connection: Any, prj: str, dataset_id: int) -> int:
    from nucleus_lab.engine import models  # with all that evaluations store

    return models.run_on(connection, prj, dataset_id)


@route("GET", "dataset/{ds}/model/{prj}/referenceId/{ref:path}")
def predictions_by_reference(
    engine: Engine,
    call: Call[None],
    ds: str,
    prj: str,
    ref: str,
) -> dict[str, Any]:
    """Answer the predictions on one item, by its reference id."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = _run_on(connection, prj, row.id)
        return _item_and_objects(connection, reading.by_reference(connection, row.id, ref), run)


@route("GET", "dataset/{ds}/model/{prj}/iloc/{index}")
def predictions_by_index(
    engine: Engine,
    call: Call[None],
    ds: str,
    prj: str,
    index: str,
) -> dict[str, Any]:
    """Answer the predictions on one item, by its place in the dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = _run_on(connection, prj, row.id)
        values = item_at(engine, connection, row.id, index_of(index))
        return _item_and_objects(connection, values, run)


@route("GET", "dataset/{ds}/model/{prj}/export")
def export_predictions(
    engine: Engine,
    call: Call[None],
    ds: str,
    prj: str,
) -> dict[str, Any]:
    """Answer all predictions of a model on the dataset, by type."""
    groups: reading.Groups = {}
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = _run_on(connection, prj, row.id)
        reading.export_run(connection, row.id, run, groups)
    return groups


@route("GET", "dataset/{ds}/groundTruth/loc/{ids:path}")
def one_annotation(
    engine: Engine,
    call: Call[None],
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
    call: Call[None],
    ds: str,
    prj: str,
    ids: str,
) -> dict[str, Any]:
    """Answer one prediction, by the ids of its item and its own."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return reading.one_object(connection, row.id, ids, _run_on(connection, prj, row.id))
