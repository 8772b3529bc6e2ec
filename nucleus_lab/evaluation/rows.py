"""The rows of an evaluation: every prediction once, and every annotation that nothing found."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from nucleus_lab.evaluation.attribution import Attribution, attribute
from nucleus_lab.evaluation.candidates import assign
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Flags, Floats, Ints

NONE: Final = -1
TP, FP, FN = range(3)
KINDS: Final = ("TP", "FP", "FN")


@dataclass(frozen=True, slots=True)
class Rows:
    """One array a column, all of one length. Rows stand in the order of the items.

    A false positive that names an annotation was confused with it; the annotation has a row of
    its own as a false negative. So the rows of each kind are as many as the counts say.

    Attributes:
        kind: :data:`TP`, :data:`FP` or :data:`FN`.
        item: Number of the item.
        truth: Index of the annotation, or :data:`NONE`.
        prediction: Index of the prediction, or :data:`NONE`.
        iou: Overlap with the annotation; without one, the highest overlap with anything on the
            other side, 0 where that is below 0.1.
        confidence: Of the prediction; NaN for a false negative.
    """

    kind: Ints
    item: Ints
    truth: Ints
    prediction: Ints
    iou: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, chosen: Flags | Ints) -> Rows:
        """Return some of the rows.

        Args:
            chosen: One flag a row, or the places of the rows.

        Returns:
            The chosen rows.
        """
        return Rows(*(getattr(self, entry.name)[chosen] for entry in fields(self)))


def rows_at(frame: Frame, threshold: float, kept: Flags | None = None) -> tuple[Rows, Attribution]:
    """Say what became of everything at an IoU threshold.

    Args:
        frame: The evaluation.
        threshold: IoU from which a pair counts, 0.1 to 1.
        kept: One flag a prediction: the others are left out, as if the model had not made them;
            all are kept when left out.

    Returns:
        The rows, and the causes of all predictions.
    """
    truths, predictions, rule = frame.truths, frame.predictions, frame.rule
    pairs = frame.pairs if kept is None else frame.pairs.take(kept[frame.pairs.prediction])
    assignment = assign(pairs, truths, predictions, rule, threshold)
    causes = attribute(pairs, assignment, truths, predictions, rule, threshold)
    made = np.arange(len(predictions)) if kept is None else np.flatnonzero(kept)
    missed = np.ones(len(truths), np.bool_)
    missed[assignment.truth[assignment.right]] = False
    lost = np.flatnonzero(missed)
    nearest = np.zeros(len(truths))
    np.maximum.at(nearest, pairs.truth, pairs.iou)
    places = max(len(frame.items), 1)
    found = Rows(
        np.concatenate([np.where(assignment.right[made], TP, FP), np.full(len(lost), FN)]),
        np.concatenate([predictions.group[made], truths.group[lost]]) % places,
        np.concatenate([assignment.truth[made], lost]),
        np.concatenate([made, np.full(len(lost), NONE)]),
        np.concatenate([assignment.overlap[made], nearest[lost]]),
        np.concatenate([predictions.confidence[made], np.full(len(lost), np.nan)]),
    )
    return found.take(np.argsort(found.item, kind="stable")), causes
