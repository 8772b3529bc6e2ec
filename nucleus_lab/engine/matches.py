"""Pages of stored matches: the pairs and leftovers of an evaluation, filtered for browsing.

A stored row has no IoU threshold. Where a reader asks for one, a pair below it is read as two
rows, a false detection and a miss, which is what it then is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true, tuple_

from nucleus_lab import identifiers
from nucleus_lab.engine.schema import item, label, match
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import InvalidInputError

MOST_ROWS: Final = 10_000

MatchType = Literal["tp", "fp", "fn"]

_TYPES: Final[dict[str, MatchType]] = {
    "tp": "tp",
    "true_positive": "tp",
    "fp": "fp",
    "false_positive": "fp",
    "fn": "fn",
    "false_negative": "fn",
}


def match_type(given: str) -> MatchType:
    """Read the name of a match type.

    Args:
        given: ``TP``, ``FP`` or ``FN``, or the long name, in any case.

    Returns:
        The short name in lower case.

    Raises:
        InvalidInputError: It is none of these.
    """
    found = _TYPES.get(given.lower().replace(" ", "_"))
    if found is None:
        raise InvalidInputError(
            f"match_type is {given!r}: use TP, FP or FN (or true_positive, false_positive, "
            "false_negative)",
            path="match_type",
        )
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a match must be.

    Attributes:
        any: Whatever it is; the rest is then ignored.
        label: Name of its label; ``None`` for "no object", the background of a confusion matrix.
    """

    any: bool = True
    label: str | None = None


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """Which matches to read.

    Attributes:
        item_ids: Primary keys of items; ``None`` for all.
        type: One of the three types; ``None`` for all.
        truth: What the annotation must be.
        prediction: What the prediction must be.
        iou_threshold: A pair below it is read as a false detection and a miss; ``None`` leaves
            pairs as they are stored.
    """

    item_ids: Sequence[int] | None = None
    type: MatchType | None = None
    truth: Side = Side()
    prediction: Side = Side()
    iou_threshold: float | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """A filter with its labels looked up."""

    wanted: MatchFilter
    truth_label: int | None
    prediction_label: int | None

    def condition(self) -> ColumnElement[bool]:
        """Keep the stored rows of which at least one reading passes."""
        columns, wanted = match.c, self.wanted
        paired = and_(columns.annotation_id.is_not(None), columns.prediction_id.is_not(None))
        loose: ColumnElement[bool] = false()
        if wanted.iou_threshold is not None:
            loose = and_(paired, columns.iou < wanted.iou_threshold)
            paired = and_(paired, columns.iou >= wanted.iou_threshold)
        detected = or_(columns.annotation_id.is_(None), loose)
        missed = or_(columns.prediction_id.is_(None), loose)
        truth = self._side(wanted.truth, columns.annotation_label_id, self.truth_label)
        other = self._side(wanted.prediction, columns.prediction_label_id, self.prediction_label)
        readings = []
        if wanted.type != "fn" and truth is not None and other is not None:
            right = {"tp": columns.true_positive, "fp": ~columns.true_positive}
            readings.append(and_(paired, truth, other, right.get(wanted.type or "", true())))
        if wanted.type in {None, "fp"} and self._empty(wanted.truth) and other is not None:
            readings.append(and_(columns.prediction_id.is_not(None), detected, other))
        if wanted.type in {None, "fn"} and self._empty(wanted.prediction) and truth is not None:
            readings.append(and_(columns.annotation_id.is_not(None), missed, truth))
        return or_(false(), *readings)

    @staticmethod
    def _side(side: Side, column: Any, key: int | None) -> ColumnElement[bool] | None:
        """Condition on a label; ``None`` where the side must be empty."""
        if side.any:
            return true()
        if side.label is None:
            return None
        found: ColumnElement[bool] = column == (-1 if key is None else key)
        return found

    @staticmethod
    def _empty(side: Side) -> bool:
        return side.any or side.label is None

    def readings(self, row: Any) -> Iterator[tuple[bool, bool, bool]]:
        """Read a stored row: whether truth and prediction are shown, and whether it is right."""
        wanted = self.wanted
        has_truth, has_prediction = row.annotation_id is not None, row.prediction_id is not None
        if has_truth and has_prediction:
            tight = wanted.iou_threshold is None or row.iou >= wanted.iou_threshold
            candidates = (
                [(True, True, bool(row.true_positive))]
                if tight
                else [(False, True, False), (True, False, False)]
            )
        else:
            candidates = [(has_truth, has_prediction, False)]
        for truth, prediction, right in candidates:
            kind = "tp" if right else "fp" if prediction else "fn"
            if (
                wanted.type in {None, kind}
                and self._fits(wanted.truth, truth, row.annotation_label_id, self.truth_label)
                and self._fits(
                    wanted.prediction, prediction, row.prediction_label_id, self.prediction_label
                )
            ):
                yield truth, prediction, right

    @staticmethod
    def _fits(side: Side, shown: bool, found: int | None, key: int | None) -> bool:
        if side.any:
            return True
        return not shown if side.label is None else shown and found == key


def page(
    connection: Connection,
    dataset_id: int,
    evaluation: tuple[int, int],
    wanted: MatchFilter,
    *,
    after: tuple[int, int] = (0, 0),
    size: int = MOST_ROWS,
) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
    """Read a page of matches, item by item.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        evaluation: Primary keys of the evaluation and of its run.
        wanted: Which matches.
        after: Item and key of the last stored row of the page before; zeros for the first page.
        size: Stored rows to read at most.

    Returns:
        ``EvaluationMatch`` payloads, and where to go on after; ``None`` at the end.
    """
    columns = match.c
    truth_label, prediction_label = label.alias(), label.alias()
    reader = _Reader(
        wanted,
        _label_key(connection, dataset_id, wanted.truth),
        _label_key(connection, dataset_id, wanted.prediction),
    )
    statement = (
        select(
            match,
            item.c.reference_id,
            truth_label.c.name.label("truth_label"),
            prediction_label.c.name.label("prediction_label"),
        )
        .join(item, item.c.id == columns.item_id)
        .outerjoin(truth_label, truth_label.c.id == columns.annotation_label_id)
        .outerjoin(prediction_label, prediction_label.c.id == columns.prediction_label_id)
        .where(columns.evaluation_id == evaluation[0], reader.condition())
        # In the order of the index, so that a page costs what it holds.
        .where(tuple_(columns.item_id, columns.id) > tuple_(*after))
        .order_by(columns.item_id, columns.id)
        .limit(size + 1)
    )
    values = {}
    if wanted.item_ids is not None:
        statement = statement.where(among(columns.item_id, "items"))
        values["items"] = json_list(wanted.item_ids)
    rows = connection.execute(statement, values).all()
    more = (rows[size - 1].item_id, rows[size - 1].id) if len(rows) > size else None
    run = identifiers.encode(identifiers.RUN, evaluation[1])
    found = [
        _payload(row, run, *reading) for row in rows[:size] for reading in reader.readings(row)
    ]
    return found, more


def _label_key(connection: Connection, dataset_id: int, side: Side) -> int | None:
    if side.any or side.label is None:
        return None
    named = select(label.c.id).where(label.c.dataset_id == dataset_id, label.c.name == side.label)
    key: int | None = connection.scalar(named)
    return key


def _payload(row: Any, run: str, truth: bool, prediction: bool, right: bool) -> dict[str, Any]:
    return {
        "model_run_id": run,
        "iou": row.iou if truth and prediction else 0.0,
        "dataset_item_id": identifiers.encode(identifiers.ITEM, row.item_id),
        "reference_id": row.reference_id,
        "true_positive": right,
        "model_prediction_id": (
            identifiers.encode(identifiers.PREDICTION, row.prediction_id) if prediction else None
        ),
        "ground_truth_annotation_id": (
            identifiers.encode(identifiers.ANNOTATION, row.annotation_id) if truth else None
        ),
        "model_prediction_label": row.prediction_label if prediction else None,
        "ground_truth_annotation_label": row.truth_label if truth else None,
        "confidence": row.confidence if prediction else None,
    }
