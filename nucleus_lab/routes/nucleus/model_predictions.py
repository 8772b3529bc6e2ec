"""Routes of predictions that belong to a model alone, without a run or a dataset being named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, models, predictions_anywhere, runs
from nucleus_lab.engine.objects import Outcome
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.nucleus.annotations import PredictBody
from nucleus_lab.routes.nucleus.items import index_of
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CopyBody(msgspec.Struct):
    """Body of ``model/{prj}/predictions/copyFromRun``."""

    model_run_id: str


def counted(outcome: Outcome) -> dict[str, Any]:
    """Return what became of predictions, as an answer says it.

    Args:
        outcome: What became of them.

    Returns:
        The counters, and the errors where there are any.
    """
    return {
        "predictions_processed": outcome.processed,
        "predictions_ignored": outcome.ignored,
        **({"errors": outcome.errors} if outcome.errors else {}),
    }


@route("POST", "model/{prj}/predictions", body=PredictBody)
def upload(engine: Engine, call: Call[PredictBody], prj: str) -> dict[str, Any]:
    """Store predictions of a model on items of any dataset."""
    body = call.body
    if body.requestId:
        raise InvalidInputError("this route takes the predictions themselves: send no requestId")
    with engine.store.read() as connection:
        key = models.key_of(connection, prj)
    outcome = predictions_anywhere.predict(
        engine,
        body.every_payload(),
        call.files,
        lambda connection, dataset_id: models.ensure_run(connection, key, dataset_id),
        update=body.update,
    )
    return {"model_id": identifiers.encode(identifiers.MODEL, key), **counted(outcome)}


@route("GET", "model/{prj}/predictions/loc/{di}")
def on_item(engine: Engine, call: Call[None], prj: str, di: str) -> dict[str, Any]:
    """Answer the predictions of a model on one item, by the id of the item."""
    with engine.store.read() as connection:
        return {"predictions": predictions_anywhere.by_id(connection, prj, di)}


@route("GET", "model/{prj}/predictions/refloc/{ref:path}")
def on_reference(engine: Engine, call: Call[None], prj: str, ref: str) -> dict[str, Any]:
    """Answer the predictions of a model on one item, by its reference id."""
    with engine.store.read() as connection:
        return {"predictions": predictions_anywhere.by_name(connection, prj, ref)}


@route("GET", "model/{prj}/predictions/iloc/{index}")
def on_index(engine: Engine, call: Call[None], prj: str, index: str) -> dict[str, Any]:
    """Answer the predictions of a model on one item, by its place."""
    with engine.store.read() as connection:
        return {"predictions": predictions_anywhere.by_index(connection, prj, index_of(index))}


@route("POST", "model/{prj}/predictions/copyFromRun", body=CopyBody)
def copy_from_run(engine: Engine, call: Call[CopyBody], prj: str) -> dict[str, Any]:
    """Copy the predictions of a run of the model to those of the model itself."""
    with engine.store.write(bulk=True) as connection:
        key = models.key_of(connection, prj)
        run = runs.get(connection, call.body.model_run_id)
        if run.model_id != key:
            raise InvalidInputError(f"run {run.public_id} is of another model than {prj}")
        copied = 0
        for source, dataset_id in runs.parts(connection, run):
            datasets.lock(connection, dataset_id)
            target = models.ensure_run(connection, key, dataset_id)
            if source != target:
                copied += runs.copy(connection, source, target)
    return {
        "model_id": identifiers.encode(identifiers.MODEL, key),
        "model_run_ids": [run.public_id],
        "predictions_copied": copied,
        "predictions_skipped_unsupported": 0,
    }
