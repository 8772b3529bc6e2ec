"""Masks from run-length masks and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from pycocotools import mask as reference

from nucleus_lab import Segment, SegmentationAnnotation, SegmentationPrediction
from nucleus_lab.annotation import run_length
from nucleus_lab.errors import InvalidInputError, MediaError

Mask = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
masks = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1)
)


def plain(mask: Mask) -> list[int]:
    counts, value = [0], 0
    for pixel in mask.flatten(order="F").tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


@given(masks)
def test_runs_mean_what_the_coco_library_says(mask: Mask) -> None:
    theirs = reference.encode(np.asfortranarray(mask))
    ours = run_length.encode(mask)

    assert ours == {"size": [*mask.shape], "counts": theirs["counts"].decode()}
    assert json.loads(json.dumps(ours)) == ours
    for counts in (theirs["counts"], ours["counts"], plain(mask), np.array(plain(mask))):
        drawn = run_length.decode({"size": list(mask.shape), "counts": counts})
        assert (drawn.dtype, drawn.tolist()) == (np.uint8, mask.tolist())


def test_every_pixel_that_is_not_0_is_foreground() -> None:
    assert run_length.encode([[0, 7], [-1, 0]]) == run_length.encode([[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ("92203", "a run-length mask is a mapping with size"),
        ({"size": [4, 5]}, "a run-length mask is a mapping with size"),
        ({"size": [4], "counts": "92203"}, r"has the size \[4\]"),
        ({"size": "45x", "counts": "92203"}, "has the size '45x'"),
        ({"size": [0, 5], "counts": ""}, "5 x 0 pixels, which is no size"),
        ({"size": [-4, -5], "counts": [20]}, "which is no size"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, "which is no size"),
        ({"size": [4, 5], "counts": "9220"}, "whose runs cover"),
        ({"size": [4, 5], "counts": "9220\u00e9"}, "a wrong character at 4"),
        ({"size": [4, 5], "counts": "922o"}, "cut short or hold"),
        ({"size": [4, 5], "counts": [9, 2, 2, 2, 4]}, "cover 19 pixels, not the 20"),
        ({"size": [4, 5], "counts": [30, -10]}, "cover 20 pixels"),
        ({"size": [4, 5], "counts": [[20]]}, "whose runs cover"),
        ({"size": [4, 5], "counts": None}, "neither text nor whole numbers"),
        ({"size": [4, 5], "counts": ["x"]}, "neither text nor whole numbers"),
    ],
)
def test_broken_runs_are_refused(rle: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        run_length.decode(rle)


def square(top: int, left: int, side: int = 2) -> Mask:
    mask = np.zeros((6, 8), np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_instances_have_numbers_of_their_own(tmp_path: Path) -> None:
    shapes = [square(0, 0), square(3, 4), square(0, 5)]
    path = tmp_path / "masks" / "a.png"

    mask = SegmentationAnnotation.from_rle(
        [run_length.encode(shape) for shape in shapes],
        ["car", Segment("tree", 1, {"height": 3}), "car"],
        "a.jpg",
        path,
        "mine",
    )

    assert mask == SegmentationAnnotation(
        str(path),
        [Segment("tree", 1, {"height": 3}), Segment("car", 2), Segment("car", 3)],
        "a.jpg",
        "mine",
    )
    with Image.open(path) as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), 2 * shapes[0] + 1 * shapes[1] + 3 * shapes[2])
    assert mask.to_rle() == [
        {"label": "tree", "index": 1, "metadata": {"height": 3}, **run_length.encode(shapes[1])},
        {"label": "car", "index": 2, **run_length.encode(shapes[0])},
        {"label": "car", "index": 3, **run_length.encode(shapes[2])},
    ]
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


def test_classes_share_one_number(tmp_path: Path) -> None:
    rles = [run_length.encode(square(0, 0)), run_length.encode(square(3, 4))]

    mask = SegmentationPrediction.from_rle(
        [*rles, run_length.encode(square(0, 5))],
        ["car", "car", "tree"],
        "a.jpg",
        tmp_path / "a.png",
        semantic=True,
    )

    assert type(mask) is SegmentationPrediction
    assert mask.annotations == [Segment("car", 1), Segment("tree", 2)]
    both = square(0, 0) | square(3, 4)
    assert mask.to_rle()[0] == {"label": "car", "index": 1, **run_length.encode(both)}


def test_where_masks_overlap_the_later_one_is_seen(tmp_path: Path) -> None:
    rles = [run_length.encode(square(0, 0, 4)), run_length.encode(square(1, 1))]

    mask = SegmentationAnnotation.from_rle(rles, ["a", "b"], "i", tmp_path / "a.png")

    below = square(0, 0, 4) - square(1, 1)
    assert [run_length.decode(row).tolist() for row in mask.to_rle()] == [
        below.tolist(),
        square(1, 1).tolist(),
    ]


def test_many_instances_make_a_deeper_picture(tmp_path: Path) -> None:
    rles = [run_length.encode(np.eye(1, 300, at)) for at in range(300)]

    mask = SegmentationAnnotation.from_rle(rles, ["cell"] * 300, "i", tmp_path / "a.png")

    assert mask.annotations[-1].index == 300
    assert [run_length.decode(row).argmax() for row in mask.to_rle()] == list(range(300))


def test_masks_that_do_not_fit_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    small = run_length.encode(np.ones((2, 2)))
    rle = run_length.encode(square(0, 0))
    cases: list[tuple[list[Any], list[Any], str]] = [
        ([], [], "has no run-length mask"),
        ([rle], [], "1 run-length masks and 0 segments"),
        ([rle, small], ["a", "b"], r"mask 1 has 2 x 2 pixels and the first one 8 x 6"),
        ([rle], [Segment("a", 70_000)], "has the index 70000: use 0 to 65535"),
        ([rle], [Segment("a", -1)], "has the index -1"),
        ([{"size": [6, 8], "counts": [3]}], ["a"], "run-length mask 0 has a mask whose runs"),
    ]

    for rles, segments, message in cases:
        with pytest.raises(InvalidInputError, match=message):
            SegmentationAnnotation.from_rle(rles, segments, "i", tmp_path / "x" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_are_no_masks_are_refused(tmp_path: Path) -> None:
    far = SegmentationAnnotation("https://example.org/m.png", [Segment("a", 1)], "i")
    with pytest.raises(InvalidInputError, match="is at a URL: give its picture"):
        far.to_rle()
    Image.new("RGB", (4, 3), "red").save(tmp_path / "red.png")
    with pytest.raises(MediaError, match="has colours"):
        far.to_rle(tmp_path / "red.png")
    with pytest.raises(MediaError, match="no mask that can be read"):
        far.to_rle(b"nonsense")
    with pytest.raises(MediaError, match="cannot be read"):
        far.to_rle(tmp_path / "missing.png")
    Image.new("F", (4, 3)).save(tmp_path / "float.tif")
    with pytest.raises(MediaError, match="mode F"):
        far.to_rle(tmp_path / "float.tif")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_masks_of_every_kind_of_picture_are_read(tmp_path: Path, mode: str) -> None:
    pixels = square(0, 0)
    value = 255 if mode == "1" else 1
    grey = Image.fromarray(pixels * value)
    picture = Image.fromarray(pixels.astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    if mode == "P":
        picture = Image.new("P", (8, 6))
        picture.putdata(pixels.ravel().tolist())
    picture.save(tmp_path / "m.png")

    mask = SegmentationAnnotation(str(tmp_path / "m.png"), [Segment("a", 1)], "i")

    assert run_length.decode(mask.to_rle()[0]).tolist() == pixels.tolist()
