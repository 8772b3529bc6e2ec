"""Looking at a finished evaluation: charts, examples, and what can be filtered by."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, select

from nucleus_lab import identifiers
from nucleus_lab.engine import evaluation_filters, evaluations_v2, labels, reading
from nucleus_lab.engine.evaluation_read import metadata_of
from nucleus_lab.engine.evaluation_request import IOU_THRESHOLD, Page, View
from nucleus_lab.engine.evaluation_run_v2 import load
from nucleus_lab.engine.schema import annotation, item, model_run, prediction
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.evaluation import charts as charting
from nucleus_lab.evaluation.attribution import CAUSES, Attribution
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Ints
from nucleus_lab.evaluation.predicates import as_text
from nucleus_lab.evaluation.rows import FN, KINDS, NONE, Rows, rows_at

MOST_VALUES: Final = 250
"""Distinct values that a field of metadata may have to be listed in a filter schema."""


def charts(connection: Connection, public_id: str, view: View) -> dict[str, Any]:
    """Return the charts of an evaluation.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.
        view: What the reader wants to see.

    Returns:
        The charts.
    """
    row = evaluations_v2.row_of(connection, public_id)
    results = evaluations_v2.results_of(connection, row)
    if view.iou_threshold == IOU_THRESHOLD and not view.filters and not view.query:
        stored: dict[str, Any] = results["charts"]
        return stored
    frame = load(connection, row.id)
    rows, causes = _rows(connection, frame, view)
    return charting.charts(frame, rows, causes)


def _rows(connection: Connection, frame: Frame, view: View) -> tuple[Rows, Attribution]:
    kept = evaluation_filters.kept_predictions(frame, view.filters)
    rows, causes = rows_at(frame, view.iou_threshold, kept)
    flags = evaluation_filters.chosen(connection, frame, rows, causes, view.filters, view.query)
    return (rows if flags is None else rows.take(flags)), causes


def examples(connection: Connection, public_id: str, view: View, page: Page) -> dict[str, Any]:
    """Return a page of the rows of an evaluation.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.
        view: What the reader wants to see.
        page: Which of the rows.

    Returns:
        ``rows`` and ``total``, the number of rows on all pages.
    """
    row = evaluations_v2.row_of(connection, public_id)
    evaluations_v2.results_of(connection, row)
    frame = load(connection, row.id)
    rows, causes = _rows(connection, frame, view)
    if page.match_type is not None:
        rows = rows.take(rows.kind == KINDS.index(page.match_type))
    order = _order(frame, rows, page)[page.offset : page.offset + page.limit]
    return {
        "rows": _payloads(connection, row, frame, rows.take(order), causes),
        "total": len(rows),
    }


def _order(frame: Frame, rows: Rows, page: Page) -> Ints:
    if page.sort_by is None:
        return np.arange(len(rows))
    value = rows.confidence
    if page.sort_by == "iou":
        value = rows.iou
    elif page.sort_by == "dataset_item_id":
        value = frame.items[rows.item].astype(np.float64)
    elif page.sort_by == "gt_area":
        value = np.append(frame.truth_area(), np.nan)[rows.truth]
    # Rows without a value stand last in both directions: numpy sorts NaN to the end.
    return np.argsort(-value if page.descending else value, kind="stable")


_ANNOTATIONS = Statement(lambda: reading.object_rows(annotation, among(annotation.c.id, "wanted")))
_PREDICTIONS = Statement(
    lambda: reading.object_rows(prediction, among(prediction.c.id, "wanted"), of_run=False)
)
_REFERENCES = Statement(
    lambda: select(item.c.id, item.c.reference_id).where(among(item.c.id, "wanted"))
)


def _payloads(
    connection: Connection, row: Row[Any], frame: Frame, rows: Rows, causes: Attribution
) -> list[dict[str, Any]]:
    """Fill rows with what the workspace holds now; what is gone since is ``None``."""
    items = frame.items[rows.item]
    truths = frame.truths.key[rows.truth[rows.truth != NONE]]
    predictions = frame.predictions.key[rows.prediction[rows.prediction != NONE]]
    keys = json_list(items.tolist())
    references = dict(_REFERENCES.rows(connection, wanted=keys))
    metadata = metadata_of(connection, items)
    drawn = _objects(connection, _ANNOTATIONS, truths, references, scored=False)
    made = _objects(connection, _PREDICTIONS, predictions, references, scored=True)
    area = frame.truth_area()
    evaluation_id = identifiers.encode(identifiers.EVALUATION_V2, row.id)
    found = []
    for index in range(len(rows)):
        kind = int(rows.kind[index])
        truth, guess = int(rows.truth[index]), int(rows.prediction[index])
        key = int(items[index])
        values: dict[str, Any] = {
            "evaluation_id": evaluation_id,
            "dataset_item_id": identifiers.encode(identifiers.ITEM, key),
            "reference_id": references.get(key),
            "true_positive": KINDS[kind] == "TP",
            "match_type": KINDS[kind],
            "iou": float(rows.iou[index]),
            "confidence": None if kind == FN else float(rows.confidence[index]),
            "item_metadata": metadata.get(key),
            **_truth(frame, truth, area, drawn),
            **_prediction(frame, guess, made, causes),
        }
        own = values["model_prediction_id"] or values["ground_truth_annotation_id"]
        side, at = (frame.truths, truth) if kind == FN else (frame.predictions, guess)
        if at in side.masks:  # all segments of a mask are one prediction or annotation
            own = f"{own}.{at}"
        found.append({"id": f"{evaluation_id}.{own}", **values})
    return found


def _truth(frame: Frame, at: int, area: Any, drawn: dict[int, Any]) -> dict[str, Any]:
    if at == NONE:
        names = "ground_truth_annotation_id gt_canonical_label gt_raw_label gt_area annotation_row"
        return dict.fromkeys(names.split())
    key = int(frame.truths.key[at])
    return {
        "ground_truth_annotation_id": identifiers.encode(identifiers.ANNOTATION, key),
        "gt_canonical_label": frame.classes[frame.truths.label[at]],
        "gt_raw_label": frame.labels[frame.truth_raw[at]],
        "gt_area": None if np.isnan(area[at]) else float(area[at]),
        "annotation_row": drawn.get(key),
    }


def _prediction(frame: Frame, at: int, made: dict[int, Any], causes: Attribution) -> dict[str, Any]:
    if at == NONE:
        names = "model_prediction_id pred_canonical_label pred_raw_label prediction_metadata"
        return dict.fromkeys(f"{names} prediction_row cause".split())
    key = int(frame.predictions.key[at])
    row = made.get(key)
    return {
        "model_prediction_id": identifiers.encode(identifiers.PREDICTION, key),
        "pred_canonical_label": frame.classes[frame.predictions.label[at]],
        "pred_raw_label": frame.labels[frame.prediction_raw[at]],
        "prediction_metadata": None if row is None else row.get("metadata"),
        "prediction_row": row,
        "cause": CAUSES[int(causes.cause[at])],
    }


def _objects(
    connection: Connection,
    statement: Statement,
    keys: Ints,
    references: dict[int, str],
    *,
    scored: bool,
) -> dict[int, Any]:
    rows = statement.rows(connection, wanted=json_list(keys.tolist()))
    return {
        row[1]: reading.payload_of(references[row[0]], row, scored=scored)
        for row in rows
        if row[0] in references
    }


def filter_schema(connection: Connection, public_id: str) -> dict[str, Any]:
    """Return what the rows of an evaluation can be filtered by.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        ``gt_labels`` and ``pred_labels``, the classes of either side, and ``metadata_fields`` of
        the items: ``key``, ``value_type`` and ``values``, none where there are too many.
    """
    row = evaluations_v2.row_of(connection, public_id)
    evaluations_v2.results_of(connection, row)
    frame = load(connection, row.id)
    values: dict[str, dict[str, None]] = {}
    kinds: dict[str, set[str]] = {}
    for metadata in metadata_of(connection, frame.items).values():
        for key, value in metadata.items():
            kind = _kind(value)
            if kind:
                kinds.setdefault(key, set()).add(kind)
                values.setdefault(key, {})[as_text(value)] = None
    return {
        "gt_labels": _classes(frame, frame.truths.label),
        "pred_labels": _classes(frame, frame.predictions.label),
        "metadata_fields": [
            {
                "key": key,
                "value_type": next(iter(kinds[key])) if len(kinds[key]) == 1 else "string",
                "values": _sorted(found, kinds[key]) if len(found) <= MOST_VALUES else [],
            }
            for key, found in sorted(values.items())
        ],
    }


def _classes(frame: Frame, labels: Ints) -> list[str]:
    return [frame.classes[label] for label in np.unique(labels).tolist()]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else ""


def _sorted(found: dict[str, None], kinds: set[str]) -> list[str]:
    return sorted(found, key=float) if kinds == {"number"} else sorted(found)


def label_schema(connection: Connection, dataset_id: int) -> dict[str, list[str]]:
    """Return the labels of a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        ``gt_labels`` and ``prediction_labels``, sorted.
    """
    runs = connection.scalars(select(model_run.c.id).where(model_run.c.dataset_id == dataset_id))
    predicted = {
        row["label"] for run in runs.all() for row in labels.prediction_counts(connection, run)
    }
    annotated = labels.annotation_counts(connection, dataset_id)
    return {
        "gt_labels": sorted(row["label"] for row in annotated),
        "prediction_labels": sorted(predicted),
    }
