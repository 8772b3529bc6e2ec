"""Labeling projects and tasks that live in the workspace."""

from nucleus_lab.labeling.project import LabelingProject
from nucleus_lab.labeling.report import TaskImportReport
from nucleus_lab.labeling.task import LabelingTask

__all__ = ["LabelingProject", "LabelingTask", "TaskImportReport"]
