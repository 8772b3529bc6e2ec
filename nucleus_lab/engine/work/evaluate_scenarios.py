"""The job that evaluates a model on scenario tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab import identifiers
from nucleus_lab.engine import models, scenario_results, scenario_tests, slices
from nucleus_lab.engine.work import FaultyJobError, Task, job_kind
from nucleus_lab.errors import NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.scenario_tests import TestRow


@job_kind("testEvaluation")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Evaluate a model on tests.

    Args:
        engine: The open workspace.
        task: Its payload holds the primary key ``model_id`` and the public ids ``tests``.

    Returns:
        Ids of the evaluations, and how many passed and failed.

    Raises:
        FaultyJobError: No function could be computed on all items of its test.
    """
    work = _Evaluation(engine, task)
    for place, test_id in enumerate(task.payload["tests"]):
        work.test(test_id, place)
    message = work.message()
    if work.first_fault and work.whole == 0:
        raise FaultyJobError(work.first_fault, message)
    return message


class _Evaluation:
    """The evaluation of one model while it goes on."""

    def __init__(self, engine: Engine, task: Task) -> None:
        self._engine = engine
        self._task = task
        self._model_id: int = task.payload["model_id"]
        self._evaluations: list[str] = []
        self._passed = 0
        self.whole = 0
        self.first_fault = ""

    def message(self) -> dict[str, Any]:
        return {
            "evaluations": self._evaluations,
            "passed": self._passed,
            "failed": len(self._evaluations) - self._passed,
        }

    def test(self, test_id: str, place: int) -> None:
        with self._engine.store.read() as connection:
            test = scenario_tests.get(connection, test_id)
            criteria = scenario_tests.criteria_of(connection, test)
            baseline = test.baseline_model_id
            held = baseline is not None and baseline != self._model_id
            lacking = [
                criterion
                for criterion in criteria
                if held
                and criterion.threshold is None
                and not scenario_results.newest(
                    connection, test, baseline or 0, criterion.function_id
                )
            ]
        if baseline is not None and lacking:
            try:
                self._model(test, baseline, lacking, place)
            except NotFoundError as fault:
                self._fault(f"the baseline model of {test.name!r} cannot be used: {fault.message}")
        stored = self._model(test, self._model_id, criteria, place)
        self._evaluations += [public for public, _ in stored]
        self._passed += sum(passed for _, passed in stored)

    def _model(
        self, test: TestRow, model_id: int, criteria: list[Any], place: int
    ) -> list[tuple[str, bool]]:
        from nucleus_lab.engine.scenario_run import compute

        public = identifiers.encode(identifiers.MODEL, model_id)
        with self._engine.store.read() as connection:
            row = slices.get(connection, identifiers.encode(identifiers.SLICE, test.slice_id))
            run_id = models.run_on(connection, public, row.dataset_id)
        tests = len(self._task.payload["tests"])

        def done(items: int) -> None:
            log = {"status_log": f"{test.name}: {items:,} items compared"}
            self._task.progress(place, tests, log)

        found = compute(self._engine, row, run_id, criteria, done=done, error=self._fault)
        stored = []
        with self._engine.store.write() as connection:
            for criterion, result, measured in found:
                baseline = None
                if test.baseline_model_id not in {None, model_id}:
                    baseline = scenario_results.newest(
                        connection, test, test.baseline_model_id or 0, criterion.function_id
                    )
                key, passed = scenario_results.store(
                    connection, test, model_id, criterion, result, measured, baseline
                )
                self.whole += not any(entry.failed for entry in measured)
                stored.append((identifiers.encode(identifiers.SCENARIO_EVALUATION, key), passed))
        return stored

    def _fault(self, text: str) -> None:
        self.first_fault = self.first_fault or text
        self._task.error(text)
