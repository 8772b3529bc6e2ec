"""Between slices, tasks and datasets: sending to labeling, taking finished tasks in, reporting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_WIRE
from nucleus_lab.engine import (
    clock,
    datasets,
    items,
    labeling_marks,
    labeling_tasks,
    reading,
    references,
    slice_members,
    slices,
    taxonomies,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.labeling_answers import store
from nucleus_lab.engine.labeling_projects import ProjectRow, by_keys
from nucleus_lab.engine.labeling_schema import labeling_project, labeling_task, labeling_task_item
from nucleus_lab.engine.labeling_tasks import COMPLETED, PENDING
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.engine.uploading import check_takes_items
from nucleus_lab.errors import ConflictError, InvalidInputError


class Ingested(NamedTuple):
    """What became of tasks that a dataset takes in.

    Attributes:
        ingested: Tasks whose picture and annotations the dataset has now.
        ignored: Tasks that it had already.
        pending: Tasks that are not finished.
    """

    ingested: int
    ignored: int
    pending: int


def check_sendable(row: slices.SliceRow) -> None:
    """Refuse a slice that holds no items.

    Args:
        row: The slice.

    Raises:
        ConflictError: It holds scenes or objects.
    """
    if row.type != "dataset_item":
        raise ConflictError(
            f"slice {row.public_id} holds members of type {row.type}: a labeling task is one "
            "picture, so make a slice of items"
        )


def send(connection: Connection, row: slices.SliceRow, project: ProjectRow) -> tuple[int, int]:
    """Make a task of each item of a slice.

    Args:
        connection: The open write transaction.
        row: The slice.
        project: The project.

    Returns:
        How many tasks were made, and how many items have an open one already.
    """
    check_sendable(row)
    datasets.lock(connection, row.dataset_id)
    _add_taxonomies(connection, row.dataset_id, project)
    wanted = [key for _, key, _ in slice_members.listing(connection, row.id)]
    pictures = set(
        connection.scalars(
            select(item.c.id).where(among(item.c.id, "keys"), item.c.kind == "image"),
            {"keys": json_list(wanted)},
        )
    )
    if len(pictures) < len(wanted):
        raise InvalidInputError(
            f"slice {row.public_id} holds {len(wanted) - len(pictures)} items that are no pictures:"
            " make a slice of pictures"
        )
    waiting = set(
        connection.scalars(
            select(labeling_task_item.c.item_id)
            .join(labeling_task, labeling_task.c.id == labeling_task_item.c.labeling_task_id)
            .where(
                among(labeling_task_item.c.item_id, "keys"),
                labeling_task.c.labeling_project_id == project.id,
                labeling_task.c.status == PENDING,
            ),
            {"keys": json_list(wanted)},
        )
    )
    fresh = [key for key in wanted if key not in waiting]
    labeling_tasks.make(connection, project, row.name, row.dataset_id, fresh)
    labeling_marks.renew(connection, fresh)
    return len(fresh), len(waiting)


def _add_taxonomies(connection: Connection, dataset_id: int, project: ProjectRow) -> None:
    for name, entry in project.taxonomies.items():
        taxonomies.add(connection, dataset_id, name, entry["type"], entry["labels"], extend=True)


def create_dataset(
    connection: Connection, project: ProjectRow, name: str | None, last_n_tasks: int | None
) -> int:
    """Make a dataset of the finished tasks of a project.

    Args:
        connection: The open write transaction.
        project: The project.
        name: Name of the dataset; that of the project when ``None``.
        last_n_tasks: Only so many of the tasks completed last.

    Returns:
        Primary key of the dataset.

    Raises:
        InvalidInputError: ``last_n_tasks`` is below 1.
    """
    if last_n_tasks is not None and last_n_tasks < 1:
        raise InvalidInputError(
            f"last_n_tasks is {last_n_tasks}: use 1 or more, or leave it out for all",
            path="last_n_tasks",
        )
    columns = labeling_task.c
    keys = connection.scalars(
        select(columns.id)
        .where(columns.labeling_project_id == project.id, columns.status == COMPLETED)
        .order_by(columns.completed_at.desc(), columns.id.desc())
        .limit(last_n_tasks)
    )
    chosen = [identifiers.encode(identifiers.LABELING_TASK, key) for key in sorted(keys)]
    dataset_id = datasets.create(connection, name or project.name)
    row = datasets.by_key(connection, dataset_id)
    ingest(connection, row, chosen)
    return dataset_id


def ingest(connection: Connection, row: datasets.DatasetRow, task_ids: Sequence[str]) -> Ingested:
    """Take the pictures and annotations of finished tasks into a dataset.

    A reference id that names the same picture there is that picture; one that names another
    picture is told apart by the id of the task.

    Args:
        connection: The open write transaction.
        row: The dataset.
        task_ids: Ids of tasks on the wire.

    Returns:
        What became of them.

    Raises:
        InvalidInputError: The dataset is in privacy mode and a picture is no URL.
    """
    check_takes_items(row)
    tasks = labeling_tasks.by_ids(connection, task_ids)
    finished = {task.id: task for task in tasks.values() if task.status == COMPLETED}
    there = {
        link.labeling_task_id
        for link in labeling_tasks.links(connection, finished.keys())
        if link.dataset_id == row.id
    }
    fresh = [task for key, task in finished.items() if key not in there]
    pending = len(tasks) - len(finished)
    if fresh:
        datasets.lock(connection, row.id)
        projects = by_keys(connection, {task.labeling_project_id for task in fresh})
        for project in projects.values():
            _add_taxonomies(connection, row.id, project)
        _take_in(connection, row, fresh)
    return Ingested(len(fresh), len(there), pending)


def _take_in(connection: Connection, row: datasets.DatasetRow, tasks: Sequence[Row[Any]]) -> None:
    wanted = json_list({task.item_id for task in tasks})
    originals = {
        found.id: found
        for found in connection.execute(
            select(item).where(among(item.c.id, "keys")), {"keys": wanted}
        )
    }
    if row.use_privacy_mode and any(found.media_key for found in originals.values()):
        raise InvalidInputError(
            f"dataset {row.public_id} is in privacy mode and takes URLs only: some of the tasks "
            "show local pictures; ingest them into another dataset"
        )
    names = _names(connection, row.id, tasks, originals)
    new: dict[str, ItemRow] = {}
    for task in tasks:
        found = originals[task.item_id]
        metadata = wire.decode(found.metadata) if found.metadata else {}
        metadata.pop(labeling_marks.KEY, None)
        new[names[task.id]] = ItemRow(
            names[task.id],
            found.kind,
            found.location,
            found.media_key,
            found.width,
            found.height,
            datasets.document(metadata),
        )
    items.insert(connection, row.id, list(new.values()), update=False)
    keys = references.keys_of(connection, row.id, new.keys())
    labeling_tasks.link(connection, [(task.id, keys[names[task.id]], row.id) for task in tasks])
    values = []
    for task in tasks:
        answer = wire.decode(task.answer) if task.answer else []
        for value in wire.convert(answer, list[ANNOTATION_WIRE]):
            value.reference_id = names[task.id]
            values.append(value)
    # Two finished tasks may show one picture: the later one counts where both name an annotation.
    latest = {
        (value.reference_id, value.annotation_id or number): value
        for number, value in enumerate(values)
    }
    store(connection, row.id, list(latest.values()))
    labeling_marks.renew(connection, set(keys.values()))


def _names(
    connection: Connection,
    dataset_id: int,
    tasks: Sequence[Row[Any]],
    originals: dict[int, Row[Any]],
) -> dict[int, str]:
    """Choose the reference id of each task's item in a dataset."""
    wanted = {task.reference_id for task in tasks}
    taken = {
        found.reference_id: (found.location, found.media_key)
        for found in connection.execute(
            select(item.c.reference_id, item.c.location, item.c.media_key).where(
                item.c.dataset_id == dataset_id, among(item.c.reference_id, "wanted")
            ),
            {"wanted": json_list(wanted)},
        )
    }
    names: dict[int, str] = {}
    for task in tasks:
        original = originals[task.item_id]
        picture = (original.location, original.media_key)
        name = task.reference_id
        if taken.setdefault(name, picture) != picture:
            name = f"{identifiers.encode(identifiers.LABELING_TASK, task.id)}/{name}"
            taken[name] = picture
        names[task.id] = name
    return names


def task_info(
    connection: Connection, dataset_id: int, only: Collection[int] | None = None
) -> list[dict[str, Any]]:
    """Describe the tasks of items, as ``exportScaleTaskInfo`` answers.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        only: Primary keys of items; ``None`` for all of the dataset.

    Returns:
        A row for each item that has tasks, in the order of the dataset: ``item`` and
        ``scale_task_info``, its tasks from the oldest on.
    """
    rows = (
        select(labeling_task_item.c.item_id, labeling_task, labeling_project.c.name)
        .join(labeling_task, labeling_task.c.id == labeling_task_item.c.labeling_task_id)
        .join(labeling_project, labeling_project.c.id == labeling_task.c.labeling_project_id)
        .join(item, item.c.id == labeling_task_item.c.item_id)
        .where(labeling_task_item.c.dataset_id == dataset_id)
        .order_by(item.c.position, labeling_task.c.id)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = None if only is None else set(only)
    for row in connection.execute(rows):
        if wanted is None or row.item_id in wanted:
            found.setdefault(row.item_id, []).append(_info(row))
    return [
        {"item": reading.item_payload(values), "scale_task_info": found[values[0]]}
        for values in reading.by_keys(connection, dataset_id, list(found))
    ]


def _info(row: Row[Any]) -> dict[str, Any]:
    return {
        "task_id": identifiers.encode(identifiers.LABELING_TASK, row.id),
        "task_status": row.status,
        "task_audit_status": row.audit_status or PENDING,
        "task_audit_review_comment": row.comment,
        "project_name": row.name,
        "batch": row.batch,
        "created_at": clock.iso(row.created_at),
        "completed_at": None if row.completed_at is None else clock.iso(row.completed_at),
    }
