"""The job that fills a slice with a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, sampling, slices
from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.errors import NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind(sampling.JOB)
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Choose the members of a slice that is empty so far; without members it is removed again.

    Args:
        engine: The open workspace.
        task: Its payload holds ``slice_id``, ``method``, ``size`` and ``filters``.

    Returns:
        The slice, and how many it was chosen from.
    """
    payload = task.payload
    slice_id: int = payload["slice_id"]
    try:
        return _fill(engine, task, slice_id)
    except BaseException:
        with engine.store.write() as connection:
            if not slices.members(connection, slice_id, size=1):
                slices.remove(connection, slice_id)
        raise


def _fill(engine: Engine, task: Task, slice_id: int) -> dict[str, Any]:
    payload = task.payload
    public = identifiers.encode(identifiers.SLICE, slice_id)
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
    if not chosen:
        raise NotFoundError("nothing is left to sample from: widen the filters")
    with engine.store.write() as connection:
        datasets.lock(connection, row.id, changes=False)
        slices.get(connection, public)
        for kind in ("item", "annotation", "prediction"):
            keys = [key for member, key in chosen if member == kind]
            if keys:
                there = slices.existing(connection, row.id, kind, keys)
                slices.add_members(connection, slice_id, kind, [k for k in keys if k in there])
    return {
        "slice_id": public,
        "sampled": len(chosen),
        "candidates": len(members),
        "without_embedding": without,
    }
