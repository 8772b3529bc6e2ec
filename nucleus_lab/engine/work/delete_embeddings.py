"""The job of a custom index that was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("embeddingDelete")
def told(engine: Engine, task: Task) -> dict[str, Any]:  # noqa: ARG001 - as all jobs are called
    """Tell what the request has deleted, so that clients which wait for a job can.

    Args:
        engine: The open workspace.
        task: Its payload holds ``done``, the answer of the request.

    Returns:
        That answer.
    """
    done: dict[str, Any] = task.payload["done"]
    return done
