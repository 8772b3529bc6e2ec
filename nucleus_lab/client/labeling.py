"""The labeling projects of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nucleus_lab.dataset import Dataset
from nucleus_lab.labeling import LabelingProject, LabelingTask
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class LabelingCalls(Connection):
    """Make and find labeling projects."""

    def create_labeling_project(
        self,
        name: str,
        labels: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        taxonomies: Mapping[str, Any] | None = None,
        instructions: str = "",
    ) -> LabelingProject:
        """Make a labeling project.

        ::

            project = client.create_labeling_project(
                "street", labels=["car", "truck"], types=["box", "category"],
                taxonomies={"weather": ["sun", "fog"]})
            dataset.create_slice("batch 1", reference_ids).send_to_labeling(project.id)

        Args:
            name: Unique in the workspace.
            labels: Labels that annotations may have; any when ``None``.
            types: Annotation types that may be used: ``box``, ``line``, ``polygon``,
                ``keypoints``, ``category``, ``multicategory``; all when ``None``.
            taxonomies: By name a list of labels, or a mapping with ``type`` (``category`` or
                ``multicategory``) and ``labels``. Datasets get them when tasks are sent.
            instructions: Text for those who label.

        Returns:
            The project.

        Raises:
            ConflictError: The name is taken.
            InvalidInputError: An unknown type, or a taxonomy without labels.
        """
        payload = {
            "name": name,
            "labels": None if labels is None else list(labels),
            "types": None if types is None else list(types),
            "taxonomies": None if taxonomies is None else dict(taxonomies),
            "instructions": instructions,
        }
        return LabelingProject(self.make_request(payload, "lab/labelingProjects"), self)

    @property
    def labeling_projects(self) -> list[LabelingProject]:
        """All labeling projects, oldest first."""
        answer = self.make_request(None, "lab/labelingProjects", "GET")
        return [LabelingProject(row, self) for row in answer["projects"]]

    def get_labeling_project(self, project_id: str) -> LabelingProject:
        """Find a labeling project.

        Args:
            project_id: Id, starts with ``lbl_``.

        Returns:
            The project.

        Raises:
            NotFoundError: There is no such project.
        """
        route = f"lab/labelingProject/{segment(project_id)}"
        return LabelingProject(self.make_request(None, route, "GET"), self)

    def get_labeling_task(self, task_id: str) -> LabelingTask:
        """Find a labeling task.

        Args:
            task_id: Id, starts with ``task_``.

        Returns:
            The task.

        Raises:
            NotFoundError: There is no such task.
        """
        route = f"lab/labelingTask/{segment(task_id)}"
        return LabelingTask(self.make_request(None, route, "GET"), self)

    def create_dataset_from_project(
        self, project_id: str, last_n_tasks: int | None = None, name: str | None = None
    ) -> Dataset:
        """Make a dataset of the finished tasks of a labeling project.

        Args:
            project_id: Id, starts with ``lbl_``.
            last_n_tasks: Only so many of the tasks completed last; all when ``None``.
            name: Name of the dataset; that of the project when ``None``.

        Returns:
            The dataset, with the pictures and annotations of the tasks.

        Raises:
            NotFoundError: There is no such project.
            InvalidInputError: ``last_n_tasks`` is below 1.
        """
        count = None if last_n_tasks is None else str(last_n_tasks)
        payload = {"project_id": project_id, "last_n_tasks": count, "name": name}
        answer = self.make_request(payload, "dataset/create_from_project")
        return Dataset(answer["dataset_id"], self)
