"""The job queue as those see it who submit, read, list and cancel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import identifiers
from nucleus_lab.engine import Engine, datasets
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.work import Task
from nucleus_lab.errors import NotFoundError

KINDS = "job_kinds_for_tests"


@pytest.fixture(autouse=True)
def _quick_workers() -> None:
    """Workers start here as they do for users."""


@pytest.fixture
def engine(
    workspace: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An engine whose worker processes know the kinds of the tests and end soon."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    settings = Settings(job_modules=(KINDS,), worker_idle_s=1.5)
    opened = Engine(workspace, database_url=database_url, settings=settings)
    yield opened
    opened.close()


def row(handle: dict[str, Any]) -> int:
    return identifiers.decode(identifiers.JOB, handle["job_id"])


def until(claim: Callable[[], Any], timeout_s: float = 30) -> Any:
    """Wait until something is true and return it."""
    deadline = time.monotonic() + timeout_s
    while not (found := claim()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def ended(engine: Engine, handle: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        status = engine.jobs.status(row(handle))
        return None if status["status"] == "Running" else status

    found: dict[str, Any] = until(look)
    return found


def payload(status: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in status.items() if key != "lab"}


def dataset(engine: Engine, name: str = "d") -> int:
    with engine.store.write() as connection:
        return datasets.create(connection, name)


def test_a_submitted_job_runs_to_its_end(engine: Engine) -> None:
    key = dataset(engine)

    handle = engine.jobs.submit("test.echo", {"n": [1, None, "ä"]}, dataset_id=key)

    assert handle == {
        "job_id": "job_0000000000001",
        "job_last_known_status": "Running",
        "job_type": "test.echo",
        "job_creation_time": handle["job_creation_time"],
    }
    assert handle["job_creation_time"].endswith("Z")
    status = ended(engine, handle)
    assert payload(status) == {
        "job_id": "job_0000000000001",
        "status": "Completed",
        "message": {"got": {"n": [1, None, "ä"]}, "dataset_id": key},
        "job_progress": "1.00",
        "completed_steps": 1,
        "total_steps": 1,
        "job_type": "test.echo",
    }
    assert status["lab"] == {
        "state": "Completed",
        "cancel_requested": False,
        "created_at": handle["job_creation_time"],
        "started_at": status["lab"]["started_at"],
        "finished_at": status["lab"]["finished_at"],
        "elapsed_s": status["lab"]["elapsed_s"],
        "remaining_s": None,
    }
    assert engine.jobs.errors(row(handle)) == []
    assert engine.jobs.info(row(handle))["job_last_known_status"] == "Completed"


def test_progress_and_message_are_seen_while_the_job_runs(engine: Engine, tmp_path: Path) -> None:
    handle = engine.jobs.submit("test.steps", {"total": 4, "folder": str(tmp_path)}, total_steps=4)
    status = engine.jobs.status(row(handle))
    assert (status["status"], status["job_progress"], status["total_steps"]) == (
        "Running",
        "0.00",
        4,
    )

    (tmp_path / "0").touch()
    seen = until(
        lambda: (found := engine.jobs.status(row(handle)))["completed_steps"] == 1 and found
    )

    assert payload(seen) == {
        "job_id": handle["job_id"],
        "status": "Running",
        "message": {"status_log": "step 1"},
        "job_progress": "0.25",
        "completed_steps": 1,
        "total_steps": 4,
        "job_type": "test.steps",
    }
    assert seen["lab"]["state"] == "Running"
    assert seen["lab"]["remaining_s"] == pytest.approx(3 * seen["lab"]["elapsed_s"], abs=0.01)
    for step in range(1, 5):
        (tmp_path / str(step)).touch()
    assert ended(engine, handle)["message"] == {"status_log": "step 4"}


def test_a_failing_job_says_why_and_keeps_its_trace_in_the_log(engine: Engine) -> None:
    handle = engine.jobs.submit("test.fail", {})

    status = ended(engine, handle)

    assert (status["status"], status["message"]) == (
        "Errored",
        {"final_error": "InvalidInputError: nothing fits"},
    )
    assert engine.jobs.errors(row(handle)) == [
        "item a: too small",
        "item b: too large",
        "InvalidInputError: nothing fits",
    ]
    log = (engine.workspace / "logs" / "worker.log").read_text()
    assert "Traceback" in log
    assert "nothing fits" in log


@pytest.mark.parametrize(
    ("how", "final_error"),
    [
        ("answer", "InvalidInputError: $.found holds a object, which JSON cannot carry"),
        ("progress", "InvalidInputError: $.nan is nan, which JSON cannot carry"),
        ("text", "ValueError: a?.jpg \ufffd end"),
    ],
)
def test_what_cannot_be_stored_fails_the_job_and_not_the_worker(
    engine: Engine, how: str, final_error: str
) -> None:
    handle = engine.jobs.submit("test.odd", {"how": how})

    status = ended(engine, handle)

    assert status["status"] == "Errored"
    assert status["message"]["final_error"].startswith(final_error)
    assert engine.jobs.errors(row(handle)) == [status["message"]["final_error"]]


def test_an_unknown_kind_is_named(engine: Engine) -> None:
    status = ended(engine, engine.jobs.submit("nonsense", {}))

    assert status["message"]["final_error"].startswith(
        "LookupError: this version has no job kind 'nonsense'; it has ["
    )


def test_a_job_may_report_from_inside_its_transaction(engine: Engine) -> None:
    handle = engine.jobs.submit("test.transaction", {})

    assert payload(ended(engine, handle))["message"] == "written"
    assert engine.jobs.errors(row(handle)) == [f"entry {number}" for number in range(30)]


def test_the_newest_ten_thousand_errors_are_kept(engine: Engine) -> None:
    handle = engine.jobs.submit("test.many_errors", {"count": 10_050})
    ended(engine, handle)

    errors = engine.jobs.errors(row(handle))

    assert (len(errors), errors[0], errors[-1]) == (10_000, "error 50", "error 10049")


def test_a_running_job_stops_when_cancelled(engine: Engine, tmp_path: Path) -> None:
    handle = engine.jobs.submit("test.steps", {"total": 4, "folder": str(tmp_path)})
    until(lambda: engine.jobs.status(row(handle))["lab"]["state"] == "Running")

    asked = engine.jobs.cancel(row(handle))

    assert asked["status"] == "Running"
    assert asked["lab"]["cancel_requested"]
    assert ended(engine, handle)["status"] == "Cancelled"
    assert engine.jobs.cancel(row(handle))["status"] == "Cancelled"


def test_a_queued_job_is_cancelled_at_once(engine: Engine, tmp_path: Path) -> None:
    busy = [
        engine.jobs.submit("test.steps", {"total": 1, "folder": str(tmp_path)}) for _ in range(2)
    ]
    waits = engine.jobs.submit("test.echo", {})

    assert engine.jobs.cancel(row(waits))["status"] == "Cancelled"

    for step in range(2):
        (tmp_path / str(step)).touch()
    assert [ended(engine, handle)["status"] for handle in busy] == ["Completed", "Completed"]
    assert engine.jobs.status(row(waits))["lab"]["started_at"] is None


def test_jobs_are_listed_newest_first_and_filtered(engine: Engine) -> None:
    first, second = dataset(engine, "a"), dataset(engine, "b")
    done = engine.jobs.submit("test.echo", {}, dataset_id=first)
    failed = engine.jobs.submit("test.fail", {}, dataset_id=second)
    other = engine.jobs.submit("test.echo", {}, dataset_id=second)
    for handle in (done, failed, other):
        ended(engine, handle)

    def ids(**filters: Any) -> list[str]:
        return [found["job_id"] for found in engine.jobs.list(**filters)]

    assert ids() == [failed["job_id"]]  # completed ones are hidden unless asked for
    assert ids(show_completed=True) == [other["job_id"], failed["job_id"], done["job_id"]]
    assert ids(show_completed=True, dataset_id=second) == [other["job_id"], failed["job_id"]]
    assert ids(show_completed=True, job_types=["test.echo"]) == [other["job_id"], done["job_id"]]
    assert ids(show_completed=True, limit=1) == [other["job_id"]]
    assert ids(show_completed=True, to_us=1) == []
    assert ids(from_us=int(time.time() * 1e6) + 10**9) == []
    assert engine.jobs.list()[0] == engine.jobs.info(row(failed))


def test_an_unknown_job_is_not_found(engine: Engine) -> None:
    for ask in (engine.jobs.status, engine.jobs.info, engine.jobs.errors, engine.jobs.cancel):
        with pytest.raises(NotFoundError, match="there is no job job_000000000002a"):
            ask(42)


def test_a_job_goes_with_its_dataset_even_while_it_runs(engine: Engine, tmp_path: Path) -> None:
    from nucleus_lab.engine import deletion

    key = dataset(engine)
    handle = engine.jobs.submit("test.steps", {"total": 1, "folder": str(tmp_path)}, dataset_id=key)
    until(lambda: engine.jobs.status(row(handle))["lab"]["state"] == "Running")

    with engine.store.write() as connection:
        deletion.delete_dataset(connection, key)

    with pytest.raises(NotFoundError):
        engine.jobs.status(row(handle))
    assert ended(engine, engine.jobs.submit("test.echo", {}))["status"] == "Completed"


def test_jobs_can_run_in_the_thread_that_submits_them(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    settings = Settings(inline_jobs=True, job_modules=(KINDS,))
    opened = Engine(workspace, settings=settings)
    try:
        handle = opened.jobs.submit("test.echo", {"a": 1})

        assert handle["job_last_known_status"] == "Completed"
        assert opened.jobs.status(row(handle))["message"]["got"] == {"a": 1}
        assert opened.jobs.submit("test.fail", {})["job_last_known_status"] == "Errored"
        assert not (workspace / "workers").exists()
    finally:
        opened.close()


def test_many_jobs_share_few_workers_and_each_runs_once(engine: Engine, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    handles = [
        engine.jobs.submit("test.note", {"path": str(notes), "number": number})
        for number in range(30)
    ]

    states = {ended(engine, handle)["status"] for handle in handles}

    assert states == {"Completed"}
    lines = [line.split() for line in notes.read_text().splitlines()]
    assert sorted(int(number) for number, _ in lines) == list(range(30))
    assert len({pid for _, pid in lines}) <= engine.settings.workers


def test_a_second_job_finds_a_warm_worker(engine: Engine) -> None:
    ended(engine, engine.jobs.submit("test.echo", {}))

    started = [
        ended(engine, engine.jobs.submit("test.echo", {"n": number}))["lab"] for number in range(3)
    ]

    waits = [_seconds(times["started_at"]) - _seconds(times["created_at"]) for times in started]
    assert min(waits) < 0.25


def _seconds(text: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(text).timestamp()


def test_reports_that_cannot_be_written_are_kept_for_the_next_time() -> None:
    task = Task(1, None, {})
    task.error("a")
    task.progress(1, 4, "one")

    taken = task.take_reports()
    task.error("b")
    task.give_back(*taken)

    assert task.take_reports() == ((1, 4, "one"), ["a", "b"])
    assert task.take_reports() == (None, [])
