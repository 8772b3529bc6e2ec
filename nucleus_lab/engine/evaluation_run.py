"""Evaluating a model run: read, match, count, store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.evaluation_arrays import DatasetArrays
from nucleus_lab.engine.evaluations import EvaluationOptions
from nucleus_lab.engine.mask_objects import MaskObjects
from nucleus_lab.engine.schema import dataset, evaluation, item, match, model_run
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import NotFoundError
from nucleus_lab.evaluation.match import LabelRule, Matches, overlaps
from nucleus_lab.evaluation.match import match as match_objects
from nucleus_lab.evaluation.nearest import Nearest, nearest
from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects
from nucleus_lab.evaluation.report import EvaluationReport
from nucleus_lab.evaluation.summary import shaped_coco_metrics, summarise

Progress = Callable[[int, int, str], None]

_PARTS: Final = 25  # a bar of a large evaluation moves at least so often
_LEAST_ITEMS, _MOST_ITEMS = 200, 20_000
_ROWS_AT_ONCE: Final = 50_000

# Shares of the whole on the progress bar, as measured.
_READ, _COUNTED, _TOTAL = 50, 70, 100


def _silent(_done: int, _total: int, _message: str) -> None:
    pass


def evaluate(
    store: Store,
    dataset_id: int,
    run_id: int,
    options: EvaluationOptions,
    *,
    progress: Progress = _silent,
    masks: MaskObjects | None = None,
) -> dict[str, Any]:
    """Evaluate a run and store every match and the report, in place of what was there.

    Args:
        store: The database.
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the run.
        options: How to match.
        progress: Told the steps done, the steps in all, and what is going on.
        masks: What reads masks; without it they are not evaluated.

    Returns:
        What the message of the job says: counts and the main numbers.

    Raises:
        NotFoundError: The run was deleted meanwhile.
    """
    if masks is not None:
        masks.prepare(
            dataset_id,
            run_id,
            progress=lambda done, total: progress(
                0, _TOTAL, f"reading masks: {done:,} of {total:,}"
            ),
        )
    with store.read() as connection:
        row = connection.execute(select(dataset.c.change_seq).where(dataset.c.id == dataset_id))
        seen: int = row.scalar_one()
        arrays = DatasetArrays(connection, dataset_id, run_id, masks)
        truths, predictions, matches, near, skipped = _matched(arrays, options, progress)
    items = len(arrays.item_keys)
    progress(_READ, _TOTAL, "computing average precision")
    coco = shaped_coco_metrics(truths, predictions, items)
    progress((_READ + _COUNTED) // 2, _TOTAL, "computing precision, recall and confusion")
    report = summarise(
        truths,
        predictions,
        matches,
        labels=arrays.labels,
        reference_ids=arrays.reference_ids,
        iou_threshold=options.iou_threshold,
        coco=coco,
    )
    report.confidence_threshold = options.confidence_threshold
    report.options = options.given()
    report.not_evaluated = skipped
    progress(_COUNTED, _TOTAL, f"storing {len(matches):,} matches")
    with store.write(bulk=True) as connection:
        kept = _existing(connection, dataset_id, seen, arrays)
        key = _replace(connection, run_id, report, seen)
        # The SQLite driver binds an exact int in a third of the time of a bool.
        flag = np.int64 if store.dialect == "sqlite" else np.bool_
        found = (truths, predictions, matches, near)
        rows = _rows(key, arrays, found, kept, flag, progress)
        store.upsert(connection, match, _COLUMNS, rows, key=())
    progress(_TOTAL, _TOTAL, "done")
    return _message(report, key, len(matches))


def _matched(
    arrays: DatasetArrays, options: EvaluationOptions, progress: Progress
) -> tuple[Objects, Objects, Matches, Nearest, dict[str, int]]:
    """Read and match part by part, so that memory holds one part of the candidate pairs."""
    size = min(max(len(arrays.item_keys) // _PARTS, _LEAST_ITEMS), _MOST_ITEMS)
    rule = label_rule(options, arrays.labels)
    parts: list[tuple[Objects, Objects, Matches]] = []
    near: list[Nearest] = []
    skipped: dict[str, int] = {}
    done, total = 0, max(len(arrays.item_keys), 1)
    for part in arrays.parts(size):
        progress(_READ * done // total, _TOTAL, f"reading and matching: item {done:,} of {total:,}")
        predictions = part.predictions
        if options.confidence_threshold > 0:
            predictions = predictions.take(predictions.confidence >= options.confidence_threshold)
        pairs = overlaps(part.truths, predictions)
        found = match_objects(part.truths, predictions, rule, pairs)
        parts.append((part.truths, predictions, found))
        near.append(nearest(part.truths, predictions, pairs, found, rule))
        for name, number in part.skipped.items():
            skipped[name] = skipped.get(name, 0) + number
        done += part.items
    starts = [np.cumsum([0, *(len(part[side]) for part in parts)])[:-1].tolist() for side in (0, 1)]
    return (
        Objects.joined([part[0] for part in parts]),
        Objects.joined([part[1] for part in parts]),
        Matches.joined([part[2] for part in parts], zip(starts[0], starts[1], strict=True)),
        Nearest.joined(near),
        skipped,
    )


def label_rule(options: EvaluationOptions, labels: Sequence[str]) -> LabelRule:
    """Translate label names to numbers.

    Args:
        options: How to match.
        labels: Name of each label number.

    Returns:
        The rule; pairs with a label that the dataset does not have match nothing and fall away.
    """
    number = {name: index for index, name in enumerate(labels)}
    pairs = frozenset(
        (number[truth], number[prediction])
        for truth, prediction in options.allowed_label_matches
        if truth in number and prediction in number
    )
    return LabelRule(options.class_agnostic, pairs)


def _replace(connection: Connection, run_id: int, report: EvaluationReport, seen: int) -> int:
    """Put the new evaluation in place of the old one of the run."""
    if connection.scalar(select(model_run.c.id).where(model_run.c.id == run_id)) is None:
        run = identifiers.encode(identifiers.RUN, run_id)
        raise NotFoundError(f"the model run {run} was deleted while it was evaluated")
    old = select(evaluation.c.id).where(evaluation.c.model_run_id == run_id)
    # By hand: a bulk transaction does not cascade.
    connection.execute(delete(match).where(match.c.evaluation_id.in_(old.scalar_subquery())))
    connection.execute(delete(evaluation).where(evaluation.c.model_run_id == run_id))
    row = {
        "model_run_id": run_id,
        "options": wire.encode(report.options).decode(),
        "status": "succeeded",
        "report": report.to_json(),
        "change_seq": seen,
        "created_at": clock.now(),
    }
    key: int = connection.scalar(insert(evaluation).values(row).returning(evaluation.c.id))
    return key


def _existing(
    connection: Connection, dataset_id: int, seen: int, arrays: DatasetArrays
) -> Flags | None:
    """Say which of the items read are still there; ``None`` when nothing has changed."""
    # The lock keeps others from deleting items until the matches that name them are stored.
    now = select(dataset.c.change_seq).where(dataset.c.id == dataset_id).with_for_update()
    if connection.scalar(now) == seen:
        return None
    there = connection.execute(select(item.c.id).where(item.c.dataset_id == dataset_id))
    return np.isin(arrays.item_keys, np.fromiter((row[0] for row in there), np.int64))


_COLUMNS: Final = (
    "evaluation_id",
    "item_id",
    "annotation_id",
    "prediction_id",
    "iou",
    "true_positive",
    "annotation_label_id",
    "prediction_label_id",
    "confidence",
    "best_iou",
    "right_iou",
    "right_annotation_id",
    "wrong_iou",
    "wrong_annotation_id",
)


def _rows(
    key: int,
    arrays: DatasetArrays,
    found: tuple[Objects, Objects, Matches, Nearest],
    kept: Flags | None,
    flag: type[np.generic],
    progress: Progress,
) -> Iterator[tuple[Any, ...]]:
    """Make the rows of the match table, in the order of the items."""
    truths, predictions, matches, near = found
    paired, detected = matches.truth >= 0, matches.prediction >= 0
    group = np.where(
        detected,
        _at(predictions.group, matches.prediction),
        _at(truths.group, matches.truth),
    )
    place = group % max(len(arrays.item_keys), 1)
    order = np.argsort(arrays.item_keys[place], kind="stable")
    if kept is not None:
        order = order[kept[place[order]]]
    size = min(max(len(order) // _PARTS, 1000), _ROWS_AT_ONCE)
    for start in range(0, len(order), size):
        share = (_TOTAL - _COUNTED) * start // len(order)
        progress(_COUNTED + share, _TOTAL, f"storing match {start:,} of {len(order):,}")
        rows = order[start : start + size]
        truth, prediction = matches.truth[rows], matches.prediction[rows]
        alone, missed = ~paired[rows], ~detected[rows]
        yield from zip(
            repeat(key),
            arrays.item_keys[place[rows]].tolist(),
            _or_none(_at(truths.key, truth), alone),
            _or_none(_at(predictions.key, prediction), missed),
            _or_none(matches.iou[rows], alone | missed),
            matches.true_positive[rows].astype(flag).tolist(),
            _or_none(_at(arrays.label_keys, _at(truths.label, truth)), alone),
            _or_none(_at(arrays.label_keys, _at(predictions.label, prediction)), missed),
            _or_none(_at(predictions.confidence, prediction), missed),
            _or_none(_at(near.best, prediction), missed),
            *_besides(near.own, near.own_key, prediction),
            *_besides(near.other, near.other_key, prediction),
            strict=False,
        )


def _besides(iou: Floats, key: Ints, prediction: Ints) -> tuple[list[Any], list[Any]]:
    """Overlaps of predictions, and with whom; few have any but that of the pair."""
    overlaps: list[Any] = [None] * len(prediction)
    keys: list[Any] = [None] * len(prediction)
    found = np.flatnonzero((prediction >= 0) & (_at(key, prediction) >= 0))
    chosen = prediction[found]
    for index, overlap, whose in zip(
        found.tolist(), iou[chosen].tolist(), key[chosen].tolist(), strict=True
    ):
        overlaps[index], keys[index] = overlap, whose
    return overlaps, keys


def _at(values: Any, index: Ints) -> Any:
    """Return values by index where index -1 means "none": any value will do, also without one."""
    return values[index] if len(values) else np.zeros(len(index), values.dtype)


def _or_none(values: Any, nothing: Flags) -> list[Any]:
    filled: list[Any] = values.tolist()
    for index in np.flatnonzero(nothing).tolist():
        filled[index] = None
    return filled


def _message(report: EvaluationReport, key: int, matches: int) -> dict[str, Any]:
    overall = report.overall
    return {
        "evaluation_id": identifiers.encode(identifiers.EVALUATION, key),
        "matches": matches,
        "annotations": overall.annotations,
        "predictions": overall.predictions,
        "precision": overall.precision,
        "recall": overall.recall,
        "mean_average_precision": overall.ap,
    }
