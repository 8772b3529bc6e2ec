"""Scenario tests through the SDK, on both transports: made, evaluated, held against baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    DatasetItem,
    NotFoundError,
    Point,
    Point3D,
    PolygonAnnotation,
    PolygonPrediction,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
    VideoScene,
)
from nucleus_lab.annotation import AnnotationList
from nucleus_lab.errors import ConflictError, InvalidInputError, JobError
from nucleus_lab.metrics import (
    FieldFilter,
    PolygonIOU,
    PolygonPrecision,
    SegmentationIOU,
    SegmentationToPolyIOU,
)
from nucleus_lab.metrics.segmentation_loader import InMemoryLoader
from nucleus_lab.prediction import PredictionList
from nucleus_lab.validate import (
    CreateScenarioTestError,
    EntityLevel,
    EvalFunctionNotAvailableError,
    EvaluationCriterion,
    EvaluationResult,
    ScenarioTest,
    ScenarioTestEvaluationStatus,
    ThresholdComparison,
)

TRUTHS = {
    "a": [("car", 0, 0, 10, 10), ("bus", 20, 0, 10, 10)],
    "b": [("car", 0, 0, 10, 10)],
    "c": [],
    "d": [],
}
# On a: half of the car, the whole bus; on b nothing; on c one too many; d has neither.
FOUND = {
    "a": [("car", 0, 0, 10, 5, 0.9), ("bus", 20, 0, 10, 10, 0.8)],
    "b": [],
    "c": [("car", 0, 0, 5, 5, 0.4)],
    "d": [],
}


def truths(item: str) -> list[BoxAnnotation]:
    return [
        BoxAnnotation(*box, item, f"{item}{index}", {"n": index})
        for index, box in enumerate(TRUTHS[item])
    ]


def found(item: str, by: float = 0) -> list[BoxPrediction]:
    return [
        BoxPrediction(label, x + by, y, width, height, item, confidence, f"{item}{index}")
        for index, (label, x, y, width, height, confidence) in enumerate(FOUND[item])
    ]


class World:
    """A dataset with a slice of four items, and a model that was run on them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.dataset = client.create_dataset("street")
        self.dataset.append([
            DatasetItem(f"https://example.org/{name}.jpg", name) for name in TRUTHS
        ])
        self.dataset.annotate([box for item in TRUTHS for box in truths(item)])
        self.model = client.create_model("Detector", "detector")
        self.dataset.upload_predictions(self.model, [box for item in FOUND for box in found(item)])
        self.slice = self.dataset.create_slice("all", reference_ids=list(TRUTHS))
        self.functions = client.validate.eval_functions
        self.ids = {item.reference_id: item.dataset_item_id for item in self.dataset.items}

    def test(self, *functions: Any, name: str = "test") -> ScenarioTest:
        made: ScenarioTest = self.client.validate.create_scenario_test(
            name, self.slice.id, list(functions)
        )
        return made

    def evaluate(self, test: ScenarioTest, model: Any = None) -> list[Any]:
        """The newest evaluations, one a function."""
        job = (model or self.model).evaluate([test.name])
        job.sleep_until_complete(verbose_std_out=False)
        return test.get_eval_history()[-len(test.get_eval_functions()) :]


@pytest.fixture
def world(client: Any) -> World:
    return World(client)


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


def test_there_are_the_public_functions(world: World) -> None:
    functions = world.functions

    assert len(functions.public_functions) == 23
    for name, function in functions.public_functions.items():
        assert getattr(functions, name) is function
        assert functions.from_id(function.id) is function
    with pytest.raises(EvalFunctionNotAvailableError, match="ef_none"):
        functions.from_id("ef_none")


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


def test_the_result_is_what_the_metric_computes_on_the_same_values(world: World) -> None:
    cars = [FieldFilter("label", "==", "car")]
    test = world.test(
        world.functions.bbox_precision(annotation_filters=cars, prediction_filters=cars),
        world.functions.poly_iou(enforce_label_match=True, confidence_threshold=0.5),
    )

    precision, iou = world.evaluate(test)

    for evaluation, metric in (
        (precision, PolygonPrecision(annotation_filters=cars, prediction_filters=cars)),
        (iou, PolygonIOU(enforce_label_match=True, confidence_threshold=0.5)),
    ):
        results = [
            metric.call_metric(
                *metric.filtered(AnnotationList(truths(item)), PredictionList(found(item)))
            )
            for item in TRUTHS
        ]
        assert evaluation.result == pytest.approx(metric.aggregate_score(results).value)
        assert [entry.result for entry in evaluation.item_evals] == [
            pytest.approx(result.value) if result.weight else None for result in results
        ]


def test_every_geometry_has_its_functions(world: World, tmp_path: Path) -> None:
    square = [Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)]
    half = [Point(0, 0), Point(5, 0), Point(5, 10), Point(0, 10)]
    mask, other = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    mask[:10, :10], other[:10, :5] = 1, 1
    for name, pixels in (("truth", mask), ("found", other)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    segments = [Segment("thing", 1)]
    size, here = Point3D(4, 2, 2), Point3D(0, 0, 0)
    dataset = world.client.create_dataset("one")
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    dataset.append([DatasetItem(str(tmp_path / "a.png"), "a")])
    cloud = {"reference_id": "cloud", "pointcloud_url": "https://example.org/cloud.json"}
    world.client.make_request({"items": [cloud]}, f"dataset/{dataset.id}/append")
    dataset.annotate([
        PolygonAnnotation("thing", square, "a", "p"),
        CategoryAnnotation("day", "a"),
        CuboidAnnotation("car", here, size, 0, "cloud", "c"),
        SegmentationAnnotation(str(tmp_path / "truth.png"), segments, "a"),
    ])
    dataset.upload_predictions(
        world.model,
        [
            PolygonPrediction("thing", half, "a", 0.5, "p"),
            CategoryPrediction("day", "a", confidence=0.5),
            CuboidPrediction("car", Point3D(2, 0, 0), size, 0, "cloud", 0.5, "c"),
            SegmentationPrediction(str(tmp_path / "found.png"), segments, "a"),
        ],
    )
    part = dataset.create_slice("all", reference_ids=["a", "cloud"])
    functions = world.functions.public_functions
    chosen = [
        function(label="thing") if name == "segmentation_to_poly_ap" else function()
        for name, function in functions.items()
        if not name.startswith("bbox")
    ]
    test = world.client.validate.create_scenario_test("every", part.id, chosen)

    results = {
        entry.eval_function_id.removeprefix("ef_"): entry.result for entry in world.evaluate(test)
    }

    background = 300 / 350
    assert results == {
        "poly_iou": 0.5,
        "poly_precision": 1.0,
        "poly_recall": 1.0,
        "poly_map": 1.0,
        "cat_f1": 1.0,
        "cuboid_iou_2d": pytest.approx(1 / 3),
        "cuboid_iou_3d": pytest.approx(1 / 3),
        "cuboid_precision": 1.0,
        "cuboid_recall": 1.0,
        "seg_iou": pytest.approx((0.5 + background) / 2),
        "seg_precision": pytest.approx((1 + background) / 2),
        "seg_recall": pytest.approx((0.5 + 1) / 2),
        # At 0.5 both classes; from 0.55 to 0.85 the background alone; then nothing.
        "seg_map": pytest.approx(((1 + background) / 2 + 7 * background / 2) / 10),
        "seg_fwavacc": pytest.approx(0.25 * 0.5 + 0.75 * background),
        "segmentation_to_poly_iou": pytest.approx((0.5 + background) / 2),
        "segmentation_to_poly_precision": pytest.approx((1 + background) / 2),
        "segmentation_to_poly_recall": pytest.approx((0.5 + 1) / 2),
        "segmentation_to_poly_map": pytest.approx(((1 + background) / 2 + 7 * background / 2) / 10),
        "segmentation_to_poly_ap": 1.0,
    }
    for metric, name in (
        (SegmentationIOU(), "seg_iou"),
        (SegmentationToPolyIOU(), "segmentation_to_poly_iou"),
    ):
        metric.loader = InMemoryLoader({"truth": mask, "found": other})
        local = metric(
            AnnotationList(
                polygon_annotations=[PolygonAnnotation("thing", square, "a")],
                segmentation_annotations=[SegmentationAnnotation("truth", segments, "a")],
            ),
            PredictionList(
                segmentation_predictions=[SegmentationPrediction("found", segments, "a")]
            ),
        )
        assert results[name] == pytest.approx(local.value)


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


def test_external_functions_take_results_from_elsewhere(world: World) -> None:
    validate = world.client.validate
    made = validate.create_external_eval_function("mine", EntityLevel.ITEM)
    function = validate.eval_functions.external_functions["mine"]
    test = world.test(function, name="external")
    metric = test.get_eval_functions()[0]
    metric.set_threshold(0.5)

    answer = test.upload_external_evaluation_results(
        function,
        [
            EvaluationResult(item_ref_id="a", score=0.9, weight=1),
            EvaluationResult(item_ref_id="b", score=0.1, weight=0.5),
        ],
        world.model.id,
    )

    [evaluation] = test.get_eval_history()
    assert (made.id, evaluation.id) == (function.id, answer["evaluation_id"])
    assert (evaluation.result, evaluation.passed) == (pytest.approx(0.95 / 1.5), True)
    assert [
        (entry.dataset_item_id, entry.result, entry.passed) for entry in evaluation.item_evals
    ] == [(world.ids["a"], 0.9, True), (world.ids["b"], 0.1, False)]
    with pytest.raises(ConflictError, match="upload_external"):
        world.model.evaluate(["external"])


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
