"""The format of a path is found by what lies there; what fits nothing is told what was sought."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nucleus_lab import formats
from nucleus_lab.annotation import CategoryAnnotation
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.base import FORMATS

Maker = Callable[..., Path]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("bccd", "pascal_voc"),
        ("bccd/predictions/gt_coco.json", "coco"),
        ("coco40_panoptic_yolo", "coco"),
        ("coco40_panoptic_yolo/labels_yolo", "yolo"),
        ("coco_keypoints4/test_coco.json", "coco"),
        ("voc100_formats/gts/imagenet_format", "pascal_voc"),
        ("nuclei_masks8", "images"),
        ("sign_digits", "images"),
    ],
)
def test_real_folders_are_recognised(shared_data: Path, path: str, name: str) -> None:
    match = formats.detect(shared_data / path)

    assert match.format == name
    assert match.why


def test_what_fits_nothing_is_told_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")

    with pytest.raises(InvalidInputError, match="no known format fits") as fault:
        formats.detect(tmp_path)

    assert all(
        f"  {name}: {entry.looks_for}" in str(fault.value) for name, entry in FORMATS.items()
    )


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="does not exist"):
        formats.read(tmp_path / "nowhere")


def test_an_unknown_format_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInputError,
        match="coco, coco_panoptic, cvat, datumaro, images, kitti, label_studio, mot, pascal_voc",
    ):
        formats.read(tmp_path, "voc")


def test_a_new_format_is_found_from_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats.base, "FORMATS", dict(FORMATS))

    @formats.register
    class Notes:
        name = "notes"
        looks_for = "notes.txt"

        def detect(self, path: Path) -> formats.Match | None:
            there = (path / "notes.txt").is_file()
            return formats.Match("notes", 1.0, "notes.txt") if there else None

        def read(self, path: Path, options: formats.ReadOptions) -> Collection:
            return Collection(problems=["read"])

        def write(self, collection: Collection, path: Path) -> list[Path]:
            return [path]

    (tmp_path / "notes.txt").write_text("hello")

    assert formats.read(tmp_path).problems == ["read"]
    assert formats.write(Collection(), tmp_path, "notes") == [tmp_path]


def test_a_plain_folder_is_listed_in_order_and_below(tmp_path: Path, picture: Maker) -> None:
    for name in ("b.png", "cats/c.jpg", "a.png", ".hidden/d.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("hello")

    found = formats.read(tmp_path)

    assert found.items.reference_id == ["a.png", "b.png", "cats/c.jpg"]
    assert not found.others


def test_folders_become_categories_when_asked_for(tmp_path: Path, picture: Maker) -> None:
    for name in ("cats/1.jpg", "dogs/1.jpg", "2.jpg"):
        picture(tmp_path / name)

    found = formats.read(tmp_path, "images", formats.ReadOptions(folder_labels=True))

    assert found.others == [
        CategoryAnnotation("cats", "cats/1.jpg"),
        CategoryAnnotation("dogs", "dogs/1.jpg"),
    ]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no pictures"):
        formats.read(tmp_path, "images")
    with pytest.raises(InvalidInputError, match="nothing can be exported"):
        formats.write(Collection(), tmp_path, "images")
