"""The greedy matching against a naive one, its laws, its options."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nucleus_lab.evaluation import match as matching
from nucleus_lab.evaluation.match import LabelRule, Matches, match
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.outcome import Outcome, count
from nucleus_lab.evaluation.overlap import box_iou

# Small whole numbers make equal overlaps, equal confidences and equal boxes frequent.
whole = st.integers(0, 8)
one_box = st.tuples(whole, whole, st.integers(0, 6), st.integers(0, 6))
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), one_box), max_size=12)
scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=12, max_size=12)
pairs = st.frozensets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3)
rules = st.one_of(st.just(LabelRule()), st.builds(LabelRule, st.just(False), pairs))


def objects(found, confidence=None) -> Objects:
    group, label, boxes = zip(*found, strict=True) if found else ((), (), ())
    return Objects.of(
        group, label, boxes, confidence=None if confidence is None else confidence[: len(found)]
    )


def naive(truths: Objects, predictions: Objects, rule: LabelRule) -> list[tuple[int, int, float]]:
    """The documented matching word by word, one pair at a time."""
    free_truths, free_predictions = set(range(len(truths))), set(range(len(predictions)))
    chosen = []
    while True:
        best = None
        for i, j in itertools.product(sorted(free_truths), sorted(free_predictions)):
            labels = int(truths.label[i]), int(predictions.label[j])
            if truths.group[i] != predictions.group[j]:
                continue
            if not rule.class_agnostic and labels[0] != labels[1] and labels not in rule.allowed:
                continue
            iou = float(box_iou(truths.boxes[i : i + 1], predictions.boxes[j : j + 1])[0])
            key = (-iou, -predictions.confidence[j], j, i)
            if iou > 0 and (best is None or key < best[0]):
                best = (key, i, j, iou)
        if best is None:
            return sorted(chosen)
        _, i, j, iou = best
        free_truths.discard(i)
        free_predictions.discard(j)
        chosen.append((i, j, iou))


def paired(found: Matches) -> list[tuple[int, int, float]]:
    pair = (found.truth >= 0) & (found.prediction >= 0)
    return sorted(
        zip(
            found.truth[pair].tolist(),
            found.prediction[pair].tolist(),
            found.iou[pair].tolist(),
            strict=True,
        )
    )


@settings(max_examples=300, deadline=None)
@given(rows, rows, scores, rules, st.sampled_from([0, 1, 12]))
def test_matching_equals_the_naive_one(left, right, confidence, rule, rounds) -> None:
    truths, predictions = objects(left), objects(right, confidence)
    before = matching._VECTORISED_ROUNDS
    matching._VECTORISED_ROUNDS = rounds  # with 0 the plain loop does all the work
    try:
        found = match(truths, predictions, rule)
    finally:
        matching._VECTORISED_ROUNDS = before

    assert paired(found) == naive(truths, predictions, rule)


@settings(deadline=None)
@given(rows, rows, scores, rules, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_every_object_is_in_exactly_one_row_and_counts_add_up(
    left, right, confidence, rule, threshold
) -> None:
    truths, predictions = objects(left), objects(right, confidence)

    found = match(truths, predictions, rule)
    outcome = Outcome.of(found, truths, predictions, threshold)
    counts = count(outcome, 3)

    assert sorted(found.truth[found.truth >= 0]) == list(range(len(truths)))
    assert sorted(found.prediction[found.prediction >= 0]) == list(range(len(predictions)))
    right_ones = int(outcome.right.sum())
    false = int(((outcome.prediction >= 0) & ~outcome.right).sum())
    missed = int(((outcome.truth >= 0) & ~outcome.right).sum())
    assert (right_ones + false, right_ones + missed) == (len(predictions), len(truths))
    assert counts.truths.sum() == len(truths)
    assert counts.predictions.sum() == len(predictions)
    assert counts.found.sum() == counts.correct.sum() == right_ones


@settings(deadline=None)
@given(rows, rows, scores, st.sampled_from([0.2, 0.5, 0.9]))
def test_a_threshold_afterwards_equals_matching_above_it(
    left, right, confidence, threshold
) -> None:
    truths, predictions = objects(left), objects(right, confidence)

    after = [pair for pair in paired(match(truths, predictions)) if pair[2] >= threshold]

    # The naive matching, with every pair below the threshold taken out beforehand.
    before = [pair for pair in naive(truths, predictions, LabelRule()) if pair[2] >= threshold]
    assert after == before


@settings(deadline=None)
@given(rows, rows, scores)
def test_parts_matched_alone_and_joined_equal_the_whole(left, right, confidence) -> None:
    left, right = sorted(left), sorted(right)
    truths, predictions = objects(left), objects(right, confidence)
    whole_matching = match(truths, predictions)

    parts, starts = [], []
    for chosen in ((0, 1), (2, 3)):
        ours = np.isin(truths.group, chosen), np.isin(predictions.group, chosen)
        parts.append(match(truths.take(ours[0]), predictions.take(ours[1])))
        starts.append(tuple(int(side.argmax()) if side.any() else 0 for side in ours))
    joined = Matches.joined(parts, starts)

    assert paired(joined) == paired(whole_matching)
    assert len(joined) == len(whole_matching)


CAR, BUS, DOG = 0, 1, 2
ONE = [[0, 0, 10, 10]]


@pytest.mark.parametrize(
    ("labels", "rule", "expected"),
    [
        ((CAR, CAR), LabelRule(), ([0], [0], [True])),
        ((CAR, BUS), LabelRule(), ([0], [0], [False])),
        ((CAR, BUS), LabelRule(False), ([-1, 0], [0, -1], [False, False])),
        ((CAR, BUS), LabelRule(False, frozenset({(CAR, BUS)})), ([0], [0], [True])),
        ((BUS, CAR), LabelRule(False, frozenset({(CAR, BUS)})), ([-1, 0], [0, -1], [False] * 2)),
        ((CAR, CAR), LabelRule(False, frozenset({(CAR, BUS)})), ([0], [0], [True])),
    ],
    ids=["equal", "agnostic", "sensitive", "allowed", "not the other way", "equal stays"],
)
def test_labels_decide_as_the_rule_says(labels, rule, expected) -> None:
    found = match(Objects.of([0], [labels[0]], ONE), Objects.of([0], [labels[1]], ONE), rule)

    assert (
        found.truth.tolist(),
        found.prediction.tolist(),
        found.true_positive.tolist(),
    ) == expected


def test_a_class_agnostic_matching_gives_an_annotation_to_the_wrong_label_if_it_overlaps_more() -> (
    None
):
    truths = Objects.of([0], [CAR], ONE)
    predictions = Objects.of([0, 0], [BUS, CAR], [[0, 0, 10, 10], [0, 0, 10, 9]])

    agnostic = match(truths, predictions)
    sensitive = match(truths, predictions, LabelRule(False))

    assert paired(agnostic) == [(0, 0, 1.0)]
    assert paired(sensitive) == [(0, 1, 0.9)]


def test_equal_overlaps_go_to_the_higher_confidence_and_then_to_the_earlier_one() -> None:
    truths = Objects.of([0], [CAR], ONE)
    three = [[0, 0, 10, 10]] * 3

    by_score = match(truths, Objects.of([0] * 3, [CAR] * 3, three, confidence=[0.2, 0.9, 0.5]))
    by_order = match(truths, Objects.of([0] * 3, [CAR] * 3, three, confidence=[0.5, 0.5, 0.5]))

    assert by_score.prediction.tolist() == [1, 2, 0]
    assert by_order.prediction.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("truths", "predictions"),
    [
        (([], [], []), ([], [], [])),
        (([0], [CAR], ONE), ([], [], [])),
        (([], [], []), ([0], [CAR], ONE)),
        (([0], [CAR], ONE), ([0], [CAR], [[50, 50, 5, 5]])),
        (([0], [CAR], ONE), ([1], [CAR], ONE)),
        (([0], [CAR], [[0, 0, 0, 0]]), ([0], [CAR], [[0, 0, 0, 0]])),
        (([0], [CAR], [[float("nan")] * 4]), ([0], [CAR], [[float("nan")] * 4])),
    ],
    ids=["nothing", "no predictions", "no truths", "apart", "other image", "points", "nan"],
)
def test_without_overlap_everything_stays_alone(truths, predictions) -> None:
    found = match(Objects.of(*truths), Objects.of(*predictions))

    assert len(found) == len(truths[0]) + len(predictions[0])
    assert not found.true_positive.any()
    assert np.isnan(found.iou).all()


def test_a_chain_of_neighbours_costs_no_round_a_pair() -> None:
    # Each box overlaps the next a little less: only one pair is decided a round.
    size = 3_000
    left = np.cumsum(np.linspace(1.0, 2.0, 2 * size))
    boxes = np.column_stack([left, np.zeros(2 * size), np.full(2 * size, 3.0), np.ones(2 * size)])
    truths = Objects.of([0] * size, [CAR] * size, boxes[::2])
    predictions = Objects.of([0] * size, [CAR] * size, boxes[1::2])
    started = time.process_time()

    found = match(truths, predictions)

    assert time.process_time() - started < 5
    assert (found.truth >= 0).sum() == (found.prediction >= 0).sum() == size


def test_the_cost_grows_with_the_images_and_not_with_their_square() -> None:
    def cost(images: int) -> float:
        group = np.repeat(np.arange(images), 4)
        boxes = np.tile(
            [[0, 0, 10, 10], [20, 0, 10, 10], [0, 20, 10, 10], [20, 20, 10, 10]], (images, 1)
        )
        truths = Objects.of(group, np.zeros(len(group)), boxes)
        predictions = Objects.of(group, np.zeros(len(group)), boxes + 1)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            match(truths, predictions)
            best = min(best, time.process_time() - started)
        return best

    assert cost(20_000) < 40 * max(cost(1_000), 0.002)
