"""Which jobs of a kind are under way, for what must not run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select

from nucleus_lab import identifiers
from nucleus_lab.engine.job_status import QUEUED, RUNNING
from nucleus_lab.engine.schema import job
from nucleus_lab.wire import decode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class LiveJob(NamedTuple):
    """A job that waits or runs.

    Attributes:
        id: Primary key.
        status: ``Queued`` or ``Running``.
        payload: What it was given.
    """

    id: int
    status: str
    payload: dict[str, Any]

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.JOB, self.id)


def find(connection: Connection, dataset_id: int, job_type: str) -> list[LiveJob]:
    """Return the jobs of a dataset that wait or run.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        job_type: Their kind.

    Returns:
        Oldest first; a job whose process was killed counts until the jobs are next looked after.
    """
    rows = (
        select(job.c.id, job.c.status, job.c.payload)
        .where(job.c.status.in_((QUEUED, RUNNING)))
        .where(job.c.dataset_id == dataset_id, job.c.type == job_type)
        .order_by(job.c.id)
    )
    return [
        LiveJob(row[0], row[1], decode(row[2]) if row[2] else {})
        for row in connection.execute(rows)
    ]


def certain(engine: Engine, dataset_id: int, job_type: str) -> list[LiveJob]:
    """Return the jobs of a dataset that wait or run, once those of dead processes are marked.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        job_type: Their kind.

    Returns:
        Oldest first.
    """
    with engine.store.read() as connection:
        found = find(connection, dataset_id, job_type)
    if not found:
        return []
    engine.jobs.recover()
    with engine.store.read() as connection:
        return find(connection, dataset_id, job_type)
