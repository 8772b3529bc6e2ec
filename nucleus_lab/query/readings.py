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

    It is a join and no union, so that a database looks at the matches of some items only where a
    query asks for those: pages of few items cost little.

    Args:
        match: The table.
        threshold: Pairs below it are rejected.

    Returns:
        A table with the same columns; the key says which part of which stored row it is.
    """
    columns = match.c
    parts = union_all(*(select(literal(part).label("part")) for part in range(1, PARTS)))
    one = parts.subquery("part")
    changed = _changed(columns, one.c.part)
    shown = [changed.get(column.name, column).label(column.name) for column in columns]
    # Only pairs have an overlap. Any other row, and a pair that is kept, has no part.
    rejected = columns.iou < literal(float(threshold), Double())
    return select(*shown).select_from(match.outerjoin(one, rejected)).subquery("read")


def _changed(columns: Any, part: Any) -> dict[str, Any]:
    """Return the columns that are not the same in all parts of a row."""
    whole, wrong, missed = part.is_(None), part == 1, part == PARTS - 1
    right = or_(columns.true_positive, columns.annotation_label_id == columns.prediction_label_id)
    changed = {
        "id": columns.id * PARTS + func.coalesce(part, 0),
        "iou": case((whole, columns.iou)),
        "true_positive": and_(whole, columns.true_positive),
        "best_iou": case((whole, columns.best_iou), (wrong, columns.iou)),
    }
    for name in ("annotation_id", "annotation_label_id"):
        changed[name] = case((wrong, null()), else_=columns[name])
    for name in ("prediction_id", "prediction_label_id", "confidence"):
        changed[name] = case((missed, null()), else_=columns[name])
    for side, paired in (("right", right), ("wrong", not_(func.coalesce(right, false())))):
        # The overlap of the pair itself was stored for the pair alone.
        near = and_(paired, columns.iou >= literal(LEAST_IOU, Double()))
        for name, own in (
            (f"{side}_iou", columns.iou),
            (f"{side}_annotation_id", columns.annotation_id),
        ):
            kept = func.coalesce(columns[name], case((near, own)))
            changed[name] = case((whole, columns[name]), (wrong, kept))
    return changed


def stored(key: int) -> tuple[int, int]:
    """Return the stored row that a key is read from.

    Args:
        key: Key of a row of :func:`readings`.

    Returns:
        The stored key, and 0 for the row as it is, 1 for the prediction of a rejected pair, 2 for
        its annotation.
    """
    return divmod(key, PARTS)
