"""The job that computes an Evaluation V2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine.work import JobCancelledError, Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("evaluationV2")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Compute the evaluation that the payload names by ``evaluation_id``.

    Args:
        engine: The open workspace.
        task: The job.

    Returns:
        The final message: the main numbers.

    Raises:
        JobCancelledError: The evaluation was cancelled or deleted.
    """
    from nucleus_lab.engine.evaluation_run_v2 import WithdrawnError, evaluate
    from nucleus_lab.engine.mask_objects import MaskObjects

    key: int = task.payload["evaluation_id"]
    masks = MaskObjects(engine, task.error)
    try:
        return evaluate(engine.store, key, task.progress, masks=masks)
    except WithdrawnError as withdrawn:
        raise JobCancelledError from withdrawn
