"""What jobs do: one module per kind, found by the worker when the first job runs.

A job kind is a function with a decorator::

    @job_kind("modelMetrics")
    def run(engine: Engine, task: Task) -> dict[str, Any] | str | None: ...

Import what is heavy (numpy, Pillow) inside the function: every worker imports every kind.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.wire import plain

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

Message = dict[str, Any] | str | None
Work = Callable[["Engine", "Task"], Message]

MOST_ERRORS: Final = 10_000
"""Errors kept per job; the oldest go first."""

_KINDS: dict[str, Work] = {}
_found = threading.Event()


class JobCancelledError(Exception):
    """The job was cancelled; raised by :meth:`Task.checkpoint`, caught by the worker."""


class FaultyJobError(Exception):
    """None of what was in the job could be done; its message is kept beside the error.

    Args:
        text: The first fault.
        message: What the status shows; ``final_error`` is added to it.
    """

    def __init__(self, text: str, message: dict[str, Any]) -> None:
        super().__init__(text)
        self.message = message


class Task:
    """One job while it runs: what it was given, and how it reports.

    Reports only change memory; a thread of the worker writes them down several times a second.
    They cost a microsecond and may be made inside a transaction of the job.

    Attributes:
        id: Row of the job.
        dataset_id: Row of the dataset it belongs to, if any.
        payload: What was handed to ``submit``.
        owner: The user who submitted it; ``""`` for a team key or a program.
    """

    def __init__(
        self, key: int, dataset_id: int | None, payload: dict[str, Any], owner: str = ""
    ) -> None:
        self.id = key
        self.dataset_id = dataset_id
        self.payload = payload
        self.owner = owner
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._progress: tuple[int, int, Message] | None = None
        self._message: Message = None
        self._errors: list[str] = []

    def progress(self, done: int, total: int, message: Message = None) -> None:
        """Report how far the job is.

        Args:
            done: Steps finished.
            total: Steps in all, 1 or above.
            message: What the status shows from now on; ``None`` leaves it as it is.

        Raises:
            JobCancelledError: Someone asked for the job to stop.
            InvalidInputError: The message holds something that JSON cannot carry.
        """
        total = max(total, 1)
        message = plain(message)  # what cannot be stored is the fault of the work, here and now
        with self._lock:
            if message is not None:
                self._message = message
            self._progress = (min(max(done, 0), total), total, self._message)
        self.checkpoint()

    def error(self, text: str) -> None:
        """Add one entry to what ``AsyncJob.errors()`` lists; the job goes on.

        Args:
            text: What went wrong with one of the things in the job.
        """
        with self._lock:
            self._errors.append(storable(text))
            if len(self._errors) > MOST_ERRORS:
                del self._errors[0]

    def checkpoint(self) -> None:
        """Stop here when the job was cancelled; call it in loops, outside half-done changes.

        Raises:
            JobCancelledError: Someone asked for the job to stop.
        """
        if self._cancelled.is_set():
            raise JobCancelledError

    def cancel(self) -> None:
        """Make the next :meth:`checkpoint` stop the job."""
        self._cancelled.set()

    def take_reports(self) -> tuple[tuple[int, int, Message] | None, list[str]]:
        """Hand over what was reported since the last call.

        Returns:
            Steps done, steps in all and message, or ``None`` when unchanged; and new errors.
        """
        with self._lock:
            progress, errors = self._progress, self._errors
            self._progress, self._errors = None, []
        return progress, errors

    def give_back(self, progress: tuple[int, int, Message] | None, errors: list[str]) -> None:
        """Take reports back that could not be written.

        Args:
            progress: As handed over.
            errors: As handed over.
        """
        with self._lock:
            if self._progress is None:
                self._progress = progress
            self._errors = (errors + self._errors)[-MOST_ERRORS:]


def storable(text: str) -> str:
    """Replace what no database holds: lone surrogates (odd file names) and null characters.

    Args:
        text: Any text.

    Returns:
        Text that can be stored.
    """
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def job_kind(name: str) -> Callable[[Work], Work]:
    """Register what a kind of job does.

    Args:
        name: The job type, as clients see it.

    Returns:
        The decorator; it hands the function back unchanged.
    """

    def register(work: Work) -> Work:
        taken = _KINDS.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (
            work.__module__,
            work.__qualname__,
        ):
            raise ValueError(f"job kind {name} is taken by {taken.__module__}.{taken.__qualname__}")
        _KINDS[name] = work
        return work

    return register


def find(name: str, more_modules: Iterable[str] = ()) -> Work:
    """Find what a kind of job does; the first call imports the modules of this package.

    Args:
        name: The job type.
        more_modules: Names of further modules that register kinds.

    Returns:
        The function.

    Raises:
        LookupError: No module knows the kind.
    """
    if name in _KINDS:
        return _KINDS[name]
    if not _found.is_set():
        for module in pkgutil.iter_modules(__path__):
            importlib.import_module(f"{__name__}.{module.name}")
        _found.set()
    for extra in more_modules:
        importlib.import_module(extra)
    if name not in _KINDS:
        raise LookupError(f"this version has no job kind {name!r}; it has {sorted(_KINDS)}")
    return _KINDS[name]
