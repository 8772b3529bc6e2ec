"""Metrics of boxes, polygons, cuboids and categories against results computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    Point,
    Point3D,
    PolygonAnnotation,
    PolygonPrediction,
)
from nucleus_lab.annotation import AnnotationList
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics import (
    CategorizationF1,
    CuboidIOU,
    CuboidPrecision,
    CuboidRecall,
    Metric,
    PolygonAveragePrecision,
    PolygonIOU,
    PolygonMAP,
    PolygonPrecision,
    PolygonRecall,
    ScalarResult,
)
from nucleus_lab.metrics.filters import polygon_area_filter
from nucleus_lab.metrics.polygon_utils import assign
from nucleus_lab.prediction import PredictionList


def truths(*boxes: tuple[Any, ...], item: str = "a") -> AnnotationList:
    """Boxes as label, x, y, width, height."""
    return AnnotationList([
        BoxAnnotation(*box, reference_id=item, annotation_id=str(index))
        for index, box in enumerate(boxes)
    ])


def found(*boxes: tuple[Any, ...], item: str = "a") -> PredictionList:
    """Boxes as label, x, y, width, height, confidence."""
    return PredictionList([
        BoxPrediction(*box[:5], item, box[5], annotation_id=str(index))
        for index, box in enumerate(boxes)
    ])


def test_iou_is_the_sum_over_pairs_by_the_larger_number() -> None:
    annotations = truths(("car", 0, 0, 10, 10), ("bus", 20, 0, 10, 10))
    # Half of the car, the whole bus, and a third of nothing.
    predictions = found(
        ("car", 0, 0, 10, 5, 0.9), ("car", 20, 0, 10, 10, 0.8), ("bus", 50, 0, 4, 4, 0.7)
    )

    assert PolygonIOU()(annotations, predictions) == ScalarResult((0.5 + 1.0) / 3, 3)
    assert PolygonIOU(iou_threshold=0.6)(annotations, predictions) == ScalarResult(1 / 3, 3)
    # By label: the car 0.5 of two (a car too many), the bus 0 of one.
    assert PolygonIOU(enforce_label_match=True)(annotations, predictions) == ScalarResult(
        0.5 / 3, 3
    )


def test_precision_and_recall_count_pairs() -> None:
    annotations = truths(("car", 0, 0, 10, 10), ("bus", 20, 0, 10, 10))
    predictions = found(
        ("car", 0, 0, 10, 4, 0.9), ("car", 20, 0, 10, 10, 0.8), ("bus", 50, 0, 4, 4, 0.2)
    )

    assert PolygonPrecision()(annotations, predictions) == ScalarResult(1 / 3, 3)
    assert PolygonRecall()(annotations, predictions) == ScalarResult(1 / 2, 2)
    assert PolygonPrecision(confidence_threshold=0.5)(annotations, predictions).value == 1 / 2
    assert PolygonRecall(iou_threshold=0.4)(annotations, predictions).value == 1
    # Not even at a threshold of 0 belongs a box to another one far away.
    assert PolygonPrecision(iou_threshold=0)(annotations, predictions).value == 2 / 3


def test_the_assignment_gives_way_where_that_makes_the_sum_higher() -> None:
    # Greedy: 0.6 first, and nothing is left for the second annotation: 0.6. Best: 0.5 + 0.5.
    pairs = assign(np.array([[0.6, 0.5], [0.5, 0.0]]), 0.0)

    assert (pairs.annotation.tolist(), pairs.prediction.tolist()) == ([0, 1], [1, 0])
    assert pairs.iou.tolist() == [0.5, 0.5]
    assert len(assign(np.array([[0.6, 0.5], [0.5, 0.0]]), 0.55)) == 1


def test_average_precision_follows_the_curve() -> None:
    annotations = truths(("car", 0, 0, 10, 10), ("car", 20, 0, 10, 10), ("bus", 40, 0, 9, 9))
    # By confidence: right, wrong, right: recall 1/2, 1/2, 1; precision 1, 1/2, 2/3.
    predictions = found(
        ("car", 20, 0, 10, 10, 0.5), ("car", 0, 0, 10, 10, 0.9), ("car", 70, 0, 10, 10, 0.7)
    )

    result = PolygonAveragePrecision("car")(annotations, predictions)
    assert (round(result.value, 12), result.weight) == (round(0.5 * 1 + 0.5 * 2 / 3, 12), 1)
    # The bus was never predicted, so it has 0.
    assert PolygonMAP()(annotations, predictions).value == pytest.approx((5 / 6 + 0) / 2)
    assert PolygonAveragePrecision("bike")(annotations, predictions) == ScalarResult(0.0, 0)


def test_a_confidence_of_zero_is_sorted_like_any_other() -> None:
    annotations = truths(("car", 0, 0, 10, 10))
    predictions = found(("car", 50, 0, 10, 10, 0.0), ("car", 0, 0, 10, 10, 0.9))

    assert PolygonAveragePrecision("car")(annotations, predictions).value == 1.0


def test_the_mean_average_precision_obeys_its_threshold() -> None:
    annotations, predictions = truths(("car", 0, 0, 10, 10)), found(("car", 0, 0, 10, 6, 0.5))

    assert [PolygonMAP(share)(annotations, predictions).value for share in (0.5, 0.7)] == [1, 0]


def test_polygons_and_boxes_are_compared_by_their_shapes() -> None:
    triangle = [Point(0, 0), Point(10, 0), Point(0, 10)]
    annotations = AnnotationList(polygon_annotations=[PolygonAnnotation("x", triangle, "a")])
    predictions = found(("x", 0, 0, 10, 10, 0.5))
    bow = [Point(0, 0), Point(10, 10), Point(10, 0), Point(0, 10)]
    crossed = PredictionList(polygon_predictions=[PolygonPrediction("x", bow, "a", 0.5)])

    assert PolygonIOU()(annotations, predictions).value == pytest.approx(0.5)
    # A ring that crosses itself is mended; two of its triangles' halves meet the triangle's.
    assert 0 < PolygonIOU()(annotations, crossed).value < 1


def test_objects_of_different_items_never_belong_together() -> None:
    here, there = truths(("x", 0, 0, 9, 9)), found(("x", 0, 0, 9, 9, 0.5), item="b")

    assert PolygonRecall()(here, there).value == 0


def test_nothing_on_one_side_is_a_result_and_on_both_has_no_weight() -> None:
    annotations = truths(("x", 0, 0, 9, 9))
    for metric in (PolygonIOU(), PolygonRecall(), PolygonMAP(), PolygonIOU(True)):
        assert metric(annotations, PredictionList()) == ScalarResult(0.0, 1)
        assert metric(AnnotationList(), PredictionList()).weight == 0
    assert ScalarResult.aggregate([]) == ScalarResult(0.0, 0)


def test_areas_are_filtered_by_their_number() -> None:
    boxes = truths(("a", 0, 0, 1, 1), ("b", 0, 0, 2, 3), ("c", 0, 0, 9, 9)).box_annotations

    assert [box.label for box in polygon_area_filter(boxes, 2, 6)] == ["b"]


def cuboid(label: str, place: tuple[float, ...], size: tuple[float, ...], yaw: float = 0.0) -> Any:
    return CuboidAnnotation(label, Point3D(*place), Point3D(*size), yaw, "a", "1")


def predicted(label: str, place: tuple[float, ...], size: tuple[float, ...], yaw: float) -> Any:
    return CuboidPrediction(label, Point3D(*place), Point3D(*size), yaw, "a", 0.5, "1")


def test_cuboids_overlap_in_space_and_from_above() -> None:
    annotations = AnnotationList(cuboid_annotations=[cuboid("car", (0, 0, 0), (4, 2, 2))])
    # Turned by a right angle: 2 x 2 of 4 x 2 each is shared; half of the height.
    predictions = PredictionList(
        cuboid_predictions=[predicted("car", (0, 0, 1), (4, 2, 2), math.pi / 2)]
    )

    above, space = 4 / (8 + 8 - 4), 4 / (16 + 16 - 4)
    assert CuboidIOU(iou_2d=True)(annotations, predictions).value == pytest.approx(above)
    assert CuboidIOU()(annotations, predictions).value == pytest.approx(space)
    assert CuboidPrecision(iou_threshold=0.2)(annotations, predictions) == ScalarResult(0.0, 1)
    assert CuboidRecall(iou_threshold=0.1)(annotations, predictions) == ScalarResult(1.0, 1)


def test_a_cuboid_belongs_to_one_other_and_to_none_far_away() -> None:
    annotations = AnnotationList(
        cuboid_annotations=[cuboid("car", (x, 0, 0), (4, 2, 2)) for x in (0, 1, 90)]
    )
    predictions = PredictionList(cuboid_predictions=[predicted("car", (0, 0, 0), (4, 2, 2), 0)])
    other = PredictionList(cuboid_predictions=[predicted("bus", (0, 0, 0), (4, 2, 2), 0)])

    assert CuboidRecall()(annotations, predictions) == ScalarResult(1 / 3, 3)
    assert CuboidIOU()(annotations, predictions).value == pytest.approx(1 / 3)
    assert CuboidPrecision()(annotations, other) == ScalarResult(0.0, 1)
    assert CuboidPrecision(enforce_label_match=False)(annotations, other).value == 1.0


def categories(*given: tuple[str, str | None]) -> AnnotationList:
    return AnnotationList(
        category_annotations=[CategoryAnnotation(label, "a", name) for label, name in given]
    )


def guesses(*given: tuple[str, str | None]) -> PredictionList:
    return PredictionList(
        category_predictions=[CategoryPrediction(label, "a", name, 0.5) for label, name in given]
    )


def test_f1_compares_taxonomy_by_taxonomy() -> None:
    metric = CategorizationF1()
    results = [
        metric(categories(("cat", None), ("wet", "feel")), guesses(("cat", None), ("dry", "feel"))),
        metric(categories(("dog", None)), guesses(("cat", None))),
        metric(categories(("dog", None)), guesses(("dog", None), ("odd", "other"))),
    ]

    # cat: 1 right, 1 wrong, 0 missed: 2/3; dog: 1, 0, 1: 2/3; wet and dry: 0.
    assert metric.aggregate_score(results) == ScalarResult(pytest.approx(1 / 3), 4)
    assert CategorizationF1(f1_method="micro").aggregate_score(results).value == 0.5
    assert [result.value for result in results] == [pytest.approx(1 / 3), 0.0, 1.0]
    assert metric.aggregate_score([]) == ScalarResult(0.0, 0)


def test_f1_of_several_labels_compares_sets() -> None:
    metric = CategorizationF1(f1_method="samples")
    result = metric(categories(("a", None), ("b", None)), guesses(("a", None)))

    assert metric.aggregate_score([result]).value == pytest.approx(2 / 3)


def test_binary_f1_takes_the_last_label_and_refuses_a_third() -> None:
    metric = CategorizationF1(f1_method="binary")
    results = [
        metric(categories(("no", None)), guesses(("yes", None))),
        metric(categories(("yes", None)), guesses(("yes", None))),
    ]

    assert metric.aggregate_score(results).value == pytest.approx(2 / 3)
    results.append(metric(categories(("maybe", None)), guesses(("yes", None))))
    with pytest.raises(InvalidInputError, match="maybe"):
        metric.aggregate_score(results)


def test_predictions_of_low_confidence_are_no_category() -> None:
    metric = CategorizationF1(confidence_threshold=0.6)

    assert metric(categories(("a", None)), guesses(("a", None))).weight == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PolygonIOU(iou_threshold=1.5), "iou_threshold is 1.5"),
        (lambda: PolygonIOU(iou_threshold=True), "iou_threshold is True"),
        (lambda: CuboidIOU(confidence_threshold=math.nan), "confidence_threshold is nan"),
        (lambda: CuboidIOU(iou_2d="yes"), "iou_2d is 'yes'"),
        (lambda: PolygonMAP(-0.1), "-0.1"),
        (lambda: CategorizationF1(f1_method="mean"), "'mean'.*macro"),
        (lambda: PolygonIOU(annotation_filters=3), "filters are 3|no len"),
    ],
)
def test_arguments_out_of_range_are_refused(make: Any, words: str) -> None:
    with pytest.raises((InvalidInputError, TypeError), match=words):
        make()


def test_a_metric_of_ones_own_needs_two_methods() -> None:
    class CountError(Metric):
        def call_metric(self, annotations: Any, predictions: Any) -> ScalarResult:
            return ScalarResult(abs(len(annotations) - len(predictions)))

        def aggregate_score(self, results: list[Any]) -> ScalarResult:
            return ScalarResult.aggregate(results)

    metric = CountError()
    results = [metric(truths(("x", 0, 0, 1, 1)), PredictionList()), metric(truths(), found())]
    assert metric.aggregate_score(results) == ScalarResult(0.5, 2.0)


boxes = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.integers(0, 20), st.integers(0, 20), st.integers(1, 9),
        st.integers(1, 9),
    ),
    max_size=5,
)  # fmt: skip


# The machine may be busy: how long an example takes says nothing here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)


@unhurried
@given(boxes, boxes, st.sampled_from([0.0, 0.3, 0.5]), st.booleans())
def test_every_score_lies_between_0_and_1_and_a_perfect_one_is_1(
    first: Any, second: Any, threshold: float, match: bool
) -> None:
    annotations = truths(*first)
    predictions = found(*((*box, 0.5) for box in second))
    same = found(*((*box, 0.5) for box in first))
    for kind in (PolygonIOU, PolygonPrecision, PolygonRecall):
        metric = kind(match, threshold)
        assert 0 <= metric(annotations, predictions).value <= 1
        if first:
            assert metric(annotations, same).value == pytest.approx(1)
    assert 0 <= PolygonMAP()(annotations, predictions).value <= 1


@unhurried
@given(boxes, boxes)
def test_precision_is_recall_with_the_sides_exchanged(first: Any, second: Any) -> None:
    precision = PolygonPrecision()(truths(*first), found(*((*box, 0.5) for box in second)))
    recall = PolygonRecall()(truths(*second), found(*((*box, 0.5) for box in first)))

    assert precision == recall
