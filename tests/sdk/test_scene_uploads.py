"""Scenes through the SDK: uploading, reading, changing, deleting, exporting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    CameraParams,
    CategoryAnnotation,
    CuboidAnnotation,
    CuboidPrediction,
    DatasetItem,
    DuplicateIDError,
    Frame,
    JobError,
    LidarScene,
    NotFoundError,
    Point3D,
    Quaternion,
    SceneCategoryAnnotation,
    SceneCategoryPrediction,
    Track,
    VideoScene,
)
from nucleus_lab.errors import ConflictError, InvalidInputError, MediaError

CAMERA = CameraParams(Point3D(0, 1, 2), Quaternion(0, 0, 0, 1), 500, 400, 320, 240)


def cloud(name: str) -> DatasetItem:
    return DatasetItem(pointcloud_location=f"https://example.org/{name}.json", reference_id=name)


def photo(name: str, **metadata: Any) -> DatasetItem:
    return DatasetItem(f"https://example.org/{name}.jpg", name, metadata=metadata)


def lidar(name: str = "crossing", frames: int = 3, **metadata: Any) -> LidarScene:
    made = [
        Frame(
            lidar=cloud(f"{name}/cloud/{at}"),
            front=photo(f"{name}/front/{at}", camera_params=CAMERA, at=at),
        )
        for at in range(frames)
    ]
    return LidarScene(name, made, metadata)


def video(name: str = "drive", frames: int = 4, **metadata: Any) -> VideoScene:
    return VideoScene(
        name, 5, items=[photo(f"{name}-{at}") for at in range(frames)], metadata=metadata
    )


def uploaded(dataset: Any, scenes: list[Any], **options: Any) -> dict[str, Any]:
    job = dataset.append(scenes, asynchronous=True, **options)
    job.sleep_until_complete(verbose_std_out=False)
    progress: dict[str, Any] = job.status()["message"]["scene_upload_progress"]
    return progress


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose jobs run at once: what they do is looked at here, not how they run."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "settings.toml").write_text("inline_jobs = true\n")
    return folder


@pytest.fixture
def dataset(client: Any) -> Any:
    return client.create_dataset("s", is_scene=True)


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


def test_a_scene_is_read_with_everything_on_it(client: Any, dataset: Any) -> None:
    uploaded(dataset, [lidar("a", frames=2)])
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    scene_class = SceneCategoryAnnotation("fog", "a", "weather", {"sure": True})
    item_class = CategoryAnnotation("sun", "a/front/0", "weather")
    solid = CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(4, 2, 1), 0.5, "a/cloud/1", "1")
    box = BoxAnnotation("car", 1, 2, 3, 4, "a/front/1")

    assert dataset.annotate([scene_class, item_class, solid, box])["annotations_processed"] == 4

    whole = dataset.scene_and_annotations("a")
    assert whole["scene"] == lidar("a", frames=2)
    assert whole["annotations"] == {"category": [scene_class]}
    assert [(row["frame"], row["sensor"]) for row in whole["items"]] == [
        (0, "lidar"), (0, "front"), (1, "lidar"), (1, "front"),
    ]  # fmt: skip
    assert [dict(row["annotations"]) for row in whole["items"]] == [
        {}, {"category": [item_class]}, {"cuboid": [solid]}, {"box": [box]},
    ]  # fmt: skip
    rows = dataset.items_and_annotations()
    assert rows[2] == {
        "item": dataset.refloc("a/cloud/1")["item"],
        "annotations": {"cuboid": [solid]},
    }
    model = client.create_model("m", "m")
    predicted = CuboidPrediction(
        "car", Point3D(1, 2, 3), Point3D(4, 2, 1), 0.5, "a/cloud/1", 0.7, "p"
    )
    rated = SceneCategoryPrediction("sun", "a", "weather", 0.25)
    dataset.upload_predictions(model, [predicted, rated])
    whole = dataset.scene_and_annotations("a", model)
    assert whole["predictions"]["category"] == [rated]
    assert whole["items"][2]["predictions"]["cuboid"] == [predicted]


def test_a_scene_has_one_category_in_each_taxonomy(client: Any, dataset: Any) -> None:
    uploaded(dataset, [lidar("a", frames=1)])
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    dataset.annotate([SceneCategoryAnnotation("fog", "a", "weather")])

    def now() -> list[str]:
        found = dataset.scene_and_annotations("a")["annotations"]["category"]
        return [entry.label for entry in found]

    again = dataset.annotate([SceneCategoryAnnotation("sun", "a", "weather")])
    assert (again["annotations_processed"], again["annotations_ignored"], now()) == (0, 1, ["fog"])
    again = dataset.annotate([SceneCategoryAnnotation("sun", "a", "weather")], update=True)
    assert (again["annotations_processed"], now()) == (1, ["sun"])
    refused = dataset.annotate([SceneCategoryAnnotation("hail", "a", "weather")])
    assert refused["annotations_processed"] == 0
    assert "hail" in refused["errors"][0]
    lost = dataset.annotate([SceneCategoryAnnotation("sun", "nobody", "weather")])
    assert "Item with id nobody doesn't exist" in lost["errors"][0]


def test_scenes_are_exported_by_track(dataset: Any) -> None:
    uploaded(
        dataset, [video("v", frames=3, city="Oslo"), video("w", frames=1), video("x", frames=1)]
    )
    boxes = [
        BoxAnnotation("car", at, 2, 3, 4, f"v-{at}", f"b{at}", {"n": at}, track_reference_id="red")
        for at in range(3)
    ]
    boxes.append(BoxAnnotation("dog", 1, 1, 2, 2, "v-1", "rex"))
    boxes.append(BoxAnnotation("cat", 1, 1, 2, 2, "v-2", "1", {"track_id": "tom"}))
    dataset.annotate(boxes)
    ids = {item.reference_id: item.dataset_item_id for item in dataset.items}

    rows = list(dataset.scene_and_annotation_generator(page_size=2))

    assert [row["scene"]["reference_id"] for row in rows] == ["v", "w", "x"]
    assert rows[0]["scene"] == {
        "id": dataset.scenes[0].id,
        "reference_id": "v",
        "metadata": {"city": "Oslo"},
        "type": "video",
        "fileLocation": "https://example.org/v-0.jpg",
    }
    tracks = rows[0]["annotations"]
    assert tracks.keys() == {"red", "rex", "tom"}
    assert tracks["red"] == {
        "label": "car",
        "name": "red",
        "frames": [
            {
                "left": at, "top": 2, "width": 3, "height": 4, "key": str(at),
                "metadata": {"n": at}, "dataset_item_id": ids[f"v-{at}"],
            }
            for at in range(3)
        ],
    }  # fmt: skip
    of_scenes = dataset.create_slice("scenes", reference_ids=["x", "w"])
    chosen = dataset.scene_and_annotation_generator(slice_id=of_scenes.id)
    assert [row["scene"]["reference_id"] for row in chosen] == ["w", "x"]
    of_items = dataset.create_slice_by_ids("items", dataset_item_ids=[ids["v-2"]])
    chosen = dataset.scene_and_annotation_generator(slice_id=of_items.id)
    assert [row["scene"]["reference_id"] for row in chosen] == ["v"]
    exported = of_scenes.items_and_annotations()
    assert [row["item"].reference_id for row in exported] == ["x-0", "w-0"]
    with pytest.raises(InvalidInputError, match="page_size is 31"):
        dataset.scene_and_annotation_generator(page_size=31)


def test_queries_find_scenes(dataset: Any) -> None:
    uploaded(dataset, [lidar("a", weather="fog"), lidar("b", frames=1)])
    uploaded(dataset, [video("v")])

    def found(query: str) -> list[str]:
        return [scene.reference_id for scene in dataset.query_scenes(query)]

    assert found("type = lidar") == ["a", "b"]
    assert found("length >= 3") == ["a", "v"]
    assert found('scene.metadata.weather = "fog"') == ["a"]
    assert next(iter(dataset.query_scenes("type = video"))) == video("v")
    assert found("frame_rate = 5") == ["v"]
    assert dataset.count("frame = 1") == 3


def test_slices_hold_scenes(dataset: Any) -> None:
    uploaded(dataset, [lidar("a"), lidar("b"), lidar("c")])
    ids = {row.reference_id: row.id for row in dataset.scenes}

    by_name = dataset.create_slice("x", reference_ids=["c", "a"])
    by_id = dataset.create_slice_by_ids("y", scene_ids=[ids["b"]])
    by_id.append(["c", "b"])

    assert (by_name.type, by_id.type) == ("scene", "scene")
    assert [scene.reference_id for scene in by_name.items] == ["c", "a"]
    assert [scene.reference_id for scene in by_id.items] == ["b", "c"]
    assert all(isinstance(scene, LidarScene) for scene in by_id.items)


def test_the_deprecated_way_answers_at_once(dataset: Any) -> None:
    with pytest.deprecated_call():
        answer = dataset.append_scenes([lidar("a")])
    assert (answer["dataset_id"], answer["new_scenes"]) == (dataset.id, 1)
    with pytest.deprecated_call():
        job = dataset.append_scenes([video("v")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert [row.type for row in dataset.scenes] == ["lidar", "video"]


def test_scenes_and_items_keep_apart(client: Any, dataset: Any) -> None:
    plain = client.create_dataset("i")

    with pytest.raises(InvalidInputError, match="holds single items and takes no scenes"):
        plain.append([lidar()], asynchronous=True)
    with pytest.raises(InvalidInputError, match="holds scenes and takes no single items"):
        dataset.append([photo("a")])
    # Newer clients leave it to the server.
    item = {"reference_id": "a", "image_url": "https://example.org/a.jpg"}
    with pytest.raises(InvalidInputError, match="takes no single items"):
        client.make_request({"items": [item]}, f"dataset/{dataset.id}/append")
    for route in ("upload_scenes", "upload_video_scenes"):
        with pytest.raises(InvalidInputError, match="takes no scenes"):
            client.make_request({"scenes": []}, f"{plain.id}/{route}")
    with pytest.raises(InvalidInputError, match="takes no scenes"):
        plain.update_scene_metadata({"a": {}})
    assert plain.get_scene_from_item_ref_id("a") is None
    assert (plain.size, dataset.size) == (0, 0)


def test_what_cannot_be_uploaded_is_refused_before_anything_is_sent(dataset: Any) -> None:
    gap = LidarScene("gap")
    gap.add_frame(Frame(lidar=cloud("1")), 1)
    for scenes, told in (
        ([lidar("a"), lidar("a")], "'a' stands twice"),
        ([lidar(), video()], "in one call"),
        ([lidar(), photo("a")], r"items\[1\] is a DatasetItem"),
        ([gap], "has no frame 0"),
        ([LidarScene("none")], "has no frame"),
        ([LidarScene("two", [Frame(a=cloud("1"), b=cloud("2"))])], "has 2 point clouds"),
        ([LidarScene("no", [Frame(a=photo("1"))])], "has 0 point clouds"),
        ([LidarScene("s", [Frame(a=cloud("1")), Frame(b=cloud("2"))])], "one sensor name"),
        ([LidarScene("d", [Frame(a=cloud("1")), Frame(a=cloud("1"))])], "two items '1'"),
        ([VideoScene("v")], "neither items nor a video"),
        ([VideoScene("v", items=[photo("1")])], "frame_rate"),
    ):
        with pytest.raises((InvalidInputError, DuplicateIDError), match=told):
            dataset.append(scenes, asynchronous=True)
    with pytest.raises(InvalidInputError, match="asynchronous=True"):
        dataset.append([lidar()])
    assert (dataset.scenes, dataset.jobs(show_completed=True)) == ([], [])


def item(name: str, kind: str = "pointcloud", **more: Any) -> dict[str, Any]:
    return {"reference_id": name, "url": f"https://example.org/{name}", "type": kind, **more}


@pytest.mark.parametrize(
    ("route", "scene", "told"),
    [
        ("upload_scenes", {"frames": []}, "reference_id"),
        ("upload_scenes", {"reference_id": "a"}, "frames"),
        ("upload_scenes", {"reference_id": "a", "frames": []}, "has no frame"),
        ("upload_scenes", {"reference_id": "a", "frames": [{}]}, "0 point clouds"),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1")}, {"m": item("2")}]},
            "one sensor name",
        ),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1")}, {"l": item("1")}]},
            "two items '1'",
        ),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1", "sound")}]},
            "use image or pointcloud",
        ),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1", url="/etc/passwd")}]},
            "is a local path",
        ),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1", url="/a.bin", stored="0" * 40)}]},
            "send it again",
        ),
        (
            "upload_scenes",
            {"reference_id": "a", "frames": [{"l": item("1", stored="../../etc")}]},
            "stored",
        ),
        ("upload_video_scenes", {"reference_id": "a"}, "neither frames nor a video_url"),
        (
            "upload_video_scenes",
            {"reference_id": "a", "frame_rate": 0, "frames": [item("1", "image")]},
            "frame_rate",
        ),
        (
            "upload_video_scenes",
            {"reference_id": "a", "frames": [item("1", "image")]},
            "no frame_rate",
        ),
        (
            "upload_video_scenes",
            {"reference_id": "a", "frame_rate": 5, "frames": [item("1")]},
            "pictures only",
        ),
        (
            "upload_video_scenes",
            {"reference_id": "a", "frame_rate": 5, "frames": [item(f"{n}") for n in range(3001)]},
            "3,001 frames and 3,000",
        ),
        ("upload_video_scenes", {"reference_id": "a", "video_url": "/v.mp4"}, "is a local path"),
        (
            "upload_video_scenes",
            {"reference_id": "a", "video_url": "https://e.org/v.mp4", "frame_rate": 3},
            "leave frame_rate out",
        ),
        (
            "upload_video_scenes",
            {"reference_id": "a", "video_url": "https://e.org/v.mp4", "upload_to_scale": False},
            "privacy mode",
        ),
    ],
)
def test_the_server_refuses_broken_scenes_whole(
    client: Any, dataset: Any, route: str, scene: dict[str, Any], told: str
) -> None:
    good = {"reference_id": "good", "frames": [{"l": item("good")}]}
    if "video" in route:
        good = {"reference_id": "good", "frame_rate": 5, "frames": [item("good", "image")]}

    with pytest.raises(InvalidInputError, match=told):
        client.make_request({"scenes": [good, scene]}, f"{dataset.id}/{route}")

    assert (dataset.scenes, dataset.size) == ([], 0)


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


def test_a_local_file_that_cannot_be_used_refuses_the_call(dataset: Any, tmp_path: Path) -> None:
    broken = tmp_path / "a.pcd"
    broken.write_text("# .PCD v0.7\nFIELDS x y z\n")

    def scene(path: Path) -> LidarScene:
        item = DatasetItem(pointcloud_location=str(path), reference_id="c")
        return LidarScene("a", [Frame(lidar=item)])

    with pytest.raises(MediaError, match="without a DATA line"):
        dataset.append([scene(broken)], asynchronous=True)
    with pytest.raises(MediaError, match="there is no file"):
        dataset.append([scene(tmp_path / "missing.bin")], asynchronous=True)
    assert dataset.jobs(show_completed=True) == []


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
