"""Evaluation matches read at an IoU threshold.

A stored row has no threshold. Read at one, a pair below it is two rows: a false positive, whose
best overlap the pair had, and a miss.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Double,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.expression import FromClause

LEAST_IOU: Final = 0.1
"""What overlaps less is background; the evaluation keeps no such overlap."""
PARTS: Final = 3
"""Keys of rows that a stored row may be read as: its own key times this, plus 0, 1 or 2."""


@lru_cache(maxsize=64)
def readings(match: Table, threshold: float) -> FromClause:
    """Return the rows of a table of matches as a threshold reads them.

    Args:
        match: The table.
        threshold: Pairs below it are rejected.

    Returns:
        A table with the same columns; the key says which part of which stored row it is.
    """
    columns = match.c
    loose = and_(
        columns.annotation_id.is_not(None),
        columns.prediction_id.is_not(None),
        columns.iou < literal(float(threshold), Double()),
    )
    kept = _row(match, 0, {}).where(not_(and_(loose, columns.iou.is_not(None))))
    lost = {name: _none(columns[name]) for name in ("annotation_id", "annotation_label_id")}
    right = or_(columns.true_positive, columns.annotation_label_id == columns.prediction_label_id)
    wrong = _row(
        match,
        1,
        {
            **lost,
            **_kept_overlap(columns, "right", right),
            **_kept_overlap(columns, "wrong", not_(func.coalesce(right, false()))),
            "iou": _none(columns.iou),
            "true_positive": false(),
            "best_iou": columns.iou,
        },
    ).where(loose)
    gone = (
        "prediction_id",
        "prediction_label_id",
        "confidence",
        "iou",
        "best_iou",
        "right_iou",
        "right_annotation_id",
        "wrong_iou",
        "wrong_annotation_id",
    )
    missed = _row(
        match, 2, {**{name: _none(columns[name]) for name in gone}, "true_positive": false()}
    ).where(loose)
    return union_all(kept, wrong, missed).subquery("read")


def _kept_overlap(columns: Any, side: str, paired: Any) -> dict[str, Any]:
    """Keep the overlap of a rejected pair, which was stored for the pair alone."""
    near = and_(paired, columns.iou >= literal(LEAST_IOU, Double()))
    iou, key = columns[f"{side}_iou"], columns[f"{side}_annotation_id"]
    return {
        iou.name: func.coalesce(iou, case((near, columns.iou))),
        key.name: func.coalesce(key, case((near, columns.annotation_id))),
    }


def _none(column: Any) -> Any:
    return cast(null(), column.type)


def _row(match: Table, part: int, changed: dict[str, Any]) -> Any:
    shown = []
    for column in match.c:
        value = changed.get(column.name, column)
        if column.name == "id":
            value = match.c.id * PARTS + part
        shown.append(value.label(column.name))
    return select(*shown)


def stored(key: int) -> tuple[int, int]:
    """Return the stored row that a key is read from.

    Args:
        key: Key of a row of :func:`readings`.

    Returns:
        The stored key, and 0 for the row as it is, 1 for the prediction of a rejected pair, 2 for
        its annotation.
    """
    return divmod(key, PARTS)
