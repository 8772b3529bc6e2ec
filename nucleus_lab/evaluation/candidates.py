"""Which prediction finds which annotation, at any IoU threshold, from overlaps computed once.

The overlaps of an evaluation do not depend on a threshold; who finds whom does. So the pairs that
overlap at all are kept, and :func:`assign` decides at the threshold that a reader asks for:

1. By the COCO rule: predictions in order of falling confidence, each takes the free annotation of
   a right label that it overlaps most, at or above the threshold. These are the true positives.
   Leaving out predictions below a confidence changes nothing for those above it.
2. Of what is left, pairs at or above the threshold with other labels, the highest IoU first. They
   are false positives that name the annotation they were taken for: the confusions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nucleus_lab.evaluation.limits import LEAST_IOU
from nucleus_lab.evaluation.match import LabelRule, Overlaps, greedy
from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects
from nucleus_lab.evaluation.overlap import overlapping


class Candidates(Overlaps):
    """Pairs of one group that overlap by at least :data:`LEAST_IOU`."""


def candidates(truths: Objects, predictions: Objects) -> Candidates:
    """Find the pairs that overlap.

    Args:
        truths: Ground truth of any number of images.
        predictions: Predictions on the same images.

    Returns:
        The pairs, whatever their labels.

    Example:
        >>> truths = Objects.of([0], [7], [[0, 0, 10, 10]])
        >>> candidates(truths, Objects.of([0], [7], [[0, 0, 10, 5]])).iou.tolist()
        [0.5]
    """
    blocks = []
    for truth, prediction, iou in overlapping(truths, predictions):
        near = iou >= LEAST_IOU
        blocks.append((truth[near], prediction[near], iou[near]))
    if not blocks:
        none = np.zeros(0, np.int64)
        return Candidates(none, none, np.zeros(0))
    return Candidates(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of every prediction at a threshold, one entry a prediction.

    Attributes:
        truth: Index of the annotation that it found or was confused with, -1 for none.
        right: It is a true positive.
        overlap: IoU with that annotation; without one, the highest IoU with any annotation of its
            image, 0 below :data:`LEAST_IOU`.
    """

    truth: Ints
    right: Flags
    overlap: Floats


def assign(
    pairs: Candidates, truths: Objects, predictions: Objects, rule: LabelRule, threshold: float
) -> Assignment:
    """Decide who finds whom.

    Args:
        pairs: What :func:`candidates` returned, or a part of it.
        truths: The annotations.
        predictions: The predictions.
        rule: Which labels are right for which.
        threshold: IoU from which a pair counts, at least :data:`LEAST_IOU`.

    Returns:
        The assignment.
    """
    partner = np.full(len(predictions), -1, np.int64)
    overlap = np.zeros(len(predictions))
    np.maximum.at(overlap, pairs.prediction, pairs.iou)
    strong = pairs.take(pairs.iou >= threshold)
    fits = rule.right(truths.label[strong.truth], predictions.label[strong.prediction])

    found = strong.take(fits)
    confidence = predictions.confidence[found.prediction]
    chosen = _choose(found, np.lexsort((-found.iou, found.prediction, -confidence)))
    _note(found, chosen, partner, overlap)
    right = partner >= 0

    used = np.zeros(len(truths), np.bool_)
    used[partner[right]] = True
    rest = strong.take(~fits & ~right[strong.prediction] & ~used[strong.truth])
    confidence = predictions.confidence[rest.prediction]
    chosen = _choose(rest, np.lexsort((rest.prediction, -confidence, -rest.iou)))
    _note(rest, chosen, partner, overlap)
    return Assignment(partner, right, overlap)


def _choose(pairs: Candidates, order: Ints) -> Ints:
    truths = int(pairs.truth.max(initial=-1)) + 1
    predictions = int(pairs.prediction.max(initial=-1)) + 1
    taken: Ints = order[greedy(pairs.truth[order], pairs.prediction[order], truths, predictions)]
    return taken


def _note(pairs: Candidates, chosen: Ints, partner: Ints, overlap: Floats) -> None:
    partner[pairs.prediction[chosen]] = pairs.truth[chosen]
    overlap[pairs.prediction[chosen]] = pairs.iou[chosen]
