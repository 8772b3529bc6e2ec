"""Labeling of a dataset: take finished tasks in, ask about tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nucleus_lab.bulk import listed
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.slice.labeling import read_task_info


class DatasetLabelingMethods(DatasetBase):
    """Labeling of a dataset."""

    def ingest_tasks(self, task_ids: Sequence[str]) -> dict[str, Any]:
        """Take the pictures and annotations of finished labeling tasks into this dataset.

        A task of a picture of this dataset needs no ingest: its annotations are here once it is
        completed. :meth:`NucleusClient.create_dataset_from_project` takes a whole project::

            done = [task.id for task in project.tasks("completed")]
            dataset.ingest_tasks(done)

        Args:
            task_ids: Ids of tasks, each starts with ``task_``.

        Returns:
            ``ingested_tasks``, ``ignored_tasks`` (this dataset has them) and ``pending_tasks`` (not
            finished, not taken in).

        Raises:
            NotFoundError: There is no such task; nothing was taken in.
        """
        tasks = listed("task_ids", task_ids, "ids of tasks")
        answer: dict[str, Any] = self._ask({"tasks": tasks}, "ingest_tasks")
        return answer

    def export_scale_task_info(self) -> list[dict[str, Any]]:
        """Ask about the labeling tasks of the items of the dataset.

        Returns:
            A mapping for each item that has tasks: ``item``, and ``scale_task_info``, a list with
            ``task_id``, ``task_status``, ``task_audit_status``, ``task_audit_review_comment``,
            ``project_name``, ``batch``, ``created_at`` and ``completed_at`` of each task.
        """
        return read_task_info(self._ask(None, "exportScaleTaskInfo", "GET"))
