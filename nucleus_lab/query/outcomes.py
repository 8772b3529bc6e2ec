"""What became of a row of an evaluation: right, wrong or missed, and which error of TIDE it is.

The errors are those of :mod:`nucleus_lab.evaluation.attribution`, told apart at the IoU threshold
that matches are read at, from the overlaps that were stored with each match; right is what the
category of the row calls right.
"""

from __future__ import annotations

from typing import Final

from nucleus_lab.query.bound import FieldValue
from nucleus_lab.query.context import Context
from nucleus_lab.query.derived_sources import Builder, static_value
from nucleus_lab.query.dialects import Clause
from nucleus_lab.query.fields import CATEGORIES, ERRORS
from nucleus_lab.query.readings import LEAST_IOU
from nucleus_lab.query.sql import (
    NULL,
    ONE,
    TRUE,
    Sql,
    and_,
    call,
    case,
    cast,
    literal,
    or_,
    template,
)
from nucleus_lab.query.sql_select import Row, select
from nucleus_lab.query.values import DOUBLE, SqlValue

THRESHOLD: Final = 0.5
"""IoU from which a pair counts, where a reader of errors names none."""


def _outcome(row: Row) -> Sql:
    right, predicted = _right(row), row.c.prediction_id.is_not(NULL)
    return template("CASE WHEN {} THEN 'tp' WHEN {} THEN 'fp' ELSE 'fn' END", right, predicted)


def _right(row: Row) -> Clause:
    same = row.c.annotation_label_id == row.c.prediction_label_id
    return or_(row.c.true_positive, same)


def has_category(row: str, category: str) -> Sql:
    """Tell true positives, false positives and misses apart.

    Args:
        row: What the matches are called in a statement.
        category: ``tp``, ``fp`` or ``fn``.

    Returns:
        The condition.
    """
    return _outcome(Row(row)) == category


def _category(_context: Context, field: FieldValue, row: Row) -> SqlValue:
    found = _outcome(row)

    def equals(text: str) -> Clause:
        return found == CATEGORIES.get(text.lower(), text)

    return static_value(field, found, equals)


def _tide(context: Context, field: FieldValue, row: Row) -> SqlValue:
    given = context.catalog.iou_threshold
    threshold = literal(float(THRESHOLD if given is None else given))
    found = case(
        (row.c.prediction_id.is_not(NULL), _cause(row, threshold)),
        (_covered(context, row, threshold).is_not(TRUE), Sql("'missed'")),
    )

    def equals(text: str) -> Clause:
        return found == ERRORS.get(text.lower(), text)

    return static_value(field, found, equals)


def _cause(row: Row, threshold: Sql) -> Sql:
    """Name the error of a prediction; NULL of a right one."""
    right, wrong = _overlap(row, _right(row), "right"), _overlap(row, _wrong(row), "wrong")
    return case(
        (and_(_right(row), row.c.iou >= threshold), cast(NULL, "TEXT")),
        (right < threshold, Sql("'localization'")),
        (wrong >= threshold, Sql("'classification'")),
        (right >= threshold, Sql("'duplicate'")),
        (wrong.is_(NULL), Sql("'background'")),
        else_=Sql("'both'"),
    )


def _wrong(row: Row) -> Clause:
    return _right(row).is_not(TRUE)


def _overlap(row: Row, paired: Clause, side: str) -> Sql:
    """The best overlap with annotations of right or wrong labels; that of the pair is not kept."""
    own = case((and_(paired, row.c.iou >= literal(LEAST_IOU)), row.c.iou))
    return cast(call("coalesce", row.c[f"{side}_iou"], own), DOUBLE)


def _annotation(row: Row, paired: Clause, side: str) -> Sql:
    """Whose overlap it is."""
    own = case((and_(paired, row.c.iou >= literal(LEAST_IOU)), row.c.annotation_id))
    return call("coalesce", row.c[f"{side}_annotation_id"], own)


def _covered(context: Context, row: Row, threshold: Sql) -> Clause:
    """Tell whether an error of localization or classification is about the annotation of a row."""
    other = context.alias("match", "error")
    cause = _cause(other, threshold)
    misplaced = and_(
        _annotation(other, _right(other), "right") == row.c.annotation_id, cause == "localization"
    )
    misnamed = and_(
        _annotation(other, _wrong(other), "wrong") == row.c.annotation_id, cause == "classification"
    )
    found = select(ONE).select_from(other)
    return found.where(
        other.c.evaluation_id == row.c.evaluation_id,
        other.c.item_id == row.c.item_id,
        other.c.prediction_id.is_not(NULL),
        or_(misplaced, misnamed),
    ).exists()


OUTCOMES: Final[dict[str, Builder]] = {"@category": _category, "@tide": _tide}
"""Builders of the fields that say what became of a row."""
