"""What a format writes, it reads back the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nucleus_lab import formats
from nucleus_lab.annotation import (
    BoxAnnotation,
    CategoryAnnotation,
    Keypoint,
    KeypointsAnnotation,
    Point,
    PolygonAnnotation,
)
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.formats.portions import portions, without

WIDTH, HEIGHT = 64, 48
LABELS = st.sampled_from(["cat", "dog", '<tree> & "bush"', "Bäume", "7"])
# Eighths are exact in binary, so that sums and differences lose nothing.
edges = st.integers(0, 8 * 40).map(lambda eighths: eighths / 8)
sides = st.integers(1, 8 * 20).map(lambda eighths: eighths / 8)
boxes = st.tuples(LABELS, edges, edges, sides, sides).filter(
    lambda box: box[1] < 60 and box[2] < 44
)
collections = st.lists(st.lists(boxes, max_size=4), min_size=1, max_size=4)


def _collection(
    rows: list[list[tuple[str, float, float, float, float]]], folder: Path
) -> Collection:
    from PIL import Image

    names = [f"part {at}/picture-{at}.png" for at in range(len(rows))]
    for name in names:
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (WIDTH, HEIGHT)).save(folder / "images" / name)
    flat = [(at, number, box) for at, row in enumerate(rows) for number, box in enumerate(row, 1)]
    columns = [[box[axis] for _, _, box in flat] for axis in range(5)]
    return Collection(
        ItemColumns(
            names,
            [str(folder / "images" / name) for name in names],
            [WIDTH] * len(names),
            [HEIGHT] * len(names),
            [None] * len(names),
        ),
        BoxColumns(
            [at for at, _, _ in flat], columns[0], [str(n) for _, n, _ in flat], *columns[1:]
        ),
    )


def _facts(collection: Collection) -> list[tuple[object, ...]]:
    boxes = collection.boxes
    names = collection.items.reference_id
    return [
        (names[at], label, round(x, 6), round(y, 6), round(w, 6), round(h, 6))
        for at, label, x, y, w, h in zip(
            boxes.item, boxes.label, boxes.x, boxes.y, boxes.width, boxes.height, strict=True
        )
    ]


@pytest.mark.parametrize("name", ["coco", "pascal_voc", "yolo"])
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rows=collections)
def test_boxes_come_back(
    name: str, rows: list[list[tuple[str, float, float, float, float]]]
) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        written = _collection(rows, folder)
        if (
            name == "yolo"
        ):  # label files hold fractions: what sticks out of the picture cannot be held
            written.boxes.width = [
                min(w, WIDTH - x) for x, w in zip(written.boxes.x, written.boxes.width, strict=True)
            ]
            written.boxes.height = [
                min(h, HEIGHT - y)
                for y, h in zip(written.boxes.y, written.boxes.height, strict=True)
            ]

        formats.write(written, folder, name)
        read = formats.read(folder, name)

        assert read.items.reference_id == written.items.reference_id
        assert (read.items.width, read.items.height) == (written.items.width, written.items.height)
        assert _facts(read) == _facts(written)
        assert (read.problems, read.missing) == ([], [])


@given(
    points=st.lists(st.tuples(edges, edges), min_size=3, max_size=6),
    marks=st.lists(st.sampled_from([0, 1, 2]), min_size=3, max_size=3),
)
@settings(max_examples=25, deadline=None)
def test_an_instance_in_coco_keeps_its_parts_together(
    points: list[tuple[float, float]], marks: list[int]
) -> None:
    keypoints = [
        Keypoint(1.5, 2, visible=mark == 2) if mark else Keypoint(visible=False) for mark in marks
    ]
    parts = [
        PolygonAnnotation("cat", [Point(x, y) for x, y in points], "a.png", "5/polygon"),
        PolygonAnnotation("cat", [Point(1, 1), Point(9, 1), Point(9, 9)], "a.png", "5/polygon/2"),
        KeypointsAnnotation("cat", keypoints, ["a", "b", "c"], [[0, 2]], "a.png", "5/keypoints"),
    ]
    written = Collection(
        ItemColumns(
            ["a.png"],
            ["a.png"],
            [WIDTH],
            [HEIGHT],
            [{"coco_image_id": 3, "split": "val", "fog": 1}],
        ),
        BoxColumns(
            [0], ["cat"], ["5"], [1.0], [2.0], [3.0], [4.0], [], [{"iscrowd": 1, "area": 7.0}]
        ),
        list(parts),
    )
    for part in parts[:2]:
        part.metadata = {"iscrowd": 1}
    with tempfile.TemporaryDirectory() as text:
        file = Path(text) / "coco.json"

        formats.write(written, file, "coco")
        read = formats.read(file)

        read.items.location = ["a.png"]
        read.missing = []
        # Fields beside those of COCO are kept under "metadata" of the image.
        assert read == written


def test_scores_are_written_and_read_as_detections(tmp_path: Path) -> None:
    written = Collection(
        ItemColumns(["a.png"], ["a.png"], [WIDTH], [HEIGHT], [None]),
        BoxColumns([0], ["cat"], ["5"], [1.0], [2.0], [3.0], [4.0], [0.25], []),
    )

    formats.write(written, tmp_path / "detections.json", "coco")
    read = formats.read_results(tmp_path / "detections.json")

    assert (read.boxes.confidence, read.boxes.label, read.boxes.x) == ([0.25], ["cat"], [1.0])


@pytest.mark.parametrize("name", ["coco", "pascal_voc", "yolo"])
def test_what_a_format_cannot_hold_is_named(tmp_path: Path, name: str) -> None:
    collection = Collection(
        ItemColumns(["a.png"], ["a.png"], [WIDTH], [HEIGHT], []),
        others=[CategoryAnnotation("cat", "a.png")],
    )

    formats.write(collection, tmp_path, name)

    assert len(collection.problems) == 1
    assert "left out" in collection.problems[0]


@given(
    rows=collections,
    items=st.integers(1, 3),
    boxes=st.integers(1, 3),
    content=st.sampled_from([None, 1]),
)
@settings(max_examples=50, deadline=None)
def test_portions_are_no_larger_than_allowed_and_add_up_to_the_whole(
    rows: list[list[tuple[str, float, float, float, float]]],
    items: int,
    boxes: int,
    content: int | None,
) -> None:
    with tempfile.TemporaryDirectory() as text:
        whole = _collection(rows, Path(text))

        parts = list(portions(whole, most_items=items, most_boxes=boxes, most_bytes=content))

        # One picture alone exceeds a byte, and what lies on one item is not torn apart.
        most = 1 if content else items
        assert all(len(some) <= most for some, _ in parts)
        assert all(len(some) <= boxes or len(names) == 1 for names, some in parts)
        facts = [fact for items, some in parts for fact in _facts(Collection(items, some))]
        assert facts == _facts(whole)


def test_items_are_left_out_with_everything_on_them(tmp_path: Path) -> None:
    whole = _collection([[("cat", 1, 2, 3, 4)], [("dog", 5, 6, 7, 8)]], tmp_path)
    names = whole.items.reference_id
    whole.others = [CategoryAnnotation("x", names[0]), BoxAnnotation("y", 1, 2, 3, 4, names[1])]

    rest = without(whole, {0})

    assert rest.items.reference_id == [names[1]]
    assert _facts(rest) == [(names[1], "dog", 5, 6, 7, 8)]
    assert rest.others == whole.others[1:]
