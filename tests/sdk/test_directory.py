"""A folder of pictures as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import NotFoundError, UploadResponse
from nucleus_lab.errors import InvalidInputError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "my photos"
    for name in ("b.png", "a.JPG", "deep/er/c.jpeg", ".hidden/d.png", ".e.png", "f.gif"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6)).save(path, "png")
    (root / "notes.txt").write_text("no picture")
    return root


def test_a_folder_becomes_a_dataset_of_its_pictures(client: Any, photos: Path) -> None:
    dataset = client.create_dataset_from_dir(photos)

    assert dataset.name == "my photos"
    assert [item.reference_id for item in dataset.items] == ["a.JPG", "b.png", "deep/er/c.jpeg"]
    assert dataset.refloc("deep/er/c.jpeg")["item"].image_location == str(photos / "deep/er/c.jpeg")


def test_names_and_file_types_can_be_chosen(client: Any, photos: Path) -> None:
    dataset = client.create_dataset_from_dir(
        str(photos), dataset_name="gifs", allowed_file_types=(".gif", "PNG")
    )

    assert dataset.name == "gifs"
    assert [item.reference_id for item in dataset.items] == ["b.png", "f.gif"]


def test_a_second_run_adds_what_is_new(client: Any, photos: Path) -> None:
    dataset = client.create_dataset_from_dir(photos)
    Image.new("RGB", (8, 6)).save(photos / "z.png")

    assert dataset.add_items_from_dir(str(photos)) == UploadResponse(
        dataset.id, new_items=1, ignored_items=3
    )
    assert dataset.add_items_from_dir(existing_dirname=str(photos), update_items=True) == (
        UploadResponse(dataset.id, updated_items=4)
    )


def test_a_wrong_folder_leaves_no_dataset_behind(client: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()

    with pytest.raises(InvalidInputError, match="there is no folder"):
        client.create_dataset_from_dir(tmp_path / "missing")
    with pytest.raises(InvalidInputError, match="is a file"):
        client.create_dataset_from_dir(tmp_path / "file")
    with pytest.raises(NotFoundError, match=r"has no \.jpeg, \.jpg, \.png file"):
        client.create_dataset_from_dir(tmp_path / "empty")
    assert client.datasets == []


def test_many_files_need_a_word(client: Any, tmp_path: Path) -> None:
    for number in range(501):
        (tmp_path / f"{number}.png").touch()

    with pytest.raises(InvalidInputError, match=r"501 pictures.*skip_size_warning=True"):
        client.create_dataset_from_dir(tmp_path)


def test_privacy_mode_sends_addresses_and_sizes(client: Any, photos: Path) -> None:
    with pytest.raises(InvalidInputError, match="privacy_mode_proxy"):
        client.create_dataset_from_dir(photos, use_privacy_mode=True)
    (photos / "deep/er/ä c.png").write_bytes((photos / "b.png").read_bytes())

    dataset = client.create_dataset_from_dir(
        photos, use_privacy_mode=True, privacy_mode_proxy="https://example.org/p/"
    )

    item = dataset.refloc("deep/er/ä c.png")["item"]
    assert item.image_location == "https://example.org/p/deep/er/%C3%A4%20c.png"
    assert (item.width, item.height) == (8, 6)


def test_valid_dirname_returns_the_folder(client: Any, tmp_path: Path) -> None:
    assert client.valid_dirname(tmp_path) == str(tmp_path)
    with pytest.raises(InvalidInputError, match="there is no folder"):
        client.valid_dirname(tmp_path / "missing")
