"""Labeling tasks: one picture to be labeled; listed, assigned, made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import bulk_write, clock
from nucleus_lab.engine.labeling_projects import ProjectRow
from nucleus_lab.engine.labeling_schema import labeling_project, labeling_task, labeling_task_item
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import InvalidInputError, NotFoundError

PENDING: Final = "pending"
COMPLETED: Final = "completed"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"

MOST_LISTED: Final = 10_000


def _select() -> Any:
    # A task shows the item that was sent first; ingests into other datasets add further ones.
    first = (
        select(
            labeling_task_item.c.labeling_task_id,
            func.min(labeling_task_item.c.item_id).label("item_id"),
        )
        .group_by(labeling_task_item.c.labeling_task_id)
        .subquery()
    )
    return (
        select(
            labeling_task,
            labeling_project.c.name,
            item.c.id.label("item_id"),
            item.c.dataset_id,
            item.c.reference_id,
            item.c.location,
            item.c.width,
            item.c.height,
        )
        .join(labeling_project, labeling_project.c.id == labeling_task.c.labeling_project_id)
        .join(first, first.c.labeling_task_id == labeling_task.c.id)
        .join(item, item.c.id == first.c.item_id)
    )


def payload(row: Row[Any]) -> dict[str, Any]:
    """Return a task as the wire carries it.

    Args:
        row: A row of :func:`listing` or :func:`by_ids`.

    Returns:
        Its payload; ``annotations`` is the last answer, also of a task that was opened again.
    """
    return {
        "task_id": identifiers.encode(identifiers.LABELING_TASK, row.id),
        "project_id": identifiers.encode(identifiers.LABELING_PROJECT, row.labeling_project_id),
        "project_name": row.name,
        "status": row.status,
        "audit_status": row.audit_status or PENDING,
        "comment": row.comment,
        "assignee": row.assignee,
        "batch": row.batch,
        "created_at": clock.iso(row.created_at),
        "completed_at": None if row.completed_at is None else clock.iso(row.completed_at),
        "dataset_id": identifiers.encode(identifiers.DATASET, row.dataset_id),
        "item_id": identifiers.encode(identifiers.ITEM, row.item_id),
        "reference_id": row.reference_id,
        "location": row.location,
        "width": row.width,
        "height": row.height,
        "annotations": wire.decode(row.answer) if row.answer else [],
    }


def listing(
    connection: Connection,
    project: ProjectRow,
    *,
    status: str | None = None,
    assignee: str | None = None,
    token: str | None = None,
    size: int = 1_000,
) -> tuple[list[Row[Any]], str | None]:
    """Read some tasks of a project, oldest first.

    Args:
        connection: The open transaction.
        project: The project.
        status: Only ``pending``, ``completed``, ``accepted`` or ``rejected`` ones.
        assignee: Only those of this person.
        token: What the page before returned; ``None`` for the first page.
        size: Tasks at most.

    Returns:
        The tasks, and the token of the next page or ``None``.

    Raises:
        InvalidInputError: An unknown status, a token that is not ours, or a size out of range.
    """
    if not 1 <= size <= MOST_LISTED:
        raise InvalidInputError(f"pageSize is {size}: use 1 to {MOST_LISTED}", path="pageSize")
    if token and not token.isdigit():
        raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
    columns = labeling_task.c
    rows = _select().where(columns.labeling_project_id == project.id)
    if status in {PENDING, COMPLETED}:
        rows = rows.where(columns.status == status)
    elif status in {ACCEPTED, REJECTED}:
        rows = rows.where(columns.audit_status == status)
    elif status is not None:
        raise InvalidInputError(
            f"status is {status!r}: use pending, completed, accepted or rejected", path="status"
        )
    if assignee is not None:
        rows = rows.where(columns.assignee == assignee)
    if token:
        rows = rows.where(columns.id > int(token))
    found = connection.execute(rows.order_by(columns.id).limit(size + 1)).all()
    if len(found) <= size:
        return list(found), None
    return list(found[:size]), str(found[size - 1].id)


def by_ids(connection: Connection, public_ids: Collection[str]) -> dict[str, Row[Any]]:
    """Find tasks by their ids.

    Args:
        connection: The open transaction.
        public_ids: Ids on the wire.

    Returns:
        The tasks by id, in the order asked.

    Raises:
        NotFoundError: There is no such task; the message names up to five.
    """
    keys: dict[str, int | None] = {}
    for public in dict.fromkeys(public_ids):
        try:
            keys[public] = identifiers.decode(identifiers.LABELING_TASK, public)
        except NotFoundError:
            keys[public] = None
    wanted = json_list(key for key in keys.values() if key is not None)
    rows = connection.execute(
        _select().where(among(labeling_task.c.id, "keys")), {"keys": wanted}
    ).all()
    found = {row.id: row for row in rows}
    missing = [public for public, key in keys.items() if key not in found]
    if missing:
        shown = ", ".join(repr(public) for public in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise NotFoundError(
            f"there is no labeling task {shown}{more}: LabelingProject.tasks lists what there is",
            missing=missing[:100],
        )
    return {public: found[key] for public, key in keys.items() if key is not None}


def make(
    connection: Connection, project: ProjectRow, batch: str, dataset_id: int, items: Sequence[int]
) -> list[int]:
    """Make one open task an item.

    Args:
        connection: The open write transaction; the dataset is locked.
        project: The project.
        batch: Name under which they were sent.
        dataset_id: Primary key of the dataset of the items.
        items: Primary keys of the items.

    Returns:
        Primary keys of the tasks, in the same order.
    """
    if not items:
        return []
    now = clock.now()
    row = {
        "labeling_project_id": project.id,
        "batch": batch,
        "status": PENDING,
        "created_at": now,
    }
    statement = insert(labeling_task).returning(labeling_task.c.id, sort_by_parameter_order=True)
    keys = list(connection.scalars(statement, [row] * len(items)))
    link(connection, [(key, item_id, dataset_id) for key, item_id in zip(keys, items, strict=True)])
    return keys


def link(connection: Connection, rows: Sequence[tuple[int, int, int]]) -> None:
    """Note which items show the pictures of tasks.

    Args:
        connection: The open write transaction.
        rows: Task, item and dataset; those that are there are left alone.
    """
    columns = ("labeling_task_id", "item_id", "dataset_id")
    bulk_write.upsert(connection, labeling_task_item, columns, sorted(rows), key=columns[:2])


def links(connection: Connection, tasks: Collection[int]) -> list[Row[Any]]:
    """Return the items of tasks.

    Args:
        connection: The open transaction.
        tasks: Primary keys of tasks.

    Returns:
        ``labeling_task_id``, ``dataset_id``, ``item_id`` and ``reference_id``, in order of the
        items.
    """
    columns = labeling_task_item.c
    rows = (
        select(columns.labeling_task_id, columns.dataset_id, columns.item_id, item.c.reference_id)
        .join(item, item.c.id == columns.item_id)
        .where(among(columns.labeling_task_id, "tasks"))
        .order_by(columns.item_id)
    )
    return list(connection.execute(rows, {"tasks": json_list(tasks)}))


def assign(connection: Connection, task: Row[Any], assignee: str | None) -> None:
    """Say who is to do a task.

    Args:
        connection: The open write transaction.
        task: The task.
        assignee: Any name; ``None`` for nobody.
    """
    change = update(labeling_task).where(labeling_task.c.id == task.id)
    connection.execute(change.values(assignee=assignee or None))
