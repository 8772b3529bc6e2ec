"""Answers of labeling tasks: they become annotations at once, and go when they are rejected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, null, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_WIRE
from nucleus_lab.engine import clock, datasets, deletion, labeling_marks, objects
from nucleus_lab.engine.labeling_projects import ProjectRow, by_keys
from nucleus_lab.engine.labeling_schema import labeling_task
from nucleus_lab.engine.labeling_tasks import (
    ACCEPTED,
    COMPLETED,
    PENDING,
    REJECTED,
    by_ids,
    links,
)
from nucleus_lab.engine.schema import annotation
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import ConflictError, InvalidInputError

_FINISH: Final = Statement(
    lambda: (
        update(labeling_task)
        .where(labeling_task.c.id == bindparam("key"))
        .values(
            status=COMPLETED,
            audit_status=null(),
            comment=null(),
            answer=bindparam("new_answer", type_=labeling_task.c.answer.type),
            completed_at=bindparam("now"),
        )
    )
)


class Answer(msgspec.Struct):
    """One finished task.

    Attributes:
        task_id: Id on the wire.
        annotations: Payloads of annotations; their reference id and task are set here.
    """

    task_id: str
    annotations: list[dict[str, Any]]


@dataclass(slots=True)
class Finished:
    """What became of the answers of one call.

    Attributes:
        completed: Ids of the tasks that were completed.
        ignored: Ids of those that were completed before.
        errors: Why an answer was not taken, by the id of its task.
    """

    completed: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def complete(connection: Connection, answers: Sequence[Answer], *, update: bool) -> Finished:
    """Complete tasks; their answers become annotations of all items that show their picture.

    An annotation whose id an item has already is replaced.

    Args:
        connection: The open write transaction.
        answers: The answers, one a task.
        update: Whether to replace the answers of tasks that are completed.

    Returns:
        What became of them: one that does not fit loses none of the others.

    Raises:
        NotFoundError: There is no such task.
        InvalidInputError: A task is answered twice.
    """
    names = [answer.task_id for answer in answers]
    if len(set(names)) != len(names):
        raise InvalidInputError("a task is answered twice in one call: give each task one answer")
    tasks = by_ids(connection, names)
    projects = by_keys(connection, {row.labeling_project_id for row in tasks.values()})
    result = Finished()
    ready: list[tuple[Row[Any], list[Any]]] = []
    for answer in answers:
        task = tasks[answer.task_id]
        if task.status == COMPLETED and not update:
            result.ignored.append(answer.task_id)
            continue
        try:
            values = _checked(projects[task.labeling_project_id], task, answer)
        except InvalidInputError as fault:
            result.errors[answer.task_id] = fault.message
            continue
        ready.append((task, values))
        result.completed.append(answer.task_id)
    _write(connection, ready)
    return result


def _checked(project: ProjectRow, task: Row[Any], answer: Answer) -> list[Any]:
    """Hold an answer against the types, the labels and the taxonomies of its project."""
    values = []
    seen: set[str | None] = set()
    for number, given in enumerate(answer.annotations):
        where = f"annotations[{number}] of task {answer.task_id}"
        try:
            value = wire.convert(
                {**given, "reference_id": task.reference_id, "task_id": answer.task_id},
                ANNOTATION_WIRE,
            )
        except msgspec.ValidationError as fault:
            raise InvalidInputError(f"{where} is no annotation: {fault}") from fault
        reason = project.fault(value, str(given.get("type")))
        if reason:
            raise InvalidInputError(f"{where} does not fit: {reason}", task_id=answer.task_id)
        if value.annotation_id is not None and value.annotation_id in seen:
            raise InvalidInputError(
                f"{where} has the annotation id {value.annotation_id!r} of another one: give each "
                "an id of its own",
                task_id=answer.task_id,
            )
        seen.add(value.annotation_id)
        values.append(value)
    return values


def _write(connection: Connection, ready: Sequence[tuple[Row[Any], list[Any]]]) -> None:
    of_task = {task.id: values for task, values in ready}
    places = links(connection, of_task.keys())
    by_dataset: dict[int, list[Row[Any]]] = {}
    for place in places:
        by_dataset.setdefault(place.dataset_id, []).append(place)
    for dataset_id, rows in sorted(by_dataset.items()):
        datasets.lock(connection, dataset_id)
        take_back(connection, dataset_id, rows)
        values = []
        for row in rows:
            for value in of_task[row.labeling_task_id]:
                own = copy(value)
                own.reference_id = row.reference_id
                values.append(own)
        store(connection, dataset_id, values)
    now = clock.now()
    answers = [
        (task.id, wire.encode(msgspec.to_builtins(values)).decode() if values else None, now)
        for task, values in ready
    ]
    _FINISH.many(connection, answers, "key", "new_answer", "now")
    labeling_marks.renew(connection, {place.item_id for place in places})


def store(connection: Connection, dataset_id: int, values: Sequence[Any]) -> int:
    """Store the annotations of finished tasks.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        values: Validated payloads; none is of a type that needs a file.

    Returns:
        How many were stored.

    Raises:
        InvalidInputError: The dataset does not have the taxonomy of one.
    """
    outcome = objects.store(connection, dataset_id, values, update=True)
    if outcome.refused:
        raise InvalidInputError(outcome.errors[0])
    return outcome.processed


def take_back(connection: Connection, dataset_id: int, places: Collection[Row[Any]]) -> int:
    """Delete the annotations that came of tasks.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        places: ``labeling_task_id`` and ``item_id`` of what goes.

    Returns:
        How many annotations went.
    """
    wanted = {
        (place.item_id, identifiers.encode(identifiers.LABELING_TASK, place.labeling_task_id))
        for place in places
    }
    rows = connection.execute(
        select(annotation.c.id, annotation.c.item_id, annotation.c.extra).where(
            among(annotation.c.item_id, "items"), annotation.c.extra.is_not(None)
        ),
        {"items": json_list({place.item_id for place in places})},
    )
    keys = [
        row.id for row in rows if (row.item_id, wire.decode(row.extra).get("task_id")) in wanted
    ]
    return deletion.delete_annotation_rows(connection, dataset_id, keys) if keys else 0


def reject(connection: Connection, public_id: str, reason: str) -> None:
    """Open a completed task again; its annotations go, the answer stays to begin from.

    Args:
        connection: The open write transaction.
        public_id: Id of the task on the wire.
        reason: What has to be done better.
    """
    task = _completed(connection, public_id)
    places = links(connection, [task.id])
    for place in sorted(places, key=lambda place: int(place.dataset_id)):
        datasets.lock(connection, place.dataset_id)
        take_back(connection, place.dataset_id, [place])
    _audit(connection, task, REJECTED, reason, status=PENDING, completed_at=None)
    labeling_marks.renew(connection, {place.item_id for place in places})


def accept(connection: Connection, public_id: str, comment: str) -> None:
    """Note that a completed task was looked at and found right.

    Args:
        connection: The open write transaction.
        public_id: Id of the task on the wire.
        comment: What the reviewer has to say.
    """
    task = _completed(connection, public_id)
    places = links(connection, [task.id])
    for dataset_id in sorted({int(place.dataset_id) for place in places}):
        datasets.lock(connection, dataset_id)
    _audit(connection, task, ACCEPTED, comment)
    labeling_marks.renew(connection, {place.item_id for place in places})


def _completed(connection: Connection, public_id: str) -> Row[Any]:
    task = by_ids(connection, [public_id])[public_id]
    if task.status != COMPLETED:
        raise ConflictError(f"task {public_id} is {task.status}: only a completed one is audited")
    return task


def _audit(
    connection: Connection, task: Row[Any], audit_status: str, comment: str, **more: Any
) -> None:
    change = update(labeling_task).where(labeling_task.c.id == task.id)
    connection.execute(change.values(audit_status=audit_status, comment=comment or None, **more))


__all__ = ["Answer", "Finished", "accept", "complete", "reject", "store", "take_back"]
