"""Rows: keys that are equal for equal objects, bounds, and what has no column."""

from __future__ import annotations

import subprocess
import sys
from math import pi

import msgspec
import pytest

from nucleus_lab.annotation import (
    ANNOTATION_TYPES,
    ANNOTATION_WIRE,
    PREDICTION_WIRE,
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CuboidAnnotation,
    Keypoint,
    KeypointsAnnotation,
    MultiCategoryAnnotation,
    Point,
    Point3D,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)

TRIANGLE = [Point(1, 2), Point(5, 4), Point(3, 10)]


def row_of(payload, wire=ANNOTATION_WIRE):
    return ANNOTATION_TYPES[payload["type"]].to_row(msgspec.convert(payload, wire))


def test_box_row_is_its_numbers():
    value = BoxAnnotation("car", 1, 2.5, 3, 4, "i", "a", {"k": [1]}, None, "track")

    assert row_of(value.to_payload()) == (
        *("a", "car", None, 1, 2.5, 3, 4, None),
        *('{"k":[1]}', "track", None),
    )


def test_what_has_no_column_goes_into_extra():
    value = BoxPrediction("car", 1, 2, 3, 4, "i", 0.5, "a", None, {"car": 0.5}, [1, 2])

    row = row_of(value.to_payload() | {"task_id": "t"}, PREDICTION_WIRE)

    assert msgspec.json.decode(row[10]) == {
        "embedding_vector": [1, 2],
        "task_id": "t",
        "class_pdf": {"car": 0.5},
    }
    assert ANNOTATION_TYPES["box"].to_payload("i", row, 0.5) == value.to_payload() | {
        "task_id": "t"
    }


def test_polygon_row_has_bounds_and_exact_geometry():
    row = row_of(PolygonAnnotation("bus", TRIANGLE, "i", "a").to_payload())

    assert row == (
        *("a", "bus", None, 1, 2, 4, 8),
        '{"vertices":[{"x":1,"y":2},{"x":5,"y":4},{"x":3,"y":10}]}',
        *(None, None, None),
    )


def test_keypoints_without_any_place_have_no_bounds():
    hidden = KeypointsAnnotation("face", [Keypoint(visible=False)], ["nose"], None, "i")

    assert row_of(hidden.to_payload())[3:7] == (None, None, None, None)


@pytest.mark.parametrize(
    ("yaw", "bounds"), [(0, (-1, -0.5, 4, 3)), (pi / 2, (-0.5, -1, 3, 4))], ids=["along", "turned"]
)
def test_cuboid_bounds_are_its_turned_footprint(yaw, bounds):
    value = CuboidAnnotation("car", Point3D(1, 1, 9), Point3D(4, 3, 2), yaw, "cloud")

    assert row_of(value.to_payload())[3:7] == pytest.approx(bounds)


def test_key_without_an_id_tells_objects_apart_and_knows_equal_ones():
    def key(label="bus", vertices=TRIANGLE, kind=PolygonAnnotation):
        return row_of(kind(label, vertices, "i").to_payload())[0]

    moved = [Point(1, 2), Point(5, 4), Point(3, 10.5)]
    floats = [Point(1.0, 2.0), Point(5.0, 4.0), Point(3.0, 10.0)]

    assert key() == key(vertices=floats)
    assert len({key(), key("car"), key(vertices=moved), key(vertices=TRIANGLE[::-1])}) == 4


def test_key_without_an_id_is_the_same_in_every_process():
    code = (
        "import msgspec\n"
        "from nucleus_lab.annotation import *\n"
        "value = PolygonAnnotation('bus', [Point(1, 2), Point(5, 4), Point(3, 10)], 'i')\n"
        "wire = msgspec.convert(value.to_payload(), ANNOTATION_WIRE)\n"
        "print(ANNOTATION_TYPES['polygon'].to_row(wire)[0])\n"
    )

    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert other.stdout.strip() == row_of(PolygonAnnotation("bus", TRIANGLE, "i").to_payload())[0]


@pytest.mark.parametrize(
    "payload",
    [
        BoxAnnotation("car", 1, 2, 3, 4, "i").to_payload() | {"annotation_id": None},
        PolygonAnnotation("bus", TRIANGLE, "i").to_payload(),
        CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(1, 2, 3), 0, "i").to_payload(),
    ],
    ids=["box", "polygon", "cuboid"],
)
def test_an_id_that_was_not_given_is_not_given_back(payload):
    entry = ANNOTATION_TYPES[payload["type"]]

    assert entry.to_payload("i", row_of(payload)) == payload


def test_category_has_one_key_per_taxonomy():
    keys = [
        row_of(value.to_payload())[0]
        for value in (
            CategoryAnnotation("dress", "i"),
            CategoryAnnotation("coat", "i"),
            CategoryAnnotation("dress", "i", "clothes"),
            CategoryAnnotation("coat", "i", "clothes"),
            MultiCategoryAnnotation(["dress"], "i", "clothes"),
        )
    ]

    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert len(set(keys)) == 3


def test_mask_has_one_key_whatever_its_id():
    named = SegmentationAnnotation("s3://b/1.png", [Segment("road", 1)], "i", "mine").to_payload()
    other = SegmentationAnnotation("s3://b/2.png", [], "i").to_payload()

    assert row_of(named)[0] == row_of(other)[0]
    assert ANNOTATION_TYPES["mask"].to_payload("i", row_of(named))["annotation_id"] == "mine"
    assert ANNOTATION_TYPES["mask"].to_payload("i", row_of(other))["annotation_id"] is None
