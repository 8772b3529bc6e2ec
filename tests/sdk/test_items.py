"""Items through the SDK: appending, reading, changing, deleting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    CameraParams,
    DatasetItem,
    DuplicateIDError,
    LidarScene,
    NotFoundError,
    Point3D,
    Quaternion,
    UploadResponse,
)
from nucleus_lab.errors import InvalidInputError, MediaError


def remote(name: str, **metadata: Any) -> DatasetItem:
    return DatasetItem(f"https://example.org/{name}.jpg", name, metadata=metadata)


def picture(path: Path, size: tuple[int, int] = (8, 6), colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def dataset(client: Any) -> Any:
    return client.create_dataset("x")


def test_items_with_urls_come_back_as_they_went_in(dataset: Any) -> None:
    items = [remote("a", weather="fog", count=3), remote("b/ü ?#%2F"), remote("c")]

    answer = dataset.append(items)

    assert answer == UploadResponse(dataset.id, new_items=3)
    assert dataset.items == items
    assert dataset.size == len(dataset) == 3
    for index, item in enumerate(items):
        assert dataset.refloc(item.reference_id)["item"] == item
        found = dataset.iloc(index)["item"]
        assert found == item
        assert dataset.loc(found.dataset_item_id)["item"] == item


def test_local_pictures_are_uploaded_beside_urls(client: Any, dataset: Any, tmp_path: Path) -> None:
    path = picture(tmp_path / "ä b.png")

    answer = dataset.append([remote("a"), DatasetItem(str(path), "b", metadata={"k": [1, None]})])

    assert answer == UploadResponse(dataset.id, new_items=2)
    item = dataset.refloc("b")["item"]
    assert (item.image_location, item.width, item.height) == (str(path), 8, 6)
    assert item.metadata == {"k": [1, None]}
    assert dataset.image_bytes(item.dataset_item_id) == path.read_bytes()
    small, none = dataset.thumbnails([item.dataset_item_id, "di_00000000fffff"], size=128)
    assert small[:3] in {b"\xff\xd8\xff", b"\x89PN"}
    assert none == b""


def test_more_local_pictures_than_a_request_holds_keep_their_order(
    dataset: Any, tmp_path: Path
) -> None:
    paths = [picture(tmp_path / f"{n}.png", size=(n + 1, 5)) for n in range(23)]

    answer = dataset.append([DatasetItem(str(path), path.stem) for path in paths])

    assert answer == UploadResponse(dataset.id, new_items=23)
    assert [item.width for item in dataset.items] == list(range(1, 24))


def test_one_file_may_stand_for_several_items(dataset: Any, tmp_path: Path) -> None:
    path = str(picture(tmp_path / "a.png"))

    dataset.append([DatasetItem(path, str(n)) for n in range(12)])

    assert {item.image_location for item in dataset.items} == {path}
    assert dataset.size == 12


def test_an_existing_item_is_ignored_or_updated(dataset: Any) -> None:
    dataset.append([remote("a", old=1), remote("b")])

    assert dataset.append([remote("a", new=2), remote("c")]) == UploadResponse(
        dataset.id, new_items=1, ignored_items=1
    )
    assert dataset.refloc("a")["item"].metadata == {"old": 1}
    assert dataset.append([remote("a", new=2)], update=True) == UploadResponse(
        dataset.id, updated_items=1
    )
    assert dataset.refloc("a")["item"].metadata == {"new": 2}


def test_metadata_is_merged(dataset: Any) -> None:
    dataset.append([remote("a", kept=1, changed="old")])

    dataset.update_item_metadata({"a": {"changed": "new", "added": np.float64(0.5)}})

    assert dataset.refloc("a")["item"].metadata == {"kept": 1, "changed": "new", "added": 0.5}
    with pytest.raises(InvalidInputError, match="'a' is a list"):
        dataset.update_item_metadata({"a": [1]})


@pytest.mark.parametrize("background", [False, True])
def test_a_camera_of_none_takes_the_camera_away(dataset: Any, background: bool) -> None:
    camera = CameraParams(Point3D(0, 1, 2), Quaternion(0, 0, 0, 1), 500, 400, 320, 240)
    dataset.append([remote("a", kept=1, camera_params=camera), remote("b", camera_params=camera)])
    dataset.append([remote("c")])

    changes = {name: {"camera_params": None} for name in ("a", "b", "c", "nobody")}
    answer = dataset.update_item_metadata(changes, asynchronous=background)
    if background:
        answer.sleep_until_complete(verbose_std_out=False)
        answer = answer.status()["message"]

    assert answer["updated_items"] == 3
    assert list(dataset.items) == [remote("a", kept=1), remote("b"), remote("c")]
    assert dataset.refloc("a")["item"].camera_params is None
    with pytest.raises(InvalidInputError, match="null to take the camera away; nothing was"):
        dataset.update_item_metadata({"a": {"kept": 2}, "b": {"camera_params": {"fx": 1}}})
    assert dataset.refloc("a")["item"] == remote("a", kept=1)
    dataset.update_item_metadata({"b": {"camera_params": camera, "kept": None}})
    assert dataset.refloc("b")["item"] == remote("b", camera_params=camera, kept=None)


def test_a_deleted_item_is_gone_with_its_annotations(dataset: Any) -> None:
    dataset.append([remote("a/1"), remote("b")])
    dataset.annotate([BoxAnnotation("car", 1, 2, 3, 4, "a/1")])

    dataset.delete_item("a/1")

    assert [item.reference_id for item in dataset.items] == ["b"]
    assert dataset.iloc(0)["item"].reference_id == "b"
    with pytest.raises(NotFoundError, match="a/1"):
        dataset.refloc("a/1")


def test_pages_join_without_gaps_or_repeats(dataset: Any) -> None:
    items = [remote(f"{n:03}") for n in range(57)]
    dataset.append(items)

    assert list(dataset.items_generator(page_size=10)) == items
    assert list(dataset.items_generator(page_size=57)) == items


def test_an_empty_list_adds_nothing(dataset: Any) -> None:
    assert dataset.append([]) == UploadResponse(dataset.id)
    assert dataset.items == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_reference_id_that_stands_twice_is_refused(dataset: Any, asynchronous: bool) -> None:
    with pytest.raises(DuplicateIDError, match="reference id 'a' stands twice"):
        dataset.append([remote("a"), remote("b"), remote("a")], asynchronous=asynchronous)
    assert dataset.size == 0


def test_what_is_no_item_is_refused_by_its_place(dataset: Any) -> None:
    with pytest.raises(
        InvalidInputError, match=r"items\[1\] is a dict: use nucleus_lab.DatasetItem"
    ):
        dataset.append([remote("a"), {"reference_id": "b"}])
    assert dataset.size == 0


def test_scenes_are_refused_with_the_reason(dataset: Any) -> None:
    scene = object.__new__(LidarScene)
    with pytest.raises(InvalidInputError, match="holds single items and takes no scenes"):
        dataset.append([scene])
    with pytest.raises(InvalidInputError, match=r"items\[1\] is a LidarScene: items and scenes"):
        dataset.append([remote("a"), scene])


def test_items_do_not_go_into_a_dataset_of_scenes(client: Any) -> None:
    scenes = client.create_dataset("s", is_scene=True)

    with pytest.raises(InvalidInputError, match="takes no single items"):
        scenes.append([remote("a")])


def test_a_missing_file_refuses_the_call_before_anything_is_sent(
    dataset: Any, tmp_path: Path
) -> None:
    there = picture(tmp_path / "a.png")

    with pytest.raises(MediaError, match=r"missing\.png' \(of 'b'\)"):
        dataset.append([
            remote("r"),
            DatasetItem(str(there), "a"),
            DatasetItem(str(tmp_path / "missing.png"), "b"),
        ])
    assert dataset.size == 0


def test_a_broken_picture_is_named_and_the_others_are_kept(dataset: Any, tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png", size=(64, 64))
    cut = tmp_path / "cut.png"
    cut.write_bytes(good.read_bytes()[:60])
    text = tmp_path / "text.png"
    text.write_text("no picture")

    answer = dataset.append(
        [DatasetItem(str(path), path.stem) for path in (good, cut, text)] + [remote("r")]
    )

    assert (answer.new_items, answer.upload_errors) == (2, 2)
    assert sorted(item.reference_id for item in dataset.items) == ["good", "r"]
    told = str(answer.error_payload)
    assert "cut" in told
    assert "text" in told


def test_asynchronous_items_arrive_through_a_job(dataset: Any) -> None:
    items = [remote(f"{n}", n=n) for n in range(50)]

    job = dataset.append(items, asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    assert job.status()["status"] == "Completed"
    assert (job.job_type, job.errors()) == ("uploadDatasetItems", [])
    assert dataset.items == items
    assert dataset.jobs() == []
    assert dataset.jobs(show_completed=True) == [job]
    assert dataset.jobs(show_completed=True, stats_only=True) == {
        "uploadDatasetItems": {"Completed": 1}
    }


def test_asynchronous_items_need_urls(dataset: Any, tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")

    with pytest.raises(InvalidInputError, match="items need URLs"):
        dataset.append([DatasetItem(str(path), "a")], asynchronous=True)
    with pytest.raises(InvalidInputError, match="nothing to upload"):
        dataset.append([], asynchronous=True)


def test_privacy_mode_keeps_urls_and_sizes_only(client: Any, tmp_path: Path) -> None:
    dataset = client.create_dataset("p", use_privacy_mode=True)
    url = "https://example.org/a.jpg"

    with pytest.raises(InvalidInputError, match="'a' has no width and height"):
        dataset.append([DatasetItem(url, "a")])
    with pytest.raises(InvalidInputError, match="keeps no pictures"):
        dataset.append([DatasetItem(str(picture(tmp_path / "a.png")), "a", width=8, height=6)])
    dataset.append([DatasetItem(url, "a", width=8, height=6)])

    assert (dataset.items[0].width, dataset.items[0].height) == (8, 6)


@pytest.mark.parametrize(
    "sizes",
    [
        {"batch_size": 0},
        {"local_files_per_upload_request": 11},
        {"local_files_per_upload_request": 0},
    ],
)
def test_batch_sizes_out_of_range_are_refused(dataset: Any, sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(sizes))):
        dataset.append([remote("a")], **sizes)
    assert dataset.size == 0


def test_an_unknown_place_is_an_error_with_its_name(dataset: Any) -> None:
    dataset.append([remote("a")])

    with pytest.raises(NotFoundError, match="nothing"):
        dataset.refloc("nothing")
    with pytest.raises(NotFoundError, match="5"):
        dataset.iloc(5)
    with pytest.raises(NotFoundError, match="di_zz"):
        dataset.loc("di_zz")
    with pytest.raises(InvalidInputError, match="-1"):
        dataset.iloc(-1)
