"""LabelingProject: what is to be labeled, and its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

from nucleus_lab.labeling.report import TaskImportReport
from nucleus_lab.labeling.task import LabelingTask
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment

_PAGE: Final = 1_000


class LabelingProject(Handle):
    """A labeling project of the workspace.

    Made by :meth:`NucleusClient.create_labeling_project`; filled by
    :meth:`Slice.send_to_labeling`. Its tasks are answered through the SDK, or in Label Studio or
    CVAT by way of files::

        project.export_tasks("tasks.json", "label_studio")
        project.import_tasks("finished.json", "label_studio")

    Args:
        payload: A row of an answer.
        client: The connection that asks.

    Attributes:
        id: Starts with ``lbl_``.
        name: Unique in the workspace.
        types: Annotation types that answers may have.
        labels: Labels that answers may have; empty for any.
        taxonomies: ``type`` and ``labels`` of each taxonomy by its name.
        instructions: Text for those who label.
        created_at: ISO time in UTC.
    """

    def __init__(self, payload: dict[str, Any], client: Connection) -> None:
        super().__init__(payload["project_id"], client)
        self.name: str = payload["name"]
        self.types: list[str] = payload["types"]
        self.labels: list[str] = payload["labels"]
        self.taxonomies: dict[str, dict[str, Any]] = payload["taxonomies"]
        self.instructions: str = payload["instructions"]
        self.created_at: str = payload["created_at"]

    def _ask(self, payload: Any, route: str, method: str = "POST") -> Any:
        path = f"lab/labelingProject/{segment(self.id)}/{route}".rstrip("/")
        return self._client.make_request(payload, path, method)

    @property
    def counts(self) -> dict[str, int]:
        """Number of tasks: ``pending``, ``completed``, and of these ``accepted``; ``rejected``."""
        counts: dict[str, int] = self._ask(None, "", "GET")["counts"]
        return counts

    def tasks(
        self, status: str | None = None, *, assignee: str | None = None
    ) -> list[LabelingTask]:
        """Read tasks, oldest first.

        Args:
            status: Only ``pending``, ``completed``, ``accepted`` or ``rejected`` ones.
            assignee: Only those of this person.

        Returns:
            The tasks.

        Raises:
            InvalidInputError: An unknown status.
        """
        return list(self.tasks_generator(status, assignee=assignee))

    def tasks_generator(
        self, status: str | None = None, *, assignee: str | None = None
    ) -> Iterator[LabelingTask]:
        """Read tasks page by page, oldest first.

        Args:
            status: Only ``pending``, ``completed``, ``accepted`` or ``rejected`` ones.
            assignee: Only those of this person.

        Yields:
            The tasks.
        """
        body: dict[str, Any] = {"status": status, "assignee": assignee, "pageSize": _PAGE}
        while True:
            answer = self._ask(body, "tasks")
            for row in answer["tasks"]:
                yield LabelingTask(row, self._client)
            body["pageToken"] = answer["nextPageToken"]
            if not body["pageToken"]:
                return

    def export_tasks(
        self,
        path: Path | str,
        format: str = "label_studio",  # noqa: A002 - the word users know
        *,
        status: str | None = "pending",
        pictures: Path | str | None = None,
    ) -> list[Path]:
        """Write tasks to a file for another labeling tool.

        An answer that a task has already (since it was rejected, say) goes along to begin from.

        Args:
            path: The file: ``.json`` for ``label_studio`` and ``datumaro``, ``.xml`` for ``cvat``.
            format: ``label_studio``, ``cvat`` (CVAT for images 1.1), ``datumaro``, or any other
                format that can be written.
            status: Which tasks, as for :meth:`tasks`; ``None`` for all.
            pictures: Folder to write the pictures to, for tools that do not reach them; each gets
                its reference id as its name.

        Returns:
            The files written; pictures are not listed.

        Raises:
            InvalidInputError: There is no such task, no such format, or two tasks show pictures
                of the same reference id.
        """
        from nucleus_lab.labeling.exchange import export_tasks

        tasks = self.tasks(status)
        folder = None if pictures is None else Path(pictures)
        return export_tasks(self, tasks, Path(path), format, folder)

    def import_tasks(
        self,
        path: Path | str,
        format: str = "auto",  # noqa: A002 - the word users know
        *,
        empty: bool = False,
        update: bool = False,
    ) -> TaskImportReport:
        """Complete the tasks that a file of another labeling tool holds answers of.

        Pictures are told by their reference ids. Tasks that are completed already are left alone,
        so importing a file again changes nothing.

        Args:
            path: The file, as the tool exported it.
            format: ``label_studio``, ``cvat``, ``datumaro``, another format, or ``auto``.
            empty: Whether a picture without annotations is finished, in formats that do not say so
                (all but ``label_studio``).
            update: Replace the answers of tasks that are completed.

        Returns:
            Counts, and what was left out.

        Raises:
            InvalidInputError: The file as a whole cannot be read; nothing was changed.
        """
        from nucleus_lab.labeling.exchange import import_tasks

        return import_tasks(self, path, format, empty=empty, update=update)

    def label_studio_config(self) -> str:
        """Write the labeling interface of this project for Label Studio.

        Returns:
            XML for the field "Labeling Interface" of a Label Studio project.
        """
        from nucleus_lab.formats.label_studio import labeling_config

        return labeling_config(self.types, self.labels, self.taxonomies)

    def complete_many(
        self, answers: dict[str, list[dict[str, Any]]], *, update: bool = False
    ) -> dict[str, Any]:
        """Complete many tasks in one transaction.

        Args:
            answers: Payloads of annotations by the id of their task.
            update: Replace the answers of tasks that are completed.

        Returns:
            ``completed`` and ``ignored``, lists of ids, and ``errors``, a reason by id.
        """
        tasks = [{"task_id": key, "annotations": given} for key, given in answers.items()]
        answer: dict[str, Any] = self._ask({"tasks": tasks, "update": update}, "complete")
        return answer

    def delete(self) -> dict[str, Any]:
        """Delete the project with its tasks; annotations that came of them stay.

        Returns:
            ``project_id`` and ``tasks_deleted``.
        """
        answer: dict[str, Any] = self._ask({}, "", "DELETE")
        return answer

    def __repr__(self) -> str:
        return f"LabelingProject(name={self.name!r}, id={self.id!r})"

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{number:,} {name}" for name, number in self.counts.items())
        return f"<b>{escape(self.name)}</b> <code>{escape(self.id)}</code> {counts}"
