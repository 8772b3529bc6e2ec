"""Routes of model runs: create, fill, read, merge, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    annotating,
    datasets,
    evaluations,
    model_versions,
    models,
    predictions_anywhere,
    reading,
    runs,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.nucleus.annotations import PredictBody
from nucleus_lab.routes.nucleus.evaluations import OptionsBody, options_of
from nucleus_lab.routes.nucleus.items import index_of, item_at
from nucleus_lab.routes.nucleus.model_predictions import counted
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CreateRunBody(msgspec.Struct):
    """Body of ``…/modelRun/create``; the reference id is that of the model."""

    name: str
    reference_id: str | None = None
    metadata: dict[str, Any] | None = None


class MergeBody(msgspec.Struct):
    """Body of ``modelRun/merge``."""

    model_run_ids: list[str]
    name: str | None = None
    metadata: dict[str, Any] | None = None


@route("POST", "dataset/{ds}/modelRun/create", body=CreateRunBody)
def create_on_dataset(engine: Engine, call: Call[CreateRunBody], ds: str) -> dict[str, Any]:
    """Create a run of a model on a dataset."""
    body = call.body
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        model = models.by_reference(connection, body.reference_id or "")
        key = runs.create(connection, model, row.id, body.name, body.metadata)
    return {"model_run_id": identifiers.encode(identifiers.RUN, key), "dataset_id": row.public_id}


@route("POST", "model/{prj}/modelRun/create", body=CreateRunBody)
def create_without_dataset(engine: Engine, call: Call[CreateRunBody], prj: str) -> dict[str, Any]:
    """Create a run that takes predictions on items of any dataset."""
    body = call.body
    with engine.store.write() as connection:
        model = models.key_of(connection, prj)
        key = runs.create(connection, model, None, body.name, body.metadata)
    return {"model_run_id": identifiers.encode(identifiers.RUN, key)}


@route("GET", "model/{prj}/modelRun")
def runs_of_model(engine: Engine, call: Call[None], prj: str) -> list[str]:
    """List the runs of a model, or with ``family=true`` those of all versions of it."""
    with engine.store.read() as connection:
        key = models.key_of(connection, prj)
        if call.query.get("family", "").lower() != "true":
            return runs.of_model(connection, key)
        line = model_versions.family(connection, key)
        return [public for version in line for public in runs.of_model(connection, version)]


@route("GET", "modelRun/{run}/info")
def run_info(engine: Engine, call: Call[None], run: str) -> dict[str, Any]:
    """Describe a run."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        covered = [dataset_id for _, dataset_id in runs.parts(connection, row)]
    shown = [identifiers.encode(identifiers.DATASET, key) for key in covered]
    return {
        "model_run_id": row.public_id,
        "model_id": identifiers.encode(identifiers.MODEL, row.model_id),
        "dataset_id": shown[0] if row.dataset_id is not None else None,
        "dataset_ids": shown,
        "name": row.name,
        "status": "Completed",
        "metadata": row.metadata,
    }


@route("DELETE", "modelRun/{run}")
def delete_run(engine: Engine, call: Call[None], run: str) -> dict[str, Any]:
    """Delete a run with its predictions."""
    with engine.store.write(bulk=True) as connection:
        row = runs.get(connection, run)
        runs.remove(connection, row)
    return {"model_run_id": row.public_id, "message": "Model run deleted"}


def _dataset_of(run: runs.RunRow) -> int:
    if run.dataset_id is None:
        raise InvalidInputError(
            f"run {run.public_id} is of no dataset: ask by dataset_item_id, or upload through "
            f"modelRun/{run.public_id}/uploadPredictions"
        )
    return run.dataset_id


@route("POST", "modelRun/{run}/predict", body=PredictBody)
def predict(engine: Engine, call: Call[PredictBody], run: str) -> dict[str, Any]:
    """Store predictions in a run of one dataset, now or in a job."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        of = datasets.by_key(connection, _dataset_of(row))
    return _predict(engine, call, of, row)


@route("POST", "dataset/{ds}/modelRun/{run}/uploadPredictions", body=PredictBody)
def predict_on_dataset(
    engine: Engine, call: Call[PredictBody], ds: str, run: str
) -> dict[str, Any]:
    """Store predictions on a dataset in a run, now or in a job."""
    with engine.store.read() as connection:
        of, row = datasets.get(connection, ds), runs.get(connection, run)
    if row.dataset_id not in {None, of.id}:
        shown = identifiers.encode(identifiers.DATASET, row.dataset_id or 0)
        raise InvalidInputError(f"run {row.public_id} is of dataset {shown}, not of {ds}")
    return _predict(engine, call, of, row)


def _predict(
    engine: Engine, call: Call[PredictBody], of: datasets.DatasetRow, run: runs.RunRow
) -> dict[str, Any]:
    body = call.body
    if body.boxes is not None:
        body.boxes.check()
    model = identifiers.encode(identifiers.MODEL, run.model_id)
    if call.query.get("async") == "1":
        if not body.requestId:
            raise InvalidInputError("an asynchronous upload needs the requestId of its payloads")
        engine.uploads.check(of.id, body.requestId)
        payload = {
            "requestId": body.requestId,
            "update": body.update,
            "model_id": model,
            "trained_slice_id": body.trained_slice_id,
            "run_id": run.id,
        }
        return engine.jobs.submit("uploadPredictions", payload, dataset_id=of.id)
    return annotating.predict(
        engine,
        of,
        model,
        [*body.annotations, *body.segmentations],
        call.files,
        update=body.update,
        trained_slice_id=body.trained_slice_id,
        run_id=run.id,
        boxes=body.boxes,
    )


@route("POST", "modelRun/{run}/uploadPredictions", body=PredictBody)
def predict_anywhere(engine: Engine, call: Call[PredictBody], run: str) -> dict[str, Any]:
    """Store predictions on items of any dataset in a run."""
    body = call.body
    with engine.store.read() as connection:
        row = runs.get(connection, run)
    outcome = predictions_anywhere.predict(
        engine,
        body.every_payload(),
        call.files,
        lambda connection, dataset_id: runs.part_for(connection, row.id, dataset_id),
        update=body.update,
    )
    return {"model_run_id": row.public_id, **counted(outcome)}


@route("POST", "modelRun/{run}/commit", body=OptionsBody)
def commit(engine: Engine, call: Call[OptionsBody], run: str) -> dict[str, Any]:
    """Submit the job that matches the predictions of a run with annotations."""
    options = options_of(call.body)
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        of = datasets.by_key(connection, _dataset_of(row))
        evaluations.check_comparable(connection, of, row.id, f"run {row.public_id}")
    job = engine.jobs.submit(
        "modelMetrics",
        {"dataset_id": of.id, "run_id": row.id, "options": options.given()},
        dataset_id=of.id,
        total_steps=100,
    )
    return {"model_run_id": row.public_id, **job}


def _on_item(
    connection: Any, run: runs.RunRow, values: reading.ItemValues, dataset_id: int
) -> dict[str, Any]:
    part = runs.part_on(connection, run, dataset_id)
    found = reading.objects_of(connection, values[0], part)
    return {
        "item": reading.item_payload(values),
        "annotations": reading.grouped(values[1], found, scored=True),
    }


@route("GET", "modelRun/{run}/iloc/{index}")
def run_by_index(engine: Engine, call: Call[None], run: str, index: str) -> dict[str, Any]:
    """Answer the predictions of a run on one item, by its place in the dataset."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        of = _dataset_of(row)
        values = item_at(engine, connection, of, index_of(index))
        return _on_item(connection, row, values, of)


@route("GET", "modelRun/{run}/loc/{di}")
def run_by_id(engine: Engine, call: Call[None], run: str, di: str) -> dict[str, Any]:
    """Answer the predictions of a run on one item, by the id of the item."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        of = predictions_anywhere.dataset_of(connection, di)
        return _on_item(connection, row, reading.by_public_id(connection, of, di), of)


@route("GET", "modelRun/{run}/refloc/{ref:path}")
def run_by_reference(engine: Engine, call: Call[None], run: str, ref: str) -> dict[str, Any]:
    """Answer the predictions of a run on one item, by its reference id."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        of = _dataset_of(row)
        return _on_item(connection, row, reading.by_reference(connection, of, ref), of)


@route("GET", "modelRun/{run}/prediction/loc/{ids:path}")
def run_prediction(engine: Engine, call: Call[None], run: str, ids: str) -> dict[str, Any]:
    """Answer one prediction of a run, by the ids of its item and its own."""
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        return reading.one_object(connection, _dataset_of(row), ids, row.id)


@route("GET", "modelRun/{run}/ungrouped")
def run_export(engine: Engine, call: Call[None], run: str) -> reading.Groups:
    """Answer all predictions of a run, by type."""
    groups: reading.Groups = {}
    with engine.store.read() as connection:
        row = runs.get(connection, run)
        for part, dataset_id in runs.parts(connection, row):
            reading.export_run(connection, dataset_id, part, groups)
    return groups


@route("POST", "modelRun/merge", body=MergeBody)
def merge(engine: Engine, call: Call[MergeBody]) -> dict[str, Any]:
    """Create a run that will hold the predictions of several runs of one model."""
    body = call.body
    wanted = list(dict.fromkeys(body.model_run_ids))
    if len(wanted) < 2:
        raise InvalidInputError("merging takes at least two different model_run_ids")
    with engine.store.write() as connection:
        sources = [runs.get(connection, public) for public in wanted]
        if len({source.model_id for source in sources}) > 1:
            raise InvalidInputError("the runs are of different models: merge runs of one model")
        covered = sorted({
            dataset_id for source in sources for _, dataset_id in runs.parts(connection, source)
        })
        model = sources[0].model_id
        named = models.payloads(connection, model)[0]["name"]
        metadata = {**(body.metadata or {}), "merged_from_model_run_ids": wanted}
        key = runs.create(connection, model, None, body.name or named, metadata)
    payload = {"source_ids": [source.id for source in sources], "run_id": key}
    job = engine.jobs.submit("mergeModelRuns", payload, total_steps=len(sources))
    return {
        **job,
        "model_run_id": identifiers.encode(identifiers.RUN, key),
        "dataset_ids": [identifiers.encode(identifiers.DATASET, found) for found in covered],
    }
