"""Routes of model bundles: store code beside a model, run it on a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import bundles, datasets, models, slices
from nucleus_lab.errors import ConflictError, ForbiddenError, InvalidInputError
from nucleus_lab.routes.nucleus.models import AddBody
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class AddBundleBody(AddBody, kw_only=True):
    """Body of ``lab/models/addBundle``: a model, and what to call in the files beside it."""

    manifest: dict[str, Any]


class RunBody(msgspec.Struct):
    """Body of ``model/run/{prj}/``."""

    dataset_id: str
    model_run_name: str | None = None
    slice_id: str | None = None


@route("POST", "lab/models/addBundle", body=AddBundleBody)
def add_bundle(engine: Engine, call: Call[AddBundleBody]) -> dict[str, Any]:
    """Create a model with a bundle; a pickled model comes from this process only."""
    body = call.body
    bundles.check_allowed(engine, call.base_url)
    pickled = any(part.field == bundles.MODEL for part in call.files)
    if call.base_url and (pickled or body.manifest.get("model")):
        raise ForbiddenError(
            "a server unpickles nothing: give load_model_fn, which loads the model from a file"
        )
    manifest = {**body.manifest, "model": pickled}
    folder = bundles.write(engine, manifest, call.files)
    try:
        with engine.store.write() as connection:
            key = models.create(
                connection,
                body.name,
                body.reference_id,
                metadata=body.metadata,
                tags=body.tags,
                trained_slice_ids=body.trained_slice_ids,
                bundle_name=body.bundle_name,
            )
            bundles.attach(connection, key, folder, manifest)
    except BaseException:
        bundles.forget(engine, folder)
        raise
    return {"model_id": identifiers.encode(identifiers.MODEL, key)}


@route("POST", "model/run/{prj}/", body=RunBody)
def run_model(engine: Engine, call: Call[RunBody], prj: str) -> dict[str, Any]:
    """Run the bundle of a model on the pictures of a dataset or a slice, in a job."""
    from nucleus_lab.engine.work.run_bundle import pictures

    body = call.body
    with engine.store.read() as connection:
        model_id = models.key_of(connection, prj)
        row = datasets.get(connection, body.dataset_id)
        folder = bundles.folder_of(connection, model_id)
        if folder is None:
            raise ConflictError(
                f"model {prj} has no bundle: make one by create_launch_model or "
                "create_launch_model_from_dir"
            )
        bundles.check_allowed(engine, call.base_url)
        part = None if not body.slice_id else slices.get(connection, body.slice_id)
        if part is not None and (part.dataset_id != row.id or part.type != "dataset_item"):
            raise InvalidInputError(
                f"slice {body.slice_id} is no slice of items of dataset {row.public_id}"
            )
        keys = pictures(connection, row.id, None if part is None else part.id)
    if not keys:
        raise InvalidInputError(f"there are no pictures in {body.slice_id or row.public_id}")
    bundles.path(engine, folder)
    payload = {
        "model_id": model_id,
        "slice_id": None if part is None else part.id,
        "run_name": body.model_run_name or models.RUN_NAME,
    }
    return engine.jobs.submit(
        "modelInferenceRun", payload, dataset_id=row.id, total_steps=len(keys)
    )
