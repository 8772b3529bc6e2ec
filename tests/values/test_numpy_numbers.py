"""Numbers from numpy are taken as they are and become Python numbers."""

from __future__ import annotations

import numpy as np
import pytest

from nucleus_lab.annotation import (
    BoxAnnotation,
    BoxPrediction,
    CuboidAnnotation,
    Keypoint,
    KeypointsAnnotation,
    Point,
    Point3D,
    Segment,
)
from nucleus_lab.dataset.uploads import positive
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError

KINDS = [np.uint8, np.int64, np.float32, np.float64]


@pytest.mark.parametrize("kind", KINDS)
def test_box_of_numpy_numbers_equals_one_of_python_numbers(kind):
    number = kind(200)
    plain = number.item()

    value = BoxAnnotation("car", number, number, number, number, "i")

    assert repr(value) == repr(BoxAnnotation("car", plain, plain, plain, plain, "i"))


@pytest.mark.parametrize("position", range(4))
def test_one_numpy_number_among_python_numbers_is_found(position):
    numbers: list[object] = [1.5, 2.5, 3.5, 4.5]
    numbers[position] = np.float64(numbers[position])

    value = BoxAnnotation("car", *numbers, "i")

    assert repr(value) == repr(BoxAnnotation("car", 1.5, 2.5, 3.5, 4.5, "i"))


@pytest.mark.parametrize("bad", [np.float64("nan"), np.float32("inf"), np.int64(-1)], ids=repr)
def test_bad_numpy_number_is_refused(bad):
    with pytest.raises(InvalidInputError, match="width"):
        BoxAnnotation("car", 1, 2, bad, 4, "i")


@pytest.mark.parametrize("kind", KINDS)
def test_other_values_take_numpy_numbers(kind):
    one = kind(1)
    space = Point3D(one, one, one)

    assert repr(Point(one, one)) == repr(Point(one.item(), one.item()))
    assert repr(BoxPrediction("car", 1, 2, 3, 4, "i", one).confidence) == repr(one.item())
    assert repr(CuboidAnnotation("car", space, space, one, "i").yaw) == repr(one.item())
    points = [Keypoint(one, one, np.bool_(True))]
    assert KeypointsAnnotation("f", points, ["a"], None, "i").to_json().count("true") == 1


def test_whole_numpy_numbers_become_indexes_and_sizes():
    item = DatasetItem("1.jpg", "1", width=np.int64(640), height=np.float64(480))

    assert repr(Segment("road", np.uint8(7)).index) == "7"
    assert (repr(item.width), repr(item.height)) == ("640", "480")


def test_array_is_no_number():
    with pytest.raises(InvalidInputError, match="x is array"):
        BoxAnnotation("car", np.array([1.0, 2.0]), 2, 3, 4, "i")


@pytest.mark.parametrize("kind", [int, np.uint8, np.int64])
def test_sizes_of_numpy_are_whole_numbers(kind):
    assert positive("batch_size", kind(7)) == 7


@pytest.mark.parametrize("size", [np.float64(7), np.int64(0), "7"])
def test_sizes_that_are_no_whole_numbers_from_1_are_refused(size):
    with pytest.raises(InvalidInputError, match="use 1 or more"):
        positive("batch_size", size)
