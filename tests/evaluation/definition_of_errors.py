"""The errors of TIDE as the paper defines them, one object after the other: slow and plain.

Of annotations that a prediction overlaps equally, its error is about the first.
"""

from __future__ import annotations

import numpy as np

from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Flags, Floats
from nucleus_lab.evaluation.overlap import box_iou_matrix


def causes_by_definition(frame: Frame, threshold: float) -> tuple[list[str], int]:
    """The causes of all predictions and the number of misses, by the matching of the paper."""
    iou, same = _overlaps(frame)
    causes, missed = _errors(
        iou, same, _found_by_confidence(frame, iou, same, threshold), threshold
    )
    return causes, len(missed)


def errors_of_rows(frame: Frame, threshold: float) -> tuple[list[str], int]:
    """The same where the pairs that overlap most belong together, whatever their labels.

    Misses are those annotations alone that are in no pair at the threshold.
    """
    iou, same = _overlaps(frame)
    made, drawn = np.nonzero(iou >= max(threshold, 1e-9))
    sure = frame.predictions.confidence
    order = sorted(zip(made, drawn, strict=True), key=lambda at: (-iou[at], -sure[at[0]], *at))
    pairs: dict[int, int] = {}
    for place, at in order:
        if place not in pairs.values() and at not in pairs:
            pairs[at] = place
    right = {at: place for at, place in pairs.items() if same[place, at]}
    causes, missed = _errors(iou, same, right, threshold)
    return causes, len(missed - pairs.keys())


def _overlaps(frame: Frame) -> tuple[Floats, Flags]:
    truths, made = frame.truths, frame.predictions
    iou = box_iou_matrix(made.boxes, truths.boxes) * (made.group[:, None] == truths.group[None])
    return iou, made.label[:, None] == truths.label[None]


def _found_by_confidence(
    frame: Frame, iou: Floats, same: Flags, threshold: float
) -> dict[int, int]:
    made, taken = frame.predictions, {}
    for place in sorted(range(len(made)), key=lambda at: -made.confidence[at]):
        free = [
            at
            for at in range(len(frame.truths))
            if at not in taken and same[place, at] and iou[place, at] >= threshold
        ]
        if free:
            taken[max(free, key=lambda at: (iou[place, at], -at))] = place
    return taken


def _errors(
    iou: Floats, same: Flags, taken: dict[int, int], threshold: float
) -> tuple[list[str], set[int]]:
    """The causes, and the annotations that nothing found and no error is about."""
    made, truths = iou.shape
    causes = ["truePositive" if place in taken.values() else "" for place in range(made)]
    covered: set[int] = set()
    for place in range(made):
        if causes[place]:
            continue
        own = [(iou[place, at], at) for at in range(truths) if same[place, at]]
        other = [(iou[place, at], at) for at in range(truths) if not same[place, at]]
        best, best_other = max(own, default=(0.0, -1)), max(other, default=(0.0, -1))
        if 0.1 <= best[0] < threshold:
            causes[place] = "localization"
            covered.add(min(at for value, at in own if value == best[0]))
        elif best_other[0] >= threshold:
            causes[place] = "classification"
            covered.add(min(at for value, at in other if value == best_other[0]))
        elif best[0] >= threshold:
            causes[place] = "duplicate"
        elif max(best[0], best_other[0]) < 0.1:
            causes[place] = "background"
        else:
            causes[place] = "both"
    return causes, set(range(truths)) - taken.keys() - covered
