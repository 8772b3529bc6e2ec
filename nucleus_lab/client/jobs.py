"""The background jobs of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset.jobs import find_jobs
from nucleus_lab.job import CustomerJobTypes
from nucleus_lab.transport.connection import Connection


class JobCalls(Connection):
    """Find jobs."""

    @property
    def jobs(self) -> list[AsyncJob]:
        """All jobs that have not completed, newest first."""
        return self.list_jobs()

    def list_jobs(
        self,
        show_completed: bool = False,
        from_date: str | datetime | None = None,
        to_date: str | datetime | None = None,
        job_types: Sequence[CustomerJobTypes | str] | None = None,
        limit: int | None = None,
        dataset_id: str | None = None,
        date_limit: str | None = None,
    ) -> list[AsyncJob]:
        """Find jobs, newest first.

        Args:
            show_completed: Also those that completed.
            from_date: Only jobs made at or after this day (``2026-11-05``) or time.
            to_date: Only jobs made before this day or time.
            job_types: Only jobs of these types.
            limit: At most so many, 50,000 by default.
            dataset_id: Only jobs of this dataset.
            date_limit: An older name of ``from_date``; used when that is not given.

        Returns:
            The jobs.
        """
        return find_jobs(
            self,
            dataset_id=dataset_id,
            job_types=job_types,
            from_date=from_date or date_limit,
            to_date=to_date,
            limit=limit,
            show_completed=show_completed,
        )

    def get_job(self, job_id: str) -> AsyncJob:
        """Find a job.

        Args:
            job_id: Id, starts with ``job_``.

        Returns:
            The job.
        """
        return AsyncJob.from_id(job_id, self)
