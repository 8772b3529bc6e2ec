"""ScenarioTestEvaluation: what a function of a scenario test found for a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class ScenarioTestEvaluationStatus(Enum):
    """How far an evaluation is."""

    PENDING = "pending"
    STARTED = "started"
    COMPLETED = "completed"
    ERRORED = "errored"


@dataclass(frozen=True)
class ScenarioTestItemEvaluation:
    """The result on one item, scene or track.

    Attributes:
        evaluation_id: Id of the evaluation.
        scenario_test_id: Id of the test.
        eval_function_id: Id of the function.
        dataset_item_id: Id of the item or scene; name of the track.
        result: The number; ``None`` when there was nothing to compare.
        passed: Whether it meets the criterion.
    """

    evaluation_id: str
    scenario_test_id: str
    eval_function_id: str
    dataset_item_id: str
    result: float | None
    passed: bool


@dataclass(frozen=True)
class ScenarioTestEvaluation:
    """The result of one function of a test for a model.

    Attributes:
        id: Id of the evaluation.
        scenario_test_id: Id of the test.
        eval_function_id: Id of the function.
        model_id: Id of the model.
        status: Completed, or errored when an item could not be evaluated.
        result: The number; ``None`` when there was nothing to compare.
        passed: Whether it meets the criterion.
        connection: The connection that asks.
    """

    id: str
    scenario_test_id: str
    eval_function_id: str
    model_id: str
    status: ScenarioTestEvaluationStatus
    result: float | None
    passed: bool
    connection: Connection = field(repr=False, compare=False)

    @classmethod
    def from_request(cls, response: dict[str, Any], connection: Connection) -> Self:
        """Read an evaluation.

        Args:
            response: A row of the history.
            connection: The connection that asks.

        Returns:
            The evaluation.
        """
        return cls(
            response["id"],
            response["scenario_test_id"],
            response["eval_function_id"],
            response["model_id"],
            ScenarioTestEvaluationStatus(response["status"]),
            response["result"],
            bool(response["pass"]),
            connection,
        )

    @property
    def item_evals(self) -> list[ScenarioTestItemEvaluation]:
        """The results on items, scenes or tracks, in the order of the slice."""
        answer = self.connection.make_request(None, f"validate/eval/{segment(self.id)}/info", "GET")
        return [
            ScenarioTestItemEvaluation(
                row["evaluation_id"],
                row["scenario_test_id"],
                row["eval_function_id"],
                row["dataset_item_id"],
                row["result"],
                bool(row["pass"]),
            )
            for row in answer["scenario_test_item_evaluations"]
        ]
