"""Running one job: claim it, report while it runs, write down how it ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from nucleus_lab.engine import clock
from nucleus_lab.engine.job_status import CANCELLED, COMPLETED, ERRORED, QUEUED, RUNNING
from nucleus_lab.engine.jobs import add_errors, end
from nucleus_lab.engine.liveness import this_process
from nucleus_lab.engine.schema import job
from nucleus_lab.engine.work import FaultyJobError, JobCancelledError, Message, Task, find, storable
from nucleus_lab.errors import StorageFullError, WorkspaceError
from nucleus_lab.wire import decode, encode, plain

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

REPORT_S: Final = 0.1
HEARTBEAT_S: Final = 5.0
_FINISH_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
LOOK_S: Final = 0.5  # between two looks whether the job was cancelled

_log = logging.getLogger(__name__)


def run_next(engine: Engine, only: int | None = None) -> bool:
    """Claim a queued job, oldest first, and run it to its end.

    Args:
        engine: The open workspace.
        only: Row of the one job to run.

    Returns:
        Whether a job was run.
    """
    claimed = _claim(engine, only)
    if claimed is None:
        return False
    job_type, task = claimed
    status, message = ERRORED, None
    try:
        with _reporting(engine, task):
            status, message = _run(engine, job_type, task)
    except (SystemExit, KeyboardInterrupt):
        message = {"final_error": "WorkerStopped: the worker process was told to stop"}
        raise
    finally:
        _finish(engine, task, status, message)
    return True


def waiting(engine: Engine) -> bool:
    """Tell whether a job is queued, without a write transaction.

    Args:
        engine: The open workspace.

    Returns:
        True when there is one to claim.
    """
    with engine.store.read() as connection:
        return connection.execute(_FIRST_QUEUED).first() is not None


_FIRST_QUEUED: Final = select(job.c.id).where(job.c.status == QUEUED).order_by(job.c.id).limit(1)


def _claim(engine: Engine, only: int | None) -> tuple[str, Task] | None:
    runner, now = this_process(), clock.now()
    # On PostgreSQL several workers claim at once, each past the rows that others hold; on SQLite
    # the write transaction admits one at a time.
    first = _FIRST_QUEUED.with_for_update(skip_locked=True)
    if only is not None:
        first = first.where(job.c.id == only)
    with engine.store.write() as connection:
        key = connection.execute(first).scalar()
        if key is None:
            return None
        row = connection.execute(
            update(job)
            .where(job.c.id == key, job.c.status == QUEUED)
            .values(
                status=RUNNING,
                started_at=now,
                heartbeat_at=now,
                worker_host=runner.host,
                worker_pid=runner.pid,
                worker_started=runner.started,
            )
            .returning(job.c.type, job.c.dataset_id, job.c.payload, job.c.owner)
        ).one_or_none()
    if row is None:
        return None
    return row.type, Task(key, row.dataset_id, decode(row.payload or "{}"), row.owner)


def _run(engine: Engine, job_type: str, task: Task) -> tuple[str, Message]:
    """Do the work; every outcome becomes a status and a message."""
    try:
        work = find(job_type, engine.settings.job_modules)
        # A job does what its user may do, and sees what she sees.
        return COMPLETED, plain(work(engine.seen_by(task.owner), task))
    except JobCancelledError:
        return CANCELLED, None
    except FaultyJobError as fault:  # its work has listed every error already
        return ERRORED, {**plain(fault.message), "final_error": storable(str(fault))}
    except Exception as fault:  # noqa: BLE001 - whatever the work raises is its job's outcome
        _log.exception("job %s (%s) failed", task.id, job_type)
        final_error = storable(f"{type(fault).__name__}: {fault}")
        task.error(final_error)
        return ERRORED, {"final_error": final_error}


def _finish(engine: Engine, task: Task, status: str, message: Message) -> None:
    pauses_s = () if engine.settings.inline_jobs else _FINISH_PAUSES_S
    for pause_s in (*pauses_s, None):
        try:
            _write_reports(engine, task)
            with engine.store.write() as connection:
                ended = end(connection, task.id, this_process(), status, message)
            break
        except (WorkspaceError, StorageFullError):
            if pause_s is None or engine.store.is_gone():
                raise
            # Most often the disk is full; the reason is worth waiting until there is space again.
            time.sleep(pause_s)
    if not ended:
        _log.warning("job %s was ended by someone else before its worker was done", task.id)
    request_id = task.payload.get("requestId")
    if task.dataset_id is not None and isinstance(request_id, str):
        engine.uploads.discard(task.dataset_id, request_id)


@contextmanager
def _reporting(engine: Engine, task: Task) -> Iterator[None]:
    """Write the reports of a task from a thread of its own while the block runs.

    The job itself never writes them: inside a transaction of its own on SQLite it would wait for
    itself.
    """
    stop = threading.Event()

    def report() -> None:
        beat_in, look_in = HEARTBEAT_S, LOOK_S
        while not stop.wait(REPORT_S):
            beat_in -= REPORT_S
            look_in -= REPORT_S
            try:
                _write_reports(engine, task, beat=beat_in <= 0)
                if look_in <= 0:
                    _look_for_cancel(engine, task)
            except Exception:  # noqa: BLE001 - a lost report must not end the job
                _log.exception("job %s could not report", task.id)
            beat_in = HEARTBEAT_S if beat_in <= 0 else beat_in
            look_in = LOOK_S if look_in <= 0 else look_in

    thread = threading.Thread(target=report, name=f"nucleus-job-{task.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _write_reports(engine: Engine, task: Task, *, beat: bool = False) -> None:
    progress, errors = task.take_reports()
    values: dict[str, Any] = {}
    if progress is not None:
        done, total, message = progress
        values |= {"completed_steps": done, "total_steps": total}
        if message is not None:
            values["message"] = encode(message).decode()
    if beat or values:
        values["heartbeat_at"] = clock.now()
    if not values and not errors:
        return
    try:
        with engine.store.write(durable=False) as connection:
            if values:
                statement = update(job).where(job.c.id == task.id, job.c.status == RUNNING)
                connection.execute(statement.values(**values))
            add_errors(connection, task.id, errors)
    except BaseException:
        task.give_back(progress, errors)
        raise


def _look_for_cancel(engine: Engine, task: Task) -> None:
    statement = select(job.c.cancel_requested, job.c.status).where(job.c.id == task.id)
    with engine.store.read() as connection:
        row = connection.execute(statement).one_or_none()
    # A job that was deleted with its dataset, or that someone marked Errored, has nothing to do.
    if row is None or row.cancel_requested or row.status != RUNNING:
        task.cancel()
