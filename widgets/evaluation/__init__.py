"""Plots of an evaluation."""

from __future__ import annotations

from nucleus_lab.widgets.evaluation.confusion import confusion_matrix
from nucleus_lab.widgets.evaluation.curves import precision_recall

__all__ = ["confusion_matrix", "precision_recall"]
