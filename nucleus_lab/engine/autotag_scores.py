"""The scores of autotags, and what was chosen as examples of them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import bulk_write
from nucleus_lab.engine.autotags import AutotagRow
from nucleus_lab.engine.embedding_schema import autotag_example
from nucleus_lab.engine.embeddings import OBJECTS
from nucleus_lab.engine.schema import autotag, autotag_score, item
from nucleus_lab.engine.statements import Statement

_SCORES: Final = Statement(
    lambda: (
        select(
            item.c.reference_id,
            autotag_score.c.score,
            autotag_score.c.member,
            autotag_score.c.member_id,
        )
        .join(item, item.c.id == autotag_score.c.item_id)
        .where(
            autotag_score.c.autotag_id == bindparam("key"),
            autotag_score.c.score > bindparam("above"),
        )
        .order_by(autotag_score.c.score.desc(), autotag_score.c.item_id, autotag_score.c.member_id)
    )
)
_POSITIVES: Final = Statement(
    lambda: (
        select(item.c.reference_id, autotag_example.c.member, autotag_example.c.member_id)
        .join(item, item.c.id == autotag_example.c.item_id)
        .where(
            autotag_example.c.autotag_id == bindparam("key"),
            autotag_example.c.positive.is_(True),
        )
        .order_by(autotag_example.c.item_id, autotag_example.c.member_id)
    )
)


def tagged(connection: Connection, autotag_id: int, above: float) -> list[dict[str, Any]]:
    """Return what scores above a threshold, by falling score.

    Args:
        connection: The open transaction.
        autotag_id: Primary key.
        above: -1 to 1.

    Returns:
        Rows as the wire carries them.
    """
    rows = _SCORES.rows(connection, key=autotag_id, above=above)
    return [
        {"ref_id": name, "score": score, **_object_ids(kind, key)}
        for name, score, kind, key in rows
    ]


def positives(connection: Connection, autotag_id: int) -> list[dict[str, Any]]:
    """Return what a person chose as examples.

    Args:
        connection: The open transaction.
        autotag_id: Primary key.

    Returns:
        Rows as the wire carries them.
    """
    rows = _POSITIVES.rows(connection, key=autotag_id)
    return [{"ref_id": name, **_object_ids(kind, key)} for name, kind, key in rows]


def _object_ids(kind: str, key: int) -> dict[str, str | None]:
    predicted = identifiers.encode(identifiers.PREDICTION, key) if kind == "prediction" else None
    true = identifiers.encode(identifiers.ANNOTATION, key) if kind == "annotation" else None
    return {"model_prediction_annotation_id": predicted, "ground_truth_annotation_id": true}


def store(
    connection: Connection, row: AutotagRow, scores: Sequence[tuple[str, int, int, float]]
) -> None:
    """Replace the scores of an autotag.

    Args:
        connection: The open write transaction; the dataset is locked.
        row: The autotag.
        scores: Kind, primary key, primary key of the item, and score of each thing, sorted.
    """
    ours = autotag_score.c.autotag_id == row.id
    connection.execute(delete(autotag_score).where(ours))
    columns = ["autotag_id", "member", "member_id", "item_id", "score"]
    bulk_write.upsert(
        connection, autotag_score, columns, ((row.id, *score) for score in scores), key=()
    )
    # What was deleted since the vectors were read.
    for kind, table in {"item": item, **OBJECTS}.items():
        there = select(table.c.id).where(table.c.id == autotag_score.c.member_id).exists()
        gone = delete(autotag_score).where(ours, autotag_score.c.member == kind, ~there)
        connection.execute(gone)
    connection.execute(update(autotag).where(autotag.c.id == row.id).values(status="completed"))
