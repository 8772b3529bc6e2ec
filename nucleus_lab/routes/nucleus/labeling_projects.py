"""Our own routes of labeling: projects, and the life of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import labeling_answers, labeling_projects, labeling_tasks
from nucleus_lab.engine.labeling_answers import Answer
from nucleus_lab.errors import ConflictError, InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CreateBody(msgspec.Struct):
    """Body of ``lab/labelingProjects``."""

    name: str
    types: list[str] | None = None
    labels: list[str] | None = None
    taxonomies: dict[str, Any] | None = None
    instructions: str = ""


class TasksBody(msgspec.Struct):
    """Body of ``lab/labelingProject/{lbl}/tasks``."""

    status: str | None = None
    assignee: str | None = None
    pageToken: str | None = None
    pageSize: int = 1_000


class AnswersBody(msgspec.Struct):
    """Body of ``lab/labelingProject/{lbl}/complete``."""

    tasks: list[Answer]
    update: bool = False


class AnswerBody(msgspec.Struct):
    """Body of ``lab/labelingTask/{task}/complete``."""

    annotations: list[dict[str, Any]]
    update: bool = False


class AuditBody(msgspec.Struct):
    """Body of ``…/reject`` and ``…/accept``."""

    comment: str = ""


class AssignBody(msgspec.Struct):
    """Body of ``…/assign``."""

    assignee: str | None = None


@route("POST", "lab/labelingProjects", body=CreateBody)
def create_project(engine: Engine, call: Call[CreateBody]) -> dict[str, Any]:
    """Create a labeling project."""
    body = call.body
    with engine.store.write() as connection:
        project = labeling_projects.create(
            connection,
            body.name,
            types=body.types,
            labels=body.labels,
            taxonomies=body.taxonomies,
            instructions=body.instructions,
        )
    return project.payload()


@route("GET", "lab/labelingProjects")
def list_projects(engine: Engine, call: Call[None]) -> dict[str, Any]:
    """List all labeling projects, oldest first."""
    with engine.store.read() as connection:
        rows = labeling_projects.listing(connection)
    return {"projects": [row.payload() for row in rows]}


@route("GET", "lab/labelingProject/{lbl}")
def get_project(engine: Engine, call: Call[None], lbl: str) -> dict[str, Any]:
    """Describe a labeling project and count its tasks."""
    with engine.store.read() as connection:
        project = labeling_projects.get(connection, lbl)
        counts = labeling_projects.counts(connection, project.id)
    return {**project.payload(), "counts": counts}


@route("DELETE", "lab/labelingProject/{lbl}")
def delete_project(engine: Engine, call: Call[None], lbl: str) -> dict[str, Any]:
    """Delete a labeling project with its tasks; annotations stay."""
    with engine.store.write(bulk=True) as connection:
        gone = labeling_projects.remove(connection, labeling_projects.get(connection, lbl))
    return {"project_id": lbl, "tasks_deleted": gone}


@route("POST", "lab/labelingProject/{lbl}/tasks", body=TasksBody)
def list_tasks(engine: Engine, call: Call[TasksBody], lbl: str) -> dict[str, Any]:
    """List some tasks of a project, oldest first."""
    body = call.body
    with engine.store.read() as connection:
        project = labeling_projects.get(connection, lbl)
        rows, token = labeling_tasks.listing(
            connection,
            project,
            status=body.status,
            assignee=body.assignee,
            token=body.pageToken,
            size=body.pageSize,
        )
    return {"tasks": [labeling_tasks.payload(row) for row in rows], "nextPageToken": token}


@route("POST", "lab/labelingProject/{lbl}/complete", body=AnswersBody)
def complete_tasks(engine: Engine, call: Call[AnswersBody], lbl: str) -> dict[str, Any]:
    """Complete many tasks of a project in one transaction."""
    body = call.body
    with engine.store.write(bulk=True) as connection:
        project = labeling_projects.get(connection, lbl)
        names = [answer.task_id for answer in body.tasks]
        rows = labeling_tasks.by_ids(connection, names)
        strange = [name for name in rows if rows[name].labeling_project_id != project.id]
        if strange:
            raise InvalidInputError(f"task {strange[0]} is not of project {lbl}")
        done = labeling_answers.complete(connection, body.tasks, update=body.update)
    return {"completed": done.completed, "ignored": done.ignored, "errors": done.errors}


@route("GET", "lab/labelingTask/{task}")
def get_task(engine: Engine, call: Call[None], task: str) -> dict[str, Any]:
    """Describe a task."""
    return _task(engine, task)


@route("POST", "lab/labelingTask/{task}/complete", body=AnswerBody)
def complete_task(engine: Engine, call: Call[AnswerBody], task: str) -> dict[str, Any]:
    """Complete a task: its annotations appear at once."""
    body = call.body
    answer = Answer(task, body.annotations)
    with engine.store.write(bulk=True) as connection:
        done = labeling_answers.complete(connection, [answer], update=body.update)
        if task in done.errors:
            raise InvalidInputError(done.errors[task], task_id=task)
        if done.ignored:
            raise ConflictError(
                f"task {task} is completed already: pass update=True to replace its answer, or "
                "reject it first"
            )
    return _task(engine, task)


@route("POST", "lab/labelingTask/{task}/reject", body=AuditBody)
def reject_task(engine: Engine, call: Call[AuditBody], task: str) -> dict[str, Any]:
    """Open a completed task again and take its annotations back."""
    with engine.store.write(bulk=True) as connection:
        labeling_answers.reject(connection, task, call.body.comment)
    return _task(engine, task)


@route("POST", "lab/labelingTask/{task}/accept", body=AuditBody)
def accept_task(engine: Engine, call: Call[AuditBody], task: str) -> dict[str, Any]:
    """Note that a completed task is right."""
    with engine.store.write() as connection:
        labeling_answers.accept(connection, task, call.body.comment)
    return _task(engine, task)


@route("POST", "lab/labelingTask/{task}/assign", body=AssignBody)
def assign_task(engine: Engine, call: Call[AssignBody], task: str) -> dict[str, Any]:
    """Say who is to do a task."""
    with engine.store.write() as connection:
        row = labeling_tasks.by_ids(connection, [task])[task]
        labeling_tasks.assign(connection, row, call.body.assignee)
    return _task(engine, task)


def _task(engine: Engine, public_id: str) -> dict[str, Any]:
    with engine.store.read() as connection:
        return labeling_tasks.payload(labeling_tasks.by_ids(connection, [public_id])[public_id])
