"""YOLO folders are read and written, and their faults are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nucleus_lab import formats
from nucleus_lab.annotation import Point, PolygonAnnotation
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError, MediaError

Maker = Callable[..., Path]


@pytest.fixture
def yolo(tmp_path: Path, picture: Maker) -> Callable[..., Path]:
    """Write a dataset with one picture of 40 x 30 and these labels."""

    def make(labels: str, names: str = "names: [cat, dog]\n") -> Path:
        picture(tmp_path / "images" / "train" / "a.png")
        (tmp_path / "labels" / "train").mkdir(parents=True)
        (tmp_path / "labels" / "train" / "a.txt").write_text(labels)
        (tmp_path / "data.yaml").write_text(names)
        return tmp_path

    return make


def test_fractions_become_pixels(yolo: Callable[..., Path]) -> None:
    folder = yolo("1 0.5 0.5 0.5 1\n\n0 0.25 0 0.5 0 0.5 0.5\n")

    found = formats.read(folder)

    location = str(folder / "images" / "train" / "a.png")
    assert found == Collection(
        ItemColumns(["train/a.png"], [location], [40], [30], [{"split": "train"}]),
        BoxColumns([0], ["dog"], ["1"], [10], [0], [20], [30]),
        [
            PolygonAnnotation(
                "cat", [Point(10, 0), Point(20, 0), Point(20, 15)], "train/a.png", "3/polygon"
            )
        ],
    )


def test_a_fifth_number_is_the_confidence(yolo: Callable[..., Path]) -> None:
    assert formats.read(yolo("1 0.5 0.5 0.5 1 0.75\n")).boxes.confidence == [0.75]


def test_a_picture_without_a_label_file_shows_nothing(
    yolo: Callable[..., Path], picture: Maker
) -> None:
    folder = yolo("1 0.5 0.5 0.5 1\n")
    picture(folder / "images" / "b.png")

    found = formats.read(folder)

    assert found.items.reference_id == ["b.png", "train/a.png"]
    assert found.boxes.item == [1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cat 0.5 0.5 0.5 1", "'cat' is no class number"),
        ("0 0.5 0.5 0.5", "3 numbers after the class"),
        ("0 0.5 0.5 0.5 x", "are numbers"),
        ("0 0.5 0.5 0.5 1.5", "1.5 is not between 0 and 1"),
        ("0 0.5 0.5 nan 1", "nan is not between 0 and 1"),
        ("0 0.5 0.5 0 1", "has no size"),
        ("7 0.5 0.5 0.5 1", "class 7 has no name in data.yaml"),
        ("-1 0.5 0.5 0.5 1", "class -1 has no name in data.yaml"),
        ("0 0.5 0.5 0.5 1 0.9", "some boxes have a confidence"),
    ],
)
def test_a_fault_of_one_line_is_named_and_the_others_are_kept(
    yolo: Callable[..., Path], line: str, words: str
) -> None:
    found = formats.read(yolo(f"1 0.5 0.5 0.5 1\n{line}\n"))

    assert len(found.boxes) == 1
    assert len(found.problems) == 1
    assert "a.txt: line 2" in found.problems[0]
    assert words in found.problems[0]


def test_labels_without_a_picture_are_named(yolo: Callable[..., Path]) -> None:
    folder = yolo("1 0.5 0.5 0.5 1\n")
    (folder / "labels" / "b.txt").write_text("1 0.5 0.5 0.5 1\n")

    found = formats.read(folder)

    assert "b.txt: there is no picture of this name" in found.problems[0]


def test_a_picture_that_cannot_be_read_is_left_out(yolo: Callable[..., Path]) -> None:
    folder = yolo("1 0.5 0.5 0.5 1\n")
    (folder / "images" / "b.png").write_bytes(b"no picture")

    found = formats.read(folder)

    assert found.items.reference_id == ["train/a.png"]
    assert "b.png is no readable picture" in found.problems[0]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("names: [", "no valid YAML"),
        ("[1, 2]", "holds no mapping"),
        ("names: 7", "'names' must be a list"),
        ("names: [cat]\ntrain: ../../elsewhere/images\n", "lies outside"),
        ("names: [cat]\npath: /somewhere\ntrain: images\nval: [/x]\n", "lies outside"),
    ],
)
def test_a_bad_data_file_refuses_the_folder(
    yolo: Callable[..., Path], names: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        formats.read(yolo("0 0.5 0.5 0.5 1\n", names), "yolo")


def test_pictures_that_share_a_label_file_are_refused(
    yolo: Callable[..., Path], picture: Maker
) -> None:
    folder = yolo("0 0.5 0.5 0.5 1\n")
    picture(folder / "images" / "train" / "a.bmp")

    with pytest.raises(InvalidInputError, match="differ only in their ending"):
        formats.read(folder)


def test_class_names_that_disagree_must_be_chosen(yolo: Callable[..., Path]) -> None:
    folder = yolo("0 0.5 0.5 0.5 1\n")
    (folder / "classes.txt").write_text("tree\nbush\n")

    with pytest.raises(InvalidInputError, match="differently"):
        formats.read(folder)
    chosen = formats.ReadOptions(names=folder / "classes.txt")
    assert formats.read(folder, "yolo", chosen).boxes.label == ["tree"]


def test_exports_with_a_folder_for_each_split_are_read(tmp_path: Path, picture: Maker) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "images" / "a.png")
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 1\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\ntrain: ../train/images\n")

    found = formats.read(tmp_path)

    assert found.items.reference_id == ["train/a.png", "valid/a.png"]
    assert found.items.metadata == [{"split": "train"}, {"split": "valid"}]


@pytest.mark.shared_data
def test_labels_without_pictures_are_refused(shared_data: Path) -> None:
    with pytest.raises(MediaError, match="fractions of the size"):
        formats.read(shared_data / "voc100_formats" / "gts" / "yolo_format")


@pytest.mark.shared_data
def test_real_boxes_and_polygons(shared_data: Path) -> None:
    folder = shared_data / "coco40_panoptic_yolo"

    boxes = formats.read(folder, "yolo")
    polygons = formats.read(folder / "labels_yolo_seg")

    assert (len(boxes.items), len(boxes.boxes), boxes.problems) == (40, 235, [])
    assert (len(polygons.items), len(polygons.others), polygons.problems) == (40, 235, [])
    labels = {"person", "chair", "dining table"}
    assert labels <= set(boxes.boxes.label)
    assert labels <= {value.label for value in polygons.others}


@pytest.mark.shared_data
def test_one_hundred_pictures_give_the_same_boxes_in_every_format(
    shared_data: Path, tmp_path: Path, picture: Maker
) -> None:
    truth = shared_data / "voc100_formats" / "gts"
    labels = truth / "yolo_format" / "obj_train_data"
    sizes = json.loads((truth / "coco_format_v1" / "instances_default.json").read_text())["images"]
    for image in sizes:  # the photographs are not part of the data; their sizes are
        name = image["file_name"]
        picture(tmp_path / "images" / name, image["width"], image["height"])
        target = tmp_path / "labels" / name.replace(".jpg", ".txt")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((labels / target.name).read_bytes())
    names = formats.ReadOptions(names=truth / "yolo_format" / "obj.names")
    from_zero = formats.ReadOptions(one_based=False)

    found = {
        "coco": formats.read(truth / "coco_format_v1"),
        "coco 2": formats.read(truth / "coco_format_v2"),
        "voc": formats.read(truth / "pascalvoc_format", "auto", from_zero),
        "imagenet": formats.read(truth / "imagenet_format", "auto", from_zero),
        "yolo": formats.read(tmp_path, "yolo", names),
    }

    plain = {name: _boxes(collection) for name, collection in found.items()}
    assert len(plain["coco"]) == 273
    assert plain == dict.fromkeys(plain, plain["coco"])


def _boxes(collection: Collection) -> list[tuple[str | int, ...]]:
    boxes = collection.boxes
    names = [collection.items.reference_id[at] for at in boxes.item]
    corners = zip(boxes.x, boxes.y, boxes.width, boxes.height, strict=True)
    return sorted(
        (name, label, *map(round, corner))
        for name, label, corner in zip(names, boxes.label, corners, strict=True)
    )
