"""Dataset: items with their ground truth and predictions, one module a topic."""

from nucleus_lab.dataset.handle import DEFAULT_ANNOTATION_UPDATE_MODE, Dataset

__all__ = ["DEFAULT_ANNOTATION_UPDATE_MODE", "Dataset"]
