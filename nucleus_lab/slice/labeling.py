"""Labeling of a slice: send its items, ask about their tasks."""

from __future__ import annotations

from typing import Any

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.transport.handle import Handle, segment


def read_task_info(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the answer of ``exportScaleTaskInfo``.

    Args:
        answer: The answer.

    Returns:
        Its rows with the items as values.
    """
    return [
        {**row, "item": DatasetItem.from_json(row["item"])}
        for row in answer["exportedScaleTaskInfoRows"]
    ]


class SliceLabelingMethods(Handle):
    """Labeling of a slice."""

    def send_to_labeling(self, project_id: str) -> AsyncJob:
        """Make a labeling task of each item of the slice.

        Items that have an open task in the project are left alone. Finished tasks appear as
        annotations of the dataset at once::

            project = client.create_labeling_project("blood", labels=["RBC", "WBC"])
            dataset.create_slice("first", reference_ids).send_to_labeling(project.id)
            for task in project.tasks("pending"): ...

        Args:
            project_id: Id of a project, starts with ``lbl_``.

        Returns:
            The job; its final message has ``tasks_created`` and ``tasks_ignored``.

        Raises:
            NotFoundError: There is no such project.
            ConflictError: The slice holds scenes or objects.
        """
        route = f"slice/{segment(self.id)}/{segment(project_id)}/send_to_labeling"
        return AsyncJob.from_json(self._client.make_request({}, route), self._client)

    def export_scale_task_info(self) -> list[dict[str, Any]]:
        """Ask about the labeling tasks of the items of the slice.

        Returns:
            A mapping for each item that has tasks: ``item``, and ``scale_task_info``, a list with
            ``task_id``, ``task_status``, ``task_audit_status``, ``task_audit_review_comment``,
            ``project_name``, ``batch``, ``created_at`` and ``completed_at`` of each task.
        """
        route = f"slice/{segment(self.id)}/exportScaleTaskInfo"
        return read_task_info(self._client.make_request(None, route, "GET"))
