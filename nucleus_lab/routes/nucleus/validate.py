"""Routes of scenario tests: evaluation functions, tests, their criteria, evaluations, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    datasets,
    eval_functions,
    evaluations,
    models,
    scenario_items,
    scenario_results,
    scenario_tests,
)
from nucleus_lab.engine.evaluations import EvaluationOptions
from nucleus_lab.engine.scenario_results import Upload
from nucleus_lab.engine.scenario_tests import AT_LEAST, Criterion
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_Level = Literal["item", "scene", "track"]
_Comparison = Literal["greater_than", "greater_than_equal_to", "less_than", "less_than_equal_to"]


class FunctionBody(msgspec.Struct):
    """Body of ``validate/eval_fn``.

    Attributes:
        name: Unique, 1 to 255 characters without spaces.
        is_external_function: True: no function is made whose code would run here.
        serialized_fn: Left out.
        raw_source: Left out.
        level: What the function gives a result for.
    """

    name: str
    is_external_function: bool = True
    serialized_fn: str | None = None
    raw_source: str | None = None
    level: _Level | None = None


class CriterionBody(msgspec.Struct):
    """One function of a test that is made.

    Attributes:
        id: Public id of the function.
        eval_func_arguments: Arguments of the function.
        threshold: Ours: what the result is held against.
        threshold_comparison: Ours: how.
    """

    id: str
    eval_func_arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    threshold: float | None = None
    threshold_comparison: _Comparison = AT_LEAST


class TestBody(msgspec.Struct):
    """Body of ``validate/scenario_test``."""

    name: str
    slice_id: str
    evaluation_functions: list[CriterionBody]


class AddBody(msgspec.Struct):
    """Body of ``validate/scenario_test_eval_function``; arguments and threshold are ours."""

    scenario_test_name: str
    eval_function_id: str
    eval_func_arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    threshold: float | None = None
    threshold_comparison: _Comparison = AT_LEAST


class ThresholdBody(msgspec.Struct):
    """Body of ``validate/metric/set_threshold``."""

    threshold: float | None = None


class EvaluateBody(msgspec.Struct):
    """Body of ``validate/{prj}/evaluate``."""

    test_names: list[str]


class UploadBody(msgspec.Struct):
    """Body of ``validate/scenario_test/upload_results``.

    Attributes:
        unit_test_id: The test.
        eval_function_id: The external function.
        result_per_ref_id: The numbers, by reference id.
        overall_metric: Their mean by weight.
        model_id: The model.
        slice_id: The slice of the test.
        level: What the reference ids stand for.
        weight_per_ref_id: How much each counts.
    """

    unit_test_id: str
    eval_function_id: str
    result_per_ref_id: dict[str, float]
    overall_metric: float
    model_id: str
    slice_id: str
    level: _Level
    weight_per_ref_id: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1)]] = msgspec.field(
        default_factory=dict
    )


@route("GET", "validate/eval_fn")
def list_functions(engine: Engine, call: Call[None]) -> dict[str, Any]:
    """List the evaluation functions."""
    with engine.store.read() as connection:
        rows = eval_functions.listing(connection)
    return {"eval_functions": [row.payload() for row in rows]}


@route("POST", "validate/eval_fn", body=FunctionBody)
def create_function(engine: Engine, call: Call[FunctionBody]) -> dict[str, Any]:
    """Name a function that is computed elsewhere."""
    body = call.body
    if not body.is_external_function or body.serialized_fn or body.raw_source:
        raise InvalidInputError(
            "no evaluation function can be made of code: make an external one, and upload its "
            "results",
            path="is_external_function",
        )
    with engine.store.write() as connection:
        made = eval_functions.create_external(connection, body.name, body.level or "item")
    return {"eval_fn": made.payload()}


@route("POST", "validate/scenario_test", body=TestBody)
def create_test(engine: Engine, call: Call[TestBody]) -> dict[str, Any]:
    """Create a scenario test."""
    body = call.body
    criteria = [
        Criterion(entry.id, entry.eval_func_arguments, entry.threshold, entry.threshold_comparison)
        for entry in body.evaluation_functions
    ]
    with engine.store.write() as connection:
        test = scenario_tests.create(connection, body.name, body.slice_id, criteria)
    return {"scenario_test_id": test.public_id}


@route("GET", "validate/scenario_test/details")
def list_tests(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List the scenario tests."""
    with engine.store.read() as connection:
        return [test.payload() for test in scenario_tests.listing(connection)]


@route("GET", "validate/scenario_test/{st}")
def read_test(engine: Engine, call: Call[None], st: str) -> dict[str, Any]:
    """Describe a scenario test, as one of the two forms that clients read."""
    with engine.store.read() as connection:
        return {"unit_test": scenario_tests.get(connection, st).payload()}


@route("GET", "validate/scenario_test/{st}/info")
def test_info(engine: Engine, call: Call[None], st: str) -> dict[str, Any]:
    """Describe a scenario test."""
    with engine.store.read() as connection:
        return scenario_tests.get(connection, st).payload()


@route("DELETE", "validate/scenario_test/{st}")
def delete_test(engine: Engine, call: Call[None], st: str) -> dict[str, Any]:
    """Delete a scenario test with its history."""
    with engine.store.write() as connection:
        scenario_tests.remove(connection, scenario_tests.get(connection, st))
    return {"success": True}


@route("POST", "validate/scenario_test_eval_function", body=AddBody)
def add_function(engine: Engine, call: Call[AddBody]) -> dict[str, Any]:
    """Add a function to a scenario test."""
    body = call.body
    made = Criterion(
        body.eval_function_id, body.eval_func_arguments, body.threshold, body.threshold_comparison
    )
    with engine.store.write() as connection:
        test = scenario_tests.by_name(connection, body.scenario_test_name)
        scenario_tests.add_criterion(connection, test, made)
    return made.payload(test)


@route("GET", "validate/scenario_test/{st}/metrics")
def test_metrics(engine: Engine, call: Call[None], st: str) -> dict[str, Any]:
    """List the functions of a scenario test."""
    with engine.store.read() as connection:
        test = scenario_tests.get(connection, st)
        rows = scenario_tests.criteria_of(connection, test)
    return {"scenario_test_metrics": [row.payload(test) for row in rows]}


@route("POST", "validate/metric/set_threshold/{st}/{ef}", body=ThresholdBody)
def set_threshold(engine: Engine, call: Call[ThresholdBody], st: str, ef: str) -> dict[str, Any]:
    """Change what the result of a function is held against."""
    with engine.store.write() as connection:
        test = scenario_tests.get(connection, st)
        scenario_tests.set_threshold(connection, test, ef, call.body.threshold)
    return {"threshold": call.body.threshold}


@route("POST", "validate/scenario_test/{st}/set_baseline_model/{prj}")
def set_baseline(engine: Engine, call: Call[None], st: str, prj: str) -> dict[str, Any]:
    """Choose the model that results without a threshold are held against."""
    with engine.store.write() as connection:
        test = scenario_tests.get(connection, st)
        return {"baseline_model_id": scenario_tests.set_baseline(connection, test, prj)}


@route("GET", "validate/scenario_test/{st}/items")
def test_items(engine: Engine, call: Call[None], st: str) -> dict[str, Any]:
    """Answer the items, scenes and tracks of the slice of a scenario test."""
    with engine.store.read() as connection:
        return scenario_items.of_slice(connection, scenario_tests.get(connection, st).slice_id)


@route("GET", "validate/scenario_test/{st}/eval_history/details")
def test_history(engine: Engine, call: Call[None], st: str) -> list[dict[str, Any]]:
    """List the evaluations of a scenario test, oldest first."""
    with engine.store.read() as connection:
        return scenario_results.history(connection, scenario_tests.get(connection, st))


@route("GET", "validate/eval/{sev}/info")
def read_evaluation(engine: Engine, call: Call[None], sev: str) -> dict[str, Any]:
    """Answer an evaluation with its results on items."""
    with engine.store.read() as connection:
        return scenario_results.one(connection, sev)


@route("POST", "validate/{prj}/evaluate", body=EvaluateBody)
def evaluate(engine: Engine, call: Call[EvaluateBody], prj: str) -> dict[str, Any]:
    """Submit the job that evaluates a model on scenario tests."""
    names = list(dict.fromkeys(call.body.test_names))
    if not names:
        raise InvalidInputError(
            "test_names is empty: name one scenario test at least", path="test_names"
        )
    with engine.store.read() as connection:
        model_id = models.key_of(connection, prj)
        tests = [scenario_tests.by_name(connection, name) for name in names]
        found = set()
        for test in tests:
            scenario_results.check_computed(connection, test)
            found.add(scenario_items.dataset_of(connection, test.slice_id))
        for dataset_id in found:
            models.run_on(connection, identifiers.encode(identifiers.MODEL, model_id), dataset_id)
    return engine.jobs.submit(
        "testEvaluation",
        {"model_id": model_id, "tests": [test.public_id for test in tests]},
        dataset_id=found.pop() if len(found) == 1 else None,
        total_steps=len(tests),
    )


@route("POST", "validate/{prj}/metrics")
def calculate_metrics(engine: Engine, call: Call[None], prj: str) -> list[dict[str, Any]]:
    """Submit the job that computes evaluation metrics, for every dataset of a model."""
    options = EvaluationOptions().given()
    chosen = []
    with engine.store.read() as connection:
        key = models.key_of(connection, prj)
        for dataset_id in models.datasets_of(connection, key):
            row = datasets.by_key(connection, dataset_id)
            run = models.run_of(connection, key, dataset_id)
            try:
                evaluations.check_comparable(connection, row, run, f"model {prj}")
            except InvalidInputError:
                continue  # predictions or annotations are still to come: there is nothing to do
            chosen.append((dataset_id, run))
    return [
        engine.jobs.submit(
            "modelMetrics",
            {"dataset_id": dataset_id, "run_id": run, "options": options},
            dataset_id=dataset_id,
            total_steps=100,
        )
        for dataset_id, run in chosen
    ]


@route("POST", "validate/scenario_test/upload_results", body=UploadBody)
def upload_results(engine: Engine, call: Call[UploadBody]) -> dict[str, Any]:
    """Store results that were computed elsewhere."""
    body = call.body
    given = Upload(
        body.eval_function_id,
        body.model_id,
        body.slice_id,
        body.level,
        body.result_per_ref_id,
        body.weight_per_ref_id,
        body.overall_metric,
    )
    with engine.store.write() as connection:
        test = scenario_tests.get(connection, body.unit_test_id)
        key = scenario_results.upload(connection, test, given)
    return {
        "success": True,
        "evaluation_id": identifiers.encode(identifiers.SCENARIO_EVALUATION, key),
    }
