"""What a format has no place for is told, and what it has a place for comes back."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    DatasetItem,
    Keypoint,
    KeypointsAnnotation,
    Point,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)
from nucleus_lab.columns import Collection
from nucleus_lab.dataset.export_report import ExportReport
from nucleus_lab.formats.losses import Keeps, unwritten

ITEM = {"split": "train", "weather": {"kind": "fog", "seen": [1, 2.5]}, "frame": 7}
CORNERS = [Point(1, 1), Point(9, 1), Point(9, 9)]
BOX = BoxAnnotation("car", 1, 2, 3, 4, "a.png", "1", {"truncated": True, "area": 8.5})
POLYGON = PolygonAnnotation("car", CORNERS, "a.png", "2", {"note": "x"})
POINTS = KeypointsAnnotation(
    "man", [Keypoint(3, 4), Keypoint(visible=False)], ["head", "foot"], [[0, 1]], "a.png", "3"
)
CATEGORY = CategoryAnnotation("night", "a.png")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (16, 12)).save(folder / "a.png")
    return folder


@pytest.fixture
def dataset(client: Any, pictures: Path) -> Any:
    made = client.create_dataset("street")
    made.append([DatasetItem(str(pictures / "a.png"), "a.png", metadata=ITEM)])
    made.annotate([BOX, POLYGON, POINTS, CATEGORY])
    return made


def exported(dataset: Any, path: Path, name: str, **options: Any) -> ExportReport:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report: ExportReport = dataset.export_to(path, name, **options)
    assert [str(each.message) for each in caught] == ([report.told()] if report.problems else [])
    assert report.ok == (not report.problems)
    return report


LOSSES = {
    "coco": [
        "a.png: a CategoryAnnotation has no place in COCO, left out",
        "coco has no place for metadata of annotations other than boxes: note (1) left out",
    ],
    "cvat": [
        "cvat has no place for metadata of items: split (1), weather (1), frame (1) left out",
        "cvat keeps metadata as text: truncated (1), area (1) come back as text",
        "cvat has no place for the edges between keypoints: those of 1 annotations were left out",
    ],
    "datumaro": [],
    "label_studio": [],
    "pascal_voc": [
        "3 annotations that are no boxes have no place in Pascal VOC and were left out",
        "pascal_voc has no place for metadata of items: weather (1), frame (1) left out",
        "pascal_voc has no place for metadata of boxes: area (1) left out",
    ],
    "yolo": [
        (
            "2 annotations that are neither boxes nor polygons have no place in YOLO and were left "
            "out"
        ),
        "yolo has no place for metadata of items: split (1), weather (1), frame (1) left out",
        "yolo has no place for metadata of boxes: truncated (1), area (1) left out",
        "yolo has no place for metadata of annotations other than boxes: note (1) left out",
    ],
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_format_has_no_place_for_is_told(dataset: Any, tmp_path: Path, name: str) -> None:
    report = exported(dataset, tmp_path / "out", name)

    assert report.problems == LOSSES[name]
    assert report.format == name
    assert all(path.is_file() for path in report)


@pytest.mark.parametrize("name", ["datumaro", "label_studio"])
def test_a_format_that_tells_of_no_loss_brings_everything_back(
    client: Any, dataset: Any, pictures: Path, tmp_path: Path, name: str
) -> None:
    exported(dataset, tmp_path / "out", name)
    again = client.create_dataset("again")

    report = again.import_from(tmp_path / "out", images=pictures)

    assert report.format == name
    assert report.problems == []
    [item] = again.items
    [(_, before)], [(_, after)] = (
        [(row["item"], row["annotations"]) for row in each.items_and_annotations()]
        for each in (dataset, again)
    )
    assert (item.reference_id, item.metadata) == ("a.png", ITEM)
    for value in after["box"] + after["polygon"] + after["keypoints"]:
        value.annotation_id = {"box": "1", "polygon": "2", "keypoints": "3"}[value.TYPE]
    assert after == before


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_format_is_known_again_by_what_it_wrote(
    client: Any, dataset: Any, pictures: Path, tmp_path: Path, name: str
) -> None:
    exported(dataset, tmp_path / "out", name)

    report = client.create_dataset("again").import_from(tmp_path / "out", images=pictures)

    assert (report.format, report.new_items, report.problems) == (name, 1, [])


@pytest.mark.parametrize("name", ["cvat", "datumaro", "label_studio", "pascal_voc", "yolo"])
def test_masks_are_left_out_with_a_word(
    client: Any, pictures: Path, tmp_path: Path, name: str
) -> None:
    Image.new("L", (16, 12), 1).save(tmp_path / "mask.png")
    dataset = client.create_dataset("masks")
    dataset.append([DatasetItem(str(pictures / "a.png"), "a.png")])
    mask = SegmentationAnnotation(str(tmp_path / "mask.png"), [Segment("sky", 1)], "a.png")
    dataset.annotate([mask])

    report = exported(dataset, tmp_path / "out", name)

    assert len(report.problems) == 1
    assert "no place in" in report.problems[0]


def test_the_confidence_of_predictions_is_not_lost_without_a_word(
    client: Any, dataset: Any, tmp_path: Path
) -> None:
    model = client.create_model("m", "m")
    dataset.upload_predictions(model, [BoxPrediction("car", 1, 2, 3, 4, "a.png", confidence=0.5)])

    for name, told in (("pascal_voc", True), ("cvat", True), ("coco", False), ("yolo", False)):
        problems = exported(dataset, tmp_path / name, name, model=model).problems
        assert any("confidence of predictions" in text for text in problems) == told


def test_a_split_that_pascal_voc_does_not_know_is_told(
    client: Any, pictures: Path, tmp_path: Path
) -> None:
    dataset = client.create_dataset("splits")
    item = DatasetItem(str(pictures / "a.png"), "a.png", metadata={"split": "holdout"})
    dataset.append([item])

    [told] = exported(dataset, tmp_path / "out", "pascal_voc").problems

    assert told.startswith("the split 'holdout' of 1 items was left out: ")


def test_many_losses_are_shortened() -> None:
    collection = Collection()
    collection.items.metadata = [{f"key {number}": 1 for number in range(12)}]

    [told] = unwritten(collection, Keeps(items=()), "x")
    report = ExportReport([Path("a"), Path("b")], "x", [f"problem {at}" for at in range(12)])

    assert told.endswith("key 9 (1) and 2 more keys left out")
    assert str(report).splitlines()[0] == "2 files (x): a"
    assert str(report).splitlines()[-1] == "  … and 2 more in .problems"


def test_files_that_are_no_pictures_are_told_of(client: Any, pictures: Path) -> None:
    (pictures / "boxes.labels").write_text("{}")
    (pictures / "README.md").write_text("about")
    (pictures / ".hidden").mkdir()
    (pictures / ".hidden" / "x.json").write_text("{}")

    report = client.create_dataset("x").import_from(pictures)

    assert report.format == "images"
    assert report.new_items == 1
    [told] = report.problems
    assert "1 files below" in told
    assert "left out (1 .labels): where they hold annotations" in told


def test_a_folder_of_recordings_is_sent_to_where_they_go(
    client: Any, pictures: Path, tmp_path: Path
) -> None:
    shutil.rmtree(pictures)
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "a.wav").write_bytes(b"RIFF")

    with pytest.raises(Exception, match=r"a\.wav looks like a recording: .*samples\.upload_dir"):
        client.create_dataset("x").import_from(tmp_path / "sounds")
