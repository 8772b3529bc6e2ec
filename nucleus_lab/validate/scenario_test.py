"""ScenarioTest: a slice, and the criteria that a model has to meet on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.scene import Scene
from nucleus_lab.track import Track
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment
from nucleus_lab.validate.constants import EntityLevel
from nucleus_lab.validate.data_transfer_objects.eval_function import EvaluationCriterion
from nucleus_lab.validate.data_transfer_objects.scenario_test_evaluations import EvaluationResult
from nucleus_lab.validate.eval_functions.base_eval_function import EvalFunctionConfig
from nucleus_lab.validate.scenario_test_evaluation import ScenarioTestEvaluation
from nucleus_lab.validate.scenario_test_metric import ScenarioTestMetric


class ScenarioTest(Handle):
    """A slice, and the criteria that a model has to meet on it.

    Made by :meth:`Validate.create_scenario_test`::

        test = client.validate.create_scenario_test(
            "night", slice_id, [functions.bbox_recall() > 0.8]
        )
        model.evaluate([test.name]).sleep_until_complete()
        newest = test.get_eval_history()[-1]
        newest.result, newest.passed, newest.item_evals

    Args:
        test_id: Its id, starts with ``st_``.
        connection: The connection that asks.
        name: Its name.
        slice_id: Id of its slice.
        baseline_model_id: Id of the model that results without a threshold are held against.

    Attributes:
        id: ``test_id``.
        name: As given.
        slice_id: As given.
        baseline_model_id: As given, renewed by :meth:`set_baseline_model`.
    """

    def __init__(
        self,
        test_id: str,
        connection: Connection,
        name: str,
        slice_id: str,
        baseline_model_id: str | None = None,
    ) -> None:
        super().__init__(test_id, connection)
        self.name = name
        self.slice_id = slice_id
        self.baseline_model_id = baseline_model_id

    @property
    def connection(self) -> Connection:
        """The connection that asks."""
        return self._client

    @classmethod
    def from_id(cls, unit_test_id: str, connection: Connection) -> Self:
        """Find a test.

        Args:
            unit_test_id: Its id, starts with ``st_``.
            connection: The connection that asks, such as a client.

        Returns:
            The test.
        """
        route = f"validate/scenario_test/{segment(unit_test_id)}/info"
        return cls.from_response(
            {"id": unit_test_id, **connection.make_request(None, route, "GET")}, connection
        )

    @classmethod
    def from_response(cls, response: dict[str, Any], connection: Connection) -> Self:
        """Read a test.

        Args:
            response: A row of a list of tests.
            connection: The connection that asks.

        Returns:
            The test.
        """
        return cls(
            response["id"],
            connection,
            response["name"],
            response["slice_id"],
            response.get("baseline_model_id"),
        )

    def _ask(self, place: str, payload: Any = None, method: str = "GET") -> Any:
        route = f"validate/scenario_test/{segment(self.id)}/{place}"
        return self._client.make_request(payload, route, method)

    def add_eval_function(
        self, eval_function: EvalFunctionConfig | EvaluationCriterion
    ) -> ScenarioTestMetric:
        """Add a function.

        Args:
            eval_function: A function, with arguments or without, or a criterion made of one:
                ``functions.bbox_iou``, ``functions.bbox_iou() > 0.5``.

        Returns:
            The function as a part of the test.
        """
        entry = function_payload(eval_function)
        entry["eval_function_id"] = entry.pop("id")
        payload = {"scenario_test_name": self.name, **entry}
        answer = self._client.make_request(payload, "validate/scenario_test_eval_function")
        return ScenarioTestMetric(**answer, connection=self._client)

    def get_eval_functions(self) -> list[ScenarioTestMetric]:
        """List the functions.

        Returns:
            In the order in which they were added.
        """
        rows = self._ask("metrics")["scenario_test_metrics"]
        return [ScenarioTestMetric(**row, connection=self._client) for row in rows]

    def get_eval_history(self) -> list[ScenarioTestEvaluation]:
        """List the evaluations of all models.

        Returns:
            Oldest first, one a function.
        """
        rows = self._ask("eval_history/details")
        return [ScenarioTestEvaluation.from_request(row, self._client) for row in rows]

    def get_items(
        self, level: EntityLevel = EntityLevel.ITEM
    ) -> list[DatasetItem] | list[Scene] | list[Track]:
        """Read what the test is about.

        Args:
            level: Items, those of scenes included; scenes; or tracks that objects on the items
                name.

        Returns:
            The values, in the order of the slice.

        Raises:
            InvalidInputError: There is no such level.
        """
        try:
            chosen = EntityLevel(level)
        except ValueError:
            known = ", ".join(entry.value for entry in EntityLevel)
            raise InvalidInputError(f"level is {level!r}: use one of {known}") from None
        answer = self._ask("items")
        if chosen is EntityLevel.TRACK:
            return [Track.from_json(row, self._client) for row in answer["tracks"]]
        if chosen is EntityLevel.SCENE:
            return [Scene.from_json(row, skip_validate=True) for row in answer["scenes"]]
        return [DatasetItem.from_json(row) for row in answer["dataset_items"]]

    def set_baseline_model(self, model_id: str) -> str | None:
        """Choose the model that results without a threshold are held against.

        Args:
            model_id: Id of the model.

        Returns:
            The id.
        """
        answer = self._ask(f"set_baseline_model/{segment(model_id)}", {}, "POST")
        self.baseline_model_id = answer.get("baseline_model_id")
        return self.baseline_model_id

    def upload_external_evaluation_results(
        self,
        eval_fn: EvalFunctionConfig,
        results: Sequence[EvaluationResult],
        model_id: str,
    ) -> dict[str, Any]:
        """Store results of a function that was computed elsewhere.

        Args:
            eval_fn: The external function.
            results: One or more, all of tracks, of items or of scenes.
            model_id: Id of the model.

        Returns:
            The answer of the route: ``success`` and ``evaluation_id``.

        Raises:
            InvalidInputError: The function is not external, or the results are of several levels,
                empty, repeated, or without any weight.
        """
        if not eval_fn.eval_func_entry.is_external_function:
            raise InvalidInputError(
                f"{eval_fn.name} is not external: its results come from model.evaluate(...)"
            )
        levels = sorted({result.level for result in results})
        if len(levels) != 1:
            raise InvalidInputError(
                f"results are of the levels {levels}: give one result at least, all of one level"
            )
        by_name = {result.reference_id: result for result in results}
        if len(by_name) < len(results):
            raise InvalidInputError("results name a reference id twice: give each one once")
        total = sum(result.weight for result in results)
        if not total:
            raise InvalidInputError("all weights are 0: give one result at least a weight above 0")
        payload = {
            "unit_test_id": self.id,
            "eval_function_id": eval_fn.id,
            "result_per_ref_id": {name: result.score for name, result in by_name.items()},
            "weight_per_ref_id": {name: result.weight for name, result in by_name.items()},
            "overall_metric": sum(result.score * result.weight for result in results) / total,
            "model_id": model_id,
            "slice_id": self.slice_id,
            "level": levels[0],
        }
        answer: dict[str, Any] = self._client.make_request(
            payload, "validate/scenario_test/upload_results"
        )
        return answer

    def __repr__(self) -> str:
        return (
            f"ScenarioTest(id={self.id!r}, name={self.name!r}, slice_id={self.slice_id!r}, "
            f"baseline_model_id={self.baseline_model_id!r})"
        )


def function_payload(function: EvalFunctionConfig | EvaluationCriterion) -> dict[str, Any]:
    """Write a function or a criterion for the wire.

    Args:
        function: The function, or what it was compared with.

    Returns:
        ``id``, ``eval_func_arguments`` and, of a criterion, ``threshold`` and
        ``threshold_comparison``.

    Raises:
        InvalidInputError: It is neither.
    """
    if isinstance(function, EvaluationCriterion):
        return {
            "id": function.eval_function_id,
            "eval_func_arguments": function.eval_func_arguments,
            "threshold": function.threshold,
            "threshold_comparison": function.threshold_comparison.value,
        }
    if not isinstance(function, EvalFunctionConfig):
        raise InvalidInputError(
            f"{function!r} is no evaluation function: use one of client.validate.eval_functions, "
            "such as functions.bbox_iou()"
        )
    return {"id": function.id, "eval_func_arguments": function.eval_func_arguments}
