"""Tracks, the points of clouds, and the classes of points, through the SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
    Frame,
    LidarPoint,
    LidarScene,
    NotFoundError,
    Point3D,
    Segment,
    SegmentationPrediction,
    Track,
    VideoScene,
)
from nucleus_lab.errors import ForbiddenError, InvalidInputError, MediaError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose jobs run at once, and that fetches nothing."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "settings.toml").write_text("inline_jobs = true\nfetch = []\n")
    return folder


@pytest.fixture
def photos(client: Any) -> Any:
    made = client.create_dataset("p")
    made.append([DatasetItem(f"https://example.org/{n}.jpg", f"{n}") for n in range(3)])
    return made


def box(name: str, track: str | None = None, kind: type = BoxAnnotation, **more: Any) -> Any:
    return kind("car", 1, 2, 3, 4, name, track_reference_id=track, **more)


def test_tracks_come_into_being_with_what_names_them(client: Any, photos: Any) -> None:
    model = client.create_model("m", "m")
    assert photos.tracks == []

    photos.annotate([
        box("0", "red"),
        box("1", "red"),
        box("2", "blue"),
        box("2", annotation_id="x"),
    ])
    photos.upload_predictions(model, [box("0", "ghost", BoxPrediction)])

    assert photos.tracks == [Track(name, photos.id) for name in ("blue", "red", "ghost")]
    assert client.create_dataset("other").tracks == []


def test_the_metadata_of_a_track_is_merged_or_replaced(photos: Any) -> None:
    photos.annotate([box("0", "red")])
    track = photos.tracks[0]

    track.update({"a": 1, "b": 2})
    track.update({"b": 3})
    assert photos.tracks == [track] == [Track("red", photos.id, {"a": 1, "b": 3})]
    track.update({"c": 4}, overwrite_metadata=True)
    assert photos.tracks == [track] == [Track("red", photos.id, {"c": 4})]
    photos.annotate([box("1", "red")])
    assert photos.tracks == [track]


def test_deleted_tracks_leave_their_objects_behind(client: Any, photos: Any) -> None:
    model = client.create_model("m", "m")
    photos.annotate([box("0", "red"), box("1", "blue")])
    photos.upload_predictions(model, [box("0", "red", BoxPrediction)])

    photos.delete_tracks(["red"])

    assert [track.reference_id for track in photos.tracks] == ["blue"]
    assert photos.refloc("0")["annotations"]["box"][0].track_reference_id is None
    assert photos.predictions_refloc(model, "0")["box"][0].track_reference_id is None
    assert photos.refloc("1")["annotations"]["box"][0].track_reference_id == "blue"
    with pytest.raises(NotFoundError, match="no track 'red'"):
        photos.delete_tracks(["blue", "red"])
    assert [track.reference_id for track in photos.tracks] == ["blue"]
    with pytest.raises(NotFoundError, match="no track 'nobody'"):
        Track("nobody", photos.id, client=client).update({"a": 1})


def test_tracks_travel_with_scenes_and_come_back_on_them(client: Any) -> None:
    dataset = client.create_dataset("s", is_scene=True)
    scenes = [
        VideoScene(
            name,
            5,
            items=[DatasetItem(f"https://example.org/{name}.jpg", f"{name}-0")],
            tracks=[Track("mine", dataset.id, {"of": name})] if name == "a" else [],
        )
        for name in "ab"
    ]
    dataset.append(scenes, asynchronous=True).sleep_until_complete(verbose_std_out=False)
    dataset.annotate([box("b-0", "red"), box("a-0", "red")])

    mine, red = Track("mine", dataset.id, {"of": "a"}), Track("red", dataset.id)
    assert dataset.get_scene("a").tracks == [mine, red]
    assert dataset.get_scene("b").tracks == [red]
    dataset.get_scene("b").tracks[0].update({"seen": True})
    assert dataset.tracks[1].metadata == {"seen": True}
    dataset.delete_tracks(["mine", "red"])
    assert dataset.get_scene("a").tracks == []


POINTS = [{"x": 1.0, "y": 2.0, "z": 3.0, "i": 0.5}, {"x": -1.5, "y": 0.0, "z": 0.25, "i": 1.0}]


@pytest.fixture
def lidar(client: Any, tmp_path: Path) -> Any:
    """A scene of two frames: one with an intensity, one without."""
    dataset = client.create_dataset("s", is_scene=True)
    plain = [{key: point[key] for key in "xyz"} for point in POINTS]
    frames = []
    for at, points in enumerate([POINTS, plain]):
        path = tmp_path / f"{at}.json"
        path.write_text(json.dumps({"points": points}))
        frames.append(
            Frame(lidar=DatasetItem(pointcloud_location=str(path), reference_id=f"c{at}"))
        )
    far = Frame(
        lidar=DatasetItem(pointcloud_location="https://example.org/c.json", reference_id="far")
    )
    job = dataset.append([LidarScene("s", [*frames, far])], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    return dataset


def test_the_points_of_a_frame_are_downloaded(client: Any, lidar: Any) -> None:
    scene = lidar.scenes[0].id

    assert client.download_pointcloud_task(scene, 0) == [LidarPoint(**point) for point in POINTS]
    assert client.download_pointcloud_task(scene, 1) == [
        Point3D(point["x"], point["y"], point["z"]) for point in POINTS
    ]
    found = client.download_pointcloud_tasks([scene], 0)
    assert found == {scene: client.download_pointcloud_task(scene, 0)}


def test_points_that_are_not_there_are_refused(client: Any, lidar: Any) -> None:
    scene = lidar.scenes[0].id
    photo = DatasetItem("https://example.org/a.jpg", "a")
    job = lidar.append([VideoScene("v", 5, items=[photo])], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    with pytest.raises(NotFoundError, match="has no frame 3"):
        client.download_pointcloud_task(scene, 3)
    with pytest.raises(NotFoundError, match="scene"):
        client.download_pointcloud_task("scn_00000000000ff", 0)
    with pytest.raises(NotFoundError):
        client.download_pointcloud_task("nonsense", 0)
    with pytest.raises(InvalidInputError, match="no index"):
        client.download_pointcloud_task(scene, -1)
    with pytest.raises(InvalidInputError, match="is a video"):
        client.download_pointcloud_task(lidar.scenes[1].id, 0)
    with pytest.raises(ForbiddenError, match="may not be fetched"):
        client.download_pointcloud_task(scene, 2)


CLASSES = {
    "objects": [{"label": "Car", "index": 1}, {"label": "Person", "index": 2}],
    "point_objects": [1, 2],
    "point_confidence": [0.5, 0.75],
}


def written(path: Path, **changes: Any) -> str:
    path.write_text(json.dumps({**CLASSES, **changes}))
    return str(path)


def test_classes_of_points_are_stored_and_read(client: Any, lidar: Any, tmp_path: Path) -> None:
    model = client.create_model("m", "m")
    path = written(tmp_path / "classes.json")

    answer = lidar.upload_lidar_semseg_predictions(model, "c0", path)

    assert (answer["dataset_id"], answer["predictions_processed"], answer["points"]) == (
        lidar.id,
        1,
        2,
    )
    assert lidar.lidar_semseg_predictions(model, "c0") == CLASSES
    assert lidar.predictions_refloc(model, "c0")["segmentation"] == [
        SegmentationPrediction(path, [Segment("Car", 1), Segment("Person", 2)], "c0")
    ]
    again = written(tmp_path / "again.json", point_objects=[2, 2], point_confidence=None)
    lidar.upload_lidar_semseg_predictions(model.id, "c0", again)
    assert lidar.lidar_semseg_predictions(model, "c0")["point_objects"] == [2, 2]
    with pytest.raises(NotFoundError, match="no lidar segmentation"):
        lidar.lidar_semseg_predictions(model, "c1")


def test_classes_that_do_not_fit_are_refused(client: Any, lidar: Any, tmp_path: Path) -> None:
    model = client.create_model("m", "m")
    path = tmp_path / "classes.json"

    def tried(item: str, place: str, error: type[Exception], told: str) -> None:
        with pytest.raises(error, match=told):
            lidar.upload_lidar_semseg_predictions(model, item, place)

    tried("c0", written(path, point_objects=[1], point_confidence=None), InvalidInputError, "has 2")
    tried("c0", written(path, point_objects=[1, 9]), MediaError, r"point_objects\[1\] is 9")
    tried("c0", written(path, point_confidence=[0.5]), MediaError, "one of each a point")
    tried("c0", written(path, point_confidence=[0.5, 7]), MediaError, "no lidar segmentation")
    tried("c0", written(path, objects="x"), MediaError, "no lidar segmentation")
    tried("nobody", written(path), NotFoundError, "nobody")
    tried("c0", str(tmp_path / "missing.json"), MediaError, "there is no file")
    tried("c0", "s3://bucket/classes.json", ForbiddenError, "may not be fetched")
    route = f"dataset/{lidar.id}/model/{model.id}/pointcloud/c0/uploadLSSPrediction"
    with pytest.raises(InvalidInputError, match="is the local path"):
        client.make_request({"pointsSegmentationUrl": "/etc/passwd"}, route)
    with pytest.raises(NotFoundError, match="model"):
        lidar.upload_lidar_semseg_predictions("prj_00000000000ff", "c0", written(path))


def tasks_of(client: Any, dataset: Any, names: list[str]) -> dict[str, str]:
    """Send items to labeling; ids of their tasks by reference id."""
    project = client.create_labeling_project(f"points of {dataset.id}", labels=["car"])
    ids = [dataset.refloc(name)["item"].dataset_item_id for name in names]
    part = dataset.create_slice_by_ids("to label", dataset_item_ids=ids)
    sent = part.send_to_labeling(project.id)
    sent.sleep_until_complete(verbose_std_out=False)
    return {task.reference_id: task.id for task in project.tasks()}


def test_the_points_of_a_labeling_task_are_downloaded(client: Any, tmp_path: Path) -> None:
    dataset = client.create_dataset("drive", is_scene=True)
    path = tmp_path / "cloud.json"
    path.write_text(json.dumps({"points": POINTS}))
    frames = [
        Frame(
            lidar=DatasetItem(pointcloud_location=str(path), reference_id=f"c{at}"),
            front=DatasetItem("https://example.org/a.jpg", f"p{at}", width=8, height=6),
        )
        for at in range(2)
    ]
    photo = DatasetItem("https://example.org/v.jpg", "v0")
    dataset.append([LidarScene("s", frames)], asynchronous=True)
    dataset.append([VideoScene("v", 5, items=[photo])], asynchronous=True)
    scene = dataset.scenes[0].id
    tasks = tasks_of(client, dataset, ["p0", "p1", "v0"])

    found = client.download_pointcloud_tasks([tasks["p0"], tasks["p1"], scene], 1)

    points = [LidarPoint(**point) for point in POINTS]
    assert found == {tasks["p0"]: points, tasks["p1"]: points, scene: points}
    with pytest.raises(NotFoundError, match="has no frame 9"):
        client.download_pointcloud_task(tasks["p0"], 9)
    with pytest.raises(NotFoundError, match="no labeling task"):
        client.download_pointcloud_task("task_00000000000ff", 0)
    with pytest.raises(InvalidInputError, match="is a video"):
        client.download_pointcloud_task(tasks["v0"], 0)


def test_a_task_outside_of_scenes_has_no_points(client: Any) -> None:
    dataset = client.create_dataset("photos")
    dataset.append([DatasetItem("https://example.org/a.jpg", "a")])
    task = tasks_of(client, dataset, ["a"])["a"]

    with pytest.raises(InvalidInputError, match="shows 'a', which is in no scene"):
        client.download_pointcloud_task(task, 0)
