"""Background jobs of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, overload

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.job import CustomerJobTypes
from nucleus_lab.transport.connection import Connection

JOB_REQ_LIMIT: Final = 50_000
"""Jobs of one list at most."""


def find_jobs(
    client: Connection,
    *,
    dataset_id: str | None = None,
    job_types: Sequence[CustomerJobTypes | str] | None = None,
    from_date: str | datetime | None = None,
    to_date: str | datetime | None = None,
    limit: int | None = None,
    show_completed: bool = False,
) -> list[AsyncJob]:
    """Ask for jobs, newest first.

    Args:
        client: The connection that asks.
        dataset_id: Only jobs of this dataset.
        job_types: Only jobs of these types.
        from_date: Only jobs made at or after this day or time.
        to_date: Only jobs made before this day or time.
        limit: At most so many, 50,000 by default.
        show_completed: Also those that completed.

    Returns:
        The jobs.
    """
    rows = client.make_request(
        {
            "dataset_id": dataset_id,
            "show_completed": show_completed,
            "from_date": None if from_date is None else str(from_date),
            "to_date": None if to_date is None else str(to_date),
            "job_types": [str(getattr(kind, "value", kind)) for kind in job_types or ()],
            "limit": JOB_REQ_LIMIT if limit is None else limit,
        },
        "jobs/",
    )
    return [AsyncJob.from_json(row, client) for row in rows]


class JobMethods(DatasetBase):
    """Find the jobs of a dataset."""

    @overload
    def jobs(
        self,
        job_types: Sequence[CustomerJobTypes | str] | None = None,
        from_date: str | datetime | None = None,
        to_date: str | datetime | None = None,
        limit: int = JOB_REQ_LIMIT,
        show_completed: bool = False,
        stats_only: Literal[False] = False,
    ) -> list[AsyncJob]: ...

    @overload
    def jobs(
        self,
        job_types: Sequence[CustomerJobTypes | str] | None = None,
        from_date: str | datetime | None = None,
        to_date: str | datetime | None = None,
        limit: int = JOB_REQ_LIMIT,
        show_completed: bool = False,
        *,
        stats_only: Literal[True],
    ) -> dict[str, dict[str, int]]: ...

    def jobs(
        self,
        job_types: Sequence[CustomerJobTypes | str] | None = None,
        from_date: str | datetime | None = None,
        to_date: str | datetime | None = None,
        limit: int = JOB_REQ_LIMIT,
        show_completed: bool = False,
        stats_only: bool = False,
    ) -> Any:
        """Find jobs of this dataset, newest first.

        Args:
            job_types: Only jobs of these types.
            from_date: Only jobs made at or after this day (``2026-11-05``) or time.
            to_date: Only jobs made before this day or time.
            limit: At most so many, up to 50,000.
            show_completed: Also those that completed.
            stats_only: Count instead.

        Returns:
            The jobs; with ``stats_only`` the number of jobs by type, then by status.
        """
        found = find_jobs(
            self._client,
            dataset_id=self.id,
            job_types=job_types,
            from_date=from_date,
            to_date=to_date,
            limit=limit,
            show_completed=show_completed,
        )
        return _overview(found) if stats_only else found


def _overview(jobs: list[AsyncJob]) -> dict[str, dict[str, int]]:
    overview: dict[str, dict[str, int]] = {}
    for job in jobs:
        states = overview.setdefault(job.job_type, {})
        states[job.job_last_known_status] = states.get(job.job_last_known_status, 0) + 1
    return overview
