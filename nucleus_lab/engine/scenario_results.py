"""What evaluations of scenario tests found: storing, reading, and results from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from operator import ge, gt, le, lt
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from nucleus_lab import identifiers
from nucleus_lab.engine import clock, models, references, scenario_tests, slices
from nucleus_lab.engine.scenario_schema import scenario_evaluation, scenario_result, scenario_test
from nucleus_lab.engine.scenario_tests import Criterion, TestRow
from nucleus_lab.engine.schema import model, scene, track
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

COMPARISONS: Final = {
    "greater_than": gt,
    "greater_than_equal_to": ge,
    "less_than": lt,
    "less_than_equal_to": le,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of a function on one item, scene or track.

    Attributes:
        name: Public id of the item or scene; name of the track.
        result: The number; ``None`` when there was nothing to compare, or it failed.
        weight: How much it counts in the whole.
        failed: It could not be computed.
    """

    name: str
    result: float | None
    weight: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """What results without a threshold are held against.

    Attributes:
        result: Result of the baseline model on the whole.
        by_name: Its results on items, by their ids.
    """

    result: float | None
    by_name: Mapping[str, float | None]


def _passes(result: float | None, wanted: float | None, comparison: str) -> bool:
    """Say whether a number will do; without a number on a side there is nothing to hold it to."""
    return result is None or wanted is None or bool(COMPARISONS[comparison](result, wanted))


def store(
    connection: Connection,
    test: TestRow,
    model_id: int,
    criterion: Criterion,
    result: float | None,
    measured: Sequence[Measured],
    baseline: Baseline | None = None,
) -> tuple[int, bool]:
    """Store one evaluation.

    Args:
        connection: The open write transaction.
        test: The test.
        model_id: Primary key of the model.
        criterion: The function, and what its result is held against.
        result: The number on the whole; ``None`` when there was nothing to compare.
        measured: Results on items, scenes or tracks.
        baseline: What a criterion without a threshold is held against.

    Returns:
        Primary key of the evaluation, and whether it passed.

    Raises:
        NotFoundError: The test or the model was deleted meanwhile.
    """
    for table, key, noun in ((scenario_test, test.id, "test"), (model, model_id, "model")):
        if connection.scalar(select(table.c.id).where(table.c.id == key)) is None:
            raise NotFoundError(f"the {noun} was deleted while {test.name!r} was evaluated")
    failed = any(entry.failed for entry in measured)
    against, each = criterion.threshold, criterion.threshold
    if against is None and baseline is not None:
        against = baseline.result
    # An item on which there is nothing to compare cannot fail; a whole test without any does.
    passed = not failed and result is not None and _passes(result, against, criterion.comparison)
    row = {
        "scenario_test_id": test.id,
        "model_id": model_id,
        "eval_function_id": criterion.function_id,
        "status": "errored" if failed else "completed",
        "result": None if failed else result,
        "passed": passed,
        "created_at": clock.now(),
    }
    key = int(
        connection.scalar(
            insert(scenario_evaluation).values(row).returning(scenario_evaluation.c.id)
        )
        or 0
    )
    rows = []
    for position, entry in enumerate(measured):
        wanted = each
        if each is None and baseline is not None:
            wanted = baseline.by_name.get(entry.name)
        rows.append({
            "scenario_evaluation_id": key,
            "position": position,
            "measured": entry.name,
            "result": entry.result,
            "weight": entry.weight,
            "passed": not entry.failed and _passes(entry.result, wanted, criterion.comparison),
        })
    if rows:
        connection.execute(insert(scenario_result), rows)
    return key, passed


def newest(
    connection: Connection, test: TestRow, model_id: int, function_id: str
) -> Baseline | None:
    """Read the newest complete evaluation of a model.

    Args:
        connection: The open transaction.
        test: The test.
        model_id: Primary key of the model.
        function_id: Public id of the function.

    Returns:
        Its results; ``None`` when there is none.
    """
    columns = scenario_evaluation.c
    row = connection.execute(
        select(columns.id, columns.result)
        .where(
            columns.scenario_test_id == test.id,
            columns.model_id == model_id,
            columns.eval_function_id == function_id,
            columns.status == "completed",
        )
        .order_by(columns.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    results = scenario_result.c
    found = connection.execute(
        select(results.measured, results.result).where(results.scenario_evaluation_id == row.id)
    )
    return Baseline(row.result, dict(map(tuple, found)))


def _select() -> Any:
    columns = scenario_evaluation.c
    return select(
        columns.id, columns.scenario_test_id, columns.eval_function_id, columns.model_id,
        columns.status, columns.result, columns.passed, columns.created_at,
    )  # fmt: skip


def _payload(row: Any) -> dict[str, Any]:
    return {
        "id": identifiers.encode(identifiers.SCENARIO_EVALUATION, row.id),
        "scenario_test_id": identifiers.encode(identifiers.SCENARIO_TEST, row.scenario_test_id),
        "eval_function_id": row.eval_function_id,
        "model_id": identifiers.encode(identifiers.MODEL, row.model_id),
        "status": row.status,
        "result": row.result,
        "pass": bool(row.passed),
        "created_at": clock.iso(row.created_at),
    }


def history(connection: Connection, test: TestRow) -> list[dict[str, Any]]:
    """Return all evaluations of a test, oldest first.

    Args:
        connection: The open transaction.
        test: The test.

    Returns:
        Their payloads.
    """
    columns = scenario_evaluation.c
    rows = connection.execute(
        _select().where(columns.scenario_test_id == test.id).order_by(columns.id)
    )
    return [_payload(row) for row in rows]


def one(connection: Connection, public_id: str) -> dict[str, Any]:
    """Return an evaluation with its results on items, scenes or tracks.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        ``scenario_test_evaluation`` and ``scenario_test_item_evaluations``.

    Raises:
        NotFoundError: There is no such evaluation.
    """
    key = identifiers.decode(identifiers.SCENARIO_EVALUATION, public_id)
    row = connection.execute(_select().where(scenario_evaluation.c.id == key)).first()
    if row is None:
        raise NotFoundError(f"there is no evaluation {public_id!r} of a scenario test")
    whole = _payload(row)
    results = scenario_result.c
    found = connection.execute(
        select(results.measured, results.result, results.weight, results.passed)
        .where(results.scenario_evaluation_id == key)
        .order_by(results.position)
    )
    return {
        "scenario_test_evaluation": whole,
        "scenario_test_item_evaluations": [
            {
                "evaluation_id": whole["id"],
                "scenario_test_id": whole["scenario_test_id"],
                "eval_function_id": whole["eval_function_id"],
                "dataset_item_id": name,
                "result": result,
                "weight": weight,
                "pass": bool(passed),
            }
            for name, result, weight, passed in found
        ],
    }


@dataclass(frozen=True, slots=True)
class Upload:
    """Results that were computed elsewhere.

    Attributes:
        function_id: Public id of the external function.
        model_id: Public id of the model.
        slice_id: Public id of the slice, which has to be that of the test.
        level: ``item``, ``scene`` or ``track``.
        results: The numbers, by reference id.
        weights: How much each counts, 0 to 1, by reference id; 1 where none is given.
        overall: The mean of the results by weight.
    """

    function_id: str
    model_id: str
    slice_id: str
    level: str
    results: Mapping[str, float]
    weights: Mapping[str, float]
    overall: float


def upload(connection: Connection, test: TestRow, given: Upload) -> int:
    """Store results that were computed elsewhere.

    Args:
        connection: The open write transaction.
        test: The test.
        given: The results.

    Returns:
        Primary key of the evaluation.

    Raises:
        NotFoundError: The test does not have the function.
        InvalidInputError: The results do not fit the test, the function or one another.
    """
    functions = {entry.public_id: entry for entry in scenario_tests.functions_of(connection, test)}
    function = functions.get(given.function_id)
    if function is None:
        raise NotFoundError(
            f"scenario test {test.name!r} has no function {given.function_id!r}: it has "
            f"{', '.join(functions)}"
        )
    if not function.external:
        raise InvalidInputError(
            f"{function.name} is computed here: run model.evaluate([{test.name!r}]) in place of an "
            "upload"
        )
    row = slices.get(connection, given.slice_id)
    if row.id != test.slice_id:
        raise InvalidInputError(
            f"slice_id is {given.slice_id} and the test is of slice {test.payload()['slice_id']}",
            path="slice_id",
        )
    if given.level != function.level:
        raise InvalidInputError(
            f"the results are of level {given.level!r} and {function.name} is of level "
            f"{function.level!r}",
            path="level",
        )
    _check_mean(given)
    names = _named(connection, row.dataset_id, given)
    measured = [
        Measured(names[reference], result, given.weights.get(reference, 1.0))
        for reference, result in given.results.items()
    ]
    model_id = models.key_of(connection, given.model_id)
    criterion = next(
        entry
        for entry in scenario_tests.criteria_of(connection, test)
        if entry.function_id == function.public_id
    )
    baseline = None
    if test.baseline_model_id not in {None, model_id}:
        baseline = newest(connection, test, test.baseline_model_id or 0, function.public_id)
    key, _ = store(connection, test, model_id, criterion, given.overall, measured, baseline)
    return key


def _check_mean(given: Upload) -> None:
    if not given.results:
        raise InvalidInputError("result_per_ref_id is empty: give one result at least")
    unknown = sorted(set(given.weights) - set(given.results))
    if unknown:
        raise InvalidInputError(f"weight_per_ref_id names {unknown[0]!r}, which has no result")
    weights = [given.weights.get(name, 1.0) for name in given.results]
    total = sum(weights)
    if total == 0:
        raise InvalidInputError("all weights are 0: give one result at least a weight above 0")
    values = zip(given.results.values(), weights, strict=True)
    mean = sum(result * weight for result, weight in values) / total
    if not isclose(mean, given.overall, rel_tol=1e-6, abs_tol=1e-9):
        raise InvalidInputError(
            f"overall_metric is {given.overall} and the mean of the results by weight is {mean}",
            path="overall_metric",
        )


def _named(connection: Connection, dataset_id: int, given: Upload) -> dict[str, str]:
    """Find what the reference ids stand for."""
    wanted = list(given.results)
    if given.level == "item":
        keys = references.keys_of(connection, dataset_id, wanted)
        found = {name: identifiers.encode(identifiers.ITEM, key) for name, key in keys.items()}
    else:
        table = scene if given.level == "scene" else track
        rows = connection.execute(
            select(table.c.reference_id, table.c.id).where(
                table.c.dataset_id == dataset_id, among(table.c.reference_id, "wanted")
            ),
            {"wanted": json_list(wanted)},
        )
        found = {
            name: identifiers.encode(identifiers.SCENE, key) if table is scene else name
            for name, key in rows
        }
    missing = [name for name in wanted if name not in found]
    if missing:
        raise NotFoundError(
            f"result_per_ref_id names {missing[0]!r}, which is no {given.level} of the dataset",
            reference_ids=missing[:5],
        )
    return found


def check_computed(connection: Connection, test: TestRow) -> None:
    """Refuse to evaluate a test whose results come from elsewhere.

    Args:
        connection: The open transaction.
        test: The test.

    Raises:
        ConflictError: Its functions are external.
    """
    if any(entry.external for entry in scenario_tests.functions_of(connection, test)):
        raise ConflictError(
            f"scenario test {test.name!r} has external functions: upload their results by "
            "upload_external_evaluation_results"
        )
