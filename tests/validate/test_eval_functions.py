"""Evaluation functions through the SDK: what they compute, and those of users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenario_world import TRUTHS, World, found, truths

from nucleus_lab import (
    CategoryAnnotation,
    CategoryPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    DatasetItem,
    Point,
    Point3D,
    PolygonAnnotation,
    PolygonPrediction,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.annotation import AnnotationList
from nucleus_lab.errors import ConflictError
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
    EntityLevel,
    EvalFunctionNotAvailableError,
    EvaluationResult,
)


def test_there_are_the_public_functions(world: World) -> None:
    functions = world.functions

    assert len(functions.public_functions) == 23
    for name, function in functions.public_functions.items():
        assert getattr(functions, name) is function
        assert functions.from_id(function.id) is function
    with pytest.raises(EvalFunctionNotAvailableError, match="ef_none"):
        functions.from_id("ef_none")


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
