"""The job that makes a slice of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, sampling, slice_members, slices
from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.errors import NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind(sampling.JOB)
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Choose a sample, and create the slice with all of its members in one transaction.

    Args:
        engine: The open workspace.
        task: Its payload holds the reserved ``slice_id``, ``name``, ``type``, ``method``, ``size``
            and ``filters``.

    Returns:
        The slice, and how many it was chosen from.

    Raises:
        NotFoundError: There is nothing to choose from.
    """
    payload = task.payload
    filters = sampling.Filters(**payload["filters"])
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
        members = sampling.candidates(connection, row.id, filters)
    size = min(payload["size"], len(members))
    task.progress(0, max(size, 1))
    without = 0
    if payload["method"] == "Random":
        chosen = sampling.draw(members, size)
    else:
        chosen, without = sampling.unlike(engine, row.id, members, size, task.progress)
    task.checkpoint()
    key: int = payload["slice_id"]
    with engine.store.write() as connection:
        datasets.lock(connection, row.id, changes=False)
        there = _existing(connection, row.id, chosen)
        if not there:
            raise NotFoundError("nothing is left to sample from: widen the filters")
        slices.create(connection, row.id, payload["name"], payload["type"], key=key)
        for kind, keys in there.items():
            slice_members.add(connection, key, kind, keys)
    return {
        "slice_id": identifiers.encode(identifiers.SLICE, key),
        "sampled": sum(map(len, there.values())),
        "candidates": len(members),
        "without_embedding": without,
    }


def _existing(
    connection: Connection, dataset_id: int, chosen: Sequence[sampling.Member]
) -> dict[str, list[int]]:
    """Leave out what was deleted since it was chosen; keys by kind, in the order of choice."""
    found: dict[str, list[int]] = {}
    for kind in ("item", "annotation", "prediction"):
        keys = [key for member, key in chosen if member == kind]
        known = slice_members.existing(connection, dataset_id, kind, keys) if keys else set()
        kept = [key for key in keys if key in known]
        if kept:
            found[kind] = kept
    return found
