"""Filters of charts and examples: which rows of an evaluation a reader wants to see.

A range of confidences is an operating point: predictions outside of it are left out before
anything is matched, and the annotations that they would have found count as missed. Every other
filter chooses among the rows that there then are; all of them have to hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from nucleus_lab import wire
from nucleus_lab.engine import evaluation_scope, queries, slices
from nucleus_lab.engine.evaluation_read import metadata_of
from nucleus_lab.engine.evaluation_request import Filters, Predicate, Range
from nucleus_lab.engine.schema import item, prediction, slice_member
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import QueryError
from nucleus_lab.evaluation.attribution import BACKGROUND, Attribution
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Flags, Floats, Ints
from nucleus_lab.evaluation.predicates import holds, value_at
from nucleus_lab.evaluation.rows import FN, NONE, Rows

_METADATA = Statement(
    lambda: select(prediction.c.id, prediction.c.metadata).where(
        among(prediction.c.id, "wanted"), prediction.c.metadata.is_not(None)
    )
)
_DATASETS = Statement(
    lambda: select(item.c.dataset_id).where(among(item.c.id, "wanted")).distinct()
)


def kept_predictions(frame: Frame, filters: Filters) -> Flags | None:
    """Choose the predictions of an operating point.

    Args:
        frame: The evaluation.
        filters: What the caller asks for.

    Returns:
        One flag a prediction; ``None`` for all.
    """
    if filters.confidenceRange is None:
        return None
    return _inside(frame.predictions.confidence, filters.confidenceRange)


def chosen(
    connection: Connection,
    frame: Frame,
    rows: Rows,
    causes: Attribution,
    filters: Filters,
    query: str | None,
) -> Flags | None:
    """Choose rows.

    Args:
        connection: The open transaction.
        frame: The evaluation.
        rows: All rows at the threshold.
        causes: The causes of all predictions.
        filters: What the caller asks for.
        query: A query that the items have to pass; empty for none.

    Returns:
        One flag a row; ``None`` for all.
    """
    tests: list[Flags] = []
    if filters.iouRange is not None:
        tests.append(_inside(rows.iou, filters.iouRange))
    if filters.gtAreaRange is not None:
        area = np.append(frame.truth_area(), np.nan)[rows.truth]
        tests.append(_inside(area, filters.gtAreaRange))
    if filters.gtLabels is not None:
        tests.append(
            _named(frame, filters.gtLabels, frame.truths.label, frame.truth_raw, rows.truth)
        )
    if filters.predLabels is not None:
        side = frame.predictions.label, frame.prediction_raw, rows.prediction
        tests.append(_named(frame, filters.predLabels, *side))
    tests += _of_pairs(frame, rows, causes, filters)
    if filters.itemMetadata is not None:
        metadata = metadata_of(connection, frame.items)
        passed = [_passes(metadata.get(key), filters.itemMetadata) for key in frame.items.tolist()]
        tests.append(np.array(passed, np.bool_)[rows.item])
    if filters.predictionMetadata is not None:
        tests.append(_by_prediction_metadata(connection, frame, rows, filters.predictionMetadata))
    if filters.sliceIds is not None:
        tests.append(_in_slices(connection, frame, rows, filters.sliceIds))
    if query:
        tests.append(np.isin(frame.items, _queried(connection, frame, query))[rows.item])
    return None if not tests else np.logical_and.reduce(tests)


def _inside(values: Floats, bounds: Range) -> Flags:
    low = -np.inf if bounds.min is None else bounds.min
    high = np.inf if bounds.max is None else bounds.max
    return (values >= low) & (values <= high)  # NaN is outside


def _named(frame: Frame, names: Sequence[str], label: Ints, raw: Ints, places: Ints) -> Flags:
    wanted = set(names)
    classes = np.array([name in wanted for name in frame.classes], np.bool_)
    labels = np.array([name in wanted for name in frame.labels], np.bool_)
    objects = classes[label] | labels[raw] if len(label) else np.zeros(0, np.bool_)
    return np.append(objects, False)[places]  # the last entry answers for "no object"


def _of_pairs(frame: Frame, rows: Rows, causes: Attribution, filters: Filters) -> list[Flags]:
    tests = []
    has_truth, has_prediction = rows.truth != NONE, rows.prediction != NONE
    if filters.labelEquality is not None:
        truth = np.append(frame.truths.label, NONE)[rows.truth]
        other = np.append(frame.predictions.label, NONE)[rows.prediction]
        equal = truth == other if filters.labelEquality == "EQ" else truth != other
        tests.append(has_truth & has_prediction & equal)
    if filters.hasGroundTruth is not None:
        tests.append(has_truth == filters.hasGroundTruth)
    if filters.tideBackground is not None:
        on_background = np.append(causes.cause == BACKGROUND, False)[rows.prediction]
        tests.append((on_background & (rows.kind != FN)) == filters.tideBackground)
    return tests


def _passes(metadata: Any, predicates: Sequence[Predicate]) -> bool:
    return metadata is not None and all(
        holds(value_at(metadata, test.key), test.op, test.value) for test in predicates
    )


def _by_prediction_metadata(
    connection: Connection, frame: Frame, rows: Rows, predicates: Sequence[Predicate]
) -> Flags:
    keys = frame.predictions.key
    found = _METADATA.rows(connection, wanted=json_list(keys.tolist()))
    good = [
        row[0]
        for row in found
        if _passes(wire.decode(row[1] if isinstance(row[1], str) else bytes(row[1])), predicates)
    ]
    return np.append(np.isin(keys, good), False)[rows.prediction]


def _in_slices(connection: Connection, frame: Frame, rows: Rows, wanted: Sequence[str]) -> Flags:
    passed = np.zeros(len(rows), np.bool_)
    for public in wanted:
        found = slices.get(connection, public)
        if found.type != "object":
            keys = evaluation_scope.items_of_slice(connection, found.id)
            passed |= np.isin(frame.items, keys)[rows.item]
            continue
        for member, objects, places in (
            ("annotation", frame.truths.key, rows.truth),
            ("prediction", frame.predictions.key, rows.prediction),
        ):
            ours = select(slice_member.c.member_id).where(
                slice_member.c.slice_id == found.id, slice_member.c.member == member
            )
            inside = np.isin(objects, list(connection.scalars(ours)))
            passed |= np.append(inside, False)[places]
    return passed


def _queried(connection: Connection, frame: Frame, query: str) -> list[int]:
    keys: list[int] = []
    refused: QueryError | None = None
    datasets = _DATASETS.rows(connection, wanted=json_list(frame.items.tolist()))
    for (dataset_id,) in datasets:
        try:
            found = queries.select_rows(connection, dataset_id, query)
            keys += queries.keys_of(connection, found)
        except QueryError as fault:
            # A name that one dataset lacks may be known to another: its items pass nothing.
            refused = fault
            if len(datasets) == 1:
                raise
    if refused is not None and not keys:
        raise refused
    return keys
