"""From matches to the report: all metrics of one evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nucleus_lab.evaluation.coco import CocoMetrics, coco_metrics
from nucleus_lab.evaluation.confusion import confusion_matrix
from nucleus_lab.evaluation.curves import Points, precision_recall, precision_recall_per_label
from nucleus_lab.evaluation.match import Matches
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.outcome import NONE, Outcome, count, count_groups
from nucleus_lab.evaluation.report import (
    ClassMetrics,
    ConfusionMatrix,
    Curve,
    EvaluationReport,
    ItemResults,
)

_CURVE_NUMBERS = 40_000  # points of all class curves together: bounds the size of a stored report


def summarise(
    truths: Objects,
    predictions: Objects,
    matches: Matches,
    *,
    labels: Sequence[str],
    reference_ids: Sequence[str],
    iou_threshold: float = 0.5,
    coco: CocoMetrics | None = None,
) -> EvaluationReport:
    """Compute every metric of a report.

    Args:
        truths: Ground truth. Groups below ``len(reference_ids)`` are images, whose objects have
            a shape; a group ``k * len(reference_ids) + image`` holds the categories of the
            ``k``-th taxonomy, which have none and take no part in average precision.
        predictions: Predictions, grouped likewise.
        matches: Their matching.
        labels: Name of each label number.
        reference_ids: Name of each image.
        iou_threshold: Overlap from which a pair counts, 0 to 1.
        coco: What :func:`shaped_coco_metrics` returned, where that was called before.

    Returns:
        The report, without the ids that only a store knows.
    """
    outcome = Outcome.of(matches, truths, predictions, iou_threshold)
    coco = coco or shaped_coco_metrics(truths, predictions, len(reference_ids))
    return EvaluationReport(
        overall=_overall(outcome, coco),
        classes=_classes(outcome, coco, labels),
        confusion=_confusion(outcome, labels),
        items=_items(outcome, reference_ids),
        iou_threshold=iou_threshold,
        ap_by_size={
            "small": _known(coco.ap_small),
            "medium": _known(coco.ap_medium),
            "large": _known(coco.ap_large),
        },
        ap_protocol=coco.protocol,
    )


def shaped_coco_metrics(truths: Objects, predictions: Objects, images: int) -> CocoMetrics:
    """Compute COCO metrics of the objects that have a shape.

    Args:
        truths: Ground truth, grouped as in :func:`summarise`.
        predictions: Predictions, grouped likewise.
        images: Number of images.

    Returns:
        The metrics.
    """
    return coco_metrics(_shaped(truths, images), _shaped(predictions, images))


def _shaped(objects: Objects, images: int) -> Objects:
    shaped = objects.group < images
    shaped[list(objects.masks)] = True  # they stand in a block of their own
    return objects if shaped.all() else objects.take(shaped)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _rates(counts: tuple[int, int, int, int]) -> dict[str, Any]:
    """Name the counts (annotations, predictions, found, correct) and what follows from them."""
    annotations, predictions, found, correct = counts
    precision = correct / predictions if predictions else None
    recall = found / annotations if annotations else None
    total = (precision or 0.0) + (recall or 0.0)
    return {
        "annotations": annotations,
        "predictions": predictions,
        "true_positives": correct,
        "false_positives": predictions - correct,
        "false_negatives": annotations - found,
        "precision": precision,
        "recall": recall,
        # Without one side F1 = 2 TP / (2 TP + FP + FN) = 0; without both there is none.
        "f1": None
        if precision is None and recall is None
        else (2 * (precision or 0.0) * (recall or 0.0) / total if total else 0.0),
    }


def _curve(points: Points) -> Curve:
    return Curve(
        *(
            np.round(column, 6).tolist()
            for column in (points.confidence, points.precision, points.recall)
        )
    )


def _overall(outcome: Outcome, coco: CocoMetrics) -> ClassMetrics:
    right = int(outcome.right.sum())
    return ClassMetrics(
        label="",
        **_rates((
            int((outcome.truth != NONE).sum()),
            int((outcome.prediction != NONE).sum()),
            right,
            right,
        )),
        ap=_known(coco.ap),
        ap50=_known(coco.ap50),
        ap75=_known(coco.ap75),
        curve=_curve(precision_recall(outcome)),
        coco_curve=np.round(coco.curves.mean(axis=0), 6).tolist() if len(coco.labels) else [],
    )


def _classes(outcome: Outcome, coco: CocoMetrics, labels: Sequence[str]) -> list[ClassMetrics]:
    counts = count(outcome, len(labels))
    present = np.flatnonzero(counts.truths + counts.predictions)
    most = max(11, min(201, _CURVE_NUMBERS // max(len(present), 1)))
    curves = precision_recall_per_label(outcome, len(labels), most=most)
    place = {int(label): index for index, label in enumerate(coco.labels)}
    found = []
    for label in present.tolist():
        metrics = ClassMetrics(
            label=labels[label],
            **_rates((
                int(counts.truths[label]),
                int(counts.predictions[label]),
                int(counts.found[label]),
                int(counts.correct[label]),
            )),
            curve=_curve(curves[label]),
        )
        if label in place:
            at = place[label]
            metrics.ap = _known(coco.class_ap[at])
            metrics.ap50 = _known(coco.class_ap50[at])
            metrics.ap75 = _known(coco.class_ap75[at])
            metrics.coco_curve = np.round(coco.curves[at], 6).tolist()
        found.append(metrics)
    return sorted(found, key=lambda entry: entry.label)


def _confusion(outcome: Outcome, labels: Sequence[str]) -> ConfusionMatrix:
    present = np.unique(np.concatenate([outcome.truth, outcome.prediction]))
    named = sorted(
        (label for label in present.tolist() if label != NONE), key=lambda at: labels[at]
    )
    place = np.full(len(labels) + 1, NONE)  # the last entry answers for NONE, which is -1
    place[named] = np.arange(len(named))
    counts = confusion_matrix(
        Outcome(
            outcome.group,
            place[outcome.truth],
            place[outcome.prediction],
            outcome.iou,
            outcome.confidence,
            outcome.right,
        ),
        len(named),
    )
    rows, columns = np.nonzero(counts)
    cells = zip(rows.tolist(), columns.tolist(), counts[rows, columns].tolist(), strict=True)
    return ConfusionMatrix([labels[label] for label in named], list(cells))


def _items(outcome: Outcome, reference_ids: Sequence[str]) -> ItemResults:
    images = len(reference_ids)
    if images == 0:
        return ItemResults()
    counts = count_groups(outcome, outcome.group % images, images)
    present = np.flatnonzero(counts.tp + counts.fp + counts.fn)
    overlaps = np.round(counts.mean_iou[present], 6)
    return ItemResults(
        [reference_ids[index] for index in present.tolist()],
        counts.tp[present].tolist(),
        counts.fp[present].tolist(),
        counts.fn[present].tolist(),
        [None if math.isnan(overlap) else overlap for overlap in overlaps.tolist()],
    )
