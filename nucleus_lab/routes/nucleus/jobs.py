"""Routes that read, list and cancel background jobs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, work
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.job import CustomerJobTypes
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_MOST_LISTED = 50_000


class ListJobsBody(msgspec.Struct):
    """Filters for a list of jobs; an absent one does not filter."""

    dataset_id: str | None = None
    job_types: list[str] | None = None
    from_date: str | None = None
    to_date: str | None = None
    limit: int | None = None
    show_completed: bool | None = None


def _row(job: str) -> int:
    return identifiers.decode(identifiers.JOB, job)


@route("GET", "job/{job}")
def job_status(engine: Engine, call: Call[None], job: str) -> dict[str, Any]:
    """Answer how far a job is.

    Args:
        engine: The open workspace.
        call: Unused.
        job: Id of the job.

    Returns:
        The status payload.
    """
    return engine.jobs.status(_row(job))


@route("GET", "job/{job}/info")
def job_info(engine: Engine, call: Call[None], job: str) -> dict[str, Any]:
    """Answer what a client needs to build a handle.

    Args:
        engine: The open workspace.
        call: Unused.
        job: Id of the job.

    Returns:
        The four job keys.
    """
    return engine.jobs.info(_row(job))


@route("GET", "job/{job}/errors")
def job_errors(engine: Engine, call: Call[None], job: str) -> list[str]:
    """Answer what went wrong inside a job.

    Args:
        engine: The open workspace.
        call: Unused.
        job: Id of the job.

    Returns:
        Texts, oldest first, at most 10,000.
    """
    return engine.jobs.errors(_row(job))


@route("POST", "jobs/", body=ListJobsBody)
def list_jobs(engine: Engine, call: Call[ListJobsBody]) -> list[dict[str, Any]]:
    """Answer the jobs that pass the filters, newest first.

    Args:
        engine: The open workspace.
        call: The filters.

    Returns:
        The four job keys of each.

    Raises:
        InvalidInputError: The limit is out of range, a date cannot be read, or a type is unknown.
    """
    body = call.body
    limit = _MOST_LISTED if body.limit is None else body.limit
    if not 1 <= limit <= _MOST_LISTED:
        raise InvalidInputError(f"limit is {limit}: write 1 to {_MOST_LISTED:,}")
    dataset_id = None
    if body.dataset_id is not None:
        with engine.store.read() as connection:
            dataset_id = datasets.get(connection, body.dataset_id).id
    _check_types(engine, body.job_types or ())
    return engine.jobs.list(
        dataset_id=dataset_id,
        job_types=body.job_types or (),
        from_us=_moment("from_date", body.from_date, end=False),
        to_us=_moment("to_date", body.to_date, end=True),
        limit=limit,
        show_completed=bool(body.show_completed),
    )


@route("POST", "lab/job/{job}/cancel")
def cancel_job(engine: Engine, call: Call[None], job: str) -> dict[str, Any]:
    """Ask a job to stop.

    Args:
        engine: The open workspace.
        call: Unused.
        job: Id of the job.

    Returns:
        The status payload.
    """
    return engine.jobs.cancel(_row(job))


def _check_types(engine: Engine, names: Sequence[str]) -> None:
    """Refuse a type that no job can have: a wrong name would look like an empty list."""
    for name in names:
        if name in CustomerJobTypes.options():
            continue
        try:
            work.find(name, engine.settings.job_modules)
        except LookupError:
            raise InvalidInputError(
                f"job_types has {name!r}: use some of {', '.join(CustomerJobTypes.options())}",
                path="job_types",
            ) from None


def _moment(name: str, text: str | None, *, end: bool) -> int | None:
    """Read a date or a time as microseconds; a bare date that ends a range includes its day."""
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError as fault:
        raise InvalidInputError(
            f"{name} is {text!r}: write a date such as 2026-11-05 or a time such as "
            "2026-11-05T14:30:00+00:00"
        ) from fault
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    if end and len(text.strip()) <= len("2026-11-05"):
        moment += datetime.timedelta(days=1)
    return int(moment.timestamp() * 1_000_000)
