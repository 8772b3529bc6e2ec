"""Who finds whom at a threshold, why predictions are wrong, and what the charts count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from definition_of_errors import causes_by_definition
from hypothesis import given, settings
from hypothesis import strategies as st

from nucleus_lab.evaluation.attribution import CAUSES
from nucleus_lab.evaluation.candidates import candidates
from nucleus_lab.evaluation.charts import charts, counts_at, operating_curve
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.predicates import holds, value_at
from nucleus_lab.evaluation.rows import KINDS, rows_at

CLASSES = ["bus", "car"]
BUS, CAR = 0, 1


def frame_of(truths: list[Any], predictions: list[Any], **more: Any) -> Frame:
    """A frame of ``(item, label, box)`` and ``(item, label, box, confidence)``."""
    drawn = Objects.of(*(zip(*truths, strict=True) if truths else ([], [], [])))
    columns = list(zip(*predictions, strict=True)) if predictions else [[], [], [], []]
    made = Objects.of(*columns[:3], confidence=columns[3])
    items = np.arange(1 + max([row[0] for row in [*truths, *predictions]], default=0))
    return Frame(
        items, CLASSES, CLASSES, drawn, made, drawn.label, made.label,
        np.ones(len(made), np.bool_), candidates(drawn, made), **more,
    )  # fmt: skip


def shown(frame: Frame, threshold: float = 0.5) -> list[tuple[str, int, int]]:
    rows, _ = rows_at(frame, threshold)
    return [
        (KINDS[kind], truth, prediction)
        for kind, truth, prediction in zip(
            rows.kind.tolist(), rows.truth.tolist(), rows.prediction.tolist(), strict=True
        )
    ]


def test_the_surest_prediction_of_the_right_label_finds_an_annotation_even_if_looser() -> None:
    frame = frame_of(
        [(0, CAR, (0, 0, 10, 10))],
        [(0, BUS, (0, 0, 10, 10), 0.99), (0, CAR, (0, 0, 10, 10), 0.3),
         (0, CAR, (0, 0, 10, 8), 0.9)],
    )  # fmt: skip

    assert shown(frame) == [("FP", -1, 0), ("FP", -1, 1), ("TP", 0, 2)]
    _, causes = rows_at(frame, 0.5)
    assert [CAUSES[cause] for cause in causes.cause] == [
        "classification", "duplicate", "truePositive",
    ]  # fmt: skip
    # At 0.9 the sure one is too loose, and the exact one has found it.
    assert shown(frame, 0.9) == [("FP", -1, 0), ("TP", 0, 1), ("FP", -1, 2)]


def test_a_prediction_of_another_label_names_the_annotation_that_it_was_taken_for() -> None:
    frame = frame_of([(0, BUS, (0, 0, 10, 10))], [(0, CAR, (0, 0, 10, 9), 0.8)])

    assert shown(frame) == [("FP", 0, 0), ("FN", 0, -1)]
    found = charts(frame, *rows_at(frame, 0.5))
    assert found["confusionMatrix"] == [{"gtLabel": "bus", "predLabel": "car", "count": 1}]
    assert found["totalCounts"] == {"tp": 0, "fp": 1, "fn": 1, "predsWithConfidence": 1}


# One prediction beside one bus at x = 0 … 10; what moves is how far it lies to the right.
@pytest.mark.parametrize(
    ("label", "right", "cause", "missed"),
    [
        (BUS, 0, "truePositive", 0),
        (BUS, 3, "truePositive", 0),  # IoU 7 / 13 = 0.54
        (BUS, 4, "localization", 0),  # 6 / 14 = 0.43
        (BUS, 8, "localization", 0),  # 2 / 18 = 0.11
        (BUS, 9, "background", 1),  # 1 / 19 = 0.05
        (CAR, 3, "classification", 0),
        (CAR, 4, "both", 1),
        (CAR, 9, "background", 1),
        (CAR, 30, "background", 1),
    ],
)
def test_a_false_positive_has_the_cause_that_the_paper_gives_it(
    label: int, right: int, cause: str, missed: int
) -> None:
    frame = frame_of([(0, BUS, (0, 0, 10, 10))], [(0, label, (right, 0, 10, 10), 0.5)])

    found = charts(frame, *rows_at(frame, 0.5))["tideAttribution"]

    assert found == {**dict.fromkeys(CAUSES, 0), "missed": missed, cause: 1}


def test_every_chart_of_a_small_dataset_is_as_computed_by_hand() -> None:
    frame = frame_of(
        [(0, CAR, (0, 0, 10, 10)), (0, BUS, (50, 0, 10, 10)), (1, BUS, (0, 0, 40, 40)),
         (2, CAR, (0, 0, 10, 10))],
        [(0, CAR, (0, 0, 10, 10), 0.95), (0, CAR, (50, 0, 10, 10), 0.85),
         (1, BUS, (0, 0, 40, 39), 0.75), (2, CAR, (5, 5, 10, 10), 0.65)],
    )  # fmt: skip

    found = charts(frame, *rows_at(frame, 0.5))

    # Car: right at 0.95, wrong below: precision 1 up to recall 0.5, that is at 51 of 101 recalls.
    # Bus: one of two found (IoU 0.975, so at every threshold), nothing wrong: 51 of 101 too.
    half = pytest.approx(51 / 101)
    histogram = found.pop("scoreHistogram")
    assert found == {
        "mapSummary": {"mapAt50": half, "mapAt75": half, "mapAt5095": half},
        "perClassAp": [{"classLabel": "bus", "ap": half}, {"classLabel": "car", "ap": half}],
        "confusionMatrix": [
            {"gtLabel": "bus", "predLabel": "bus", "count": 1},
            {"gtLabel": "bus", "predLabel": "car", "count": 1},
            {"gtLabel": "car", "predLabel": "car", "count": 1},
            {"gtLabel": "car", "predLabel": "background", "count": 1},
            {"gtLabel": "background", "predLabel": "car", "count": 1},
        ],
        "computedIouRanges": [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
        "totalCounts": {"tp": 2, "fp": 2, "fn": 2, "predsWithConfidence": 4},
        # Small: the bus of 10 by 10 is missed, of the cars one of two is found.
        "apBySize": {"small": pytest.approx(51 / 202), "medium": pytest.approx(1.0), "large": None},
        "prCurve": [
            {"classLabel": "bus", "recall": 0.5, "precision": 1.0},
            {"classLabel": "car", "recall": 0.5, "precision": 1.0},
            {"classLabel": "car", "recall": 0.5, "precision": 0.5},
            {"classLabel": "car", "recall": 0.5, "precision": 0.333333},
        ],
        "tideAttribution": {
            "truePositive": 2, "localization": 1, "classification": 1, "both": 0, "duplicate": 0,
            "background": 0, "missed": 0,
        },
    }  # fmt: skip
    assert [bucket["count"] for bucket in histogram if bucket["count"]] == [1, 1, 1, 1]
    assert (histogram[0]["bucketMin"], histogram[-1]["bucketMax"]) == (0, 1)


def test_allowed_pairs_count_as_right_one_way_only() -> None:
    objects = (0, 0, 10, 10)
    allowed = frozenset({(BUS, CAR)})
    right = frame_of([(0, BUS, objects)], [(0, CAR, objects, 0.5)], allowed=allowed)
    wrong = frame_of([(0, CAR, objects)], [(0, BUS, objects, 0.5)], allowed=allowed)

    assert shown(right) == [("TP", 0, 0)]
    assert shown(wrong) == [("FP", 0, 0), ("FN", 0, -1)]


def test_a_frame_without_objects_has_empty_charts() -> None:
    frame = frame_of([], [])

    found = charts(frame, *rows_at(frame, 0.5))

    assert found["totalCounts"] == {"tp": 0, "fp": 0, "fn": 0, "predsWithConfidence": 0}
    assert found["mapSummary"] == {"mapAt50": None, "mapAt75": None, "mapAt5095": None}


_boxes = st.tuples(
    st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12)
).map(lambda box: tuple(map(float, box)))
_truths = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), _boxes), max_size=8)
_scores = st.sampled_from([0.1, 0.2, 0.5, 0.8, 0.9])
_predictions = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), _boxes, _scores), max_size=8
)
_thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0])


@settings(max_examples=150, deadline=None)
@given(_truths, _predictions, _thresholds)
def test_causes_are_those_of_the_definition(
    truths: list[Any], predictions: list[Any], threshold: float
) -> None:
    frame = frame_of(truths, predictions)
    rows, causes = rows_at(frame, threshold)

    expected, missed = causes_by_definition(frame, threshold)

    assert [CAUSES[cause] for cause in causes.cause] == expected
    assert charts(frame, rows, causes)["tideAttribution"]["missed"] == missed


@settings(max_examples=150, deadline=None)
@given(_truths, _predictions, _thresholds)
def test_every_object_is_counted_once(
    truths: list[Any], predictions: list[Any], threshold: float
) -> None:
    frame = frame_of(truths, predictions)
    rows, causes = rows_at(frame, threshold)
    found = charts(frame, rows, causes)
    counts, tide = found["totalCounts"], dict(found["tideAttribution"])

    assert counts["tp"] + counts["fp"] == len(predictions)
    assert counts["tp"] + counts["fn"] == len(truths)
    assert tide.pop("missed") <= counts["fn"]
    assert tide["truePositive"] == counts["tp"]
    assert sum(tide.values()) == len(predictions)
    cells = found["confusionMatrix"]
    assert sum(c["count"] for c in cells if c["gtLabel"] != "background") == len(truths)
    assert sum(c["count"] for c in cells if c["predLabel"] != "background") == len(predictions)


@settings(max_examples=100, deadline=None)
@given(_truths, _predictions, st.sampled_from([0.15, 0.5, 0.85]))
def test_cutting_at_a_confidence_is_matching_what_is_left(
    truths: list[Any], predictions: list[Any], cut: float
) -> None:
    frame = frame_of(truths, predictions)
    rows, _ = rows_at(frame, 0.5)
    left = frame_of(truths, [row for row in predictions if row[3] >= cut])
    kept, _ = rows_at(frame, 0.5, frame.predictions.confidence >= cut)
    alone, _ = rows_at(left, 0.5)

    counts = counts_at(rows, [cut])
    totals = np.bincount(alone.kind, minlength=3).tolist()

    assert (counts["tp"], counts["predictions"]) == ([totals[0]], [totals[0] + totals[1]])
    assert np.bincount(kept.kind, minlength=3).tolist() == totals
    curve = operating_curve(frame, rows)
    assert curve["predictions"][0] == len(predictions)
    assert (curve["truths"], len(curve["tp"])) == (len(truths), 101)


@settings(max_examples=50, deadline=None)
@given(_truths, _predictions)
def test_a_frame_comes_back_from_its_bytes(truths: list[Any], predictions: list[Any]) -> None:
    frame = frame_of(truths, predictions, allowed=frozenset({(0, 1)}))
    if truths:
        frame.truths.polygons = {0: np.array([(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)])}

    again = Frame.from_bytes(frame.to_bytes())

    assert charts(again, *rows_at(again, 0.5)) == charts(frame, *rows_at(frame, 0.5))
    assert again.classes == frame.classes
    assert again.allowed == frame.allowed
    assert again.truth_area().tolist() == frame.truth_area().tolist()


@pytest.mark.parametrize(
    ("actual", "operator", "wanted", "passes"),
    [
        (3, "EQ", 3.0, True), (3, "EQ", "3", True), (3.0, "EQ", "3", True), (True, "EQ", 1, False),
        (True, "EQ", "true", True), (0, "EQ", False, False), ("a", "EQ", "a", True),
        (None, "EQ", None, False), ("a", "IN", ["b", "a"], True), (2, "IN", ["1", "2"], True),
        ("a", "IN", "abc", False), (3, "GT", 2, True), (3, "GT", 3, False), (3, "LT", "4", True),
        ("b", "GT", "a", True), ("b", "GT", 1, False), (True, "GT", 0, False),
        ([1], "EQ", 1, False),
    ],
)  # fmt: skip
def test_metadata_is_compared_by_value_and_kind(
    actual: Any, operator: Any, wanted: Any, passes: bool
) -> None:
    assert holds(actual, operator, wanted) is passes


def test_a_key_of_metadata_may_be_a_path_or_hold_dots_itself() -> None:
    metadata = {"a": {"b": 1, "c": {}}, "a.c": 2}

    assert [value_at(metadata, key) for key in ("a.b", "a.c", "a.x.y", "z")] == [1, 2, None, None]
