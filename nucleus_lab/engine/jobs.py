"""The queue of background jobs: what submits, reads and cancels them.

A job is a row. Worker processes (:mod:`nucleus_lab.engine.worker`) claim queued rows; whoever
reads a status also looks whether the process behind a running job still lives, so no job stays
Running for ever, and starts a worker where queued jobs have none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import clock, job_status
from nucleus_lab.engine.job_status import CANCELLED, COMPLETED, ERRORED, QUEUED, RUNNING
from nucleus_lab.engine.liveness import Runner, reason_gone
from nucleus_lab.engine.schema import job, job_error
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.worker_slots import WorkerSlots
from nucleus_lab.errors import NotFoundError, NucleusError
from nucleus_lab.wire import encode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

MOST_LISTED: Final = 50_000

_UNFINISHED: Final = Statement(
    lambda: select(job.c.id).where(or_(job.c.status == QUEUED, job.c.status == RUNNING)).limit(1)
)

_log = logging.getLogger(__name__)


class JobQueue:
    """The jobs of one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._slots = WorkerSlots(engine.workspace / "workers", engine.settings.workers)

    def submit(
        self,
        job_type: str,
        payload: dict[str, Any],
        *,
        dataset_id: int | None = None,
        total_steps: int = 1,
    ) -> dict[str, Any]:
        """Queue a job and make sure that a worker process will see it.

        Args:
            job_type: A kind that a module of ``engine.work`` registers.
            payload: Plain values for the job; keep bulk data in files.
            dataset_id: Row of the dataset it belongs to; the job goes when the dataset goes.
            total_steps: Steps in all, as far as known.

        Returns:
            ``job_id``, ``job_last_known_status``, ``job_type`` and ``job_creation_time``.
        """
        created_at = clock.now()
        statement = (
            insert(job)
            .values(
                dataset_id=dataset_id,
                type=job_type,
                status=QUEUED,
                payload=encode(payload).decode(),
                total_steps=max(total_steps, 1),
                created_at=created_at,
            )
            .returning(job.c.id)
        )
        with self._engine.store.write() as connection:
            key = connection.execute(statement).scalar_one()
        if self._engine.settings.inline_jobs:
            from nucleus_lab.engine.job_runs import run_next

            run_next(self._engine.whole, only=key)
        self.start_worker()
        return self.info(key)

    def info(self, key: int) -> dict[str, Any]:
        """Return what clients need to build a handle.

        Args:
            key: Row of the job.

        Returns:
            ``job_id``, ``job_last_known_status``, ``job_type`` and ``job_creation_time``.
        """
        return job_status.handle(self._row(key))

    def status(self, key: int) -> dict[str, Any]:
        """Return how far a job is.

        Args:
            key: Row of the job.

        Returns:
            ``job_id``, ``status``, ``message``, ``job_progress`` (two decimals),
            ``completed_steps``, ``total_steps``, ``job_type``, and under ``lab`` what a
            progress bar shows besides:
            ``state`` (with Queued told apart), ``cancel_requested``, ``created_at``,
            ``started_at``, ``finished_at``, ``elapsed_s`` and ``remaining_s``.
        """
        return job_status.status(self._row(key))

    def errors(self, key: int) -> list[str]:
        """Return what went wrong inside a job.

        Args:
            key: Row of the job.

        Returns:
            At most 10,000 texts, the newest, oldest first.
        """
        self._row(key)
        statement = (
            select(job_error.c.message)
            .where(job_error.c.job_id == key)
            .order_by(job_error.c.sequence)
        )
        with self._engine.store.read() as connection:
            return list(connection.execute(statement).scalars())

    def list(
        self,
        *,
        dataset_id: int | None = None,
        job_types: Sequence[str] = (),
        from_us: int | None = None,
        to_us: int | None = None,
        limit: int = MOST_LISTED,
        show_completed: bool = False,
    ) -> list[dict[str, Any]]:
        """Return jobs, newest first.

        Args:
            dataset_id: Only those of this dataset.
            job_types: Only these kinds; empty for all.
            from_us: Only those created at or after this time, in microseconds.
            to_us: Only those created before this time, in microseconds.
            limit: At most this many.
            show_completed: Whether to list Completed jobs too.

        Returns:
            What :meth:`info` returns, for each.
        """
        self.recover()
        statement = _columns().order_by(job.c.id.desc()).limit(limit)
        if dataset_id is not None:
            statement = statement.where(job.c.dataset_id == dataset_id)
        if job_types:
            statement = statement.where(job.c.type.in_(job_types))
        if from_us is not None:
            statement = statement.where(job.c.created_at >= from_us)
        if to_us is not None:
            statement = statement.where(job.c.created_at < to_us)
        if not show_completed:
            statement = statement.where(job.c.status != COMPLETED)
        with self._engine.store.read() as connection:
            return [job_status.handle(row) for row in connection.execute(statement)]

    def cancel(self, key: int) -> dict[str, Any]:
        """Ask a job to stop: at once while queued, at its next checkpoint while running.

        Args:
            key: Row of the job.

        Returns:
            The status; unchanged when the job has ended already.
        """
        self._row(key)
        waiting = (
            update(job)
            .where(job.c.id == key, job.c.status == QUEUED)
            .values(status=CANCELLED, cancel_requested=True, finished_at=clock.now())
        )
        running = (
            update(job)
            .where(job.c.id == key, job.c.status == RUNNING)
            .values(cancel_requested=True)
        )
        with self._engine.store.write() as connection:
            connection.execute(waiting)
            connection.execute(running)
        return self.status(key)

    def recover(self) -> None:
        """Mark the jobs of dead processes Errored, and start a worker for queued ones.

        Called when a workspace is opened and before jobs are listed.
        """
        if self._engine.whole is not self._engine:  # processes are the workspace's, not a user's
            self._engine.whole.jobs.recover()
            return
        with self._engine.store.read() as connection:
            if _UNFINISHED.first(connection) is None:  # as at most starts
                return
            statement = _columns().where(job.c.status.in_((QUEUED, RUNNING)))
            rows = connection.execute(statement).all()
        for row in rows:
            if row.status == RUNNING:
                try:
                    self._bury(row)
                except NucleusError as fault:  # a full disk must not keep the workspace shut
                    _log.warning("job %s cannot be marked: %s", row.id, fault)
        if any(row.status == QUEUED for row in rows):
            self.start_worker()

    def _row(self, key: int) -> Row[Any]:
        statement = _columns().where(job.c.id == key)
        with self._engine.store.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            shown = identifiers.encode(identifiers.JOB, key)
            raise NotFoundError(
                f"there is no job {shown}: it was deleted with its dataset, or never was",
                job_id=shown,
            )
        if row.status == QUEUED:
            self.start_worker()
        elif row.status == RUNNING and self._bury(row):
            with self._engine.store.read() as connection:
                return connection.execute(statement).one()
        return row

    def _bury(self, row: Row[Any]) -> bool:
        """Mark a running job Errored when its process is gone; True when it was."""
        runner = Runner(row.worker_host, row.worker_pid, row.worker_started)
        reason = reason_gone(runner, row.heartbeat_at)
        if not reason:
            return False
        final_error = f"WorkerLost: {reason}. What it had committed is kept; submit the job again"
        with self._engine.store.write() as connection:
            ended = end(connection, row.id, runner, ERRORED, {"final_error": final_error})
            if ended:
                add_errors(connection, row.id, [final_error])
        _log.warning("job %s: %s", row.id, reason)
        return True

    def start_worker(self) -> None:
        """Start one worker process when there is more to do than live workers do."""
        if self._engine.settings.inline_jobs:
            return
        if self._engine.whole is not self._engine:
            self._engine.whole.jobs.start_worker()
            return
        statement = (
            select(job.c.status, func.count())
            .where(job.c.status.in_((QUEUED, RUNNING)))
            .group_by(job.c.status)
        )
        with self._engine.store.read() as connection:
            counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(statement)}
        if not counts.get(QUEUED) or self._slots.taken() >= sum(counts.values()):
            return
        slot = self._slots.take()
        if slot is not None:
            from nucleus_lab.engine import worker_start

            try:
                worker_start.start_worker(self._engine, slot)
            except OSError as fault:  # no memory, no process left: the next look tries again
                _log.warning("no worker process can be started: %s", fault)


def add_errors(connection: Connection, key: int, texts: Sequence[str]) -> None:
    """Append to the errors of a job and drop the oldest above the limit.

    Args:
        connection: Inside a write transaction.
        key: Row of the job.
        texts: What went wrong, oldest first.
    """
    from nucleus_lab.engine.work import MOST_ERRORS

    kept = texts[-MOST_ERRORS:]
    if not kept or connection.scalar(select(job.c.id).where(job.c.id == key)) is None:
        return  # a job goes with its dataset, even while it runs
    highest = select(func.max(job_error.c.sequence)).where(job_error.c.job_id == key)
    first = (connection.execute(highest).scalar() or 0) + 1
    connection.execute(
        insert(job_error),
        [
            {"job_id": key, "sequence": first + offset, "message": text}
            for offset, text in enumerate(kept)
        ],
    )
    oldest = first + len(kept) - MOST_ERRORS
    connection.execute(
        job_error.delete().where(job_error.c.job_id == key, job_error.c.sequence < oldest)
    )


def end(
    connection: Connection,
    key: int,
    runner: Runner,
    status: str,
    message: dict[str, Any] | str | None,
) -> bool:
    """Write the end of a running job, unless it has ended otherwise.

    Args:
        connection: Inside a write transaction.
        key: Row of the job.
        runner: The process that claimed it.
        status: Completed, Errored or Cancelled.
        message: The final message; ``None`` keeps the last one.

    Returns:
        Whether the job was still running under that process.
    """
    values: dict[str, Any] = {"status": status, "finished_at": clock.now()}
    if message is not None:
        values["message"] = encode(message).decode()
    if status == COMPLETED:
        values["completed_steps"] = job.c.total_steps
    statement = (
        update(job)
        .where(
            job.c.id == key,
            job.c.status == RUNNING,
            job.c.worker_host == runner.host,
            job.c.worker_pid == runner.pid,
            job.c.worker_started == runner.started,
        )
        .values(**values)
    )
    return connection.execute(statement).rowcount > 0


def _columns() -> Select[Any]:
    return select(*(column for column in job.c if column.name != "payload"))
