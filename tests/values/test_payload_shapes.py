"""The exact payloads of the wire: which keys, which nulls, which default ids."""

from __future__ import annotations

import pytest

from nucleus_lab.annotation import (
    Annotation,
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    Keypoint,
    KeypointsAnnotation,
    LineAnnotation,
    LinePrediction,
    MultiCategoryAnnotation,
    Point,
    Point3D,
    PolygonAnnotation,
    Prediction,
    SceneCategoryAnnotation,
    SceneCategoryPrediction,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)

TRIANGLE = [Point(1, 2), Point(3.5, 4), Point(0, 0)]
TRIANGLE_PAYLOAD = [{"x": 1, "y": 2}, {"x": 3.5, "y": 4}, {"x": 0, "y": 0}]

SHAPES = {
    "box": (
        BoxAnnotation("car", 0, 0.5, 10, 10.0, "image_1"),
        {
            "label": "car",
            "type": "box",
            "geometry": {"x": 0, "y": 0.5, "width": 10, "height": 10.0},
            "reference_id": "image_1",
            "annotation_id": "car-0-0.5-10-10.0-image_1",
            "metadata": {},
            "embedding_vector": None,
            "track_reference_id": None,
        },
    ),
    "box prediction, nothing certain": (
        BoxPrediction("car", 0, 0, 1, 1, "i", confidence=0, annotation_id="a"),
        {
            "label": "car",
            "type": "box",
            "geometry": {"x": 0, "y": 0, "width": 1, "height": 1},
            "reference_id": "i",
            "annotation_id": "a",
            "metadata": {},
            "embedding_vector": None,
            "track_reference_id": None,
            "confidence": 0,
        },
    ),
    "line": (
        LineAnnotation("lane", TRIANGLE, "i", metadata={"side": "left"}),
        {
            "label": "lane",
            "type": "line",
            "geometry": {"vertices": TRIANGLE_PAYLOAD},
            "reference_id": "i",
            "annotation_id": None,
            "metadata": {"side": "left"},
            "track_reference_id": None,
        },
    ),
    "line prediction": (
        LinePrediction("lane", TRIANGLE, "i", 0.25, "a", {}, {"lane": 1.0}, "track"),
        {
            "label": "lane",
            "type": "line",
            "geometry": {"vertices": TRIANGLE_PAYLOAD},
            "reference_id": "i",
            "annotation_id": "a",
            "metadata": {},
            "track_reference_id": "track",
            "confidence": 0.25,
            "class_pdf": {"lane": 1.0},
        },
    ),
    "polygon": (
        PolygonAnnotation("bus", TRIANGLE, "i", embedding_vector=[0.5, 1]),
        {
            "label": "bus",
            "type": "polygon",
            "geometry": {"vertices": TRIANGLE_PAYLOAD},
            "reference_id": "i",
            "annotation_id": None,
            "metadata": {},
            "embedding_vector": [0.5, 1],
            "track_reference_id": None,
        },
    ),
    "keypoints": (
        KeypointsAnnotation(
            "face", [Keypoint(1, 2), Keypoint(visible=False)], ["nose", "chin"], [[0, 1]], "i"
        ),
        {
            "label": "face",
            "type": "keypoints",
            "geometry": {
                "keypoints": [
                    {"x": 1, "y": 2, "visible": True},
                    {"x": None, "y": None, "visible": False},
                ],
                "names": ["nose", "chin"],
                "skeleton": [[0, 1]],
            },
            "reference_id": "i",
            "annotation_id": "face-i-keypoints",
            "metadata": {},
            "track_reference_id": None,
        },
    ),
    "cuboid": (
        CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(4, 5, 6), 0, "cloud"),
        {
            "label": "car",
            "type": "cuboid",
            "geometry": {
                "position": {"x": 1, "y": 2, "z": 3},
                "dimensions": {"x": 4, "y": 5, "z": 6},
                "yaw": 0,
            },
            "reference_id": "cloud",
        },
    ),
    "cuboid prediction, all given": (
        CuboidPrediction(
            "car", Point3D(1, 2, 3), Point3D(4, 5, 6), 0.5, "cloud", 1, "a", {"k": 1}, None, "track"
        ),
        {
            "label": "car",
            "type": "cuboid",
            "geometry": {
                "position": {"x": 1, "y": 2, "z": 3},
                "dimensions": {"x": 4, "y": 5, "z": 6},
                "yaw": 0.5,
            },
            "reference_id": "cloud",
            "annotation_id": "a",
            "metadata": {"k": 1},
            "track_reference_id": "track",
            "confidence": 1,
        },
    ),
    "category": (
        CategoryAnnotation("dress", "i"),
        {
            "label": "dress",
            "type": "category",
            "geometry": {},
            "reference_id": "i",
            "metadata": {},
            "track_reference_id": None,
        },
    ),
    "category prediction in a taxonomy": (
        CategoryPrediction("dress", "i", "clothes", 0.5, class_pdf={"dress": 0.5}),
        {
            "label": "dress",
            "type": "category",
            "geometry": {},
            "reference_id": "i",
            "metadata": {},
            "track_reference_id": None,
            "taxonomy_name": "clothes",
            "confidence": 0.5,
            "class_pdf": {"dress": 0.5},
        },
    ),
    "multicategory": (
        MultiCategoryAnnotation(["dress", "navy"], "i", "clothes"),
        {
            "labels": ["dress", "navy"],
            "type": "multicategory",
            "geometry": {},
            "reference_id": "i",
            "metadata": {},
            "track_reference_id": None,
            "taxonomy_name": "clothes",
        },
    ),
    "scene category": (
        SceneCategoryAnnotation("running", "scene_1", "action"),
        {
            "label": "running",
            "type": "category",
            "geometry": {},
            "reference_id": "scene_1",
            "metadata": {},
            "taxonomy_name": "action",
        },
    ),
    "scene category prediction": (
        SceneCategoryPrediction("running", "scene_1", confidence=0.83),
        {
            "label": "running",
            "type": "category",
            "geometry": {},
            "reference_id": "scene_1",
            "metadata": {},
            "confidence": 0.83,
        },
    ),
    "mask": (
        SegmentationAnnotation(
            "s3://b/m.png", [Segment("road", "1"), Segment("bus", 2, {"colour": "red"})], "i"
        ),
        {
            "type": "mask",
            "mask_url": "s3://b/m.png",
            "annotations": [
                {"label": "road", "index": 1},
                {"label": "bus", "index": 2, "metadata": {"colour": "red"}},
            ],
            "annotation_id": None,
            "reference_id": "i",
        },
    ),
}


@pytest.mark.parametrize(("value", "payload"), SHAPES.values(), ids=SHAPES)
def test_payload_is_exactly_that_of_the_wire(value, payload):
    assert value.to_payload() == payload
    assert list(value.to_payload()) == list(payload)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((1, 2, 3, 4), "car-1-2-3-4-i"), ((1.0, 2, 3.5, 4), "car-1.0-2-3.5-4-i")],
    ids=["whole", "fractions"],
)
def test_box_id_is_made_from_the_text_of_the_numbers(numbers, expected):
    assert BoxAnnotation("car", *numbers, "i").annotation_id == expected
    assert BoxPrediction("car", *numbers, "i").annotation_id == expected


def test_box_without_an_id_gets_the_same_one_when_read():
    payload = BoxAnnotation("car", 1.0, 2, 3, 4, "i").to_payload() | {"annotation_id": None}

    assert BoxAnnotation.from_json(payload).annotation_id == "car-1.0-2-3-4-i"


def test_sparse_payload_reads_with_defaults():
    sparse = {"geometry": {"x": 1, "y": 2, "width": 3, "height": 4}, "reference_id": "i"}

    assert BoxAnnotation.from_json(sparse) == BoxAnnotation(0, 1, 2, 3, 4, "i")
    assert BoxPrediction.from_json(sparse) == BoxPrediction(0, 1, 2, 3, 4, "i")


@pytest.mark.parametrize("kind", ["mask", "segmentation", "something new", None])
def test_unknown_type_with_a_mask_url_is_a_segmentation(kind):
    payload = {"type": kind, "mask_url": "s3://b/m.png", "annotations": [], "reference_id": "i"}

    assert Annotation.from_json(payload) == SegmentationAnnotation("s3://b/m.png", [], "i")
    assert Prediction.from_json(payload) == SegmentationPrediction("s3://b/m.png", [], "i")


def test_null_metadata_reads_as_none_at_all():
    payload = CategoryAnnotation("dress", "i").to_payload() | {"metadata": None}

    assert CategoryAnnotation.from_json(payload) == CategoryAnnotation("dress", "i")


def test_vertices_may_be_mappings():
    assert PolygonAnnotation("bus", TRIANGLE_PAYLOAD, "i") == PolygonAnnotation(
        "bus", TRIANGLE, "i"
    )


def test_prediction_is_an_annotation_but_equals_none():
    prediction = BoxPrediction("car", 1, 2, 3, 4, "i")

    assert isinstance(prediction, BoxAnnotation)
    assert isinstance(prediction, Prediction)
    assert prediction != BoxAnnotation("car", 1, 2, 3, 4, "i")
