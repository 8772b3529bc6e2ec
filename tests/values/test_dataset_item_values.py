"""Dataset items and cameras: payloads, reading rules, validation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value_strategies import coordinate, metadata, name, point3d

import nucleus_lab.annotation
import nucleus_lab.camera
import nucleus_lab.dataset_item
from nucleus_lab.annotation import LidarPoint, Point3D
from nucleus_lab.camera import CameraParams, Quaternion
from nucleus_lab.dataset_item import DatasetItem, DatasetItemEmbeddingInfo
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import decode

NAMES = {
    **vars(nucleus_lab.annotation),
    **vars(nucleus_lab.camera),
    **vars(nucleus_lab.dataset_item),
}
FEW = settings(max_examples=50, deadline=None)
CAMERA = CameraParams(Point3D(1, 2, 3), Quaternion(0, 0, 0, 1), 100, 100, 320.5, 240)

quaternion = st.builds(Quaternion, coordinate, coordinate, coordinate, coordinate)
camera = st.builds(
    CameraParams,
    point3d,
    quaternion,
    *[coordinate] * 4,
    st.sampled_from([None, "brown_conrady", "fisheye"]),
    *[st.none() | st.floats(0.01, 9)] * 6,
)
picture = st.builds(
    DatasetItem,
    image_location=name,
    reference_id=name,
    metadata=metadata,
    embedding_info=st.none() | st.builds(DatasetItemEmbeddingInfo, name, st.lists(coordinate)),
    width=st.none() | st.integers(1, 9999),
    height=st.none() | st.integers(1, 9999),
)


@FEW
@given(picture)
def test_item_payload_json_and_repr_bring_back_an_equal_item(item):
    assert DatasetItem.from_json(item.to_payload()) == item
    assert DatasetItem.from_json(item.to_payload(is_scene=True)) == item
    assert DatasetItem.from_json(decode(item.to_json())) == item
    assert eval(repr(item), NAMES) == item


@FEW
@given(camera)
def test_camera_payload_and_repr_bring_back_equal_parameters(value):
    assert CameraParams.from_json(value.to_payload()) == value
    assert eval(repr(value), NAMES) == value


def test_item_payload_is_exactly_that_of_the_wire():
    assert DatasetItem("s3://b/1.jpg", "1").to_payload() == {
        "metadata": {},
        "reference_id": "1",
        "image_url": "s3://b/1.jpg",
    }


def test_item_in_a_scene_is_a_url_and_a_type():
    cloud = DatasetItem(pointcloud_location="s3://b/1.json", reference_id="1")
    image = DatasetItem("s3://b/1.jpg", "2", {"camera_params": CAMERA})

    assert cloud.to_payload(is_scene=True) == {
        "metadata": {},
        "reference_id": "1",
        "url": "s3://b/1.json",
        "type": "pointcloud",
    }
    assert image.to_payload(is_scene=True) == {
        "metadata": {"camera_params": CAMERA.to_payload()},
        "reference_id": "2",
        "url": "s3://b/1.jpg",
        "type": "image",
        "camera_params": CAMERA.to_payload(),
    }
    assert DatasetItem.from_json(cloud.to_payload(is_scene=True)) == cloud
    assert DatasetItem.from_json(image.to_payload(is_scene=True)).camera_params == CAMERA


def test_metadata_of_the_caller_is_left_alone():
    given_metadata = {"camera_params": CAMERA}

    DatasetItem("1.jpg", "1", given_metadata)

    assert given_metadata == {"camera_params": CAMERA}


@pytest.mark.parametrize(
    ("payload", "location"),
    [
        ({"processed_url": "p", "image_url": "i", "original_image_url": "o"}, "p"),
        ({"image_url": "i", "original_image_url": "o"}, "i"),
        ({"original_image_url": "o"}, "o"),
        ({"url": "a.jpeg"}, "a.jpeg"),
        ({"url": "a.PNG"}, "a.PNG"),
        ({"url": "a", "type": "image"}, "a"),
    ],
    ids=["processed", "image", "original", "jpeg", "png", "type"],
)
def test_picture_is_found_under_several_keys(payload, location):
    item = DatasetItem.from_json({"ref_id": "1", "reference_id": "old", "metadata": None} | payload)

    assert item == DatasetItem(location, "1")


@pytest.mark.parametrize(
    "payload",
    [{"pointcloud_url": "c"}, {"url": "c", "type": "pointcloud"}],
    ids=["pointcloud_url", "type"],
)
def test_point_cloud_is_found_under_several_keys(payload):
    item = DatasetItem.from_json({"reference_id": "1"} | payload)

    assert item == DatasetItem(pointcloud_location="c", reference_id="1")


def test_public_id_is_read_and_does_not_count_in_comparisons():
    payload = DatasetItem("1.jpg", "1").to_payload()

    read = DatasetItem.from_json(payload | {"id": "di_1"})

    assert read.dataset_item_id == "di_1"
    assert read == DatasetItem("1.jpg", "1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DatasetItem("1.jpg"), "needs a reference_id"),
        (lambda: DatasetItem(reference_id="1"), "either image_location or pointcloud_location"),
        (lambda: DatasetItem("1.jpg", "1", None, "1.json"), "either image_location"),
        (
            lambda: DatasetItem(
                reference_id="1",
                pointcloud_location="1.json",
                embedding_info=DatasetItemEmbeddingInfo("idx", [1]),
            ),
            "embedding_info is for pictures",
        ),
        (lambda: DatasetItem("1.jpg", "1", {"camera_params": {}}), "camera_params has no position"),
        (lambda: DatasetItem("1.jpg", "1", {"camera_params": 7}), "camera_params of item '1' is 7"),
        (lambda: DatasetItem("1.jpg", "1", width=-1), "width is -1"),
        (lambda: DatasetItem("1.jpg", "1", height=1.5), "height is 1.5"),
        (lambda: DatasetItem.from_json({"reference_id": "1", "url": "x"}), "add the type"),
        (
            lambda: DatasetItem(reference_id="1", pointcloud_location="c").to_payload(),
            "uploaded in a LidarScene",
        ),
        (
            lambda: CameraParams.from_json(CAMERA.to_payload() | {"position": {"x": 1}}),
            "camera_params needs position",
        ),
        (
            lambda: CameraParams.from_json(CAMERA.to_payload() | {"camera_model": "pinhole"}),
            "camera_model is 'pinhole'",
        ),
        (lambda: Quaternion(0, 0, 0, float("nan")), "w is nan"),
    ],
)
def test_item_is_refused_with_what_is_wrong(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


@pytest.mark.parametrize(
    ("location", "local"),
    [
        ("/photos/1.jpg", True),
        ("photos/1.jpg", True),
        ("C:\\photos\\1.jpg", True),
        ("//[broken", True),
        ("http://a/1.jpg", False),
        ("HTTPS://a/1.jpg", False),
        ("s3://b/1.jpg", False),
        ("gs://b/1.jpg", False),
        ("gcs://b/1.jpg", False),
    ],
)
def test_local_is_what_has_no_remote_scheme(location, local):
    assert DatasetItem(location, "1").local is local


def test_missing_file_is_said_when_it_is_uploaded_not_before(tmp_path):
    there = tmp_path / "there.jpg"
    there.write_bytes(b"")

    assert DatasetItem(str(there), "1").has_local_files_to_upload() is True
    assert DatasetItem("s3://b/1.jpg", "1").has_local_files_to_upload() is False
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        DatasetItem(str(tmp_path / "gone.jpg"), "1").has_local_files_to_upload()


def test_points_list_their_numbers():
    point = LidarPoint(1, 2, 3, 0.5)

    assert Point3D(1, 2, 3).to_list() == [1, 2, 3]
    assert point.to_list() == [1, 2, 3, 0.5]
    assert LidarPoint.from_json(point.to_payload()) == point
    assert eval(repr(point), NAMES) == point
