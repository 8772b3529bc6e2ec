"""ScenarioTestMetric: one function of a scenario test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment
from nucleus_lab.validate.constants import ThresholdComparison


@dataclass
class ScenarioTestMetric:
    """One function of a scenario test, and what its result has to be.

    Attributes:
        scenario_test_id: Id of the test.
        eval_function_id: Id of the function.
        threshold: What the result is held against; ``None`` for the result of the baseline model.
        connection: The connection that asks.
        eval_func_arguments: Arguments of the function.
        threshold_comparison: How the result is compared.
    """

    scenario_test_id: str
    eval_function_id: str
    threshold: float | None
    connection: Connection = field(repr=False, compare=False)
    eval_func_arguments: dict[str, Any] = field(default_factory=dict)
    threshold_comparison: ThresholdComparison = ThresholdComparison.GREATER_THAN_EQUAL_TO

    def __post_init__(self) -> None:
        self.threshold_comparison = ThresholdComparison(self.threshold_comparison)

    def set_threshold(self, threshold: float | None = None) -> None:
        """Change what results are held against from now on; the history stays as it is.

        Args:
            threshold: The number; ``None`` for the result of the baseline model.
        """
        route = (
            f"validate/metric/set_threshold/{segment(self.scenario_test_id)}/"
            f"{segment(self.eval_function_id)}"
        )
        answer = self.connection.make_request({"threshold": threshold}, route)
        self.threshold = answer.get("threshold")
