"""The job that gathers the items of a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("buildBenchmark")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Add items to the benchmark that the payload names; all of them or none.

    Args:
        engine: The open workspace.
        task: Its payload holds ``benchmark_id``, ``sources``, ``removed`` and ``finish``.

    Returns:
        How many were added, and how many have no ground truth.

    Raises:
        NucleusError: A source is gone, or nothing is left; the benchmark has failed.
    """
    from nucleus_lab.engine import benchmark_items, benchmarks
    from nucleus_lab.engine.evaluation_schema import benchmark

    payload = task.payload
    key = payload["benchmark_id"]
    sources = benchmark_items.Sources.of(payload["sources"])
    task.checkpoint()
    try:
        with engine.store.write() as connection:
            return benchmark_items.add(
                connection, key, sources, payload["removed"], finish=payload["finish"]
            )
    except NucleusError:
        if payload["finish"]:
            with engine.store.write() as connection:
                failed = update(benchmark).where(benchmark.c.id == key)
                connection.execute(failed.values(status=benchmarks.FAILED))
        raise
