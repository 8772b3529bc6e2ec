"""Which label was taken for which, with a background for misses and false detections."""

from __future__ import annotations

import numpy as np

from nucleus_lab.evaluation.objects import Ints
from nucleus_lab.evaluation.outcome import NONE, Outcome


def confusion_matrix(outcome: Outcome, labels: int, *, confidence_threshold: float = 0.0) -> Ints:
    """Count pairs of labels.

    A prediction below the confidence threshold is left out; the annotation that it was paired
    with counts as missed.

    Args:
        outcome: Outcome at an IoU threshold.
        labels: Number of labels; label numbers lie below it.
        confidence_threshold: 0 to 1.

    Returns:
        ``(labels + 1, labels + 1)`` counts: rows are annotations, columns predictions. The last
        row holds predictions on background, the last column missed annotations.
    """
    unsure = (outcome.prediction != NONE) & ~(outcome.confidence >= confidence_threshold)
    prediction = np.where(unsure, NONE, outcome.prediction)
    counted = (outcome.truth != NONE) | (prediction != NONE)
    row = np.where(outcome.truth == NONE, labels, outcome.truth)[counted]
    column = np.where(prediction == NONE, labels, prediction)[counted]
    size = labels + 1
    counts: Ints = np.bincount(row * size + column, minlength=size * size).reshape(size, size)
    return counts
