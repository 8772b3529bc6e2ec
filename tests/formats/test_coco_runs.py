"""COCO masks: crowds in runs, masks of whole pictures, and panoptic files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import Segment, SegmentationAnnotation, formats
from nucleus_lab.annotation import run_length
from nucleus_lab.columns import Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError

Maker = Callable[..., Path]


def ring_shape() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A square with a hole, and a single pixel apart."""
    mask = np.zeros((30, 40), np.uint8)
    mask[2:9, 3:12] = 1
    mask[4:6, 5:8] = 0
    mask[20, 30] = 1
    return mask


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("crowd", [0, 1])
def test_runs_come_out_as_they_went_in(
    coco: Maker, tmp_path: Path, compressed: bool, crowd: int
) -> None:
    rle = run_length.encode(ring_shape())
    counts = run_length.runs(rle["size"], rle["counts"], "").tolist()
    given = rle if compressed else {"size": rle["size"], "counts": counts}
    entry = {
        "id": 11, "image_id": 8, "category_id": 2, "bbox": [3, 2, 28, 19], "area": 58,
        "iscrowd": crowd, "segmentation": given,
    }  # fmt: skip

    found = formats.read(coco(annotations=[entry]))
    formats.write(found, tmp_path / "out.json", "coco")

    written = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert found.problems == []
    assert written == [{**entry, "segmentation": rle, "category_id": written[0]["category_id"]}]


def test_an_outline_that_was_changed_is_written_as_it_is_now(coco: Maker, tmp_path: Path) -> None:
    rle = run_length.encode(ring_shape())
    entry = {"id": 11, "image_id": 8, "category_id": 2, "bbox": [3, 2, 9, 7], "segmentation": rle}
    found = formats.read(coco(annotations=[entry]))

    found.others[0].vertices[0].x += 1
    formats.write(found, tmp_path / "out.json", "coco")

    written = json.loads((tmp_path / "out.json").read_text())["annotations"][0]
    assert isinstance(written["segmentation"], list)


def test_each_segment_of_a_mask_is_written_in_runs(tmp_path: Path) -> None:
    pixels = ring_shape()
    pixels[25:, :5] = 2
    Image.fromarray(pixels).save(tmp_path / "m.png")
    mask = SegmentationAnnotation(
        str(tmp_path / "m.png"),
        [Segment("cat", 1, {"old": True}), Segment("dog", 2, {"iscrowd": 1}), Segment("cow", 3)],
        "a.png",
    )
    gone = SegmentationAnnotation("https://example.org/m.png", [Segment("cat", 1)], "b.png")
    items = ItemColumns(["a.png", "b.png"], ["a.png", "b.png"], [40, 40], [30, 30])
    collection = Collection(items, others=[mask, gone])

    formats.write(collection, tmp_path / "out.json", "coco")

    data = json.loads((tmp_path / "out.json").read_text())
    names = {category["id"]: category["name"] for category in data["categories"]}
    assert [(names[row["category_id"]], row["bbox"], row["area"], row["iscrowd"],
             row.get("attributes"), row["segmentation"]) for row in data["annotations"]] == [
        ("cat", [3, 2, 28, 19], 58, 0, {"old": True}, run_length.encode(pixels == 1)),
        ("dog", [0, 25, 5, 5], 25, 1, None, run_length.encode(pixels == 2)),
    ]  # fmt: skip
    (problem,) = collection.problems
    assert problem == (
        "b.png: the mask was left out: the mask 'https://example.org/m.png' is at a URL: give its "
        "picture, as dataset.mask_bytes(object_id) reads it"
    )


# -- panoptic ----------------------------------------------------------------------------------


def colours(numbers: Any) -> Image.Image:
    numbers = np.asarray(numbers, np.int64)
    return Image.fromarray(
        np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], -1).astype(np.uint8)
    )


@pytest.fixture
def panoptic(coco: Maker, tmp_path: Path) -> Callable[..., Path]:
    """Write a panoptic file of the pictures of ``coco``; keywords replace parts of the mask."""
    numbers = np.zeros((30, 40), np.int64)
    numbers[:10] = 70_001
    numbers[10:20] = 5

    def make(pixels: Any = numbers, **parts: Any) -> Path:
        file = coco()
        data = json.loads(file.read_text())
        mask = {
            "image_id": 8,
            "file_name": "b.png",
            "segments_info": [
                {"id": 5, "category_id": 1, "iscrowd": 1, "area": 400, "bbox": [0, 10, 40, 10]},
                {"id": 70_001, "category_id": 2, "iscrowd": 0, "area": 400},
            ],
            **parts,
        }
        data["annotations"] = [mask]
        file.write_text(json.dumps(data))
        (tmp_path / "panoptic").mkdir(exist_ok=True)
        colours(pixels).save(tmp_path / "panoptic" / "b.png")
        return file

    return make


def test_a_panoptic_file_becomes_a_mask_for_each_picture(panoptic: Callable[..., Path]) -> None:
    file = panoptic()

    found = formats.read(file)

    (mask,) = found.others
    assert (found.items.reference_id, found.problems) == (["a.png", "b.png"], [])
    assert mask.reference_id == "b.png"
    assert mask.annotations == [
        Segment("cat", 1, {"panoptic_id": 5, "iscrowd": 1}),
        Segment("dog", 2, {"panoptic_id": 70_001}),
    ]
    rows = mask.to_rle(mask.content())
    drawn = [run_length.decode(row) for row in rows]
    assert [shape.sum() for shape in drawn] == [400, 400]
    assert drawn[1][:10].all()
    assert drawn[0][10:20].all()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"image_id": 99}, "has the image_id 99, which is not among the images"),
        ({"segments_info": []}, "has no segments"),
        ({"segments_info": [{"id": 5, "category_id": 1}]}, "has pixels of segment 70001"),
        ({"segments_info": [{"id": 5, "category_id": 9}]}, "category_id 9, which is not among"),
        ({"segments_info": [{"id": 5, "category_id": 1}] * 2}, "two segments of one id"),
        ({"pixels": np.zeros((40, 30))}, "has 30 x 40 pixels and its picture 40 x 30"),
    ],
)
def test_a_panoptic_mask_that_does_not_fit_is_left_out(
    panoptic: Callable[..., Path], parts: dict[str, Any], message: str
) -> None:
    found = formats.read(panoptic(**parts))

    assert found.others == []
    (problem,) = found.problems
    assert message in problem


def test_a_panoptic_file_cannot_name_masks_elsewhere(panoptic: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInputError, match="lies outside its folder"):
        formats.read(panoptic(file_name="../b.png"))
    with pytest.raises(InvalidInputError, match=r"names masks such as z\.png, and none"):
        formats.read(panoptic(file_name="z.png"))
    damaged = panoptic()
    (damaged.parent / "panoptic" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    assert "cannot be read" in formats.read(damaged).problems[0]


def test_a_panoptic_file_is_imported_and_comes_out_as_instances(
    client: Any, panoptic: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = client.create_dataset("d")

    report = dataset.import_from(panoptic())
    dataset.export_to(tmp_path / "out.json")

    assert report.problems == []
    stored = dataset.refloc("b.png")["annotations"]["segmentation"][0]
    assert [segment.label for segment in stored.annotations] == ["cat", "dog"]
    written = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert [(row["area"], row["iscrowd"], row["segmentation"]["size"]) for row in written] == [
        (400, 1, [30, 40]),
        (400, 0, [30, 40]),
    ]


@pytest.mark.shared_data
def test_real_panoptic_masks_hold_the_real_instances(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "coco40_panoptic_yolo"

    found = formats.read(folder / "panoptic.json")
    formats.write(found, tmp_path / "out.json", "coco")

    data = json.loads((tmp_path / "out.json").read_text())
    source = json.loads((folder / "panoptic.json").read_text())
    areas = {
        part["id"]: part["area"] for mask in source["annotations"] for part in mask["segments_info"]
    }
    assert (len(found.items), len(found.others), found.problems) == (40, 40, [])
    assert {row["attributes"]["panoptic_id"]: row["area"] for row in data["annotations"]} == areas
    truth = json.loads((folder / "instances_rle.json").read_text())["annotations"]
    runs = {row["segmentation"]["counts"] for row in data["annotations"]}
    assert len(truth) == 235
    assert {row["segmentation"]["counts"] for row in truth} <= runs


@pytest.mark.shared_data
def test_real_runs_survive_a_round_trip(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "coco40_panoptic_yolo"
    truth = json.loads((folder / "instances_rle.json").read_text())["annotations"]

    formats.write(formats.read(folder / "instances_rle.json"), tmp_path / "out.json", "coco")

    written = json.loads((tmp_path / "out.json").read_text())["annotations"]
    wanted = {row["id"]: (row["segmentation"], row["area"], row["iscrowd"]) for row in truth}
    assert {
        row["id"]: (row["segmentation"], row["area"], row["iscrowd"]) for row in written
    } == wanted
