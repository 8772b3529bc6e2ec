"""Scenes: building, reading, and what an upload needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value_strategies import metadata, name

import nucleus_lab.dataset_item
import nucleus_lab.scene
import nucleus_lab.track
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import DuplicateIDError, InvalidInputError
from nucleus_lab.scene import Frame, LidarScene, Scene, VideoScene
from nucleus_lab.track import Track
from nucleus_lab.wire import decode

NAMES = {
    **vars(nucleus_lab.dataset_item),
    **vars(nucleus_lab.scene),
    **vars(nucleus_lab.track),
}
FEW = settings(max_examples=30, deadline=None)


def cloud(reference_id):
    return DatasetItem(pointcloud_location=f"s3://b/{reference_id}.json", reference_id=reference_id)


def image(reference_id):
    return DatasetItem(f"s3://b/{reference_id}.jpg", reference_id)


def frame(index):
    return Frame(lidar=cloud(f"c{index}"), front=image(f"i{index}"))


@st.composite
def lidar_scenes(draw):
    sensors = draw(st.lists(name, max_size=2, unique=True).filter(lambda names: "top" not in names))
    frames = [
        Frame(
            top=cloud(f"c{index}"),
            **{sensor: image(f"{number}-{index}") for number, sensor in enumerate(sensors)},
        )
        for index in range(draw(st.integers(1, 3)))
    ]
    tracks = draw(st.lists(st.builds(Track, name, st.none() | name, metadata), max_size=2))
    return LidarScene(draw(name), frames, draw(metadata), tracks)


@st.composite
def video_scenes(draw):
    if draw(st.booleans()):
        return VideoScene(draw(name), video_location=draw(name), metadata=draw(metadata))
    items = [image(f"i{index}") for index in range(draw(st.integers(1, 3)))]
    return VideoScene(draw(name), draw(st.integers(1, 60)), None, items, draw(metadata))


@FEW
@given(lidar_scenes() | video_scenes())
def test_scene_payload_json_and_repr_bring_back_an_equal_scene(scene):
    assert type(scene).from_json(scene.to_payload()) == scene
    assert type(scene).from_json(decode(scene.to_json())) == scene
    assert Scene.from_json(scene.to_payload() | {"type": scene.TYPE}) == scene
    assert Scene.from_json(scene.to_payload()) == scene
    assert eval(repr(scene), NAMES) == scene


def test_lidar_scene_is_built_in_any_order():
    scene = LidarScene("s")
    scene.add_item(1, "front", image("i1"))
    scene.add_item(1, "lidar", cloud("c1"))
    scene.add_frame(frame(0), 0)

    assert scene.get_frame(0) == frame(0)
    assert scene.get_item(1, "lidar") == cloud("c1")
    assert scene.get_sensors() == ["lidar", "front"]
    assert scene.get_items_from_sensor("front") == [image("i0"), image("i1")]
    assert [item.reference_id for item in scene.get_items()] == ["c0", "i0", "i1", "c1"]
    assert scene.info() == {"reference_id": "s", "length": 2, "num_sensors": 2}


def test_frame_that_is_there_is_kept_unless_updated():
    scene = LidarScene("s", [frame(0)])

    scene.add_frame(frame(7), 0)
    kept = scene.get_frame(0)
    scene.add_frame(frame(7), 0, update=True)

    assert (kept, scene.get_frame(0)) == (frame(0), frame(7))


def test_lidar_payload_is_exactly_that_of_the_wire():
    scene = LidarScene("s", [Frame(lidar=cloud("c0"))], {"town": "X"}, [Track("t", "ds_1")])

    assert scene.to_payload() == {
        "reference_id": "s",
        "frames": [{"lidar": cloud("c0").to_payload(is_scene=True)}],
        "metadata": {"town": "X"},
        "tracks": [{"reference_id": "t", "dataset_id": "ds_1", "metadata": {}}],
    }


def test_frame_knows_its_sensors():
    value = Frame(lidar=cloud("c"))
    value.add_item(image("i"), "front cam")

    assert value.get_sensors() == ["lidar", "front cam"]
    assert value.get_item("front cam") == image("i")
    assert value.get_items() == [cloud("c"), image("i")]
    assert eval(repr(value), NAMES) == value == Frame.from_json(value.to_payload())
    with pytest.raises(InvalidInputError, match="no sensor 'rear'; it has: lidar, front cam"):
        value.get_item("rear")


def test_video_scene_is_built_picture_by_picture():
    scene = VideoScene("s", frame_rate=5)
    scene.add_item(image("i0"))
    scene.add_item(image("i2"), 2)
    scene.add_item(image("i1"), 1)
    scene.add_item(image("other"), 0)

    assert scene.get_items() == [image("i0"), image("i1"), image("i2")]
    assert scene.get_item(1) == image("i1")
    assert scene.info() == {
        "reference_id": "s",
        "length": 3,
        "frame_rate": 5,
        "video_url": None,
    }
    assert scene.to_payload() == {
        "reference_id": "s",
        "frame_rate": 5,
        "upload_to_scale": True,
        "frames": [image(f"i{index}").to_payload(is_scene=True) for index in range(3)],
    }


def test_video_file_needs_no_pictures():
    scene = VideoScene("s", video_location="s3://b/v.mp4", use_privacy_mode=True)

    assert scene.info()["length"] is None
    assert scene.to_payload() == {
        "reference_id": "s",
        "video_url": "s3://b/v.mp4",
        "upload_to_scale": False,
    }


def test_incomplete_rows_are_read():
    assert LidarScene.from_json({"reference_id": "s"}, skip_validate=True) == LidarScene("s")
    assert VideoScene.from_json({"reference_id": "s"}) == VideoScene("s")


def test_local_files_of_a_scene_are_listed():
    scene = VideoScene("s", 5, items=[DatasetItem("a.jpg", "a"), image("b")])
    video = VideoScene("s", video_location="v.mp4")

    assert scene.local_locations() == ["a.jpg"]
    assert video.local_locations() == ["v.mp4"]
    assert LidarScene("s", [frame(0)]).local_locations() == []


TWO_CLOUDS = Frame(left=cloud("a"), right=cloud("b"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LidarScene("s").to_payload(), "has no frame"),
        (lambda: LidarScene("s", [None, frame(1)]).to_payload(), "no frame 0"),
        (lambda: LidarScene("s", [TWO_CLOUDS]).to_payload(), "frame 0 .* has 2 point clouds"),
        (lambda: LidarScene("s", [Frame(front=image("i"))]).to_payload(), "has 0 point clouds"),
        (
            lambda: LidarScene("s", [Frame(a=cloud("1")), Frame(b=cloud("2"))]).to_payload(),
            "sensors a, b",
        ),
        (lambda: LidarScene.from_json({"reference_id": "s"}), "has no frame"),
        (lambda: LidarScene("s", ["frame"]), r"frames\[0\] .* is a str"),
        (lambda: LidarScene("s").add_frame("frame", 0), "give a Frame"),
        (lambda: LidarScene("s").add_frame(frame(0), -1), "index is -1"),
        (lambda: LidarScene("s").add_frame(frame(0), 10**15), "index is 1000000000000000"),
        (lambda: LidarScene("s").add_frame(frame(0), 1.5), "index is 1.5"),
        (lambda: LidarScene("s", [frame(0)]).get_frame(1), "has no frame 1: it has 1"),
        (lambda: LidarScene("s", [frame(0)]).get_items_from_sensor("x"), "no sensor 'x'"),
        (lambda: Frame(lidar="cloud"), "sensor 'lidar' holds a str"),
        (lambda: VideoScene("s").to_payload(), "neither items nor a video"),
        (lambda: VideoScene("s", items=[image("i")]).to_payload(), "frame_rate None"),
        (lambda: VideoScene("s", 0, items=[image("i")]).to_payload(), "frame_rate 0"),
        (lambda: VideoScene("s", 5, "v.mp4").to_payload(), "leave frame_rate out"),
        (lambda: VideoScene("s", 5, "v.mp4", [image("i")]).to_payload(), "items and a video"),
        (lambda: VideoScene("s", 5, items=[None, image("i")]).to_payload(), "no item 0"),
        (lambda: VideoScene("s", 5, items=[cloud("c")]).to_payload(), "point cloud 'c'"),
        (lambda: VideoScene("s", video_location="v").add_item(image("i")), "has a video"),
        (lambda: VideoScene("s", 5).get_item(0), "has no item 0"),
        (lambda: VideoScene("s", items=["i"]), r"items\[0\] .* is a str"),
    ],
)
def test_scene_is_refused_with_what_is_wrong(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_reference_ids_in_a_scene_differ():
    with pytest.raises(DuplicateIDError, match="two items 'i'"):
        VideoScene("s", 5, items=[image("i"), image("i")]).to_payload()
