"""The errors of TIDE as the paper defines them, one object after the other: slow and plain."""

from __future__ import annotations

from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.overlap import box_iou_matrix


def causes_by_definition(frame: Frame, threshold: float) -> tuple[list[str], int]:
    """The causes of all predictions and the number of misses, one object after the other."""
    truths, made = frame.truths, frame.predictions
    iou = box_iou_matrix(made.boxes, truths.boxes) * (made.group[:, None] == truths.group[None])
    same = made.label[:, None] == truths.label[None]
    taken: dict[int, int] = {}
    causes = [""] * len(made)
    for place in sorted(range(len(made)), key=lambda at: -made.confidence[at]):
        free = [
            at
            for at in range(len(truths))
            if at not in taken and same[place, at] and iou[place, at] >= threshold
        ]
        if free:
            taken[max(free, key=lambda at: (iou[place, at], -at))] = place
            causes[place] = "truePositive"
    covered: set[int] = set()
    for place in range(len(made)):
        if causes[place]:
            continue
        own = [(iou[place, at], at) for at in range(len(truths)) if same[place, at]]
        other = [(iou[place, at], at) for at in range(len(truths)) if not same[place, at]]
        best, best_other = max(own, default=(0.0, -1)), max(other, default=(0.0, -1))
        if 0.1 <= best[0] < threshold:
            causes[place] = "localization"
            covered |= {at for value, at in own if value == best[0]}
        elif best_other[0] >= threshold:
            causes[place] = "classification"
            covered |= {at for value, at in other if value == best_other[0]}
        elif best[0] >= threshold:
            causes[place] = "duplicate"
        elif max(best[0], best_other[0]) < 0.1:
            causes[place] = "background"
        else:
            causes[place] = "both"
    return causes, len(set(range(len(truths))) - taken.keys() - covered)
