"""What became of every object at an IoU threshold: the arrays that all counting starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nucleus_lab.evaluation.match import Matches
from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects

NONE = -1
"""Stands for "no object on this side" in a column of labels."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One entry a pair at or above the threshold, one an object that has no such partner.

    Attributes:
        group: Group of the objects. ``(n,)``, int64.
        truth: Label number of the annotation, :data:`NONE` for a false detection.
        prediction: Label number of the prediction, :data:`NONE` for a miss.
        iou: Overlap of the pair; NaN without a partner.
        confidence: Confidence of the prediction; NaN for a miss.
        right: The entry is a pair with the right labels: a true positive.
    """

    group: Ints
    truth: Ints
    prediction: Ints
    iou: Floats
    confidence: Floats
    right: Flags

    def __len__(self) -> int:
        return len(self.group)

    @classmethod
    def of(
        cls, matches: Matches, truths: Objects, predictions: Objects, iou_threshold: float
    ) -> Outcome:
        """Apply an IoU threshold to matches.

        Args:
            matches: What :func:`nucleus_lab.evaluation.match.match` returned.
            truths: The annotations it was given.
            predictions: The predictions it was given.
            iou_threshold: A pair below it becomes a false detection and a miss. 0 to 1.

        Returns:
            The outcome. Matching above the threshold only would have given the same.
        """
        has_truth, has_prediction = matches.truth >= 0, matches.prediction >= 0
        pair = has_truth & has_prediction
        loose = pair & ~(np.nan_to_num(matches.iou, nan=0.0) >= iou_threshold)
        good = pair & ~loose
        detected, missed = has_prediction & ~good, has_truth & ~good
        left, right = matches.truth[good], matches.prediction[good]
        false, lost = matches.prediction[detected], matches.truth[missed]
        return cls(
            np.concatenate([truths.group[left], predictions.group[false], truths.group[lost]]),
            np.concatenate([truths.label[left], np.full(len(false), NONE), truths.label[lost]]),
            np.concatenate([
                predictions.label[right],
                predictions.label[false],
                np.full(len(lost), NONE),
            ]),
            np.concatenate([matches.iou[good], np.full(len(false) + len(lost), np.nan)]),
            np.concatenate([
                predictions.confidence[right],
                predictions.confidence[false],
                np.full(len(lost), np.nan),
            ]),
            np.concatenate([
                matches.true_positive[good],
                np.zeros(len(false) + len(lost), np.bool_),
            ]),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each label was right and wrong, one number a label.

    Attributes:
        truths: Annotations.
        predictions: Predictions.
        found: Annotations that are part of a true positive.
        correct: Predictions that are part of a true positive. Differs from ``found`` only where
            different labels are allowed to match.
    """

    truths: Ints
    predictions: Ints
    found: Ints
    correct: Ints


def count(outcome: Outcome, labels: int) -> Counts:
    """Count per label.

    Args:
        outcome: Outcome at an IoU threshold.
        labels: Number of labels; label numbers lie below it.

    Returns:
        The counts.
    """

    def per_label(column: Ints) -> Ints:
        return np.bincount(column[column != NONE], minlength=labels).astype(np.int64)

    return Counts(
        per_label(outcome.truth),
        per_label(outcome.prediction),
        per_label(outcome.truth[outcome.right]),
        per_label(outcome.prediction[outcome.right]),
    )


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """How each image came out, one number a group.

    Attributes:
        tp: True positives.
        fp: Predictions that are in none, a pair with the wrong label among them.
        fn: Annotations that are in none, likewise.
        mean_iou: Mean overlap of the pairs, whatever their labels; NaN where there is none.
    """

    tp: Ints
    fp: Ints
    fn: Ints
    mean_iou: Floats


def count_groups(outcome: Outcome, group: Ints, groups: int) -> GroupCounts:
    """Count per image.

    Args:
        outcome: Outcome at an IoU threshold.
        group: Number of the image of each entry of the outcome.
        groups: Number of images.

    Returns:
        The counts.
    """

    def per_group(chosen: Flags) -> Ints:
        return np.bincount(group[chosen], minlength=groups).astype(np.int64)

    pair = ~np.isnan(outcome.iou)
    pairs = per_group(pair)
    total = np.bincount(group[pair], weights=outcome.iou[pair], minlength=groups)
    return GroupCounts(
        per_group(outcome.right),
        per_group((outcome.prediction != NONE) & ~outcome.right),
        per_group((outcome.truth != NONE) & ~outcome.right),
        np.divide(total, pairs, out=np.full(groups, np.nan), where=pairs > 0),
    )
