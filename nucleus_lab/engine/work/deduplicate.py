"""The job that finds items of which no two look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import datasets, duplicates
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("deduplicate")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Compare the pictures of a dataset.

    Args:
        engine: The open workspace.
        task: Its payload holds ``threshold`` and ``item_ids`` (``None`` for all items).

    Returns:
        The items to keep, and how many there were.
    """
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    payload = task.payload
    return duplicates.find(engine, row.id, payload["item_ids"], payload["threshold"], task)
