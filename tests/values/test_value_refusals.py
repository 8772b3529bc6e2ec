"""Numbers and payloads that are refused, with the field and the value in the message."""

from __future__ import annotations

import re
from math import inf, nan

import msgspec
import pytest

from nucleus_lab.annotation import (
    ANNOTATION_WIRE,
    PREDICTION_WIRE,
    Annotation,
    BoxAnnotation,
    BoxPrediction,
    CuboidAnnotation,
    Keypoint,
    KeypointsAnnotation,
    LineAnnotation,
    Point,
    Point3D,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)
from nucleus_lab.errors import InvalidInputError

SPACE = Point3D(1, 1, 1)


def box(**changes):
    return BoxAnnotation(
        **({"label": "car", "x": 1, "y": 2, "width": 3, "height": 4, "reference_id": "i"} | changes)
    )


@pytest.mark.parametrize("field", ["x", "y", "width", "height"])
@pytest.mark.parametrize("value", [nan, inf, -inf, "7", None, [1]], ids=repr)
def test_box_refuses_what_is_no_finite_number(field, value):
    with pytest.raises(InvalidInputError, match=f"^{field} is {re.escape(repr(value))}"):
        box(**{field: value})


@pytest.mark.parametrize("field", ["width", "height"])
@pytest.mark.parametrize("value", [-1, -0.5, -1e300], ids=repr)
def test_box_refuses_a_negative_size(field, value):
    with pytest.raises(ValueError, match=f"{field} is {re.escape(repr(value))}.*negative"):
        box(**{field: value})


def test_box_takes_numbers_whose_sum_overflows():
    huge = 1.7e308

    assert box(x=huge, y=huge).x == huge


@pytest.mark.parametrize("confidence", [nan, inf, -0.1, 1.5, "high"], ids=repr)
def test_prediction_refuses_a_confidence_outside_0_to_1(confidence):
    with pytest.raises(InvalidInputError, match="confidence"):
        BoxPrediction("car", 1, 2, 3, 4, "i", confidence=confidence)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Point(nan, 1), "x is nan"),
        (lambda: Point3D(1, 2, inf), "z is inf"),
        (lambda: Keypoint(1), "a visible keypoint needs x and y"),
        (lambda: Keypoint(nan, 1), "x is nan"),
        (lambda: LineAnnotation("l", [Point(1, 1), 7], "i"), r"vertices\[1\] is 7"),
        (lambda: PolygonAnnotation("l", [{"x": 1}], "i"), r"vertices\[0\]"),
        (lambda: PolygonAnnotation("l", [{"x": 1, "y": nan}], "i"), r"vertices\[0\].y is nan"),
        (lambda: CuboidAnnotation("l", SPACE, Point3D(1, -2, 3), 0, "i"), "dimensions.y is -2"),
        (lambda: CuboidAnnotation("l", SPACE, SPACE, nan, "i"), "yaw is nan"),
        (lambda: SegmentationAnnotation("", [], "i"), "mask_url is empty"),
        (lambda: Segment("road", "one"), "index is 'one'"),
        (lambda: Segment("road", 1.5), "index is 1.5"),
    ],
)
def test_value_is_refused_with_its_field(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


@pytest.mark.parametrize(
    ("names", "skeleton", "message"),
    [
        (["a"], None, "2 keypoints and 1 names"),
        (["a", "a"], None, "'a' is there twice"),
        (["a", "b"], [[0]], r"skeleton\[0\] is \[0\]"),
        (["a", "b"], [[0, 1], [0, 2]], r"skeleton\[1\] names keypoint 2"),
        (["a", "b"], [[0, -1]], r"skeleton\[0\] names keypoint -1"),
    ],
)
def test_keypoints_that_do_not_fit_are_refused_as_value_and_on_the_wire(names, skeleton, message):
    points = [Keypoint(1, 2), Keypoint(3, 4)]
    payload = {
        "type": "keypoints",
        "label": "face",
        "geometry": {
            "keypoints": [point.to_payload() for point in points],
            "names": names,
            "skeleton": skeleton,
        },
        "reference_id": "i",
    }

    with pytest.raises(InvalidInputError, match=message):
        KeypointsAnnotation("face", points, names, skeleton, "i")
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert([payload], list[ANNOTATION_WIRE])


def without(payload, *path):
    """The payload less one key."""
    payload = {key: dict(value) if key == "geometry" else value for key, value in payload.items()}
    inner = payload
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return payload


BOX = box().to_payload()
WIRE_FAULTS = {
    "nan": (BOX | {"geometry": BOX["geometry"] | {"x": nan}}, "[0].geometry.x"),
    "infinite": (BOX | {"geometry": BOX["geometry"] | {"y": inf}}, "[0].geometry.y"),
    "negative width": (BOX | {"geometry": BOX["geometry"] | {"width": -1}}, "[0].geometry.width"),
    "negative height": (
        BOX | {"geometry": BOX["geometry"] | {"height": -0.5}},
        "[0].geometry.height",
    ),
    "text": (BOX | {"geometry": BOX["geometry"] | {"x": "7"}}, "[0].geometry.x"),
    "true": (BOX | {"geometry": BOX["geometry"] | {"x": True}}, "[0].geometry.x"),
    "no number": (without(BOX, "geometry", "x"), "[0].geometry"),
    "no label": (without(BOX, "label"), "[0]"),
    "no reference id": (without(BOX, "reference_id"), "[0]"),
    "metadata": (BOX | {"metadata": [1]}, "[0].metadata"),
    "vector": (BOX | {"embedding_vector": [1.0, nan]}, "[0].embedding_vector[1]"),
    "type": (BOX | {"type": "blob"}, "[0].type"),
    "no vertex": (
        {"type": "polygon", "label": "l", "reference_id": "i", "geometry": {"vertices": []}},
        "[0].geometry.vertices",
    ),
    "negative dimension": (
        {
            "type": "cuboid",
            "label": "l",
            "reference_id": "i",
            "geometry": {
                "position": {"x": 1, "y": 1, "z": 1},
                "dimensions": {"x": 1, "y": 1, "z": -1},
                "yaw": 0,
            },
        },
        "[0].geometry.dimensions.z",
    ),
    "visible nowhere": (
        {
            "type": "keypoints",
            "label": "l",
            "reference_id": "i",
            "geometry": {"keypoints": [{"visible": True}], "names": ["a"]},
        },
        "[0].geometry.keypoints[0]",
    ),
    "empty mask url": ({"type": "mask", "mask_url": "", "reference_id": "i"}, "[0].mask_url"),
}


@pytest.mark.parametrize(("payload", "path"), WIRE_FAULTS.values(), ids=WIRE_FAULTS)
def test_wire_refuses_with_the_path(payload, path):
    with pytest.raises(msgspec.ValidationError, match=re.escape(f"`${path}`") + "$"):
        msgspec.convert([payload], list[ANNOTATION_WIRE])


@pytest.mark.parametrize("confidence", [nan, -0.1, 1.5, "high"], ids=repr)
def test_wire_refuses_a_confidence_outside_0_to_1(confidence):
    with pytest.raises(msgspec.ValidationError, match=r"confidence`$"):
        msgspec.convert([BOX | {"confidence": confidence}], list[PREDICTION_WIRE])


def test_wire_tolerates_the_keys_of_newer_clients():
    newer = BOX | {"task_id": None, "item_id": "di_1", "dataset_id": "ds_1", "whatever": [1]}

    assert msgspec.convert(newer, ANNOTATION_WIRE) == msgspec.convert(BOX, ANNOTATION_WIRE)
    assert msgspec.convert(without(newer, "reference_id"), PREDICTION_WIRE).item_id == "di_1"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (without(BOX, "geometry"), "payload of a box: it has no 'geometry'"),
        (without(BOX, "reference_id"), "it has no 'reference_id'"),
        ({"type": "line", "reference_id": "i"}, "payload of a line"),
        ({"type": "category", "reference_id": "i"}, "it has no 'label'"),
        ({"type": "blob", "reference_id": "i"}, "type 'blob' is read as a segmentation.*mask_url"),
    ],
    ids=["geometry", "reference_id", "line", "category", "unknown"],
)
def test_unreadable_payload_is_refused_with_what_is_missing(payload, message):
    with pytest.raises(InvalidInputError, match=message):
        Annotation.from_json(payload)
