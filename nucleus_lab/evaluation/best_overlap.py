"""How well a prediction without a partner overlaps any annotation at all.

A false positive that overlaps an annotation which another prediction took is a duplicate or badly
placed; one that overlaps none lies on the background.
"""

from __future__ import annotations

import numpy as np

from nucleus_lab.evaluation.match import Matches
from nucleus_lab.evaluation.objects import Floats, Objects
from nucleus_lab.evaluation.overlap import overlapping


def best_overlaps(truths: Objects, predictions: Objects, matches: Matches) -> Floats:
    """Find the best overlap of each prediction of a matching.

    Args:
        truths: Ground truth of any number of images.
        predictions: Predictions on the same images.
        matches: Which belong together.

    Returns:
        One value a prediction: of a pair its own overlap, of the rest the best one with any
        annotation of the image, 0 where there is none. ``(n,)``, float64.

    Example:
        >>> from nucleus_lab.evaluation.match import match
        >>> truths = Objects.of([0], [7], [[0, 0, 10, 10]])
        >>> found = Objects.of([0, 0], [7, 7], [[0, 0, 10, 5], [0, 0, 10, 10]])
        >>> best_overlaps(truths, found, match(truths, found)).tolist()
        [0.5, 1.0]
    """
    best = np.zeros(len(predictions))
    paired = (matches.truth >= 0) & (matches.prediction >= 0)
    best[matches.prediction[paired]] = matches.iou[paired]
    alone = np.sort(matches.prediction[(matches.truth < 0) & (matches.prediction >= 0)])
    if len(alone):
        for _, prediction, iou in overlapping(truths, predictions.take(alone)):
            np.maximum.at(best, alone[prediction], iou)
    return best
