"""Datasets take files in and give them out, over both transports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import NucleusClient, formats
from nucleus_lab.errors import InvalidInputError, MediaError, NotFoundError

Maker = Callable[..., Path]


def _counts(report: Any) -> dict[str, int]:
    names = (
        "new_items",
        "updated_items",
        "ignored_items",
        "annotations",
        "ignored_annotations",
    )
    return {name: getattr(report, name) for name in names if getattr(report, name)}


SHAPES = {
    "categories": [
        {"id": 1, "name": "cat", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]},
        {"id": 2, "name": "dog"},
    ],
    "annotations": [
        {"id": 11, "image_id": 8, "category_id": 2, "bbox": [1, 2, 3, 4], "iscrowd": 1},
        {
            "id": 12,
            "image_id": 7,
            "category_id": 1,
            "bbox": [5.5, 6, 7, 8],
            "segmentation": [[5.5, 6, 12.5, 6, 12.5, 14]],
            "keypoints": [6, 7, 2, 0, 0, 0],
        },
    ],
}


def test_what_goes_in_comes_out_again(client: NucleusClient, coco: Maker, tmp_path: Path) -> None:
    file = coco(**SHAPES)
    dataset = client.create_dataset("pictures")

    report = dataset.import_from(file)
    (written,) = dataset.export_to(tmp_path / "out" / "again.json")

    assert (report.format, report.problems) == ("coco", [])
    assert _counts(report) == {"new_items": 2, "annotations": 4}
    before = formats.read(file)
    after = formats.read(written, "coco", formats.ReadOptions(images=tmp_path / "images"))
    assert after == before


def test_importing_again_adds_nothing(client: NucleusClient, coco: Maker) -> None:
    file = coco(**SHAPES)
    dataset = client.create_dataset("pictures")
    dataset.import_from(file)

    assert _counts(dataset.import_from(file)) == {"ignored_items": 2, "ignored_annotations": 4}
    assert _counts(dataset.import_from(file, update=True)) == {
        "updated_items": 2,
        "annotations": 4,
    }


def test_entries_with_a_fault_are_left_out_and_reported(client: NucleusClient, coco: Maker) -> None:
    images = [
        {"id": 7, "file_name": "a.png", "width": 40, "height": 30},
        {"id": 8, "file_name": "b.png", "width": 40, "height": 30},
        {"id": 9, "file_name": "gone.png", "width": 40, "height": 30},
        {"id": 10, "file_name": "broken.png", "width": 40, "height": 30},
    ]
    entries = [
        {"id": number, "image_id": image, "category_id": 1, "bbox": [1, 1, side, 2]}
        for number, image, side in [(1, 7, 2), (2, 7, 0), (3, 9, 2), (4, 10, 2)]
    ]
    file = coco(images=images, annotations=entries)
    (file.parent / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    dataset = client.create_dataset("pictures")

    report = dataset.import_from(file)

    assert report.new_items == 2
    assert report.annotations == 1
    assert not report.ok
    text = "\n".join(report.problems)
    assert "annotation 2 of image 7 has a box of 0 x 2 pixels" in text
    assert "gone.png does not exist" in text
    assert "broken.png" in text
    assert "problems" in repr(report)
    assert "broken.png" in report._repr_html_()


def test_a_source_that_cannot_be_read_adds_nothing(
    client: NucleusClient, coco: Maker, tmp_path: Path
) -> None:
    dataset = client.create_dataset("pictures")
    file = coco()

    for name in ("a.png", "b.png"):
        (tmp_path / "images" / name).unlink()
    with pytest.raises(MediaError, match="none of the 2 pictures"):
        dataset.import_from(file)
    file.write_text('{"images": [')
    with pytest.raises(InvalidInputError, match="no valid JSON"):
        dataset.import_from(file, "coco")

    assert dataset.size == 0


def test_addresses_are_kept_as_locations(client: NucleusClient, coco: Maker) -> None:
    url = "https://example.org/a.jpg"
    image = {"id": 7, "file_name": "x/a.jpg", "coco_url": url, "width": 40, "height": 30}
    dataset = client.create_dataset("pictures")

    dataset.import_from(coco(images=[image], annotations=[]), "coco", images="url")

    (item,) = dataset.items
    assert (item.reference_id, item.image_location) == ("x/a.jpg", url)


def test_detections_become_predictions_of_the_items_they_name(
    client: NucleusClient, coco: Maker, tmp_path: Path
) -> None:
    file = coco()
    dataset = client.create_dataset("pictures")
    dataset.import_from(file)
    model = client.create_model("detector", "detector")
    (tmp_path / "results.json").write_text(
        json.dumps([
            {"image_id": 8, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5},
            {"image_id": 7, "category_id": 2, "bbox": [5, 6, 7, 8], "score": 1, "segmentation": [
                [5, 6, 12, 6, 12, 14]]},
            {"image_id": 7, "category_id": 2, "bbox": [5, 6, 7, 8], "score": 7},
        ])
    )  # fmt: skip

    report = dataset.import_predictions_from(model, tmp_path)

    assert _counts(report) == {"annotations": 3}
    assert len(report.problems) == 1
    found = dataset.predictions_refloc(model, "a.png")
    assert [(box.label, box.confidence) for box in found["box"]] == [("dog", 1.0)]
    assert len(found["polygon"]) == 1
    again = dataset.import_predictions_from(model, tmp_path)
    assert _counts(again) == {"ignored_annotations": 3}


def test_detections_on_pictures_that_are_not_there_are_reported(
    client: NucleusClient, coco: Maker, tmp_path: Path, picture: Maker
) -> None:
    dataset = client.create_dataset("pictures")
    dataset.import_from(picture(tmp_path / "only" / "deep" / "a.png").parent.parent)
    model = client.create_model("detector", "detector")
    coco()
    entry = {"category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}
    rows = [{**entry, "image_id": 7}, {**entry, "image_id": 8}]
    (tmp_path / "results.json").write_text(json.dumps(rows))

    report = dataset.import_predictions_from(model, tmp_path)

    # "a.png" of the results is "deep/a.png" here: the only picture of that name.
    assert _counts(report) == {"annotations": 1}
    assert report.problems == [
        "b.png: the dataset has no item of this name: import its picture first"
    ]
    (written,) = dataset.export_to(tmp_path / "predictions.json", model=model)
    again = formats.read_results(written)
    assert (again.items.reference_id, again.boxes.confidence) == (["deep/a.png"], [0.5])


def test_ground_truth_and_detections_are_not_mixed_up(
    client: NucleusClient, tmp_path: Path, picture: Maker
) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    labels = tmp_path / "labels" / "a.txt"
    (tmp_path / "classes.txt").write_text("cat\n")
    dataset = client.create_dataset("pictures")
    model = client.create_model("detector", "detector")

    labels.write_text("0 0.5 0.5 0.5 0.5 0.9\n")
    with pytest.raises(InvalidInputError, match="use import_predictions_from"):
        dataset.import_from(tmp_path)
    labels.write_text("0 0.5 0.5 0.5 0.5\n")
    with pytest.raises(InvalidInputError, match="use import_from"):
        dataset.import_predictions_from(model, tmp_path, "yolo")


@pytest.mark.parametrize("name", ["pascal_voc", "yolo"])
def test_other_formats_are_written_too(
    client: NucleusClient, coco: Maker, tmp_path: Path, name: str
) -> None:
    dataset = client.create_dataset("pictures")
    dataset.import_from(coco())

    with pytest.warns(UserWarning, match="no place for metadata of items: coco_image_id"):
        dataset.export_to(tmp_path / "out", name)

    found = formats.read(tmp_path / "out", name, formats.ReadOptions(images=tmp_path / "images"))
    assert (found.boxes.label, found.boxes.x) == (["cat", "dog"], [5.5, 1.0])


def test_an_unknown_format_or_model_writes_nothing(client: NucleusClient, tmp_path: Path) -> None:
    dataset = client.create_dataset("pictures")

    with pytest.raises(InvalidInputError, match="there is no format 'csv'"):
        dataset.export_to(tmp_path / "x", "csv")
    with pytest.raises(NotFoundError):
        dataset.export_to(tmp_path / "x", model="prj_000000000000f")

    assert list(tmp_path.glob("x*")) == []


def test_progress_is_told_in_items(client: NucleusClient, coco: Maker, tmp_path: Path) -> None:
    dataset = client.create_dataset("pictures")
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))

    dataset.import_from(coco(), progress=note)
    dataset.export_to(tmp_path / "x.json", progress=note)

    assert seen == [(2, 2), (2, 2)]


@pytest.mark.shared_data
def test_real_blood_cells_with_their_detections(client: NucleusClient, shared_data: Path) -> None:
    dataset = client.create_dataset("blood")
    model = client.create_model("detector", "detector")

    report = dataset.import_from(shared_data / "bccd")
    detections = dataset.import_predictions_from(model, shared_data / "bccd")

    assert _counts(report) == {"new_items": 364, "annotations": 4888}
    assert _counts(detections) == {"annotations": 4181}
    assert report.ok
    assert detections.ok
