"""The job that makes labeling tasks of the items of a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import labeling_projects, labeling_transfer, slices
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("sendToLabeling")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Make the tasks, all at once.

    Args:
        engine: The open workspace.
        task: Its payload holds ``slice_id`` and ``project_id``.

    Returns:
        ``tasks_created``, and ``tasks_ignored`` for items that have an open task already.
    """
    payload = task.payload
    with engine.store.write(bulk=True) as connection:
        row = slices.get(connection, payload["slice_id"])
        project = labeling_projects.get(connection, payload["project_id"])
        created, ignored = labeling_transfer.send(connection, row, project)
    return {
        "project_id": project.public_id,
        "slice_id": row.public_id,
        "tasks_created": created,
        "tasks_ignored": ignored,
    }
