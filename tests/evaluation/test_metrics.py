"""Curves, confusion, counts and the report, on cases that can be checked by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation.confusion import confusion_matrix
from nucleus_lab.evaluation.curves import precision_recall, precision_recall_per_label
from nucleus_lab.evaluation.match import LabelRule, match
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.outcome import Outcome, count
from nucleus_lab.evaluation.report import (
    ClassMetrics,
    ConfusionMatrix,
    Curve,
    EvaluationReport,
    ItemResults,
)
from nucleus_lab.evaluation.summary import summarise

CAR, BUS, DOG = 0, 1, 2
NAMES = ["car", "bus", "dog"]

# Image 0: a car found, a bus taken for a car. Image 1: a dog missed, a car where there is none.
# Image 2: a car found too loosely (IoU 0.25). Image 3: nothing at all.
TRUTHS = Objects.of(
    [0, 0, 1, 2],
    [CAR, BUS, DOG, CAR],
    [[0, 0, 10, 10], [50, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]],
)
PREDICTIONS = Objects.of(
    [0, 0, 1, 2],
    [CAR, CAR, CAR, CAR],
    [[0, 0, 10, 10], [50, 0, 10, 10], [80, 80, 5, 5], [5, 5, 5, 5]],
    confidence=[0.9, 0.8, 0.7, 0.6],
)


def report(**options) -> EvaluationReport:
    matches = match(TRUTHS, PREDICTIONS)
    references = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    return summarise(
        TRUTHS, PREDICTIONS, matches, labels=NAMES, reference_ids=references, **options
    )


def test_overall_numbers() -> None:
    overall = report().overall

    overall.curve, overall.coco_curve = Curve(), []
    assert overall == ClassMetrics(
        label="",
        annotations=4,
        predictions=4,
        true_positives=1,
        false_positives=3,
        false_negatives=3,
        precision=0.25,
        recall=0.25,
        f1=0.25,
        # Of three classes one is found, half of its annotations (recall 0.00 … 0.50 of 101 points).
        ap=pytest.approx(51 / 101 / 3),
        ap50=pytest.approx(51 / 101 / 3),
        ap75=pytest.approx(51 / 101 / 3),
    )


def test_numbers_per_class_say_none_where_there_is_nothing_to_measure_by() -> None:
    found = {
        entry.label: (entry.annotations, entry.predictions, entry.precision, entry.recall, entry.f1)
        for entry in report().classes
    }

    assert found == {
        "bus": (1, 0, None, 0.0, 0.0),
        "car": (2, 4, 0.25, 0.5, pytest.approx(1 / 3)),
        "dog": (1, 0, None, 0.0, 0.0),
    }


def test_the_confusion_matrix_counts_mistakes_misses_and_false_detections() -> None:
    confusion = report().confusion

    assert confusion.labels == ["bus", "car", "dog"]
    assert confusion.to_rows() == [
        [0, 1, 0, 0],
        [0, 1, 0, 1],
        [0, 0, 0, 1],
        [0, 2, 0, 0],
    ]
    assert confusion.count("bus", "car") == 1
    assert confusion.count("dog", None) == 1
    assert confusion.count(None, "car") == 2
    assert confusion.count("tree", "car") == 0


def test_a_lower_threshold_keeps_the_loose_pair() -> None:
    found = report(iou_threshold=0.25)

    assert found.overall.true_positives == 2
    assert found.confusion.count("car", "car") == 2
    assert found.confusion.count(None, "car") == 1


def test_an_unsure_prediction_is_left_out_of_the_confusion_and_its_annotation_is_missed() -> None:
    outcome = Outcome.of(match(TRUTHS, PREDICTIONS), TRUTHS, PREDICTIONS, 0.5)

    found = confusion_matrix(outcome, 3, confidence_threshold=0.85)

    expected = np.zeros((4, 4), int)
    expected[CAR, CAR] = 1
    expected[[CAR, BUS, DOG], 3] = 1
    assert found.tolist() == expected.tolist()


def test_each_item_has_its_counts() -> None:
    assert report().items == ItemResults(
        reference_id=["a.jpg", "b.jpg", "c.jpg"],
        true_positives=[1, 0, 0],
        false_positives=[1, 1, 1],
        false_negatives=[1, 1, 1],
        mean_iou=[1.0, None, None],
    )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("score", ["b.jpg", "c.jpg", "a.jpg"]),
        ("errors", ["b.jpg", "c.jpg", "a.jpg"]),
        ("iou", ["a.jpg"]),
    ],
)
def test_worst_names_the_worst_items_first(by, expected) -> None:
    assert report().worst(10, by=by) == expected
    assert report().worst(1, by=by) == expected[:1]


def test_worst_leaves_out_items_without_an_error_and_prefers_more_errors() -> None:
    found = report()
    found.items = ItemResults(
        ["right", "one", "two", "half"],
        [3, 0, 0, 1],
        [0, 1, 2, 1],
        [0, 0, 0, 0],
        [0.9, None, None, 0.7],
    )

    assert found.worst() == ["two", "one", "half"]
    assert found.worst(0) == []
    with pytest.raises(InvalidInputError, match="by='luck'"):
        found.worst(by="luck")


def test_the_curve_steps_at_every_confidence() -> None:
    outcome = Outcome.of(match(TRUTHS, PREDICTIONS), TRUTHS, PREDICTIONS, 0.5)

    points = precision_recall(outcome, CAR)

    assert points.confidence.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert points.precision.tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert points.recall.tolist() == [0.5] * 4


def test_predictions_of_equal_confidence_stand_or_fall_together() -> None:
    truths = Objects.of([0, 1], [CAR, CAR], [[0, 0, 10, 10]] * 2)
    predictions = Objects.of([0, 1, 2], [CAR] * 3, [[0, 0, 10, 10]] * 3, confidence=[0.5] * 3)
    outcome = Outcome.of(match(truths, predictions), truths, predictions, 0.5)

    points = precision_recall(outcome)

    assert points.confidence.tolist() == [0.5]
    assert points.precision.tolist() == [2 / 3]
    assert points.recall.tolist() == [1.0]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.1, 0.4, 0.8, 1.0])),
        max_size=20,
    ),
    st.frozensets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=2),
)
def test_curves_end_at_the_counts_and_recall_never_falls(left, right, allowed) -> None:
    def box(index: int) -> list[int]:
        return [5 * (index % 4), 0, 10, 10]

    truths = Objects.of(
        [entry[0] for entry in left],
        [entry[1] for entry in left],
        [box(i) for i in range(len(left))],
    )
    predictions = Objects.of(
        [entry[0] for entry in right],
        [entry[1] for entry in right],
        [box(i) for i in range(len(right))],
        confidence=[entry[2] for entry in right],
    )
    rule = LabelRule(False, allowed)
    outcome = Outcome.of(match(truths, predictions, rule), truths, predictions, 0.5)
    counts = count(outcome, 3)

    for label, points in enumerate(precision_recall_per_label(outcome, 3)):
        one = precision_recall(outcome, label)
        assert points.precision.tolist() == one.precision.tolist()
        assert points.recall.tolist() == one.recall.tolist()
        assert ((points.precision >= 0) & (points.precision <= 1)).all()
        assert (np.diff(points.recall) >= 0).all()
        assert (np.diff(points.confidence) < 0).all()
        if counts.predictions[label]:
            assert points.precision[-1] == counts.correct[label] / counts.predictions[label]
            # A truth that an allowed pair finds may be found below the last confidence here.
            if counts.truths[label] and not allowed:
                assert points.recall[-1] == counts.found[label] / counts.truths[label]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    size = 5_000
    truths = Objects.of(np.arange(size), np.zeros(size), np.tile([0, 0, 10, 10], (size, 1)))
    predictions = Objects.of(
        np.arange(size), np.zeros(size), truths.boxes, confidence=np.linspace(0, 1, size)
    )
    outcome = Outcome.of(match(truths, predictions), truths, predictions, 0.5)

    points = precision_recall(outcome, most=101)

    assert len(points.confidence) == 101
    assert (points.confidence[0], points.confidence[-1], points.recall[-1]) == (1, 0, 1)


def test_the_best_threshold_balances_precision_and_recall() -> None:
    curve = Curve([0.9, 0.5, 0.1], [1.0, 0.8, 0.4], [0.3, 0.8, 0.9])

    assert curve.best_f1() == (pytest.approx(0.8), 0.5)
    assert Curve().best_f1() == (0.0, 0.0)


def test_allowed_pairs_count_for_the_label_of_each_side() -> None:
    truths = Objects.of([0], [CAR], [[0, 0, 10, 10]])
    predictions = Objects.of([0], [BUS], [[0, 0, 10, 10]], confidence=[0.5])
    matches = match(truths, predictions, LabelRule(False, frozenset({(CAR, BUS)})))

    found = summarise(truths, predictions, matches, labels=NAMES, reference_ids=["a"])

    assert (found.for_class("car").recall, found.for_class("bus").precision) == (1.0, 1.0)
    assert found.overall.f1 == 1.0
    # Average precision is COCO's, class by class.
    assert found.overall.ap == 0.0


def test_categories_count_and_take_no_part_in_average_precision() -> None:
    # Two images; group 2 + image holds the categories of the first taxonomy.
    truths = Objects.of([0, 2, 3], [CAR, DOG, DOG], [[0, 0, 10, 10], [0, 0, 1, 1], [0, 0, 1, 1]])
    predictions = Objects.of([0, 2, 3], [CAR, DOG, BUS], truths.boxes, confidence=[0.9, 0.8, 0.7])

    found = summarise(
        truths, predictions, match(truths, predictions), labels=NAMES, reference_ids=["a", "b"]
    )

    assert found.overall.true_positives == 2
    assert found.overall.ap == pytest.approx(1)
    assert found.for_class("dog").recall == 0.5
    assert found.for_class("dog").ap is None
    assert found.confusion.count("dog", "bus") == 1
    assert found.items.true_positives == [2, 0]


@pytest.mark.parametrize(
    ("truths", "predictions"),
    [(0, 0), (1, 0), (0, 1)],
    ids=["nothing", "no predictions", "no truths"],
)
def test_a_report_of_one_empty_side_has_none_and_no_nan(truths, predictions) -> None:
    sides = [
        Objects.of([0] * size, [CAR] * size, [[0, 0, 1, 1]] * size)
        for size in (truths, predictions)
    ]

    found = summarise(*sides, match(*sides), labels=NAMES, reference_ids=["a"])

    assert found.overall.precision == (0.0 if predictions else None)
    assert found.overall.recall == (0.0 if truths else None)
    text = found.to_json()
    assert "NaN" not in text
    assert EvaluationReport.from_json(text) == found
    assert "EvaluationReport(" in repr(found)


def test_a_report_survives_json() -> None:
    found = report()
    found.not_evaluated, found.options = {"line": 2}, {"class_agnostic": True}

    payload = json.loads(found.to_json())

    assert EvaluationReport.from_json(payload) == found
    assert EvaluationReport.from_json(found.to_json()) == found
    assert EvaluationReport.from_json({**payload, "of_a_later_version": 1}) == found


def test_what_is_no_report_is_refused_with_its_place() -> None:
    payload = json.loads(report().to_json())
    payload["overall"]["annotations"] = "many"

    with pytest.raises(InvalidInputError, match=r"\$\.overall\.annotations"):
        EvaluationReport.from_json(payload)


def test_the_table_escapes_labels_and_says_when_it_is_stale() -> None:
    found = EvaluationReport(
        ClassMetrics("", 1, 1, 1, 0, 0, 1.0, 1.0, 1.0),
        [ClassMetrics("<script>alert(1)</script>", 1, 1, 1, 0, 0, 1.0, 1.0, 1.0)]
        + [ClassMetrics(f"class {index}", 0, 1, 0, 1, 0) for index in range(60)],
        ConfusionMatrix(),
        ItemResults(),
        not_evaluated={"<b>": 3},
        stale=True,
    )

    table = found._repr_html_()

    assert "<script>" not in table
    assert "&lt;script&gt;" in table
    assert "3 &lt;b&gt; not evaluated" in table
    assert "11 more classes" in table
    assert "the dataset changed" in table
    assert "stale" in repr(found)


def test_an_unknown_class_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="'bus', 'car', 'dog'"):
        report().for_class("tree")


def test_a_thousand_classes_make_a_report_of_bounded_size() -> None:
    size, classes = 20_000, 1_000
    random = np.random.default_rng(0)
    truths = Objects.of(
        np.arange(size), np.arange(size) % classes, np.tile([0, 0, 10, 10], (size, 1))
    )
    predictions = Objects.of(
        truths.group, truths.label, truths.boxes, confidence=random.random(size)
    )

    found = summarise(
        truths,
        predictions,
        match(truths, predictions),
        labels=[f"class {index:04}" for index in range(classes)],
        reference_ids=[str(index) for index in range(size)],
    )

    assert len(found.classes) == classes
    assert found.overall.ap == pytest.approx(1)
    assert len(found.to_json()) < 4_000_000
    assert not math.isnan(found.overall.ap)
