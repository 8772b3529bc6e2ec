"""Scenes as KITTI and MOT folders, and the detections of MOT."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    CameraParams,
    CuboidAnnotation,
    DatasetItem,
    Frame,
    LidarScene,
    Point3D,
    PolygonAnnotation,
    VideoScene,
    formats,
)
from nucleus_lab.annotation import Point
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.projection import heading_of

AHEAD = heading_of(np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]]).T)


def picture(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), "grey").save(path)
    return str(path)


def lidar(tmp_path: Path, frames: int) -> tuple[LidarScene, list[Any]]:
    """A scene with a camera, and a cuboid that has a box on its first frame."""
    camera = CameraParams(Point3D(0.3, 0.1, -0.2), AHEAD, 40.0, 41.0, 32.0, 24.0)
    made = []
    for at in range(frames):
        scan = tmp_path / "source" / f"{at}.bin"
        scan.parent.mkdir(exist_ok=True)
        np.full((3, 4), at, "<f4").tofile(scan)
        photo = picture(tmp_path / "source" / f"{at}.png")
        made.append(
            Frame(
                velodyne=DatasetItem(pointcloud_location=str(scan), reference_id=f"c{at}"),
                image_2=DatasetItem(photo, f"p{at}", {"camera_params": camera}),
            )
        )
    cuboids: list[Any] = [
        CuboidAnnotation(
            "Car", Point3D(10 + at, 2, -0.5), Point3D(4, 1.8, 1.5), 0.3 * at, f"c{at}", "1",
            {"truncated": 0.5, "occluded": 2, "alpha": 0.25}, "7",
        )
        for at in range(frames)
    ]  # fmt: skip
    box = BoxAnnotation("Car", 3, 4, 20, 10, "p0", "1", {"truncated": 0.5, "occluded": 2,
                        "alpha": 0.25}, track_reference_id="7")  # fmt: skip
    return LidarScene("drive", made), [*cuboids, box]


def near(found: Any, wanted: Any) -> None:
    assert (found.label, found.metadata) == (wanted.label, wanted.metadata)
    for name in ("position", "dimensions"):
        one, other = getattr(found, name), getattr(wanted, name)
        assert (one.x, one.y, one.z) == pytest.approx((other.x, other.y, other.z), abs=1e-4)
    assert found.yaw == pytest.approx(wanted.yaw, abs=1e-3)


@pytest.mark.parametrize("frames", [1, 3])
def test_lidar_scenes_come_back_from_kitti(tmp_path: Path, frames: int) -> None:
    scene, others = lidar(tmp_path, frames)
    collection = Collection(scenes=[scene], others=others)

    formats.write(collection, tmp_path / "out", "kitti")
    found = formats.read(tmp_path / "out")

    assert (collection.problems, found.problems) == ([], [])
    (back,) = found.scenes
    assert (back.reference_id, back.length) == ("drive", frames)
    name = "image_2" if frames == 1 else "image_02"
    for at in range(frames):
        cloud = back.get_frame(at).get_item("velodyne")
        assert np.fromfile(cloud.location, "<f4").tolist() == [at] * 12
        shown = back.get_frame(at).get_item(name).camera_params
        assert (shown.fx, shown.fy, shown.cx, shown.cy) == (40, 41, 32, 24)
        place = shown.position
        assert (place.x, place.y, place.z) == pytest.approx((0.3, 0.1, -0.2))
    cuboids = [value for value in found.others if isinstance(value, CuboidAnnotation)]
    for one, other in zip(cuboids, others, strict=False):
        near(one, other)
    first = next(value for value in found.others if isinstance(value, BoxAnnotation))
    assert (first.x, first.y, first.width, first.height) == (3, 4, 20, 10)
    if frames > 1:
        assert {value.track_reference_id for value in cuboids} == {"drive/7"}


def test_what_kitti_has_no_place_for_is_named(tmp_path: Path) -> None:
    scene, others = lidar(tmp_path, 1)
    odd = DatasetItem(picture(tmp_path / "source" / "odd.png"), "odd")
    scene.get_frame(0).add_item(odd, "rear")
    corners = [Point(1, 1), Point(5, 1), Point(5, 5)]
    lost = BoxAnnotation("Car", 1, 1, 2, 2, "p0", "9")
    video = VideoScene("v", 5, items=[DatasetItem("https://h/v.jpg", "v0")])
    collection = Collection(
        scenes=[scene, video],
        others=[*others, PolygonAnnotation("Car", corners, "p0", "8"), lost],
    )

    formats.write(collection, tmp_path / "out", "kitti")

    told = "\n".join(collection.problems)
    for words in ("sensor 'rear'", "PolygonAnnotation '8'", "BoxAnnotation '9'", "scene 'v' is no"):
        assert words in told
    assert len(collection.problems) == 4


def test_scenes_whose_names_clash_or_lead_away_are_refused(tmp_path: Path) -> None:
    scene, _ = lidar(tmp_path, 1)
    other, _ = lidar(tmp_path, 1)
    other.reference_id = "a/drive"
    with pytest.raises(InvalidInputError, match="different names"):
        formats.write(Collection(scenes=[scene, other]), tmp_path / "out", "kitti")
    other.reference_id = ".."
    with pytest.raises(InvalidInputError, match="different names"):
        formats.write(Collection(scenes=[other]), tmp_path / "out", "kitti")
    items = [DatasetItem(picture(tmp_path / "v.png"), "v0")]
    away = VideoScene("../away", 5, items=items)
    with pytest.raises(InvalidInputError, match="outside"):
        formats.write(Collection(scenes=[away]), tmp_path / "out", "mot")
    assert not (tmp_path / "out").exists()


def test_videos_come_back_from_mot(tmp_path: Path) -> None:
    items = [DatasetItem(picture(tmp_path / "in" / f"{n}.png"), f"f{n}") for n in range(3)]
    boxes: list[Any] = [
        BoxAnnotation("car", 1.5, 2, 3, 4, "f0", "a", {"visibility": 0.5},
                      track_reference_id="x/4"),
        BoxAnnotation("car", 2.5, 2, 3, 4, "f2", "a", {"considered": False},
                      track_reference_id="x/4"),
        BoxAnnotation("class 77", 0, 0, 3, 4, "f1", "b"),
        BoxAnnotation("zebra", 0, 0, 3, 4, "f1", "c"),
        CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(1, 1, 1), 0, "f1", "d"),
    ]  # fmt: skip
    collection = Collection(scenes=[VideoScene("walk", 12.5, items=items)], others=boxes)

    formats.write(collection, tmp_path / "out", "mot")
    found = formats.read(tmp_path / "out")

    assert [scene.frame_rate for scene in found.scenes] == [12.5]
    assert [
        (v.reference_id, v.label, v.x, v.y, v.track_reference_id, v.metadata) for v in found.others
    ] == [
        ("walk/000001.png", "car", 1.5, 2, "walk/4", {"considered": True, "visibility": 0.5}),
        ("walk/000002.png", "class 77", 0, 0, "walk/5", {"considered": True, "visibility": 1.0}),
        ("walk/000003.png", "car", 2.5, 2, "walk/4", {"considered": False, "visibility": 1.0}),
    ]
    assert len(collection.problems) == 2
    assert "the label 'zebra' is no class of MOT" in collection.problems[0]
    far = VideoScene("far", 5, items=[DatasetItem("https://h/v.jpg", "v0")])
    with pytest.raises(MediaError, match="is not on this machine"):
        formats.write(Collection(scenes=[far]), tmp_path / "far", "mot")


@pytest.mark.shared_data
def test_real_mot_and_kitti_folders_survive_a_round_trip(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "mot17_04_8frames"

    formats.write(formats.read(source), tmp_path / "mot", "mot")
    formats.write(formats.read(shared_data / "kitti_3frames" / "training"), tmp_path / "k", "kitti")

    def rows(file: Path) -> list[list[float]]:
        return sorted(
            [float(word) for word in line.split(",")] for line in file.read_text().splitlines()
        )

    written = tmp_path / "mot" / source.name
    assert rows(written / "gt" / "gt.txt") == rows(source / "gt" / "gt.txt")
    assert len(rows(written / "gt" / "gt.txt")) == 792
    before, after = (
        formats.read(shared_data / "kitti_3frames" / "training"),
        formats.read(tmp_path / "k"),
    )
    assert after.problems == []
    assert len(after.others) == len(before.others) == 12
    for one, other in zip(after.others, before.others, strict=True):
        assert (type(one), one.reference_id) == (type(other), other.reference_id)
        if isinstance(one, CuboidAnnotation):
            near(one, other)


@pytest.mark.shared_data
def test_detections_of_mot_become_predictions(
    client: Any, shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "mot17_04_8frames"
    dataset = client.create_dataset("mot", is_scene=True)
    dataset.import_from(source)
    model = client.create_model("frcnn", "frcnn")

    report = dataset.import_predictions_from(model, source)

    assert report.problems == []
    found = dataset.predictions_refloc(model, f"{source.name}/000001.jpg")["box"]
    assert len(found) == sum(
        line.startswith("1,") for line in (source / "det" / "det.txt").read_text().splitlines()
    )
    first = found[0]
    assert (first.label, first.x, first.y, first.confidence) == ("pedestrian", 686.5, 205.1, 1)
    dataset.export_to(tmp_path / "out", "mot")
    again = formats.read(tmp_path / "out")
    assert len(again.others) == 792


def test_bad_detections_are_left_out_and_named(tmp_path: Path) -> None:
    items = [DatasetItem(picture(tmp_path / "in" / "0.png"), "f0")]
    formats.write(Collection(scenes=[VideoScene("walk", 5, items=items)]), tmp_path, "mot")
    file = tmp_path / "walk" / "det" / "det.txt"
    file.parent.mkdir()
    file.write_text(
        "1,-1,2,3,4,5,0.5\n1,-1,2,3,4,5,7.5\n1,-1,2,3,x,5,1\n0,-1,2,3,4,5,1\n1,-1,2,3,-4,5,1\n"
        "1,-1,2\n\n9,-1,2,3,4,5,1\n"
    )

    found = formats.read_detections(file)

    boxes = found.boxes
    assert (boxes.item, boxes.x, boxes.confidence, boxes.annotation_id) == ([0], [1], [0.5], ["1"])
    told = ["confidence is 7.5", "could not convert", "frame is 0", "-4 x 5", "3 values", "1 detec"]
    assert len(found.problems) == len(told)
    assert all(words in problem for words, problem in zip(told, found.problems, strict=True))
    shutil.rmtree(file.parent)
    with pytest.raises(InvalidInputError, match="holds no MOT detections"):
        formats.read_detections(tmp_path / "walk")


def test_scenes_of_a_dataset_are_exported_with_their_files(client: Any, tmp_path: Path) -> None:
    scene, others = lidar(tmp_path, 1)
    dataset = client.create_dataset("s", is_scene=True)
    dataset.append([scene], asynchronous=True).sleep_until_complete(verbose_std_out=False)
    dataset.annotate(others)
    shutil.rmtree(tmp_path / "source")  # the workspace has the files

    dataset.export_to(tmp_path / "out", "kitti")

    found = formats.read(tmp_path / "out")
    assert [type(value).__name__ for value in found.others] == ["CuboidAnnotation", "BoxAnnotation"]
    near(found.others[0], others[0])
