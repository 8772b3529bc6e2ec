"""What each prediction comes closest to: the annotation of a right label, and that of another.

A false positive that overlaps an annotation which another prediction took is a duplicate or badly
placed, one that overlaps an annotation of another label is misnamed, and one that overlaps none
lies on the background. From these two overlaps :mod:`nucleus_lab.evaluation.attribution` tells the
errors of TIDE apart at any threshold, and so does the query language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nucleus_lab.evaluation.limits import LEAST_IOU
from nucleus_lab.evaluation.match import LabelRule, Matches, Overlaps
from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects


@dataclass(frozen=True, slots=True)
class Nearest:
    """One entry a prediction.

    Attributes:
        best: Of a pair its own overlap, of the rest the best one with any annotation of the image,
            0 where there is none. ``(n,)``, float64.
        own: Best overlap with an annotation of a right label, 0 without one. ``(n,)``, float64.
        own_key: Key of that annotation; -1 where there is none, where they overlap by less than
            :data:`LEAST_IOU`, and where it is the one that the prediction is paired with.
            ``(n,)``, int64.
        other: Best overlap with an annotation of another label, likewise.
        other_key: Key of that annotation, likewise.
    """

    best: Floats
    own: Floats
    own_key: Ints
    other: Floats
    other_key: Ints

    @classmethod
    def joined(cls, parts: Sequence[Nearest]) -> Nearest:
        """Join what was found for parts of the images.

        Args:
            parts: One for each part, in order.

        Returns:
            All of it.
        """
        none, nothing = np.zeros(0), np.zeros(0, np.int64)
        return cls(
            np.concatenate([none, *(part.best for part in parts)]),
            np.concatenate([none, *(part.own for part in parts)]),
            np.concatenate([nothing, *(part.own_key for part in parts)]),
            np.concatenate([none, *(part.other for part in parts)]),
            np.concatenate([nothing, *(part.other_key for part in parts)]),
        )


def nearest(
    truths: Objects, predictions: Objects, pairs: Overlaps, matches: Matches, rule: LabelRule
) -> Nearest:
    """Find what each prediction of a matching comes closest to.

    Args:
        truths: Ground truth of any number of images.
        predictions: Predictions on the same images.
        pairs: All pairs of them that overlap, the highest overlap first.
        matches: Which of them belong together.
        rule: Which labels are right for which.

    Returns:
        The overlaps, and with whom.

    Example:
        >>> from nucleus_lab.evaluation.match import match, overlaps
        >>> truths = Objects.of([0], [7], [[0, 0, 10, 10]])
        >>> found = Objects.of([0, 0], [7, 7], [[0, 0, 10, 5], [0, 0, 10, 10]])
        >>> pairs, rule = overlaps(truths, found), LabelRule()
        >>> nearest(truths, found, pairs, match(truths, found, rule, pairs), rule).best.tolist()
        [0.5, 1.0]
    """
    fits = rule.right(truths.label[pairs.truth], predictions.label[pairs.prediction])
    paired = (matches.truth >= 0) & (matches.prediction >= 0)
    partner = np.full(len(predictions), -1, np.int64)
    partner[matches.prediction[paired]] = matches.truth[paired]
    keys = np.append(truths.key, -1)  # index -1, no annotation, finds the last

    def besides(chosen: Flags) -> tuple[Floats, Ints]:
        overlap, truth = highest(pairs.take(chosen), len(predictions))
        return overlap, keys[np.where((truth == partner) | (overlap < LEAST_IOU), -1, truth)]

    (own, own_key), (other, other_key) = besides(fits), besides(~fits)
    best = np.maximum(own, other)
    best[matches.prediction[paired]] = matches.iou[paired]
    return Nearest(best, own, own_key, other, other_key)


def highest(pairs: Overlaps, predictions: int) -> tuple[Floats, Ints]:
    """Find the highest overlap of each prediction.

    Args:
        pairs: Pairs that overlap, the highest overlap first.
        predictions: Number of predictions.

    Returns:
        The overlap and the index of the annotation; 0 and -1 without one.
    """
    iou, truth = np.zeros(predictions), np.full(predictions, -1, np.int64)
    # The last assignment to an index wins: reversed, that is the highest.
    iou[pairs.prediction[::-1]] = pairs.iou[::-1]
    truth[pairs.prediction[::-1]] = pairs.truth[::-1]
    return iou, truth
