"""Precision and recall as the confidence threshold falls, per class and over all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nucleus_lab.evaluation.objects import Flags, Floats
from nucleus_lab.evaluation.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Points:
    """Points of a precision-recall curve, highest confidence first.

    Attributes:
        confidence: Predictions at or above it are kept. ``(n,)``.
        precision: True positives among the kept predictions. ``(n,)``.
        recall: Annotations that the kept predictions find. ``(n,)``.
    """

    confidence: Floats
    precision: Floats
    recall: Floats


def precision_recall(outcome: Outcome, label: int | None = None, *, most: int = 201) -> Points:
    """Return the curve of one label, or of all labels together.

    There is a point wherever the confidence changes, so predictions of equal confidence stand or
    fall together.

    Args:
        outcome: Outcome at an IoU threshold.
        label: Number of the label; ``None`` for all.
        most: At most so many points; of more, evenly spaced ones with both ends.

    Returns:
        The points; none without predictions. Without annotations recall is 0 throughout.
    """
    predicted = outcome.prediction >= 0 if label is None else outcome.prediction == label
    annotated = outcome.truth >= 0 if label is None else outcome.truth == label
    return _points(
        outcome.confidence[predicted],
        outcome.right[predicted],
        outcome.confidence[annotated & outcome.right],
        int(annotated.sum()),
        most,
    )


def precision_recall_per_label(outcome: Outcome, labels: int, *, most: int = 201) -> list[Points]:
    """Return the curves of all labels, in one pass over the outcome.

    Args:
        outcome: Outcome at an IoU threshold.
        labels: Number of labels; label numbers lie below it.
        most: At most so many points a curve.

    Returns:
        One curve a label.
    """
    predicted = np.flatnonzero(outcome.prediction >= 0)
    predicted = predicted[np.argsort(outcome.prediction[predicted], kind="stable")]
    found = np.flatnonzero(outcome.right)
    found = found[np.argsort(outcome.truth[found], kind="stable")]
    names = np.arange(labels + 1)
    cut = np.searchsorted(outcome.prediction[predicted], names)
    found_cut = np.searchsorted(outcome.truth[found], names)
    truths = np.bincount(outcome.truth[outcome.truth >= 0], minlength=labels)
    curves = []
    for label in range(labels):
        own = predicted[cut[label] : cut[label + 1]]
        hits = found[found_cut[label] : found_cut[label + 1]]
        curves.append(
            _points(
                outcome.confidence[own],
                outcome.right[own],
                outcome.confidence[hits],
                int(truths[label]),
                most,
            )
        )
    return curves


def _points(confidence: Floats, right: Flags, found: Floats, truths: int, most: int) -> Points:
    if len(confidence) == 0:
        nothing = np.zeros(0)
        return Points(nothing, nothing, nothing)
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    if len(last) > most:
        last = last[np.unique(np.linspace(0, len(last) - 1, most).round().astype(np.int64))]
    threshold = ordered[last]
    # Counted apart from the precision: an allowed pair has another label on each side.
    hits = np.searchsorted(np.sort(-found), -threshold, side="right")
    return Points(
        threshold,
        np.cumsum(right[order])[last] / (last + 1),
        hits / truths if truths else np.zeros(len(last)),
    )
