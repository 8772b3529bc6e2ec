"""Scenario tests through the SDK, on both transports: made, evaluated, held against baselines."""

from __future__ import annotations

import pytest
from scenario_world import TRUTHS, World

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
    NotFoundError,
    VideoScene,
)
from nucleus_lab.errors import InvalidInputError, JobError
from nucleus_lab.metrics import (
    FieldFilter,
)
from nucleus_lab.validate import (
    EntityLevel,
    EvaluationCriterion,
    EvaluationResult,
    ScenarioTest,
    ScenarioTestEvaluationStatus,
    ThresholdComparison,
)


def test_a_comparison_makes_a_criterion(world: World) -> None:
    function = world.functions.bbox_iou
    cars = [FieldFilter("label", "==", "car")]

    assert (function(annotation_filters=cars) <= 0.5) == EvaluationCriterion(
        "ef_bbox_iou",
        ThresholdComparison.LESS_THAN_EQUAL_TO,
        0.5,
        {
            "enforce_label_match": False,
            "iou_threshold": 0.0,
            "confidence_threshold": 0.0,
            "annotation_filters": cars,
            "prediction_filters": None,
        },
    )
    assert function.eval_func_arguments == {}
    assert [
        (criterion.threshold_comparison.value, criterion.threshold)
        for criterion in (function > 1, function >= 1, function < 1)
    ] == [("greater_than", 1), ("greater_than_equal_to", 1), ("less_than", 1)]
    for faulty in ("high", None, True, float("nan")):
        with pytest.raises(InvalidInputError, match="use a number"):
            _ = function() > faulty


def test_a_model_is_evaluated_item_by_item_and_on_the_whole(world: World) -> None:
    functions = world.functions
    test = world.test(
        functions.bbox_iou() > 0.3,
        functions.bbox_precision() > 0.9,
        functions.bbox_recall(iou_threshold=0.9),
        functions.bbox_map(),
    )

    evaluations = {entry.eval_function_id: entry for entry in world.evaluate(test)}

    assert {key: (entry.result, entry.passed) for key, entry in evaluations.items()} == {
        # 1.5 over two, one and one.
        "ef_bbox_iou": (1.5 / 4, True),
        "ef_bbox_precision": (pytest.approx(2 / 3), False),
        "ef_bbox_recall": (pytest.approx(1 / 3), True),
        # Weighted by the labels of each item: two of 1 on a, the missed car, the odd one.
        "ef_bbox_map": (2 / 4, True),
    }
    iou = evaluations["ef_bbox_iou"]
    assert iou.status is ScenarioTestEvaluationStatus.COMPLETED
    assert (iou.model_id, iou.scenario_test_id) == (world.model.id, test.id)
    names = {public: name for name, public in world.ids.items()}
    assert [
        (names[entry.dataset_item_id], entry.result, entry.passed) for entry in iou.item_evals
    ] == [("a", 0.75, True), ("b", 0.0, False), ("c", 0.0, False), ("d", None, True)]


def test_an_item_that_fails_fails_the_evaluation_and_is_named(world: World) -> None:
    cars = [FieldFilter("no_such_field", "==", 1)]
    world.test(world.functions.bbox_iou(), name="good")
    bad = world.test(world.functions.bbox_iou(annotation_filters=cars), name="bad")

    job = world.model.evaluate(["good", "bad"])
    job.sleep_until_complete(verbose_std_out=False)

    assert any("bbox_iou failed on item 'a'" in text for text in job.errors())
    [evaluation] = bad.get_eval_history()
    assert (evaluation.status.value, evaluation.result, evaluation.passed) == (
        "errored",
        None,
        False,
    )
    assert [entry.passed for entry in evaluation.item_evals] == [False, False, True, True]
    job = world.model.evaluate(["bad"])
    with pytest.raises(JobError, match="no_such_field"):
        job.sleep_until_complete(verbose_std_out=False)


def test_without_a_threshold_the_baseline_model_is_the_bar(world: World) -> None:
    other = world.client.create_model("Better", "better")
    world.dataset.upload_predictions(
        other, [BoxPrediction(*box, item, 0.5) for item in TRUTHS for box in TRUTHS[item]]
    )
    test = world.test(world.functions.bbox_iou(), world.functions.bbox_recall() > 0.5)

    assert [entry.passed for entry in world.evaluate(test)] == [True, True]
    assert test.set_baseline_model(other.id) == other.id == test.baseline_model_id
    # The baseline has not been evaluated yet: that comes with it.
    iou, recall = world.evaluate(test)
    assert (iou.passed, recall.passed) == (False, True)
    assert [entry.passed for entry in iou.item_evals] == [False, False, True, True]
    history = [(entry.model_id, entry.passed) for entry in test.get_eval_history()]
    assert history[2:] == [(other.id, True), (world.model.id, False), (world.model.id, True)]
    assert all(entry.passed for entry in world.evaluate(test, other))
    world.client.delete_model(other.id)
    assert ScenarioTest.from_id(test.id, world.client).baseline_model_id is None


def test_thresholds_are_changed_and_the_history_stays(world: World) -> None:
    test = world.test(world.functions.bbox_iou() > 0.3)
    [metric] = test.get_eval_functions()

    assert world.evaluate(test)[0].passed
    metric.set_threshold(0.5)
    assert not world.evaluate(test)[0].passed
    assert [entry.passed for entry in test.get_eval_history()] == [True, False]
    [metric] = test.get_eval_functions()
    assert (metric.threshold, metric.threshold_comparison) == (
        0.5,
        ThresholdComparison.GREATER_THAN,
    )
    metric.set_threshold(None)
    assert test.get_eval_functions()[0].threshold is None


def test_tests_are_listed_found_extended_and_deleted(world: World) -> None:
    first = world.test(world.functions.bbox_iou(), name="first")
    second = world.test(world.functions.bbox_map(iou_threshold=0.7), name="second")
    validate = world.client.validate

    assert validate.scenario_tests == [first, second]
    assert (
        validate.get_scenario_test(second.id)
        == second
        == ScenarioTest.from_id(second.id, world.client)
    )
    assert (second.name, second.slice_id) == ("second", world.slice.id)
    added = second.add_eval_function(world.functions.bbox_iou)
    criterion = second.add_eval_function(world.functions.bbox_recall() >= 0.25)
    assert second.get_eval_functions()[1:] == [added, criterion]
    assert (added.threshold, criterion.threshold) == (None, 0.25)
    assert validate.delete_scenario_test(first.id) is True
    assert validate.scenario_tests == [second]
    with pytest.raises(NotFoundError, match=first.id):
        validate.get_scenario_test(first.id)


def test_a_test_knows_its_items_and_their_tracks(world: World) -> None:
    world.dataset.annotate([BoxAnnotation("x", 0, 0, 1, 1, "b", track_reference_id="t1")])
    world.dataset.annotate([BoxAnnotation("y", 0, 0, 1, 1, "d", track_reference_id="t2")])
    part = world.dataset.create_slice("part", reference_ids=["c", "b"])
    test = world.client.validate.create_scenario_test("part", part.id, [world.functions.bbox_iou()])

    assert [item.reference_id for item in test.get_items()] == ["c", "b"]
    assert [track.reference_id for track in test.get_items(EntityLevel.TRACK)] == ["t1"]
    assert test.get_items(EntityLevel.SCENE) == []
    with pytest.raises(InvalidInputError, match="'frame'"):
        test.get_items("frame")


def test_the_metrics_of_a_model_are_computed_on_all_its_datasets(world: World) -> None:
    empty = world.client.create_dataset("no ground truth")
    empty.append([DatasetItem("https://example.org/x.jpg", "x")])
    empty.upload_predictions(world.model, [BoxPrediction("x", 0, 0, 1, 1, "x", 0.5)])

    [job] = world.client.validate.metrics(world.model.id)
    job.sleep_until_complete(verbose_std_out=False)

    assert job.status()["message"]["annotations"] == 3


def test_scenes_are_tested_frame_by_frame_and_take_results_of_their_own(world: World) -> None:
    client, validate = world.client, world.client.validate
    dataset = client.create_dataset("drives", is_scene=True)
    for scene in ("x", "y"):
        frames = [
            DatasetItem(f"https://example.org/{scene}{at}.jpg", f"{scene}{at}") for at in (0, 1)
        ]
        job = dataset.append([VideoScene(scene, 5, items=frames)], asynchronous=True)
        job.sleep_until_complete(verbose_std_out=False)
    names = ["x0", "x1", "y0"]
    dataset.annotate([
        BoxAnnotation("car", 0, 0, 9, 9, name, "b", track_reference_id=f"t{name[0]}")
        for name in names
    ])
    dataset.upload_predictions(
        world.model, [BoxPrediction("car", 0, 0, 9, 9, name, 0.5) for name in names[:2]]
    )
    part = dataset.create_slice("drives", reference_ids=["y", "x"])
    test = validate.create_scenario_test("drives", part.id, [world.functions.bbox_recall()])

    [evaluation] = world.evaluate(test)
    assert evaluation.result == pytest.approx(2 / 3)
    items = {item.dataset_item_id: item.reference_id for item in dataset.items}
    assert (
        [items[entry.dataset_item_id] for entry in evaluation.item_evals]
        == [item.reference_id for item in test.get_items()]
        == ["y0", "y1", "x0", "x1"]
    )
    assert [scene.reference_id for scene in test.get_items(EntityLevel.SCENE)] == ["y", "x"]
    assert [track.reference_id for track in test.get_items(EntityLevel.TRACK)] == ["tx", "ty"]
    for level, result in (
        (EntityLevel.SCENE, EvaluationResult(scene_ref_id="x", score=0.5)),
        (EntityLevel.TRACK, EvaluationResult(track_ref_id="tx", score=0.25)),
    ):
        validate.create_external_eval_function(level.value, level)
        function = validate.eval_functions.external_functions[level.value]
        other = validate.create_scenario_test(f"own {level.value}", part.id, [function])
        other.upload_external_evaluation_results(function, [result], world.model.id)
        [stored] = other.get_eval_history()
        assert stored.result == result.score
        assert stored.item_evals[0].dataset_item_id.startswith(
            "scn_" if level is EntityLevel.SCENE else "tx"
        )


@pytest.mark.parametrize("whole", [False, True])
def test_a_test_goes_with_its_slice_or_dataset(world: World, whole: bool) -> None:
    test = world.test(world.functions.bbox_iou())
    world.evaluate(test)

    if whole:
        world.client.delete_dataset(world.dataset.id)
    else:
        world.client.delete_slice(world.slice.id)

    assert world.client.validate.scenario_tests == []
    with pytest.raises(NotFoundError):
        world.client.validate.get_scenario_test(test.id)
