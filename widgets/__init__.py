"""Widgets for notebooks: the gallery, the progress of a job, and plots of an evaluation.

Nothing heavy is imported before one of the names is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nucleus_lab.widgets.evaluation import confusion_matrix, precision_recall
    from nucleus_lab.widgets.gallery import Gallery
    from nucleus_lab.widgets.job_progress import JobProgress

__all__ = ["Gallery", "JobProgress", "confusion_matrix", "precision_recall"]

_HOMES: Final = {
    "Gallery": "gallery",
    "JobProgress": "job_progress",
    "confusion_matrix": "evaluation",
    "precision_recall": "evaluation",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return [*__all__, *_HOMES.values()]
