"""Routes of the published labeling calls: send a slice, take tasks in, report on tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, labeling_projects, labeling_transfer, slice_members, slices
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class FromProjectBody(msgspec.Struct):
    """Body of ``dataset/create_from_project``; published clients send the number as text."""

    project_id: str
    last_n_tasks: int | str | None = None
    name: str | None = None


class IngestBody(msgspec.Struct):
    """Body of ``dataset/{ds}/ingest_tasks``."""

    tasks: list[str]


@route("POST", "slice/{slc}/{project}/send_to_labeling")
def send_to_labeling(
    engine: Engine,
    call: Call[None],
    slc: str,
    project: str,
) -> dict[str, Any]:
    """Make labeling tasks of the items of a slice, in a job."""
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        chosen = labeling_projects.get(connection, project)
        labeling_transfer.check_sendable(row)
    payload = {"slice_id": row.public_id, "project_id": chosen.public_id}
    return engine.jobs.submit("sendToLabeling", payload, dataset_id=row.dataset_id)


@route("POST", "dataset/create_from_project", body=FromProjectBody)
def create_from_project(engine: Engine, call: Call[FromProjectBody]) -> dict[str, Any]:
    """Make a dataset of the finished tasks of a labeling project."""
    body = call.body
    with engine.store.write(bulk=True) as connection:
        project = labeling_projects.get(connection, body.project_id)
        count = _count(body.last_n_tasks)
        key = labeling_transfer.create_dataset(connection, project, body.name, count)
    return {"dataset_id": identifiers.encode(identifiers.DATASET, key)}


def _count(given: int | str | None) -> int | None:
    if given in {None, "", "None"}:
        return None
    try:
        return int(given or 0)
    except ValueError as fault:
        raise InvalidInputError(
            f"last_n_tasks is {given!r}: write a whole number", path="last_n_tasks"
        ) from fault


@route("POST", "dataset/{ds}/ingest_tasks", body=IngestBody)
def ingest_tasks(engine: Engine, call: Call[IngestBody], ds: str) -> dict[str, Any]:
    """Take the pictures and annotations of finished tasks into a dataset."""
    with engine.store.write(bulk=True) as connection:
        row = datasets.get(connection, ds)
        done = labeling_transfer.ingest(connection, row, call.body.tasks)
    return {
        "ingested_tasks": done.ingested,
        "ignored_tasks": done.ignored,
        "pending_tasks": done.pending,
    }


@route("GET", "dataset/{ds}/exportScaleTaskInfo")
def dataset_task_info(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Describe the tasks of the items of a dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return {"exportedScaleTaskInfoRows": labeling_transfer.task_info(connection, row.id)}


@route("GET", "slice/{slc}/exportScaleTaskInfo")
def slice_task_info(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Describe the tasks of the items of a slice."""
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        only = [key for kind, key, _ in slice_members.listing(connection, row.id) if kind == "item"]
        found = labeling_transfer.task_info(connection, row.dataset_id, only)
    return {"exportedScaleTaskInfoRows": found}
