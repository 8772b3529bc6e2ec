"""What labeling leaves in the metadata of items: ``scale_metadata``, which queries read.

The tables of labeling are the truth; the mark on an item says what its newest task says.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.bulk import batches
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.labeling_schema import labeling_project, labeling_task, labeling_task_item
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement, among, json_list

KEY: Final = "scale_metadata"
_AT_ONCE: Final = 5_000

_ANY = Statement(
    lambda: (
        select(labeling_task_item.c.item_id)
        .where(labeling_task_item.c.dataset_id == bindparam("dataset_id"))
        .limit(1)
    )
)
_SET = Statement(
    lambda: (
        update(item)
        .where(item.c.id == bindparam("key"))
        .values(metadata=bindparam("new", type_=item.c.metadata.type))
    )
)


def any_in(connection: Connection, dataset_id: int) -> bool:
    """Tell whether a dataset has items with tasks.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        Whether there is one.
    """
    return _ANY.first(connection, dataset_id=dataset_id) is not None


def renew(connection: Connection, item_ids: Collection[int]) -> None:
    """Write the mark of items anew, or take it away where there is no task any more.

    Args:
        connection: The open write transaction; the datasets of the items are locked.
        item_ids: Primary keys.
    """
    for batch in batches(list(item_ids), _AT_ONCE):
        keys = {"keys": json_list(batch)}
        newest = {
            row.item_id: row
            for row in connection.execute(
                select(labeling_task_item.c.item_id, labeling_task, labeling_project.c.name)
                .join(labeling_task, labeling_task.c.id == labeling_task_item.c.labeling_task_id)
                .join(
                    labeling_project,
                    labeling_project.c.id == labeling_task.c.labeling_project_id,
                )
                .where(among(labeling_task_item.c.item_id, "keys"))
                .order_by(labeling_task.c.id),
                keys,
            )
        }
        known = connection.execute(
            select(item.c.id, item.c.metadata).where(among(item.c.id, "keys")), keys
        ).all()
        changes = []
        for key, text in known:
            before: dict[str, Any] = wire.decode(text) if text else {}
            after = {name: value for name, value in before.items() if name != KEY}
            if key in newest:
                after[KEY] = mark(newest[key])
            if after != before:
                changes.append((key, document(after)))
        _SET.many(connection, changes, "key", "new")


def mark(row: Row[Any]) -> dict[str, Any]:
    """Say what the metadata of an item holds of its task.

    Args:
        row: The columns of the task, and ``name`` of its project.

    Returns:
        Plain values; ``completed_at`` only where the task is completed.
    """
    found = {
        "project_name": row.name,
        "task_id": identifiers.encode(identifiers.LABELING_TASK, row.id),
        "task_status": row.status,
        "audit_status": row.audit_status or "pending",
        "created_at": clock.iso(row.created_at),
    }
    if row.completed_at is not None:
        found["completed_at"] = clock.iso(row.completed_at)
    return found
