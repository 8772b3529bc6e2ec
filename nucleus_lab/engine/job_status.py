"""A job as clients read it: its handle, its status and its times."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from nucleus_lab import identifiers
from nucleus_lab.engine import clock
from nucleus_lab.wire import decode

QUEUED: Final = "Queued"
RUNNING: Final = "Running"
COMPLETED: Final = "Completed"
ERRORED: Final = "Errored"
CANCELLED: Final = "Cancelled"


def _shown(status: str) -> str:
    # Published clients wait only while the status is exactly Running.
    return RUNNING if status == QUEUED else status


def handle(row: Row[Any]) -> dict[str, Any]:
    """Return what clients need to build a handle.

    Args:
        row: The job, without its payload.

    Returns:
        ``job_id``, ``job_last_known_status``, ``job_type`` and ``job_creation_time``.
    """
    return {
        "job_id": identifiers.encode(identifiers.JOB, row.id),
        "job_last_known_status": _shown(row.status),
        "job_type": row.type,
        "job_creation_time": clock.iso(row.created_at),
    }


_STATUS_LOG: Final = {
    QUEUED: "Waiting for a worker process",
    RUNNING: "Started",
    COMPLETED: "Finished",
    CANCELLED: "Cancelled",
}


def status(row: Row[Any]) -> dict[str, Any]:
    """Return how far a job is.

    Args:
        row: The job, without its payload.

    Returns:
        What :meth:`nucleus_lab.engine.jobs.JobQueue.status` returns.
    """
    message = decode(row.message) if row.message else {"status_log": _STATUS_LOG.get(row.status)}
    return {
        "job_id": identifiers.encode(identifiers.JOB, row.id),
        "status": _shown(row.status),
        "message": message,
        "job_progress": f"{row.completed_steps / row.total_steps:.2f}",
        "completed_steps": row.completed_steps,
        "total_steps": row.total_steps,
        "job_type": row.type,
        "lab": _times(row),
    }


def _iso(moment: int | None) -> str | None:
    return None if moment is None else clock.iso(moment)


def _times(row: Row[Any]) -> dict[str, Any]:
    elapsed_s = remaining_s = None
    if row.started_at is not None:
        elapsed_s = ((row.finished_at or clock.now()) - row.started_at) / 1_000_000
        if row.status == RUNNING and row.completed_steps:
            left = row.total_steps - row.completed_steps
            remaining_s = round(elapsed_s * left / row.completed_steps, 3)
        elapsed_s = round(elapsed_s, 3)
    return {
        "state": row.status,
        "cancel_requested": bool(row.cancel_requested),
        "created_at": clock.iso(row.created_at),
        "started_at": _iso(row.started_at),
        "finished_at": _iso(row.finished_at),
        "elapsed_s": elapsed_s,
        "remaining_s": remaining_s,
    }
