"""The charts of an evaluation, from any choice of its rows."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from nucleus_lab.evaluation.attribution import CAUSES, Attribution
from nucleus_lab.evaluation.coco import CocoMetrics
from nucleus_lab.evaluation.curves import precision_recall_per_label
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Flags, Ints
from nucleus_lab.evaluation.outcome import Outcome
from nucleus_lab.evaluation.rows import FN, FP, NONE, TP, Rows
from nucleus_lab.evaluation.summary import shaped_coco_metrics

BACKGROUND: Final = "background"
"""Stands in a confusion matrix for "no annotation" and "no prediction"."""

IOU_STEPS: Final = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The thresholds over which COCO's average precision is a mean."""

_BUCKETS: Final = 20
_CURVE_POINTS: Final = 101
GRID: Final = 101
"""Confidence thresholds 0.00, 0.01 … 1.00 at which :func:`operating_curve` counts."""


def charts(frame: Frame, rows: Rows, causes: Attribution) -> dict[str, Any]:
    """Compute every chart.

    Average precision is COCO's, class by class, over the annotations and predictions of the rows;
    it has thresholds of its own. Everything else is counted from the rows as they are.

    Args:
        frame: The evaluation.
        rows: The rows to count, all of them or those that passed a filter.
        causes: The causes of all predictions.

    Returns:
        The charts as the wire names them.
    """
    coco = _coco(frame, rows)
    return {
        "mapSummary": {
            "mapAt50": _known(coco.ap50),
            "mapAt75": _known(coco.ap75),
            "mapAt5095": _known(coco.ap),
        },
        "perClassAp": [
            {"classLabel": frame.classes[label], "ap": float(ap)}
            for label, ap in zip(coco.labels.tolist(), coco.class_ap.tolist(), strict=True)
            if not math.isnan(ap)
        ],
        "confusionMatrix": _confusion(frame, rows),
        "scoreHistogram": _histogram(frame, rows),
        "computedIouRanges": list(IOU_STEPS),
        "totalCounts": _totals(frame, rows),
        "apBySize": {
            "small": _known(coco.ap_small),
            "medium": _known(coco.ap_medium),
            "large": _known(coco.ap_large),
        },
        "prCurve": _curves(frame, rows),
        "tideAttribution": _tide(rows, causes),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _coco(frame: Frame, rows: Rows) -> CocoMetrics:
    truths, predictions = frame.truths, frame.predictions
    chosen = _marked(rows.truth, len(truths)), _marked(rows.prediction, len(predictions))
    return shaped_coco_metrics(
        truths if chosen[0].all() else truths.take(chosen[0]),
        predictions if chosen[1].all() else predictions.take(chosen[1]),
        len(frame.items),
    )


def _marked(places: Ints, size: int) -> Flags:
    flags = np.zeros(size, np.bool_)
    flags[places[places != NONE]] = True
    return flags


def _labels(frame: Frame, rows: Rows) -> tuple[Ints, Ints]:
    """Class numbers of both sides, :data:`NONE` where there is no object."""
    nothing = np.array([NONE], np.int64)
    # The last entry answers for index -1.
    truth = np.concatenate([frame.truths.label, nothing])[rows.truth]
    prediction = np.concatenate([frame.predictions.label, nothing])[rows.prediction]
    return truth, prediction


def _confusion(frame: Frame, rows: Rows) -> list[dict[str, Any]]:
    truth, prediction = _labels(frame, rows)
    # An annotation that a false positive was confused with is counted there, not as missed too.
    confused = _marked(rows.truth[rows.kind == FP], len(frame.truths))
    counted = np.ones(len(rows), np.bool_)
    lost = rows.kind == FN
    counted[lost] = ~confused[rows.truth[lost]]
    size = len(frame.classes) + 1
    cell = np.where(truth == NONE, size - 1, truth) * size
    cell += np.where(prediction == NONE, size - 1, prediction)
    cells, counts = np.unique(cell[counted], return_counts=True)
    names = [*frame.classes, BACKGROUND]
    return [
        {"gtLabel": names[at // size], "predLabel": names[at % size], "count": count}
        for at, count in zip(cells.tolist(), counts.tolist(), strict=True)
    ]


def _histogram(frame: Frame, rows: Rows) -> list[dict[str, Any]]:
    made = rows.prediction[rows.prediction != NONE]
    confidence = frame.predictions.confidence[made[frame.scored[made]]]
    bucket = np.clip((confidence * _BUCKETS).astype(np.int64), 0, _BUCKETS - 1)
    counts = np.bincount(bucket, minlength=_BUCKETS).tolist()
    return [
        {"bucketMin": at / _BUCKETS, "bucketMax": (at + 1) / _BUCKETS, "count": count}
        for at, count in enumerate(counts)
    ]


def _totals(frame: Frame, rows: Rows) -> dict[str, int]:
    counts = np.bincount(rows.kind, minlength=3).tolist()
    made = rows.prediction[rows.prediction != NONE]
    return {
        "tp": counts[TP],
        "fp": counts[FP],
        "fn": counts[FN],
        "predsWithConfidence": int(frame.scored[made].sum()),
    }


def outcome_of(frame: Frame, rows: Rows) -> Outcome:
    """Read rows as the outcome that curves are counted from.

    Args:
        frame: The evaluation.
        rows: The rows.

    Returns:
        One entry a row; the annotation of a confusion stands in its own row alone.
    """
    truth, prediction = _labels(frame, rows)
    truth = np.where(rows.kind == FP, NONE, truth)
    right = rows.kind == TP
    iou = np.where(right, rows.iou, np.nan)
    return Outcome(rows.item, truth, prediction, iou, rows.confidence, right)


def _curves(frame: Frame, rows: Rows) -> list[dict[str, Any]]:
    curves = precision_recall_per_label(
        outcome_of(frame, rows), len(frame.classes), most=_CURVE_POINTS
    )
    return [
        {"classLabel": name, "recall": recall, "precision": precision}
        for name, curve in zip(frame.classes, curves, strict=True)
        for recall, precision in zip(
            np.round(curve.recall, 6).tolist(), np.round(curve.precision, 6).tolist(), strict=True
        )
    ]


def _tide(rows: Rows, causes: Attribution) -> dict[str, int]:
    made = rows.prediction[rows.prediction != NONE]
    counts = np.bincount(causes.cause[made], minlength=len(CAUSES)).tolist()
    lost = rows.truth[rows.kind == FN]
    missed = int((~causes.covered[lost]).sum())
    return {**dict(zip(CAUSES, counts, strict=True)), "missed": missed}


def operating_curve(frame: Frame, rows: Rows) -> dict[str, Any]:
    """Count true positives and predictions as the confidence threshold rises.

    Args:
        frame: The evaluation.
        rows: All rows at an IoU threshold.

    Returns:
        ``truths``, and ``tp`` and ``predictions`` at each of the :data:`GRID` thresholds.
    """
    thresholds = np.linspace(0, 1, GRID).round(2)
    return {"truths": len(frame.truths), **counts_at(rows, thresholds.tolist())}


def counts_at(rows: Rows, thresholds: list[float]) -> dict[str, list[int]]:
    """Count what is left of the predictions at confidence thresholds.

    Args:
        rows: All rows at an IoU threshold.
        thresholds: Predictions at or above them are kept.

    Returns:
        ``tp`` and ``predictions``, one count a threshold.
    """
    found = {}
    for name, chosen in (("tp", rows.kind == TP), ("predictions", rows.kind != FN)):
        ordered = np.sort(rows.confidence[chosen])
        found[name] = (len(ordered) - np.searchsorted(ordered, thresholds, side="left")).tolist()
    return found
