"""Metrics of masks against results counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    Point,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.annotation import AnnotationList
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics import (
    ScalarResult,
    SegmentationFWAVACC,
    SegmentationIOU,
    SegmentationMAP,
    SegmentationPrecision,
    SegmentationRecall,
    SegmentationToPolyAveragePrecision,
    SegmentationToPolyIOU,
    SegmentationToPolyMAP,
    SegmentationToPolyPrecision,
    SegmentationToPolyRecall,
    SegmentFieldFilter,
    SegToPolyMode,
)
from nucleus_lab.metrics.segmentation_loader import InMemoryLoader
from nucleus_lab.metrics.segmentation_utils import (
    instance_mask_to_polys,
    rasterize_polygons_to_segmentation_mask,
)
from nucleus_lab.prediction import PredictionList

TRUTH = np.array([
    [1, 1, 2, 2],
    [1, 1, 2, 2],
    [1, 1, 2, 2],
    [3, 3, 3, 3],
])
FOUND = np.array([
    [1, 1, 2, 2],
    [1, 1, 2, 2],
    [1, 1, 1, 1],
    [3, 3, 3, 3],
])
CLASSES = {1: "road", 2: "car", 3: "sky"}


def segments(names: dict[int, str]) -> list[Segment]:
    return [Segment(label, index) for index, label in names.items()]


def measured(
    metric: Any,
    found: Any = FOUND,
    truth: Any = TRUTH,
    names: dict[int, str] = CLASSES,
    predicted: dict[int, str] | None = None,
) -> ScalarResult:
    metric.loader = InMemoryLoader({"truth": np.array(truth), "found": np.array(found)})
    result: ScalarResult = metric(
        AnnotationList(
            segmentation_annotations=[SegmentationAnnotation("truth", segments(names), "a")]
        ),
        PredictionList(
            segmentation_predictions=[
                SegmentationPrediction("found", segments(predicted or names), "a")
            ]
        ),
    )
    return result


def test_classes_are_counted_pixel_by_pixel() -> None:
    # road: 6 right of 6 annotated, 8 predicted; car: 4 right of 6, 4 predicted; sky: 4 of 4.
    assert measured(SegmentationIOU()) == ScalarResult(pytest.approx((6 / 8 + 4 / 6 + 1) / 3), 16)
    assert measured(SegmentationPrecision()).value == pytest.approx((6 / 8 + 1 + 1) / 3)
    assert measured(SegmentationRecall()).value == pytest.approx((1 + 4 / 6 + 1) / 3)
    assert measured(SegmentationFWAVACC()).value == pytest.approx(
        6 / 16 * 6 / 8 + 6 / 16 * 4 / 6 + 4 / 16
    )


def test_a_class_below_the_threshold_has_nothing_right_and_costs_no_other() -> None:
    # The car overlaps by 4/6: at 0.7 it does not belong.
    assert measured(SegmentationIOU(iou_threshold=0.7)).value == pytest.approx((6 / 8 + 0 + 1) / 3)
    # 0.50 0.55 0.60 0.65: all; 0.70 0.75: without the car; 0.80 … 0.95: the sky alone.
    expected = (4 * (6 / 8 + 2) + 2 * (6 / 8 + 1) + 4 * 1) / 3 / 10
    assert measured(SegmentationMAP()).value == pytest.approx(expected)
    assert measured(SegmentationMAP(iou_thresholds=[0.7])).value == pytest.approx(1.75 / 3)


def test_classes_are_told_by_label_and_not_by_number() -> None:
    turned = np.choose(FOUND - 1, [9, 8, 7])

    same = measured(SegmentationIOU(), turned, predicted={9: "road", 8: "car", 7: "sky"})

    assert same == measured(SegmentationIOU())


def test_instances_belong_to_one_another() -> None:
    names = {1: "car", 2: "car", 3: "sky"}
    # One predicted car covers both: it belongs to the larger overlap; the rest is wrong.
    found = np.where(TRUTH < 3, 1, 3)

    # car: 6 right; 12 annotated, 12 predicted: IoU 6/18.
    result = measured(SegmentationIOU(), found, names=names, predicted={1: "car", 3: "sky"})
    assert result.value == pytest.approx((6 / 18 + 1) / 2)
    # At a threshold above 6/12 it belongs to none.
    result = measured(
        SegmentationRecall(iou_threshold=0.6), found, names=names, predicted={1: "car", 3: "sky"}
    )
    assert result.value == pytest.approx((0 + 1) / 2)


def test_a_class_never_predicted_is_missed_and_one_never_annotated_does_not_count() -> None:
    found = np.where(FOUND == 2, 5, FOUND)

    result = measured(SegmentationRecall(), found, predicted={1: "road", 3: "sky", 5: "boat"})
    assert result.value == pytest.approx((1 + 0 + 1) / 3)


def test_undeclared_pixels_are_background_whatever_their_number() -> None:
    truth, found = np.where(TRUTH == 3, 0, TRUTH), np.where(FOUND == 3, 250, FOUND)
    two = {1: "road", 2: "car"}

    assert measured(SegmentationIOU(), found, truth, two) == measured(SegmentationIOU())


def test_filters_take_segments_out() -> None:
    cars = [SegmentFieldFilter("label", "==", "car")]

    # Only annotated cars count: 6 pixels, of which 4 are found.
    assert measured(SegmentationRecall(annotation_filters=cars)) == ScalarResult(4 / 6, 6)
    # Only predicted cars are looked at: road and sky are missed.
    assert measured(SegmentationRecall(prediction_filters=cars)).value == pytest.approx(4 / 6 / 3)


def test_without_a_mask_on_a_side_the_result_says_so() -> None:
    metric = SegmentationIOU()
    metric.loader = InMemoryLoader({"truth": TRUTH})
    truth = SegmentationAnnotation("truth", segments(CLASSES), "a")

    assert metric(AnnotationList(segmentation_annotations=[truth]), PredictionList()) == (
        ScalarResult(0.0, 16)
    )
    assert metric(AnnotationList(), PredictionList()) == ScalarResult(0.0, 0)


def test_masks_with_equal_channels_and_files_are_read(tmp_path: Path) -> None:
    Image.fromarray(np.repeat(TRUTH[..., None], 3, axis=2).astype(np.uint8)).save(
        tmp_path / "truth.png"
    )
    Image.fromarray(FOUND.astype(np.uint8)).save(tmp_path / "found.png")
    metric = SegmentationIOU()

    result = metric(
        AnnotationList(
            segmentation_annotations=[
                SegmentationAnnotation(str(tmp_path / "truth.png"), segments(CLASSES), "a")
            ]
        ),
        PredictionList(
            segmentation_predictions=[
                SegmentationPrediction(str(tmp_path / "found.png"), segments(CLASSES), "a")
            ]
        ),
    )

    assert result == measured(SegmentationIOU())


def test_faulty_masks_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"4 x 4.*4 x 3"):
        measured(SegmentationIOU(), FOUND[:3])
    with pytest.raises(InvalidInputError, match="iou_thresholds"):
        SegmentationMAP(iou_thresholds="voc")
    with pytest.raises(InvalidInputError, match="iou_thresholds is 2"):
        SegmentationMAP(iou_thresholds=[0.5, 2])
    metric = SegmentationIOU()
    mask = SegmentationAnnotation("s3://b/m.png", segments(CLASSES), "a")
    with pytest.raises(InvalidInputError, match=r"set metric\.loader"):
        metric(AnnotationList(segmentation_annotations=[mask]), PredictionList())
    with pytest.raises(InvalidInputError, match="2 masks"):
        metric(AnnotationList(segmentation_annotations=[mask, mask]), PredictionList())
    twice = [Segment("a", 1), Segment("b", 1)]
    metric.loader = InMemoryLoader({"x": TRUTH})
    with pytest.raises(InvalidInputError, match="two segments"):
        metric(
            AnnotationList(segmentation_annotations=[SegmentationAnnotation("x", twice, "a")]),
            PredictionList(
                segmentation_predictions=[SegmentationPrediction("x", segments(CLASSES), "a")]
            ),
        )


SHAPES = AnnotationList(
    box_annotations=[BoxAnnotation("road", 0, 0, 2, 3, "a"), BoxAnnotation("car", 2, 0, 2, 3, "a")],
    polygon_annotations=[
        PolygonAnnotation("sky", [Point(0, 3), Point(4, 3), Point(4, 4), Point(0, 4)], "a")
    ],
)
DRAWN = SegToPolyMode.GENERATE_GT_FROM_POLY
TRACED = SegToPolyMode.GENERATE_PRED_POLYS_FROM_MASK


def against_shapes(metric: Any) -> ScalarResult:
    metric.loader = InMemoryLoader({"found": FOUND})
    mask = SegmentationPrediction("found", segments(CLASSES), "a")
    result: ScalarResult = metric(SHAPES, PredictionList(segmentation_predictions=[mask]))
    return result


def test_a_mask_is_compared_with_drawn_shapes() -> None:
    assert against_shapes(SegmentationToPolyIOU()).value == pytest.approx((6 / 8 + 4 / 6 + 1) / 3)
    assert against_shapes(SegmentationToPolyPrecision()).value == pytest.approx((6 / 8 + 2) / 3)
    assert against_shapes(SegmentationToPolyRecall()).value == pytest.approx((2 + 4 / 6) / 3)
    assert against_shapes(SegmentationToPolyAveragePrecision("road")).value == 6 / 8
    assert against_shapes(SegmentationToPolyMAP(iou_thresholds=[0.7])).value == pytest.approx(
        1.75 / 3
    )
    cars = [SegmentFieldFilter("label", "==", "car")]
    filtered = against_shapes(SegmentationToPolyRecall(prediction_filters=cars))
    assert filtered.value == pytest.approx(4 / 6 / 3)


def test_a_mask_is_traced_and_compared_as_polygons() -> None:
    # The car overlaps by 4/6, the road by 6/8, the sky wholly.
    assert against_shapes(SegmentationToPolyIOU(mode=TRACED)).value == pytest.approx(
        (6 / 8 + 4 / 6 + 1) / 3
    )
    recall = against_shapes(SegmentationToPolyRecall(iou_threshold=0.7, mode=TRACED))
    assert recall == ScalarResult(pytest.approx(2 / 3), 3)
    assert against_shapes(SegmentationToPolyAveragePrecision("car", mode=TRACED)).value == 1.0
    assert against_shapes(SegmentationToPolyMAP(mode=TRACED)).value == pytest.approx(
        (4 * 3 + 2 * 2 + 4 * 1) / 3 / 10
    )


def test_without_a_mask_or_a_shape_there_is_nothing_to_compare() -> None:
    metric = SegmentationToPolyIOU()

    assert metric(SHAPES, PredictionList()) == ScalarResult(0.0, 0)


def test_modes_and_old_arguments_are_checked() -> None:
    assert DRAWN is not TRACED
    with pytest.raises(InvalidInputError, match="gt_from_poly"):
        SegmentationToPolyIOU(mode="other")
    with pytest.warns(DeprecationWarning, match="iou_thresholds"):
        SegmentationToPolyMAP(iou_threshold=0.5)


def test_shapes_are_drawn_by_the_centres_of_pixels() -> None:
    triangle = PolygonAnnotation("x", [Point(0, 0), Point(4, 0), Point(0, 4)], "a")
    outside = BoxAnnotation("y", -5, -5, 2, 2, "a")
    crossing = BoxAnnotation("z", 3.4, 2.6, 9, 9, "a")

    mask, made = rasterize_polygons_to_segmentation_mask([triangle, outside, crossing], (4, 4))

    assert mask.tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 3]]
    assert [(segment.label, segment.index) for segment in made] == [("x", 1), ("y", 2), ("z", 3)]


def test_parts_are_traced_along_their_pixels() -> None:
    mask = np.array([[1, 0, 2], [0, 1, 2]])

    values, polygons = instance_mask_to_polys(mask, background_code=0)

    assert values == [1, 1, 2]
    assert sorted(polygon.area for polygon in polygons) == [1, 1, 2]
    assert polygons[2].equals(shapely.box(2, 0, 3, 2))
