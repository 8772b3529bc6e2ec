"""Scenario tests: whether a model is good enough on a slice.

::

    functions = client.validate.eval_functions
    test = client.validate.create_scenario_test(
        "pedestrians at night", slice_id, [functions.bbox_recall(iou_threshold=0.5) > 0.9]
    )
    model.evaluate([test.name]).sleep_until_complete()
    test.get_eval_history()[-1].passed

The functions compute the metrics of :mod:`nucleus_lab.metrics`: ``bbox_*`` of boxes, ``poly_*`` of
boxes and polygons, ``cuboid_*`` of cuboids, ``seg_*`` of masks, ``segmentation_to_poly_*`` of
predicted masks against boxes and polygons, ``cat_f1`` of categories. A result without a threshold
is held against the baseline model of the test, if there is one.
"""

from nucleus_lab.validate.client import Validate
from nucleus_lab.validate.constants import EntityLevel, ThresholdComparison
from nucleus_lab.validate.data_transfer_objects.eval_function import (
    EvalFunctionEntry,
    EvaluationCriterion,
)
from nucleus_lab.validate.data_transfer_objects.scenario_test_evaluations import EvaluationResult
from nucleus_lab.validate.errors import CreateScenarioTestError, EvalFunctionNotAvailableError
from nucleus_lab.validate.eval_functions.available_eval_functions import AvailableEvalFunctions
from nucleus_lab.validate.scenario_test import ScenarioTest
from nucleus_lab.validate.scenario_test_evaluation import (
    ScenarioTestEvaluation,
    ScenarioTestEvaluationStatus,
    ScenarioTestItemEvaluation,
)
from nucleus_lab.validate.scenario_test_metric import ScenarioTestMetric

__all__ = [
    "AvailableEvalFunctions",
    "CreateScenarioTestError",
    "EntityLevel",
    "EvalFunctionEntry",
    "EvalFunctionNotAvailableError",
    "EvaluationCriterion",
    "EvaluationResult",
    "ScenarioTest",
    "ScenarioTestEvaluation",
    "ScenarioTestEvaluationStatus",
    "ScenarioTestItemEvaluation",
    "ScenarioTestMetric",
    "ThresholdComparison",
    "Validate",
]
