"""The job that computes evaluation metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine.evaluations import EvaluationOptions, unknown_labels
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("modelMetrics")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Evaluate the run of a model and store matches and report.

    Args:
        engine: The open workspace.
        task: Its payload holds ``dataset_id``, ``run_id`` and the options.

    Returns:
        The final message: counts and the main numbers.
    """
    from nucleus_lab.engine.evaluation_run import evaluate
    from nucleus_lab.engine.mask_objects import MaskObjects

    payload = task.payload
    options = EvaluationOptions.of(payload["options"])
    with engine.store.read() as connection:
        for text in unknown_labels(connection, payload["dataset_id"], options):
            task.error(text)
    return evaluate(
        engine.store,
        payload["dataset_id"],
        payload["run_id"],
        options,
        progress=task.progress,
        masks=MaskObjects(engine, task.error),
    )
