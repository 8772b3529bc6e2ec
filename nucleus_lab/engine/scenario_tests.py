"""Scenario tests: a slice, and the criteria that a model has to meet on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, eval_functions, models, slices
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.eval_functions import FunctionRow
from nucleus_lab.engine.scenario_schema import scenario_criterion, scenario_test
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

AT_LEAST: Final = "greater_than_equal_to"
"""How a result is held against a threshold unless something else is asked for."""


@dataclass(frozen=True, slots=True)
class TestRow:
    """One scenario test.

    Attributes:
        id: Primary key.
        name: Unique.
        slice_id: Primary key of its slice.
        baseline_model_id: Primary key of the model that results are held against, if any.
        created_at: Microseconds since 1970 in UTC.
    """

    id: int
    name: str
    slice_id: int
    baseline_model_id: int | None
    created_at: int

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.SCENARIO_TEST, self.id)

    def payload(self) -> dict[str, Any]:
        """Return the test as the wire carries it.

        Returns:
            Its payload.
        """
        baseline = self.baseline_model_id
        return {
            "id": self.public_id,
            "name": self.name,
            "slice_id": identifiers.encode(identifiers.SLICE, self.slice_id),
            "baseline_model_id": None
            if baseline is None
            else identifiers.encode(identifiers.MODEL, baseline),
            "created_at": clock.iso(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class Criterion:
    """One function of a test, and what its result has to be.

    Attributes:
        function_id: Public id of the evaluation function.
        arguments: Arguments of the function.
        threshold: What the result is held against; ``None`` for the result of the baseline model.
        comparison: How: ``greater_than``, ``greater_than_equal_to``, ``less_than`` or
            ``less_than_equal_to``.
    """

    function_id: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    comparison: str = AT_LEAST

    def payload(self, test: TestRow) -> dict[str, Any]:
        """Return the criterion as the wire carries it; published clients accept no other keys.

        Args:
            test: The test that it is a part of.

        Returns:
            Its payload.
        """
        return {
            "scenario_test_id": test.public_id,
            "eval_function_id": self.function_id,
            "threshold": self.threshold,
            "eval_func_arguments": dict(self.arguments),
            "threshold_comparison": self.comparison,
        }


def _columns() -> list[Any]:
    return [scenario_test.c[name] for name in TestRow.__dataclass_fields__]


def get(connection: Connection, public_id: str) -> TestRow:
    """Return a test.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The test.

    Raises:
        NotFoundError: There is no such test.
    """
    key = identifiers.decode(identifiers.SCENARIO_TEST, public_id)
    row = connection.execute(select(*_columns()).where(scenario_test.c.id == key)).first()
    if row is None:
        raise NotFoundError(
            f"there is no scenario test {public_id!r}: it or its slice was deleted, or never was"
        )
    return TestRow(*row)


def by_name(connection: Connection, name: str) -> TestRow:
    """Return a test.

    Args:
        connection: The open transaction.
        name: Its name.

    Returns:
        The test.

    Raises:
        NotFoundError: There is no such test.
    """
    # Users may have tests of one name; a team, which sees them all, means its own.
    named = select(*_columns()).where(scenario_test.c.name == name)
    row = connection.execute(named.order_by(scenario_test.c.owner, scenario_test.c.id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no scenario test named {name!r}: see client.validate.scenario_tests"
        )
    return TestRow(*row)


def listing(connection: Connection) -> list[TestRow]:
    """Return all tests, oldest first.

    Args:
        connection: The open transaction.

    Returns:
        The tests.
    """
    rows = connection.execute(select(*_columns()).order_by(scenario_test.c.id))
    return [TestRow(*row) for row in rows]


def create(
    connection: Connection, name: str, slice_id: str, criteria: Sequence[Criterion]
) -> TestRow:
    """Create a test.

    Args:
        connection: The open write transaction.
        name: Unique.
        slice_id: Public id of its slice, of items or scenes.
        criteria: One at least; each function once.

    Returns:
        The test.

    Raises:
        InvalidInputError: Name or criteria are not allowed.
        ConflictError: The name is taken, or the slice holds objects.
    """
    if not name.strip():
        raise InvalidInputError("a scenario test needs a name: it is empty", path="name")
    row = slices.get(connection, slice_id)
    if row.type == "object":
        raise ConflictError(
            f"slice {slice_id} holds objects: a scenario test needs a slice of items or scenes"
        )
    if not criteria:
        raise InvalidInputError(
            "evaluation_functions is empty: give one at least, such as "
            "client.validate.eval_functions.bbox_iou()",
            path="evaluation_functions",
        )
    _check(connection, criteria)
    if (
        connection.scalar(select(scenario_test.c.id).where(scenario_test.c.name == name))
        is not None
    ):
        raise ConflictError(f"there is a scenario test {name!r} already: use another name")
    values = {"name": name, "slice_id": row.id, "created_at": clock.now()}
    key = connection.scalar(insert(scenario_test).values(values).returning(scenario_test.c.id))
    _add(connection, int(key or 0), criteria, 0)
    return by_name(connection, name)


def _check(connection: Connection, criteria: Sequence[Criterion]) -> None:
    found: dict[str, FunctionRow] = {}
    for criterion in criteria:
        function = eval_functions.get(connection, criterion.function_id)
        if function.public_id in found:
            raise InvalidInputError(
                f"{function.name} is given twice: a scenario test has each function once"
            )
        found[function.public_id] = function
        eval_functions.check_arguments(function, criterion.arguments)
    external = {function.external for function in found.values()}
    if len(external) > 1:
        names = ", ".join(function.name for function in found.values() if function.external)
        raise InvalidInputError(
            f"{names} would be external among functions that are computed here: make one test of "
            "each kind"
        )


def _add(connection: Connection, key: int, criteria: Sequence[Criterion], first: int) -> None:
    for position, criterion in enumerate(criteria, start=first):
        row = {
            "scenario_test_id": key,
            "eval_function_id": criterion.function_id,
            "position": position,
            "arguments": document(dict(criterion.arguments)),
            "threshold": criterion.threshold,
            "threshold_comparison": criterion.comparison,
        }
        connection.execute(insert(scenario_criterion).values(row))


def criteria_of(connection: Connection, test: TestRow) -> list[Criterion]:
    """Return the criteria of a test in the order in which they were added.

    Args:
        connection: The open transaction.
        test: The test.

    Returns:
        The criteria.
    """
    columns = scenario_criterion.c
    rows = connection.execute(
        select(
            columns.eval_function_id,
            columns.arguments,
            columns.threshold,
            columns.threshold_comparison,
        )
        .where(columns.scenario_test_id == test.id)
        .order_by(columns.position)
    )
    return [
        Criterion(function_id, wire.decode(arguments) if arguments else {}, threshold, comparison)
        for function_id, arguments, threshold, comparison in rows
    ]


def add_criterion(connection: Connection, test: TestRow, criterion: Criterion) -> None:
    """Add a function to a test.

    Args:
        connection: The open write transaction.
        test: The test.
        criterion: The function.

    Raises:
        ConflictError: The test has the function.
    """
    known = criteria_of(connection, test)
    if any(entry.function_id == criterion.function_id for entry in known):
        raise ConflictError(
            f"scenario test {test.name!r} has the function {criterion.function_id} already"
        )
    _check(connection, [*known, criterion])
    last = select(func.max(scenario_criterion.c.position)).where(
        scenario_criterion.c.scenario_test_id == test.id
    )
    _add(connection, test.id, [criterion], (connection.scalar(last) or 0) + 1)


def set_threshold(
    connection: Connection, test: TestRow, function_id: str, threshold: float | None
) -> None:
    """Change what the result of a function is held against.

    Args:
        connection: The open write transaction.
        test: The test.
        function_id: Public id of the function.
        threshold: The number; ``None`` for the result of the baseline model.

    Raises:
        NotFoundError: The test does not have the function.
    """
    columns = scenario_criterion.c
    done = connection.execute(
        update(scenario_criterion)
        .where(columns.scenario_test_id == test.id, columns.eval_function_id == function_id)
        .values(threshold=threshold)
    )
    if done.rowcount == 0:
        known = ", ".join(entry.function_id for entry in criteria_of(connection, test))
        raise NotFoundError(
            f"scenario test {test.name!r} has no function {function_id!r}: it has {known}"
        )


def set_baseline(connection: Connection, test: TestRow, model_id: str) -> str:
    """Choose the model that results without a threshold are held against.

    Args:
        connection: The open write transaction.
        test: The test.
        model_id: Public id of the model.

    Returns:
        The public id of the model.
    """
    key = models.key_of(connection, model_id)
    connection.execute(
        update(scenario_test).where(scenario_test.c.id == test.id).values(baseline_model_id=key)
    )
    return identifiers.encode(identifiers.MODEL, key)


def remove(connection: Connection, test: TestRow) -> None:
    """Delete a test with its history.

    Args:
        connection: The open write transaction.
        test: The test.
    """
    connection.execute(delete(scenario_test).where(scenario_test.c.id == test.id))


def functions_of(connection: Connection, test: TestRow) -> list[FunctionRow]:
    """Return the functions of a test.

    Args:
        connection: The open transaction.
        test: The test.

    Returns:
        In the order of its criteria.
    """
    return [
        eval_functions.get(connection, criterion.function_id)
        for criterion in criteria_of(connection, test)
    ]
