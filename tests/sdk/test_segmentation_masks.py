"""Segmentation masks through the SDK: sizes, one an item, segments, run-length masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import DatasetItem, NucleusClient, Segment
from nucleus_lab.annotation import SegmentationAnnotation, SegmentationPrediction, run_length


@pytest.fixture
def dataset(client: NucleusClient, tmp_path: Path) -> Any:
    made = client.create_dataset("d")
    for name in "ab":
        Image.new("RGB", (8, 6), "orange").save(tmp_path / f"{name}.png")
    made.append([DatasetItem(str(tmp_path / f"{name}.png"), reference_id=name) for name in "ab"])
    return made


def drawn(tmp_path: Path, name: str, size: tuple[int, int] = (8, 6)) -> str:
    path = tmp_path / f"mask-{name}.png"
    Image.new("L", size, 1).save(path)
    return str(path)


def test_a_mask_must_have_the_size_of_its_picture(
    client: NucleusClient, dataset: Any, tmp_path: Path
) -> None:
    model = client.create_model("m", "m")
    segments = [Segment("road", 1)]
    good, bad = drawn(tmp_path, "good"), drawn(tmp_path, "bad", (6, 8))
    told = r"mask-bad\.png' of item 'b' was left out: it has 6 x 8 pixels and the picture 8 x 6"

    answer = dataset.annotate([
        SegmentationAnnotation(good, segments, "a"),
        SegmentationAnnotation(bad, segments, "b"),
    ])
    predicted = dataset.upload_predictions(model, [SegmentationPrediction(bad, segments, "b")])

    assert answer["annotations_processed"] == 1
    assert len(answer["errors"]) == 1
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(answer["errors"][0])
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(predicted["errors"][0])
    assert dataset.refloc("b")["annotations"]["segmentation"] == []


def test_run_length_masks_go_in_and_come_out(dataset: Any, tmp_path: Path) -> None:
    shapes = np.zeros((2, 6, 8), np.uint8)
    shapes[0, :3, :4] = shapes[1, 4:, 5:] = 1
    segments = [Segment("car", 5, {"parked": True}), Segment("car", 9)]
    mask = SegmentationAnnotation.from_rle(
        [run_length.encode(shape) for shape in shapes], segments, "a", tmp_path / "m" / "a.png"
    )

    dataset.annotate([mask])

    stored = dataset.refloc("a")["annotations"]["segmentation"][0]
    assert stored == mask
    row = dataset.rows(list(dataset.item_ids()))[0]
    (tmp_path / "m" / "a.png").unlink()
    back = stored.to_rle(dataset.mask_bytes(row["annotations"][0]["id"]))
    assert [run_length.decode(entry).tolist() for entry in back] == shapes.tolist()
    assert [(entry["label"], entry.get("metadata")) for entry in back] == [
        ("car", {"parked": True}),
        ("car", None),
    ]


def test_an_item_has_one_mask(dataset: Any, tmp_path: Path) -> None:
    first = SegmentationAnnotation(drawn(tmp_path, "1"), [Segment("x", 1)], "a", "one")
    second = SegmentationAnnotation(drawn(tmp_path, "2"), [Segment("y", 1)], "a", "two")
    dataset.annotate([first])

    ignored = dataset.annotate([second])
    assert (ignored["annotations_processed"], ignored["annotations_ignored"]) == (0, 1)
    assert dataset.refloc("a")["annotations"]["segmentation"] == [first]
    dataset.annotate([second], update=True)
    assert dataset.refloc("a")["annotations"]["segmentation"] == [second]
    with pytest.raises(Exception, match=r"[Tt]wice|more than once"):
        dataset.annotate([first, second])
