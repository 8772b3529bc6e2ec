"""AsyncJob: a handle to work that goes on in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

from nucleus_lab.errors import JobError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment
from nucleus_lab.transport.progress import progress_bar

FIRST_POLL_SECONDS: Final = 0.05
LAST_POLL_SECONDS: Final = 2.0
_WAITING: Final = frozenset({"Running", "Queued", "Retried"})


class ProgressDisplay(Protocol):
    """What shows a job while ``sleep_until_complete`` waits for it."""

    def update(self, status: dict[str, Any]) -> None:
        """Show a status.

        Args:
            status: What :meth:`AsyncJob.status` returned.
        """
        ...

    def close(self) -> None:
        """The wait is over; the display may stay where it is, but gets no more updates."""
        ...


progress_display: Callable[[AsyncJob], ProgressDisplay] | None = None
"""Makes the display of a wait; widgets put theirs here in a notebook. ``None``: a terminal bar."""


class AsyncJob(Handle):
    """A background job: its state, its errors, and a way to wait for it.

    ::

        job = dataset.append(items, asynchronous=True)
        job.status()
        job.sleep_until_complete()
        job.errors()

    A job goes on when the notebook stops; :meth:`NucleusClient.get_job` finds it again.

    Args:
        job_id: Id, starts with ``job_``.
        job_last_known_status: Status when this handle was made or last asked.
        job_type: One of :class:`nucleus_lab.job.CustomerJobTypes`.
        job_creation_time: ISO time in UTC.
        client: The connection that asks.

    Attributes:
        id: ``job_id``.
        job_id: As given.
        job_last_known_status: As given, renewed by :meth:`status`.
        job_type: As given.
        job_creation_time: As given.
    """

    def __init__(
        self,
        job_id: str,
        job_last_known_status: str,
        job_type: str,
        job_creation_time: str,
        client: Connection,
    ) -> None:
        super().__init__(job_id, client)
        self.job_id = job_id
        self.job_last_known_status = job_last_known_status
        self.job_type = job_type
        self.job_creation_time = job_creation_time

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Connection) -> Self:
        """Make a handle from the four job keys of an answer.

        Args:
            payload: Holds ``job_id``, ``job_last_known_status``, ``job_type`` and
                ``job_creation_time``.
            client: The connection that asks.

        Returns:
            The handle.
        """
        return cls(
            payload["job_id"],
            payload["job_last_known_status"],
            payload["job_type"],
            payload["job_creation_time"],
            client,
        )

    @classmethod
    def from_id(cls, job_id: str, client: Connection) -> Self:
        """Find a job by its id.

        Args:
            job_id: Id, starts with ``job_``.
            client: The connection that asks.

        Returns:
            The handle.
        """
        return cls.from_json(
            client.make_request(None, f"job/{segment(job_id)}/info", "GET"), client
        )

    def status(self) -> dict[str, Any]:
        """Ask how far the job is.

        Returns:
            ``job_id``, ``status`` (``Running``, ``Completed``, ``Errored`` …), ``message`` (text
            or a mapping), ``job_progress`` (text, ``"0.00"`` to ``"1.00"``), ``completed_steps``
            and ``total_steps``.
        """
        answer: dict[str, Any] = self._client.make_request(
            None, f"job/{segment(self.job_id)}", "GET"
        )
        self.job_last_known_status = answer["status"]
        return answer

    def errors(self) -> list[str]:
        """Ask for what went wrong so far, also in a job that completed.

        Returns:
            At most the 10,000 newest errors, each a text that names the object it is about.
        """
        answer: list[str] = self._client.make_request(
            None, f"job/{segment(self.job_id)}/errors", "GET"
        )
        return answer

    def cancel(self) -> dict[str, Any]:
        """Ask the job to stop: at once while it is queued, else when it next looks.

        Returns:
            As :meth:`status`; unchanged when the job has ended already.
        """
        answer: dict[str, Any] = self._client.make_request(
            {}, f"lab/job/{segment(self.job_id)}/cancel", "POST"
        )
        self.job_last_known_status = answer["status"]
        return answer

    def sleep_until_complete(self, verbose_std_out: bool = True) -> None:
        """Wait for the end of the job.

        Args:
            verbose_std_out: Show a progress bar: the live widget in a notebook that has loaded the
                extension, a bar on stderr elsewhere; nothing where nobody sees it.

        Raises:
            JobError: The job ended with an error or was cancelled; the text has the reason.
        """
        display = self._display() if verbose_std_out else None
        pause = FIRST_POLL_SECONDS
        try:
            while True:
                status = self.status()
                if display:
                    display.update(status)
                if status["status"] not in _WAITING:
                    break
                time.sleep(pause)
                pause = min(pause * 1.5, LAST_POLL_SECONDS)
        finally:
            if display:
                display.close()
        if status["status"] != "Completed":
            raise JobError(
                f"{self.job_type} {self.job_id} ended as {status['status']}: {_reason(status)}. "
                "AsyncJob.errors() lists the objects concerned",
                job_id=self.job_id,
                status=status["status"],
            )

    def _final_message(self, wait_for_completion: bool) -> dict[str, Any]:
        """What a job left when it ended, which holds its result."""
        if wait_for_completion:
            self.sleep_until_complete(verbose_std_out=False)
        status = self.status()
        if status["status"] != "Completed":
            raise JobError(
                f"{self.job_id} is {status['status']}: its result is there once it is Completed; "
                "pass wait_for_completion=True",
                job_id=self.job_id,
            )
        message: dict[str, Any] = status["message"]
        return message

    def _display(self) -> ProgressDisplay:
        if progress_display:
            return progress_display(self)
        return _Bar(self._client, self.job_type)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(job_id={self.job_id!r}, job_type={self.job_type!r}, "
            f"job_last_known_status={self.job_last_known_status!r}, "
            f"job_creation_time={self.job_creation_time!r})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f"<b>{escape(str(self.job_type))}</b> {escape(str(self.job_last_known_status))} "
            f"<code>{escape(self.job_id)}</code> since {escape(str(self.job_creation_time))}"
        )


class EmbeddingsExportJob(AsyncJob):
    """A job that exports embeddings; its result is a list of files."""

    def result_urls(self, wait_for_completion: bool = True) -> list[str]:
        """Ask where the embeddings are.

        Args:
            wait_for_completion: Wait for the end of the job first.

        Returns:
            URLs of JSON files, each a list of ``reference_id`` and ``embedding_vector``.

        Raises:
            JobError: The job ended with an error, or has not ended yet.
        """
        urls: list[str] = self._final_message(wait_for_completion)["result"]
        return urls


class _Bar:
    """What shows a wait where no widget does."""

    def __init__(self, client: Connection, job_type: str) -> None:
        form = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}"
        self._bar = progress_bar(client, 1.0, str(job_type), bar_format=form)

    def update(self, status: dict[str, Any]) -> None:
        self._bar.n = float(status.get("job_progress") or 0)
        self._bar.set_postfix_str(status["status"])

    def close(self) -> None:
        self._bar.close()


def _reason(status: dict[str, Any]) -> str:
    """The text of a final message, which is text or a mapping that may hold ``final_error``."""
    message = status.get("message")
    if isinstance(message, dict):
        return str(message.get("final_error") or message)
    return str(message or "no reason was recorded")
