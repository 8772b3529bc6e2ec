"""The job that copies the predictions of several model runs into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, runs
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("mergeModelRuns")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Copy predictions, one run after the other.

    Args:
        engine: The open workspace.
        task: Its payload holds ``source_ids`` and ``run_id``, keys of runs.

    Returns:
        How many predictions were copied.
    """
    sources, target_id = task.payload["source_ids"], task.payload["run_id"]
    copied = 0
    with engine.store.write(bulk=True) as connection:
        for done, source_id in enumerate(sources):
            source = runs.get(connection, identifiers.encode(identifiers.RUN, source_id))
            for part, dataset_id in runs.parts(connection, source):
                datasets.lock(connection, dataset_id)
                target = runs.part_for(connection, target_id, dataset_id)
                copied += runs.copy(connection, part, target, rename=source.public_id)
            task.progress(done, len(sources))
    return {"predictions_copied": copied, "predictions_ignored": 0}
