"""COCO results become boxes with a confidence, named by the annotation file beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import formats
from nucleus_lab.annotation import Point, PolygonPrediction
from nucleus_lab.errors import InvalidInputError

Maker = Callable[..., Path]


def _results(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "results.json"
    file.write_text(json.dumps(entries))
    return file


def test_detections_are_named_by_the_annotation_file_beside_them(
    coco: Maker, tmp_path: Path
) -> None:
    coco()
    file = _results(
        tmp_path,
        {"image_id": 8, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5},
        {"image_id": 7, "category_id": 2, "bbox": [5, 6, 7, 8], "score": 1},
    )

    found = formats.read_results(file)

    boxes = found.boxes
    assert found.items.reference_id == ["a.png", "b.png"]
    assert (boxes.item, boxes.label, boxes.confidence) == ([0, 1], ["dog", "cat"], [1.0, 0.5])
    assert (boxes.x, boxes.annotation_id) == ([5, 1], ["1", "0"])


def test_masks_become_polygon_predictions(coco: Maker, tmp_path: Path) -> None:
    coco()
    entry = {"image_id": 8, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]], "score": 0.5}

    found = formats.read_results(_results(tmp_path, entry))

    points = [Point(1, 1), Point(9, 1), Point(9, 9)]
    assert found.others == [
        PolygonPrediction("cat", points, "b.png", confidence=0.5, annotation_id="0/polygon")
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"image_id": 99}, "image_id 99"),
        ({"category_id": 99}, "category_id 99"),
        ({"score": None}, "has no score"),
        ({"score": 85}, "has the score 85"),
        ({"score": -0.1}, "has the score -0.1"),
        ({"bbox": [1, 2, -3, 4]}, "width and height must be 0 or above"),
        ({"bbox": None}, "neither bbox nor segmentation nor keypoints"),
        ({"bbox": None, "segmentation": [[1, 2]]}, "a polygon of 2 numbers"),
    ],
)
def test_a_fault_of_one_detection_is_named_and_the_others_are_kept(
    coco: Maker, tmp_path: Path, entry: dict[str, Any], words: str
) -> None:
    good = {"image_id": 8, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}
    coco()

    found = formats.read_results(_results(tmp_path, good, {**good, **entry}))

    assert len(found.boxes) == 1
    assert len(found.problems) == 1
    assert "results.json: entry 1" in found.problems[0]
    assert words in found.problems[0]


def test_results_without_an_annotation_file_are_refused(tmp_path: Path) -> None:
    file = _results(tmp_path, {"image_id": 8, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1})

    with pytest.raises(InvalidInputError, match="pass ground_truth="):
        formats.read_results(file)


def test_a_folder_without_results_is_refused(coco: Maker, tmp_path: Path) -> None:
    coco()

    with pytest.raises(InvalidInputError, match="holds 0 COCO results files"):
        formats.read_results(tmp_path)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "items", "boxes"),
    [
        ("bccd", 364, 4181),
        ("coco_keypoints4/test_coco_det_AP_H_56.json", 4, 118),
        ("voc100_formats/dets/coco_format/coco_dets.json", 98, 452),
    ],
)
def test_real_detections(shared_data: Path, path: str, items: int, boxes: int) -> None:
    found = formats.read_results(shared_data / path)

    assert (len(found.items), len(found.boxes), found.problems) == (items, boxes, [])
    assert len(found.boxes.confidence) == boxes
