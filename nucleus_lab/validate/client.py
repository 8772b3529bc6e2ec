"""Validate: what makes, lists and evaluates scenario tests."""

from __future__ import annotations

from collections.abc import Sequence

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment
from nucleus_lab.validate.constants import EntityLevel
from nucleus_lab.validate.data_transfer_objects.eval_function import (
    EvalFunctionEntry,
    EvaluationCriterion,
)
from nucleus_lab.validate.errors import CreateScenarioTestError
from nucleus_lab.validate.eval_functions.available_eval_functions import AvailableEvalFunctions
from nucleus_lab.validate.eval_functions.base_eval_function import EvalFunctionConfig
from nucleus_lab.validate.scenario_test import ScenarioTest, function_payload


class Validate:
    """Scenario tests of a workspace; ``client.validate`` is one.

    Args:
        connection: The connection that asks, such as a client.

    Attributes:
        connection: As given.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        return f"Validate(connection={self.connection!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Validate) and other.connection.target == self.connection.target

    def __hash__(self) -> int:
        return hash(self.connection.target)

    @property
    def eval_functions(self) -> AvailableEvalFunctions:
        """The evaluation functions; ``eval_functions.bbox_iou() > 0.5`` makes a criterion."""
        rows = self.connection.make_request(None, "validate/eval_fn", "GET")["eval_functions"]
        return AvailableEvalFunctions([EvalFunctionEntry.from_json(row) for row in rows])

    def create_scenario_test(
        self,
        name: str,
        slice_id: str,
        evaluation_functions: Sequence[EvalFunctionConfig | EvaluationCriterion] | None = None,
    ) -> ScenarioTest:
        """Make a scenario test.

        Args:
            name: Unique.
            slice_id: Id of a slice of items or scenes, starts with ``slc_``.
            evaluation_functions: Functions, or criteria made of them: ``functions.bbox_iou()``,
                ``functions.bbox_iou() > 0.5``; one at least, either all external or none. By
                default overlap, precision, recall and mean average precision of boxes.

        Returns:
            The test.

        Raises:
            CreateScenarioTestError: The list of functions is empty, or the slice id is none.
        """
        if evaluation_functions is None:
            functions = self.eval_functions
            evaluation_functions = [
                functions.bbox_iou(),
                functions.bbox_precision(),
                functions.bbox_recall(),
                functions.bbox_map(),
            ]
        if not evaluation_functions:
            raise CreateScenarioTestError(
                "a scenario test needs an evaluation function: pass evaluation_functions="
                "[client.validate.eval_functions.bbox_iou()]"
            )
        if not str(slice_id).startswith("slc_"):
            raise CreateScenarioTestError(
                f"slice_id is {slice_id!r}: ids of slices start with 'slc_'"
            )
        payload = {
            "name": name,
            "slice_id": slice_id,
            "evaluation_functions": [function_payload(entry) for entry in evaluation_functions],
        }
        answer = self.connection.make_request(payload, "validate/scenario_test")
        return ScenarioTest.from_id(answer["scenario_test_id"], self.connection)

    def get_scenario_test(self, scenario_test_id: str) -> ScenarioTest:
        """Find a scenario test.

        Args:
            scenario_test_id: Its id, starts with ``st_``.

        Returns:
            The test.
        """
        route = f"validate/scenario_test/{segment(scenario_test_id)}"
        answer = self.connection.make_request(None, route, "GET")
        return ScenarioTest.from_response(answer["unit_test"], self.connection)

    @property
    def scenario_tests(self) -> list[ScenarioTest]:
        """All scenario tests, oldest first."""
        rows = self.connection.make_request(None, "validate/scenario_test/details", "GET")
        return [ScenarioTest.from_response(row, self.connection) for row in rows]

    def delete_scenario_test(self, scenario_test_id: str) -> bool:
        """Delete a scenario test with its history.

        Args:
            scenario_test_id: Its id, starts with ``st_``.

        Returns:
            Whether it was deleted.
        """
        route = f"validate/scenario_test/{segment(scenario_test_id)}"
        return bool(self.connection.make_request({}, route, "DELETE")["success"])

    def evaluate_model_on_scenario_tests(
        self, model_id: str, scenario_test_names: list[str]
    ) -> AsyncJob:
        """Compare the predictions of a model with the ground truth on scenario tests.

        Args:
            model_id: Id of the model.
            scenario_test_names: Names of the tests.

        Returns:
            The job.
        """
        payload = {"test_names": scenario_test_names}
        answer = self.connection.make_request(payload, f"validate/{segment(model_id)}/evaluate")
        return AsyncJob.from_json(answer, self.connection)

    def metrics(self, model_id: str) -> list[AsyncJob]:
        """Compute the evaluation metrics of a model on every dataset that it has predictions on.

        Args:
            model_id: Id of the model.

        Returns:
            One job a dataset that can be evaluated.
        """
        rows = self.connection.make_request({}, f"validate/{segment(model_id)}/metrics")
        return [AsyncJob.from_json(row, self.connection) for row in rows]

    def create_external_eval_function(
        self, name: str, level: EntityLevel = EntityLevel.ITEM
    ) -> EvalFunctionEntry:
        """Name a function that is computed elsewhere; its results are uploaded.

        Args:
            name: Unique, 1 to 255 characters without spaces.
            level: What it gives a result for.

        Returns:
            The function; ``eval_functions.external_functions[name]`` goes into tests.
        """
        payload = {
            "name": name,
            "is_external_function": True,
            "serialized_fn": None,
            "raw_source": None,
            "level": level,
        }
        answer = self.connection.make_request(payload, "validate/eval_fn")
        return EvalFunctionEntry.from_json(answer["eval_fn"])
