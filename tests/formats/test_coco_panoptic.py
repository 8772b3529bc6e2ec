"""COCO panoptic datasets: what is written is what was read, pixel for pixel."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nucleus_lab import BoxAnnotation, DatasetItem, Segment, SegmentationAnnotation, formats
from nucleus_lab.columns import Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError

WIDTH, HEIGHT = 12, 9

cells = st.lists(st.integers(0, 5), min_size=WIDTH * HEIGHT, max_size=WIDTH * HEIGHT)
labels = st.lists(st.sampled_from(["cat", "grass", "Bäume"]), min_size=6, max_size=6)
number = st.none() | st.integers(1, 256**3 - 1)
extra = st.dictionaries(st.sampled_from(["colour", "note"]), st.integers(0, 9), max_size=2)


def masked(folder: Path, name: str, pixels: Any, segments: list[Segment]) -> SegmentationAnnotation:
    place = folder / f"{name}.mask.png"
    Image.fromarray(np.asarray(pixels, np.uint8)).save(place)
    return SegmentationAnnotation(str(place), segments, f"{name}.png")


def collected(folder: Path, masks: list[SegmentationAnnotation], count: int) -> Collection:
    names = [f"{at}.png" for at in range(count)]
    for name in names:
        Image.new("L", (WIDTH, HEIGHT)).save(folder / name)
    places = [str(folder / name) for name in names]
    items = ItemColumns(names, places, [WIDTH] * count, [HEIGHT] * count, [None] * count)
    return Collection(items, others=list(masks))


def colours(file: Path) -> Any:
    with Image.open(file) as opened:
        assert opened.mode == "RGB"
        return np.asarray(opened).astype(int) @ [1, 256, 65_536]


def shapes(mask: Any) -> dict[bytes, tuple[Any, ...]]:
    """Label and metadata of each segment by its pixels."""
    draw = getattr(mask, "content", None)
    rows = mask.to_rle(draw() if draw else None)
    return {row["counts"]: (row["label"], row.get("metadata") or {}) for row in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_panoptic_masks_that_are_written_are_read_back_and_written_the_same(data: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        masks = []
        for at in range(data.draw(st.integers(1, 3))):
            pixels = np.reshape(data.draw(cells), (HEIGHT, WIDTH))
            present = [index for index in range(1, 6) if (pixels == index).any()]
            names = data.draw(labels)
            segments = []
            for index in present:
                metadata = data.draw(extra)
                if data.draw(st.booleans()):
                    metadata["iscrowd"] = 1
                if names[index] == "grass":
                    metadata["isthing"] = 0
                if (own := data.draw(number)) is not None:
                    metadata["panoptic_id"] = own
                segments.append(Segment(names[index], index, metadata))
            if segments:
                masks.append(masked(folder, str(at), pixels, segments))
        collection = collected(folder, masks, 3)

        written = formats.write(collection, folder / "panoptic.json", "coco_panoptic")
        again = formats.read(folder / "panoptic.json", "coco_panoptic")
        twice = formats.write(again, folder / "twice" / "panoptic.json", "coco_panoptic")

        assert (collection.problems, again.problems) == ([], [])
        assert again.items.reference_id == collection.items.reference_id
        assert [file.read_bytes() for file in twice] == [file.read_bytes() for file in written]
        assert len(again.others) == len(masks)
        for mask, read in zip(masks, again.others, strict=True):
            before, after = shapes(mask), shapes(read)
            assert before.keys() == after.keys()
            for runs, (label, metadata) in before.items():
                own = {**metadata, "panoptic_id": after[runs][1]["panoptic_id"]}
                assert after[runs] == (label, own)
            known = [segment.metadata.get("panoptic_id") for segment in mask.annotations]
            if None not in known and len(set(known)) == len(known):
                assert [one.metadata["panoptic_id"] for one in read.annotations] == known


def test_the_file_describes_every_segment_as_published(tmp_path: Path) -> None:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[2:5, 3:7] = 9
    pixels[8, 11] = 1
    mask = masked(
        tmp_path, "1", pixels,
        [
            Segment("dog", 9, {"panoptic_id": 70_001}),
            Segment("sky", 1, {"panoptic_id": 5, "isthing": 0}),
            Segment("cat", 4, {"panoptic_id": 6}),
        ],
    )  # fmt: skip
    collection = collected(tmp_path, [mask], 2)
    collection.others.append(BoxAnnotation("car", 0, 0, 1, 1, "0.png"))

    files = formats.write(collection, tmp_path / "out", "coco_panoptic")

    assert files == [tmp_path / "out/panoptic.json", tmp_path / "out/panoptic/1.png"]
    data = json.loads(files[0].read_text())
    assert [entry["file_name"] for entry in data["images"]] == ["0.png", "1.png"]
    assert data["categories"] == [
        {"id": 1, "name": "cat", "isthing": 1},
        {"id": 2, "name": "dog", "isthing": 1},
        {"id": 3, "name": "sky", "isthing": 0},
    ]
    assert data["annotations"] == [
        {
            "image_id": 2,
            "file_name": "1.png",
            "segments_info": [
                {"id": 70_001, "category_id": 2, "iscrowd": 0, "bbox": [3, 2, 4, 3], "area": 12},
                {"id": 5, "category_id": 3, "iscrowd": 0, "bbox": [11, 8, 1, 1], "area": 1},
            ],
        }
    ]
    assert (colours(files[1]) == np.where(pixels == 9, 70_001, np.where(pixels == 1, 5, 0))).all()
    assert collection.problems == [
        "1 annotations that are no masks have no place in a panoptic dataset and were left out",
        "1.png: segment 4 (cat) has no pixel and was left out",
    ]


def test_a_mask_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    far = SegmentationAnnotation("https://x/m.png", [Segment("cat", 1)], "0.png")
    collection = collected(tmp_path, [far], 1)

    formats.write(collection, tmp_path / "out", "coco_panoptic")

    assert json.loads((tmp_path / "out/panoptic.json").read_text())["annotations"] == []
    assert "https://x/m.png is at a URL" in collection.problems[0]


def test_a_folder_without_a_panoptic_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"panoptic\.json"):
        formats.read(tmp_path, "coco_panoptic")


def test_masks_of_a_dataset_are_exported_and_imported_again(client: Any, tmp_path: Path) -> None:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[:4], pixels[4:6] = 1, 2
    mask = masked(tmp_path, "0", pixels, [Segment("cat", 1), Segment("dog", 2, {"note": 3})])
    collected(tmp_path, [], 1)
    dataset = client.create_dataset("d")
    dataset.append([DatasetItem(str(tmp_path / "0.png"), "0.png")])
    dataset.annotate([mask])

    files = dataset.export_to(tmp_path / "out", "coco_panoptic")
    other = client.create_dataset("again")
    report = other.import_from(files[0], images=tmp_path)

    assert (len(files), report.problems) == (2, [])
    (first,) = dataset.export_to(tmp_path / "one.json", "coco")
    (second,) = other.export_to(tmp_path / "two.json", "coco")
    runs = [
        [
            (row["segmentation"], row["category_id"])
            for row in json.loads(file.read_text())["annotations"]
        ]
        for file in (first, second)
    ]  # fmt: skip
    assert len(runs[0]) == 2
    assert runs[0] == runs[1]


@pytest.mark.shared_data
def test_real_panoptic_masks_are_written_as_they_were_read(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "coco40_panoptic_yolo"
    source = json.loads((folder / "panoptic.json").read_text())

    found = formats.read(folder / "panoptic.json")
    files = formats.write(found, tmp_path / "panoptic.json", "coco_panoptic")

    data = json.loads(files[0].read_text())
    names = [
        {entry["id"]: (entry["name"], entry["isthing"]) for entry in file["categories"]}
        for file in (source, data)
    ]
    facts = [
        {
            entry["image_id"]: [
                (
                    part["id"], part["iscrowd"], part["bbox"], part["area"],
                    named[part["category_id"]],
                )
                for part in entry["segments_info"]
            ]
            for entry in file["annotations"]
        }
        for file, named in zip((source, data), names, strict=True)
    ]  # fmt: skip
    assert found.problems == []
    assert facts[0] == facts[1]
    assert len(facts[0]) == 40
    for entry in source["annotations"]:
        name = entry["file_name"]
        assert (colours(folder / "panoptic" / name) == colours(tmp_path / "panoptic" / name)).all()
