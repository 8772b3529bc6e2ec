"""JobProgress: a live bar for a background job."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import traitlets

from nucleus_lab.errors import InvalidInputError, NucleusError
from nucleus_lab.widgets.base import Answer, LabWidget, answers, bundle
from nucleus_lab.widgets.job_progress.report import html, report

if TYPE_CHECKING:
    from nucleus_lab.async_job import AsyncJob

_FIRST_POLL: Final = 0.1
_LAST_POLL: Final = 0.5
_ERRORS_EVERY: Final = 2.0
_GIVE_UP: Final = 60.0
_VOLATILE: Final = ("elapsed", "remaining")


class JobProgress(LabWidget):
    """A bar that moves by itself, also while other cells run, until the job ends.

    ::

        job = dataset.append(items, asynchronous=True)
        JobProgress(job)

    It shows the message, the elapsed and remaining time and the errors, and can cancel the job.
    The saved notebook keeps the last state. ``AsyncJob.sleep_until_complete`` shows the same once
    ``%load_ext nucleus_lab`` has run.

    Args:
        job: The job.

    Attributes:
        job: As given.
    """

    _esm, _css = bundle("job_progress")

    _progress = traitlets.Dict().tag(sync=True)

    def __init__(self, job: AsyncJob) -> None:
        self._over = threading.Event()
        if not hasattr(job, "status") or not hasattr(job, "job_id"):
            raise InvalidInputError(f"job={job!r} is no AsyncJob: pass client.get_job(job_id)")
        self.job = job
        self._began = time.monotonic()
        self._errors: list[str] = []
        self._errors_read = 0.0
        super().__init__(_progress=self._read())
        self._thread = threading.Thread(
            target=self._poll, name=f"progress of {job.job_id}", daemon=True
        )
        if not self._progress["ended"]:
            self._thread.start()

    @property
    def is_watching(self) -> bool:
        """Whether the job is still being asked; it is no more once it has ended."""
        return self._thread.is_alive()

    def snapshot(self) -> str:
        """Return the last known state.

        Returns:
            Self-contained HTML.
        """
        return html(self._progress)

    def settle(self, timeout_s: float = 5.0) -> None:
        """Ask a last time and stop; the widget stays where it is.

        Args:
            timeout_s: Seconds to wait for a question that is on its way.
        """
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def close(self) -> None:
        """Stop asking, and take the widget out of the page."""
        self._over.set()
        super().close()

    def __repr__(self) -> str:
        shown = self._progress
        return f"JobProgress of {shown.get('job_type')}: {shown.get('status')}"

    @answers("cancel")
    def _cancel(self, _body: dict[str, Any]) -> Answer:
        self.job.cancel()
        self._progress = self._read()
        return {}

    def _read(self) -> dict[str, Any]:
        status = self.job.status()
        now = time.monotonic()
        shown = report(status, self._errors, elapsed_s=now - self._began, cancellable=True)
        if shown["ended"] or now - self._errors_read > _ERRORS_EVERY:
            self._errors_read = now
            self._errors = self.job.errors()
            shown = report(status, self._errors, elapsed_s=now - self._began, cancellable=True)
        return shown

    def _poll(self) -> None:
        """Ask until the job ends, at most ten times a second, slower while nothing changes."""
        pause, answered = _FIRST_POLL, time.monotonic()
        while not self._over.wait(pause):
            try:
                shown = self._read()
            except NucleusError as fault:
                shown = {**self._progress, "problem": f"no news of the job: {fault.message}"}
                if time.monotonic() - answered > _GIVE_UP:
                    self._progress = {**shown, "ended": True}
                    break
                pause = 2.0
            else:
                answered = time.monotonic()
                pause = _FIRST_POLL if self._differs(shown) else min(pause * 1.3, _LAST_POLL)
            if self._differs(shown):
                self._progress = shown
            if shown["ended"]:
                break
        else:
            self._last_look()
        self.renew_snapshot()

    def _last_look(self) -> None:
        try:
            self._progress = self._read()
        except NucleusError as fault:
            self._progress = {**self._progress, "problem": fault.message}

    def _differs(self, shown: dict[str, Any]) -> bool:
        before = self._progress
        return any(shown[key] != before.get(key) for key in shown if key not in _VOLATILE)


class _Wait:
    """The display of one ``sleep_until_complete``."""

    def __init__(self, job: AsyncJob) -> None:
        from IPython.display import display

        self._widget = JobProgress(job)
        display(self._widget)  # type: ignore[no-untyped-call]

    def update(self, status: dict[str, Any]) -> None:
        """Nothing to do: the widget asks by itself."""

    def close(self) -> None:
        self._widget.settle()


def show_wait(job: AsyncJob) -> _Wait:
    """Show a job while ``sleep_until_complete`` waits; set as ``async_job.progress_display``.

    Args:
        job: The job that is waited for.

    Returns:
        What the wait tells of its end.
    """
    return _Wait(job)
