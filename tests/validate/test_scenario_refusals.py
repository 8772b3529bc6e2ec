"""What scenario tests refuse, through the SDK on both transports."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_world import World

from nucleus_lab import (
    NotFoundError,
)
from nucleus_lab.errors import ConflictError, InvalidInputError
from nucleus_lab.validate import (
    CreateScenarioTestError,
    EvaluationResult,
)


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda w: w.test(), CreateScenarioTestError, "needs an evaluation function"),
        (
            lambda w: w.client.validate.create_scenario_test("x", "ds_1", [w.functions.bbox_iou()]),
            CreateScenarioTestError,
            "'ds_1'",
        ),
        (lambda w: w.test("bbox_iou"), InvalidInputError, "no evaluation function"),
        (lambda w: w.test(w.functions.bbox_iou(), name=" "), InvalidInputError, "name"),
        (
            lambda w: w.test(w.functions.bbox_iou(), w.functions.bbox_iou() > 1),
            InvalidInputError,
            "twice",
        ),
        (
            lambda w: w.test(w.functions.bbox_iou(iou_threshold=2)),
            InvalidInputError,
            "iou_threshold is 2",
        ),
        (lambda w: w.test(w.functions.bbox_iou(colour=2)), InvalidInputError, "'colour'"),
        (
            lambda w: w.test(w.functions.cuboid_iou_2d(iou_2d=False)),
            InvalidInputError,
            "iou_2d=True",
        ),
        (
            lambda w: w.test(w.functions.bbox_iou(annotation_filters=[["label", "~", 1]])),
            InvalidInputError,
            "'~'",
        ),
        (lambda w: w.test(w.functions.cat_f1(f1_method="mean")), InvalidInputError, "'mean'"),
        (
            lambda w: w.test(w.functions.segmentation_to_poly_ap(label=3)),
            InvalidInputError,
            "label is 3",
        ),
        (lambda w: w.model.evaluate(["none"]), NotFoundError, "'none'"),
        (lambda w: w.model.evaluate([]), InvalidInputError, "test_names is empty"),
        (
            lambda w: w.client.validate.create_external_eval_function("two words"),
            InvalidInputError,
            "without spaces",
        ),
        (
            lambda w: w.client.validate.create_external_eval_function("bbox_iou"),
            ConflictError,
            "'bbox_iou'",
        ),
        (
            lambda w: w.test(w.functions.bbox_iou()).set_baseline_model("prj_99"),
            NotFoundError,
            "prj_99",
        ),
        (lambda w: w.client.validate.delete_scenario_test("st_99"), NotFoundError, "st_99"),
        (
            lambda w: w.test(w.functions.bbox_iou()).add_eval_function(w.functions.bbox_iou),
            ConflictError,
            "already",
        ),
        (
            lambda w: [w.test(w.functions.bbox_iou()) for _ in range(2)],
            ConflictError,
            "'test'",
        ),
        (
            lambda w: w.test(w.functions.bbox_iou()).upload_external_evaluation_results(
                w.functions.bbox_iou, [EvaluationResult(item_ref_id="a")], w.model.id
            ),
            InvalidInputError,
            "not external",
        ),
        (
            lambda w: w.client.create_model("New", "new").evaluate([
                w.test(w.functions.bbox_iou()).name
            ]),
            NotFoundError,
            "no predictions",
        ),
        (
            lambda w: EvaluationResult(item_ref_id="a", scene_ref_id="b"),
            InvalidInputError,
            "exactly",
        ),
        (lambda w: EvaluationResult(item_ref_id="a", weight=2), InvalidInputError, "weight is 2"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    world: World, act: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        act(world)

    left = world.client.validate.scenario_tests
    assert len(left) <= 1
    assert [test.get_eval_history() for test in left] in ([], [[]])


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([], "levels"),
        (
            [EvaluationResult(item_ref_id="a"), EvaluationResult(scene_ref_id="s")],
            "item.*scene",
        ),
        ([EvaluationResult(item_ref_id="a"), EvaluationResult(item_ref_id="a")], "twice"),
        ([EvaluationResult(item_ref_id="a", weight=0)], "all weights are 0"),
        ([EvaluationResult(item_ref_id="none")], "'none'"),
        ([EvaluationResult(scene_ref_id="a")], "level 'scene'"),
    ],
)
def test_results_that_do_not_fit_are_refused(world: World, results: Any, words: str) -> None:
    world.client.validate.create_external_eval_function("mine")
    function = world.client.validate.eval_functions.external_functions["mine"]
    test = world.test(function)

    with pytest.raises((InvalidInputError, NotFoundError), match=words):
        test.upload_external_evaluation_results(function, results, world.model.id)

    assert test.get_eval_history() == []


def test_external_and_computed_functions_do_not_mix(world: World) -> None:
    world.client.validate.create_external_eval_function("mine")
    functions = world.client.validate.eval_functions

    with pytest.raises(InvalidInputError, match="mine would be external"):
        world.test(functions.bbox_iou(), functions.external_functions["mine"])
    test = world.test(functions.bbox_iou())
    with pytest.raises(InvalidInputError, match="mine would be external"):
        test.add_eval_function(functions.external_functions["mine"])
    with pytest.raises(InvalidInputError, match="takes no arguments"):
        functions.external_functions["mine"](iou_threshold=1)
