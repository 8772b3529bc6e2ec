"""Scenes that are refused, through the SDK and by the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_scenes import cloud, lidar, photo, video

from nucleus_lab import (
    DatasetItem,
    DuplicateIDError,
    Frame,
    LidarScene,
    VideoScene,
)
from nucleus_lab.errors import InvalidInputError, MediaError

pytestmark = pytest.mark.usefixtures("inline_jobs")


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
