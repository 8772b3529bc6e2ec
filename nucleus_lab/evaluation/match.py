"""Which prediction belongs to which annotation: the documented greedy matching.

Over each image the pair with the highest IoU is taken first, then the highest among the objects
that are left, until no two left overlap. Every object is in at most one pair. No IoU threshold
applies: a threshold later turns a pair that is too loose into a false positive and a miss, and
since the looser pairs are taken last, that equals matching above the threshold only.

Two pairs with the same IoU are ordered by higher confidence, then by the order of the
predictions, then by the order of the annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects
from nucleus_lab.evaluation.overlap import overlapping

_VECTORISED_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Which labels may pair, and which pairs are right.

    Attributes:
        class_agnostic: Any two labels may pair. Otherwise only equal and allowed ones.
        allowed: Pairs (truth label, prediction label) that count as right, besides equal ones.
    """

    class_agnostic: bool = True
    allowed: frozenset[tuple[int, int]] = frozenset()

    def right(self, truth: Ints, prediction: Ints) -> Flags:
        """Say which pairs of labels are right.

        Args:
            truth: Label of each annotation.
            prediction: Label of each prediction, same length.

        Returns:
            One flag a pair: the labels are equal, or the pair is allowed.
        """
        found: Flags = truth == prediction
        for annotated, predicted in self.allowed:
            found = found | ((truth == annotated) & (prediction == predicted))
        return found


@dataclass(frozen=True, slots=True)
class Matches:
    """The rows of a matching: pairs, predictions without a partner, annotations without one.

    Rows of one group stand together; within a group pairs come first, highest IoU first, then
    predictions by confidence, then annotations.

    Attributes:
        truth: Index of the annotation, -1 where there is none. ``(n,)``, int64.
        prediction: Index of the prediction, -1 where there is none. ``(n,)``, int64.
        iou: Overlap of the pair, above 0; NaN without a partner. ``(n,)``, float64.
        true_positive: The row is a pair and its labels are right. ``(n,)``, bool.
    """

    truth: Ints
    prediction: Ints
    iou: Floats
    true_positive: Flags

    def __len__(self) -> int:
        return len(self.truth)

    @classmethod
    def joined(cls, parts: Sequence[Matches], offsets: Iterable[tuple[int, int]]) -> Matches:
        """Join the matchings of parts of the images.

        Args:
            parts: One matching a part.
            offsets: For each part, the index of its first truth and its first prediction among
                all.

        Returns:
            One matching whose indexes count over all parts.
        """
        if not parts:
            empty = np.zeros(0, np.int64)
            return cls(empty, empty, np.zeros(0), np.zeros(0, np.bool_))
        starts = list(offsets)
        return cls(
            np.concatenate([
                np.where(part.truth < 0, -1, part.truth + first)
                for part, (first, _) in zip(parts, starts, strict=True)
            ]),
            np.concatenate([
                np.where(part.prediction < 0, -1, part.prediction + first)
                for part, (_, first) in zip(parts, starts, strict=True)
            ]),
            np.concatenate([part.iou for part in parts]),
            np.concatenate([part.true_positive for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of one group that overlap.

    Attributes:
        truth: Index of the annotation. ``(n,)``, int64.
        prediction: Index of the prediction. ``(n,)``, int64.
        iou: Their overlap, above 0. ``(n,)``, float64.
    """

    truth: Ints
    prediction: Ints
    iou: Floats

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, chosen: Flags | Ints) -> Self:
        """Return some of the pairs.

        Args:
            chosen: One flag a pair, or their places.

        Returns:
            The chosen pairs in order.
        """
        return type(self)(self.truth[chosen], self.prediction[chosen], self.iou[chosen])


def overlaps(truths: Objects, predictions: Objects) -> Overlaps:
    """Find all pairs that overlap, whatever their labels.

    Args:
        truths: Ground truth of any number of images.
        predictions: Predictions on the same images.

    Returns:
        The pairs, the highest overlap first; of equal ones that of the surest prediction.
    """
    # With the surest prediction first, a stable sort by IoU breaks ties as documented.
    surest = np.lexsort((-predictions.confidence, predictions.group))
    blocks = list(overlapping(truths, predictions.take(surest)))
    if not blocks:
        none = np.zeros(0, np.int64)
        return Overlaps(none, none, np.zeros(0))
    truth, prediction, iou = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.argsort(-iou, kind="stable")
    return Overlaps(truth[order], surest[prediction[order]], iou[order])


def match(
    truths: Objects,
    predictions: Objects,
    rule: LabelRule | None = None,
    pairs: Overlaps | None = None,
) -> Matches:
    """Pair predictions with annotations.

    Args:
        truths: Ground truth of any number of images.
        predictions: Predictions on the same images.
        rule: Which labels may pair; any two when left out.
        pairs: What :func:`overlaps` returned for them; found here when left out.

    Returns:
        One row a pair and one row an object without a partner, so that every object is in
        exactly one row.

    Example:
        >>> truths = Objects.of([0], [7], [[0, 0, 10, 10]])
        >>> found = match(truths, Objects.of([0, 0], [7, 7], [[0, 0, 10, 9], [0, 0, 10, 10]]))
        >>> found.truth.tolist(), found.prediction.tolist(), found.iou.tolist()
        ([0, -1], [1, 0], [1.0, nan])
    """
    rule = rule or LabelRule()
    pairs = overlaps(truths, predictions) if pairs is None else pairs
    if not rule.class_agnostic:
        pairs = pairs.take(
            rule.right(truths.label[pairs.truth], predictions.label[pairs.prediction])
        )
    chosen = pairs.take(greedy(pairs.truth, pairs.prediction, len(truths), len(predictions)))
    return _rows(truths, predictions, chosen, rule)


def greedy(truth: Ints, prediction: Ints, truths: int, predictions: int) -> Ints:
    """Choose from pairs, best first, so that no object is in two.

    A pair that is the best one left for both of its objects is chosen whatever else happens, so
    all such pairs are chosen at once; what they use up falls away, and the next round begins.
    Real images need three or four rounds. Long chains of ever looser neighbours could need one
    round a pair: after a few rounds a plain loop ends the work, so the cost stays linear.

    Args:
        truth: Index of the annotation of each pair, the best pair first.
        prediction: Index of its prediction.
        truths: Number of annotations.
        predictions: Number of predictions.

    Returns:
        Positions of the chosen pairs, ascending: best first.
    """
    left = np.arange(len(truth))
    chosen: list[Ints] = []
    best_of_truth = np.empty(truths, np.int64)
    best_of_prediction = np.empty(predictions, np.int64)
    free_truth = np.ones(truths, np.bool_)
    free_prediction = np.ones(predictions, np.bool_)
    for _ in range(_VECTORISED_ROUNDS):
        if len(left) == 0:
            break
        own, other = truth[left], prediction[left]
        # The last assignment to an index wins: reversed, that is the best pair.
        best_of_truth[own[::-1]] = left[::-1]
        best_of_prediction[other[::-1]] = left[::-1]
        both = (best_of_truth[own] == left) & (best_of_prediction[other] == left)
        chosen.append(left[both])
        free_truth[own[both]] = False
        free_prediction[other[both]] = False
        left = left[free_truth[own] & free_prediction[other]]
    chosen.append(_greedy_loop(left, truth, prediction, free_truth, free_prediction))
    return np.sort(np.concatenate(chosen))


def _greedy_loop(
    left: Ints, truth: Ints, prediction: Ints, free_truth: Flags, free_prediction: Flags
) -> Ints:
    chosen = []
    for at, own, other in zip(
        left.tolist(), truth[left].tolist(), prediction[left].tolist(), strict=True
    ):
        if free_truth[own] and free_prediction[other]:
            free_truth[own] = free_prediction[other] = False
            chosen.append(at)
    return np.array(chosen, np.int64)


def _rows(truths: Objects, predictions: Objects, pairs: Overlaps, rule: LabelRule) -> Matches:
    truth, prediction, iou = pairs.truth, pairs.prediction, pairs.iou
    alone = np.ones(len(predictions), np.bool_)
    alone[prediction] = False
    missed = np.ones(len(truths), np.bool_)
    missed[truth] = False
    false = np.flatnonzero(alone)
    false = false[np.argsort(-predictions.confidence[false], kind="stable")]
    lost = np.flatnonzero(missed)
    none = -np.ones(len(false) + len(lost), np.int64)
    group = np.concatenate([truths.group[truth], predictions.group[false], truths.group[lost]])
    order = np.argsort(group, kind="stable")
    right = rule.right(truths.label[truth], predictions.label[prediction])
    return Matches(
        np.concatenate([truth, none[: len(false)], lost])[order],
        np.concatenate([prediction, false, none[: len(lost)]])[order],
        np.concatenate([iou, np.full(len(none), np.nan)])[order],
        np.concatenate([right, np.zeros(len(none), np.bool_)])[order],
    )
