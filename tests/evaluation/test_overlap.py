"""IoU of boxes and polygons: its laws, its edges, exact values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nucleus_lab.evaluation import overlap
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.overlap import (
    box_iou,
    box_iou_matrix,
    overlapping,
    pairs_of_groups,
)

numbers = st.floats(-1000, 1000, width=32)
sides = st.floats(0, 1000, width=32)
boxes = st.builds(
    lambda corner, size: np.column_stack([corner, size]),
    arrays.arrays(np.float64, (6, 2), elements=numbers),
    arrays.arrays(np.float64, (6, 2), elements=sides),
)


@given(boxes, boxes)
def test_iou_is_symmetric_and_lies_between_0_and_1(first, second) -> None:
    iou = box_iou(first, second)

    assert np.array_equal(iou, box_iou(second, first))
    assert ((iou >= 0) & (iou <= 1)).all()


@given(boxes)
def test_a_box_with_an_area_overlaps_itself_by_exactly_1(found) -> None:
    # A box too small for the distance to its corner has no area in float64.
    sized = ((found[:, :2] + found[:, 2:]) > found[:, :2]).all(axis=1)
    areas = np.prod((found[:, :2] + found[:, 2:]) - found[:, :2], axis=1)
    sized &= areas > 0

    assert (box_iou(found, found)[sized] == 1).all()


@given(boxes, boxes)
def test_iou_agrees_with_pycocotools(first, second) -> None:
    mask = pytest.importorskip("pycocotools.mask")
    usable = (first[:, 2:].min(axis=1) > 1e-2) & (second[:, 2:].min(axis=1) > 1e-2)
    first, second = first[usable], second[usable]
    if len(first) == 0:
        return

    expected = mask.iou(first, second, [0] * len(second))

    assert np.allclose(box_iou_matrix(first, second), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0, 0, 10, 10], [5, 5, 5, 5], 0.25),
        ([0, 0, 10, 10], [0, 0, 5, 10], 0.5),
        ([0, 0, 10, 10], [10, 0, 10, 10], 0),
        ([0, 0, 0, 0], [0, 0, 0, 0], 0),
        ([0, 0, 10, 10], [2, 2, 0, 5], 0),
        ([0, 0, -10, -10], [0, 0, -10, -10], 0),
        ([0, 0, float("nan"), 10], [0, 0, 10, 10], 0),
        ([float("nan")] * 4, [float("nan")] * 4, 0),
    ],
    ids=["inside", "half", "touching", "points", "line", "negative", "nan side", "all nan"],
)
def test_iou_of_two_boxes(first, second, expected) -> None:
    assert box_iou(np.array([first]), np.array([second])).tolist() == [expected]


@given(
    st.lists(st.integers(0, 5), max_size=12),
    st.lists(st.integers(0, 5), max_size=12),
    st.sampled_from([1, 3, 1_000_000]),
)
def test_pairs_are_all_of_one_group_whatever_the_block_size(first, second, block) -> None:
    before = overlap.PAIRS_AT_ONCE
    overlap.PAIRS_AT_ONCE = block
    try:
        blocks = list(pairs_of_groups(np.array(first, np.int64), np.array(second, np.int64)))
    finally:
        overlap.PAIRS_AT_ONCE = before

    found = [pair for left, right in blocks for pair in zip(left, right, strict=True)]
    assert sorted(found) == [
        (i, j) for i, one in enumerate(first) for j, other in enumerate(second) if one == other
    ]
    assert [j for _, j in found] == sorted(j for _, j in found)


TRIANGLE = [(0, 0), (10, 0), (0, 10)]


@pytest.mark.parametrize(
    ("truth", "prediction", "expected"),
    [
        (TRIANGLE, [(0, 0), (10, 0), (10, 10), (0, 10)], 0.5),
        (TRIANGLE, None, 0.5),
        (None, TRIANGLE, 0.5),
        (TRIANGLE, [(10, 0), (10, 10), (0, 10)], 0),
        (TRIANGLE, TRIANGLE[::-1], 1),
        (TRIANGLE, [(0, 0), (5, 5)], 0),
        ([(0, 0), (10, 10), (10, 0), (0, 10)], None, 0.5),
    ],
    ids=["square", "box", "box first", "other half", "reversed", "two corners", "crossing"],
)
def test_iou_with_polygons(truth, prediction, expected) -> None:
    sides = [
        Objects.of([0], [0], [[0, 0, 10, 10]], polygons={0: ring} if ring else {})
        for ring in (truth, prediction)
    ]

    found = [value for _, _, iou in overlapping(*sides) for value in iou.tolist()]

    assert found == ([pytest.approx(expected)] if expected else [])


def test_objects_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="label has 1 rows, group has 2"):
        Objects.of([0, 0], [1], [[0, 0, 1, 1]] * 2)
