"""Scenes through the SDK: uploading, changing, deleting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_scenes import CAMERA, cloud, lidar, photo, uploaded, video
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    CuboidAnnotation,
    DatasetItem,
    Frame,
    JobError,
    LidarScene,
    NotFoundError,
    Point3D,
    SceneCategoryAnnotation,
    SceneCategoryPrediction,
    Track,
    VideoScene,
)
from nucleus_lab.errors import ConflictError, InvalidInputError

pytestmark = pytest.mark.usefixtures("inline_jobs")


def test_lidar_scenes_come_back_as_they_went_in(dataset: Any) -> None:
    scenes = [lidar("a", weather="fog"), lidar("b/ü ?#%2F", frames=1)]
    scenes[0].tracks = [Track("car", dataset.id, {"colour": "red"})]

    job = dataset.append(scenes, asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    assert job.job_type == "uploadLidarScene"
    status = job.status()
    assert (status["status"], status["completed_steps"], status["total_steps"]) == (
        "Completed", 1, 1,
    )  # fmt: skip
    assert status["message"] == {
        "scene_upload_progress": {
            "dataset_id": dataset.id,
            "new_scenes": 2,
            "updated_scenes": 0,
            "ignored_scenes": 0,
            "scenes_errored": 0,
            "errors": [],
        }
    }
    assert [(row.reference_id, row.type, row.metadata) for row in dataset.scenes] == [
        ("a", "lidar", {"weather": "fog"}),
        ("b/ü ?#%2F", "lidar", {}),
    ]
    for scene in scenes:
        assert dataset.get_scene(scene.reference_id) == scene
    found = dataset.get_scene("a").get_item(1, "front")
    assert found.camera_params == CAMERA
    assert dataset.loc(found.dataset_item_id)["item"] == found
    assert dataset.get_scene_from_item_ref_id("a/cloud/2") == scenes[0]
    assert dataset.size == 8
    assert dataset.info().length == 2


def test_videos_of_pictures_come_back_as_they_went_in(dataset: Any) -> None:
    scene = video(weather="fog")

    job = dataset.append([scene], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    assert (job.job_type, job.errors()) == ("uploadVideoScene", [])
    found = dataset.get_scene("drive")
    assert found == scene
    assert [item.reference_id for item in dataset.items] == [f"drive-{at}" for at in range(4)]


def test_an_existing_scene_is_ignored_or_takes_new_metadata(dataset: Any) -> None:
    uploaded(dataset, [lidar(old=1)])

    assert uploaded(dataset, [lidar(new=2), lidar("other")])["ignored_scenes"] == 1
    assert dataset.get_scene("crossing").metadata == {"old": 1}
    changed = lidar(new=2)
    changed.frames[0].items["front"].metadata = {"seen": True}
    assert uploaded(dataset, [changed], update=True)["updated_scenes"] == 1
    assert dataset.get_scene("crossing") == changed


def test_the_camera_of_a_frame_is_taken_away_by_none(dataset: Any) -> None:
    uploaded(dataset, [lidar()])
    expected = lidar()
    del expected.frames[1].items["front"].metadata["camera_params"]

    answer = dataset.update_item_metadata({"crossing/front/1": {"camera_params": None}})

    assert answer == {"dataset_id": dataset.id, "updated_items": 1}
    assert dataset.get_scene("crossing") == expected
    answer = dataset.update_scene_metadata({"crossing": {"camera_params": None, "a": 1}})
    assert answer == {"dataset_id": dataset.id, "updated_scenes": 1}
    assert dataset.get_scene("crossing").metadata == {"a": 1}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (lidar(frames=3), lidar(frames=4), "it has 3 frames, not 4"),
        (lidar(frames=3), lidar(frames=2), "it has 3 frames, not 2"),
        (
            lidar(frames=1),
            LidarScene("crossing", [Frame(lidar=cloud("another"))]),
            "its frames hold other items",
        ),
        (
            lidar(frames=1),
            LidarScene("crossing", [Frame(top=cloud("crossing/cloud/0"))]),
            "its frames hold other items",
        ),
        (video(), VideoScene("drive", 6, items=video().items), "its frame rate is 5"),
        (video(), VideoScene("drive", 5, items=video().items[::-1]), "hold other items"),
        (
            video(),
            VideoScene("drive", video_location="https://example.org/v.mp4"),
            "made of single frames",
        ),
    ],
)
def test_the_frames_of_a_scene_cannot_be_changed(
    dataset: Any, before: Any, after: Any, told: str
) -> None:
    uploaded(dataset, [before])
    after.metadata = {"new": 1}

    job = dataset.append([after], update=True, asynchronous=True)
    with pytest.raises(JobError, match=told):
        job.sleep_until_complete(verbose_std_out=False)

    status = job.status()
    progress = status["message"]["scene_upload_progress"]
    assert status["status"] == "Errored"
    assert (progress["scenes_errored"], progress["updated_scenes"]) == (1, 0)
    assert told in job.errors()[0]
    assert dataset.get_scene(before.reference_id) == before


def test_one_bad_scene_loses_none_of_the_others(dataset: Any) -> None:
    uploaded(dataset, [lidar("a")])
    thief = LidarScene("thief", [Frame(lidar=cloud("a/cloud/0"))])

    progress = uploaded(dataset, [thief, lidar("b")])

    assert (progress["new_scenes"], progress["scenes_errored"]) == (1, 1)
    assert "'a/cloud/0' belongs to another scene" in progress["errors"][0]
    assert [row.reference_id for row in dataset.scenes] == ["a", "b"]


def test_metadata_of_scenes_is_merged(dataset: Any) -> None:
    uploaded(dataset, [lidar(kept=1, changed="old")])

    answer = dataset.update_scene_metadata({"crossing": {"changed": "new"}, "nobody": {"a": 1}})
    job = dataset.update_scene_metadata({"crossing": {"late": 1}}, asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    assert answer["updated_scenes"] == 1
    assert "nobody" in answer["errors"][0]
    assert job.status()["message"]["updated_scenes"] == 1
    found = dataset.get_scene("crossing")
    assert found.metadata == {"kept": 1, "changed": "new", "late": 1}


def test_a_deleted_scene_is_gone_with_all_that_was_on_it(client: Any, dataset: Any) -> None:
    uploaded(dataset, [lidar("a"), lidar("b")])
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    dataset.annotate([
        SceneCategoryAnnotation("fog", "a", "weather"),
        CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(1, 1, 1), 0, "a/cloud/0", "1"),
        BoxAnnotation("car", 1, 2, 3, 4, "b/front/0"),
    ])
    model = client.create_model("m", "m")
    dataset.upload_predictions(model, [SceneCategoryPrediction("sun", "a", "weather", 0.5)])
    members = dataset.create_slice("s", reference_ids=["a", "b"])

    dataset.delete_scene("a")

    assert [row.reference_id for row in dataset.scenes] == ["b"]
    assert [item.reference_id.partition("/")[0] for item in dataset.items] == ["b"] * 6
    assert [scene.reference_id for scene in members.items] == ["b"]
    with pytest.raises(NotFoundError, match="a"):
        dataset.get_scene("a")
    with pytest.raises(NotFoundError, match="a"):
        dataset.delete_scene("a")
    uploaded(dataset, [lidar("a")])
    assert dataset.scene_and_annotations("a")["annotations"]["category"] == []
    assert dataset.scene_and_annotations("a", model)["predictions"]["category"] == []


def test_an_item_cannot_be_taken_out_of_its_scene(dataset: Any) -> None:
    uploaded(dataset, [lidar("a")])

    with pytest.raises(ConflictError, match="delete the scene"):
        dataset.delete_item("a/cloud/0")

    assert dataset.get_scene("a") == lidar("a")


def test_the_deprecated_way_answers_at_once(dataset: Any) -> None:
    with pytest.deprecated_call():
        answer = dataset.append_scenes([lidar("a")])
    assert (answer["dataset_id"], answer["new_scenes"]) == (dataset.id, 1)
    with pytest.deprecated_call():
        job = dataset.append_scenes([video("v")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert [row.type for row in dataset.scenes] == ["lidar", "video"]


def test_local_pictures_and_clouds_travel_along(
    client: Any, dataset: Any, tmp_path: Path, shared_data: Path
) -> None:
    picture = tmp_path / "ä b.png"
    Image.new("RGB", (8, 6), "red").save(picture)
    scan = shared_data / "kitti_3frames" / "training" / "velodyne" / "000000.bin"
    scene = LidarScene(
        "a",
        [
            Frame(
                lidar=DatasetItem(pointcloud_location=str(scan), reference_id="c"),
                front=DatasetItem(str(picture), "p"),
            )
        ],
    )

    assert uploaded(dataset, [scene])["new_scenes"] == 1

    found = dataset.get_scene("a")
    front, points = found.get_item(0, "front"), found.get_item(0, "lidar")
    assert (front.image_location, front.width, front.height) == (str(picture), 8, 6)
    assert dataset.image_bytes(front.dataset_item_id) == picture.read_bytes()
    assert dataset.thumbnails([points.dataset_item_id]) == [b""]
    array = dataset.pointcloud(points.dataset_item_id)
    assert array.tobytes() == scan.read_bytes()
    with pytest.raises(InvalidInputError, match="is a picture"):
        dataset.pointcloud(front.dataset_item_id)


def test_privacy_mode_keeps_urls_only(client: Any, tmp_path: Path) -> None:
    private = client.create_dataset("p", is_scene=True, use_privacy_mode=True)
    scene = VideoScene(
        "v", 5, "https://example.org/v.mp4", [photo("1"), photo("2")], use_privacy_mode=True
    )

    uploaded(private, [scene])

    found = private.get_scene("v")
    assert (found.video_location, found.frame_rate) == ("https://example.org/v.mp4", 5)
    assert found.items == scene.items
    picture = tmp_path / "a.png"
    Image.new("RGB", (8, 6)).save(picture)
    local = VideoScene("l", 5, items=[DatasetItem(str(picture), "l")])
    job = private.append([local], asynchronous=True)
    with pytest.raises(JobError, match="privacy mode keeps none"):
        job.sleep_until_complete(verbose_std_out=False)


def test_folders_are_imported_as_scenes(client: Any, dataset: Any, shared_data: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = dataset.import_from(
        shared_data / "kitti_3frames", progress=lambda done, total: seen.append((done, total))
    )
    again = dataset.import_from(shared_data / "kitti_3frames")

    assert (report.format, report.new_scenes, report.annotations) == ("kitti", 3, 12)
    assert (again.ignored_scenes, again.ignored_annotations) == (3, 12)
    assert report.ok
    assert "3 new scenes" in str(report)
    assert seen == [(3, 3)]
    video = dataset.import_from(shared_data / "mot17_04_8frames")
    assert (video.format, video.new_scenes, video.annotations) == ("mot", 1, 792)
    assert len(dataset.tracks) == 99
    exported = next(
        row for row in dataset.scene_and_annotation_generator() if row["scene"]["type"] == "video"
    )
    assert len(exported["annotations"]) == 99
    assert {len(track["frames"]) for track in exported["annotations"].values()} == {8}
    with pytest.raises(InvalidInputError, match="takes no scenes"):
        client.create_dataset("i").import_from(shared_data / "kitti_3frames")
