"""The progress of a job as Python sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nucleus_lab.errors import InvalidInputError, TransportError
from nucleus_lab.widgets import JobProgress
from nucleus_lab.widgets.job_progress.report import report, words
from tests.widgets.conftest import HOSTILE, Page


class Job:
    """A job whose status a test sets; jobs of worker processes are driven in the browser tests."""

    job_id = "job_1"

    def __init__(self, total: int = 4) -> None:
        self.state, self.done, self.total = "Running", 0, total
        self.asked = 0
        self.fault: Exception | None = None
        self.faults: list[str] = []

    def status(self) -> dict[str, Any]:
        self.asked += 1
        if self.fault:
            raise self.fault
        return {
            "job_id": self.job_id,
            "status": self.state,
            "message": {"image_upload_step": {"completed": self.done}},
            "job_progress": "0.00",
            "completed_steps": self.done,
            "total_steps": self.total,
            "job_type": "uploadDatasetItems",
            "lab": {"state": self.state, "elapsed_s": 2.0, "remaining_s": 6.0},
        }

    def errors(self) -> list[str]:
        return self.faults

    def cancel(self) -> dict[str, Any]:
        self.state = "Cancelled"
        return self.status()


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def job() -> Any:
    made = Job()
    yield made
    made.state = "Completed"  # lets the thread go


def test_it_moves_by_itself_and_stops_asking_at_the_end(job: Any) -> None:
    progress = JobProgress(job)
    assert (progress._progress["done"], progress._progress["fraction"]) == (0, None)

    job.done = 1
    wait_until(lambda: progress._progress["fraction"] == 0.25)
    assert progress.is_watching
    job.done, job.state = 4, "Completed"
    wait_until(lambda: not progress.is_watching)

    asked = job.asked
    time.sleep(0.3)
    assert job.asked == asked
    assert progress._progress["ended"]
    assert repr(progress) == "JobProgress of uploadDatasetItems: Completed"


def test_it_asks_at_most_ten_times_a_second(job: Any) -> None:
    progress = JobProgress(job)
    began, before = time.monotonic(), job.asked

    for step in range(100):
        job.done = step
        time.sleep(0.01)

    assert job.asked - before <= 10 * (time.monotonic() - began) + 1
    progress.settle()


def test_a_job_that_has_ended_is_asked_once(job: Any) -> None:
    job.state = "Completed"

    progress = JobProgress(job)

    assert (job.asked, progress.is_watching) == (1, False)


def test_errors_are_shown_as_they_are_and_counted(job: Any) -> None:
    job.state, job.faults = "Errored", [HOSTILE] * 60

    progress = JobProgress(job)

    assert (len(progress._progress["errors"]), progress._progress["error_count"]) == (50, 60)
    assert HOSTILE not in progress.snapshot()
    assert "&lt;script&gt;" in progress.snapshot()


def test_the_page_can_cancel(job: Any) -> None:
    progress = JobProgress(job)

    answer, _ = Page(progress).ask("cancel")

    assert answer["body"] == {}
    assert (progress._progress["status"], progress._progress["ended"]) == ("Cancelled", True)
    wait_until(lambda: not progress.is_watching)


def test_a_server_that_is_away_is_told_and_waited_for(job: Any) -> None:
    progress = JobProgress(job)

    job.fault = TransportError("the server cannot be reached")
    wait_until(lambda: progress._progress["problem"] is not None)
    assert "cannot be reached" in progress._progress["problem"]
    job.fault = None
    wait_until(lambda: progress._progress["problem"] is None)
    progress.settle()


def test_closing_the_widget_ends_its_thread(job: Any) -> None:
    progress = JobProgress(job)

    progress.close()

    wait_until(lambda: not progress.is_watching)


def test_a_wait_leaves_the_last_state(job: Any) -> None:
    progress = JobProgress(job)
    job.done, job.state = 4, "Completed"

    progress.settle()

    assert "Completed · 100 % · 4 of 4 · took 2 s" in progress.snapshot()


def test_what_is_no_job_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="is no AsyncJob"):
        JobProgress("job_1")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (None, ""),
        ("Started", "Started"),
        ({"status_log": "Waiting"}, "Waiting"),
        ({"final_error": "disk full", "x": 1}, "disk full"),
        ({"annotation_upload": {"total": 5, "errored": 0}}, "total 5, errored 0"),
        ({"image_upload_step": {"completed": 2000}, "done": True}, "completed 2,000"),
        ({"evaluation_id": "ev_1", "datasetId": "ds_1", "recall": 0.84731}, "recall 0.847"),
    ],
    ids=["none", "text", "log", "error", "counts", "flags", "shares"],
)
def test_messages_become_words(message: Any, text: str) -> None:
    assert words(message) == text


def test_a_job_that_was_asked_to_stop_says_so() -> None:
    status = {"status": "Running", "lab": {"state": "Running", "cancel_requested": True}}

    shown = report(status, [], elapsed_s=1.5, cancellable=True)

    assert (shown["status"], shown["cancellable"], shown["elapsed"]) == ("Cancelling", False, 1.5)
