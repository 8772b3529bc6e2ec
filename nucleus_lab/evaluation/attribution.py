"""Why predictions are wrong: the six errors of TIDE, told apart at any IoU threshold.

Source: D. Bolya, S. Foley, J. Hays, J. Hoffman, "TIDE: A General Toolbox for Identifying Object
Detection Errors", ECCV 2020 (arXiv:2008.08115), section 2.2. With ``f`` the IoU threshold, ``b``
= 0.1, and the highest IoU of a false positive with annotations of the right and of other labels,
each false positive has the first of these causes that fits:

================  ==============================================================================
localization      right label, ``b`` ≤ IoU < ``f``
classification    other label, IoU ≥ ``f``
duplicate         right label, IoU ≥ ``f``, but a surer prediction has found the annotation
background        IoU < ``b`` with every annotation
both              what is left: other label, ``b`` ≤ IoU < ``f``
================  ==============================================================================

An annotation is *missed* when nothing found it and no error of localization or classification is
about it. The order is that of the authors' program; here the errors are counted, not weighed by
the average precision that mending them would bring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from nucleus_lab.evaluation.candidates import Assignment, Candidates
from nucleus_lab.evaluation.match import LabelRule
from nucleus_lab.evaluation.nearest import highest
from nucleus_lab.evaluation.objects import Flags, Ints, Objects

CAUSES: Final = (
    "truePositive",
    "localization",
    "classification",
    "both",
    "duplicate",
    "background",
)
"""What became of a prediction; the index is its code in :class:`Attribution`."""

_RIGHT, _LOCALIZATION, _CLASSIFICATION, _BOTH, _DUPLICATE, BACKGROUND = range(6)


@dataclass(frozen=True, slots=True)
class Attribution:
    """The cause of every prediction, and which annotations an error is about.

    Attributes:
        cause: Index into :data:`CAUSES`, one a prediction.
        covered: One flag an annotation: an error of localization or classification is about it.
    """

    cause: Ints
    covered: Flags


def attribute(
    pairs: Candidates,
    assignment: Assignment,
    truths: Objects,
    predictions: Objects,
    rule: LabelRule,
    threshold: float,
) -> Attribution:
    """Find the cause of every prediction.

    Args:
        pairs: The pairs that the assignment was made from.
        assignment: Who found whom at the threshold.
        truths: The annotations.
        predictions: The predictions.
        rule: Which labels are right for which.
        threshold: IoU from which a pair counts.

    Returns:
        The causes.
    """
    pairs = pairs.take(np.argsort(-pairs.iou, kind="stable"))
    fits = rule.right(truths.label[pairs.truth], predictions.label[pairs.prediction])
    own, own_truth = highest(pairs.take(fits), len(predictions))
    other, other_truth = highest(pairs.take(~fits), len(predictions))
    wrong = ~assignment.right
    cause = np.full(len(predictions), _RIGHT, np.int64)
    localization = wrong & (own > 0) & (own < threshold)
    classification = wrong & ~localization & (other >= threshold)
    cause[wrong] = _BOTH
    cause[wrong & (own == 0) & (other == 0)] = BACKGROUND
    cause[wrong & (own >= threshold)] = _DUPLICATE
    cause[classification] = _CLASSIFICATION
    cause[localization] = _LOCALIZATION
    covered = np.zeros(len(truths), np.bool_)
    covered[own_truth[localization]] = True
    covered[other_truth[classification]] = True
    return Attribution(cause, covered)
