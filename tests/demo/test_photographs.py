"""The demonstration is made of real photographs, offline, and is the same every time."""

from __future__ import annotations

import hashlib
import socket
from collections import Counter
from pathlib import Path
from typing import NoReturn

import pytest

from nucleus_lab import demo, formats
from nucleus_lab.annotation import KeypointsAnnotation, PolygonAnnotation
from nucleus_lab.columns import Collection
from nucleus_lab.demo.sources import PHOTOGRAPHS, Cut, Photograph
from nucleus_lab.demo.tiles import write_tiles
from nucleus_lab.errors import MediaError


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, written once and without a network."""
    folder = tmp_path_factory.mktemp("photographs")
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: object) -> NoReturn:
            raise AssertionError("the demonstration must not use the network")

        patch.setattr(socket.socket, "connect", refuse)
        return demo.photographs(folder)


@pytest.fixture(scope="module")
def collection(written: Path) -> Collection:
    """What a reader finds in it."""
    return formats.read(written)


def test_about_a_hundred_tiles_are_read_back_whole(collection: Collection) -> None:
    sides = [*collection.items.width, *collection.items.height]
    assert 90 <= len(collection.items) <= 110
    assert (collection.problems, collection.missing) == ([], [])
    assert min(side for side in sides if side) >= 320
    assert max(side for side in sides if side) <= 640


def test_there_is_enough_to_see(collection: Collection) -> None:
    kinds = Counter(type(value) for value in collection.others)
    assert len(collection.boxes) >= 3 * len(collection.items)
    assert len(set(collection.boxes.label)) >= 20
    assert kinds[PolygonAnnotation] >= 300
    assert kinds[KeypointsAnnotation] >= 8


def test_every_annotation_lies_inside_its_tile(collection: Collection) -> None:
    items, boxes = collection.items, collection.boxes
    sizes = dict(zip(items.reference_id, zip(items.width, items.height, strict=True), strict=True))
    for at, x, y, width, height in zip(
        boxes.item, boxes.x, boxes.y, boxes.width, boxes.height, strict=True
    ):
        full_width, full_height = sizes[items.reference_id[at]]
        assert 0 <= x < x + width <= full_width + 0.02
        assert 0 <= y < y + height <= full_height + 0.02
    for value in collection.others:
        full_width, full_height = sizes[value.reference_id]
        points = getattr(value, "vertices", None) or [p for p in value.keypoints if p.visible]
        assert all(0 <= p.x <= full_width + 0.02 for p in points)
        assert all(0 <= p.y <= full_height + 0.02 for p in points)


def test_an_outline_fills_its_box(collection: Collection) -> None:
    boxes = collection.boxes
    edges = {
        (at, name): (x, y, x + width, y + height)
        for at, name, x, y, width, height in zip(
            boxes.item,
            boxes.annotation_id,
            boxes.x,
            boxes.y,
            boxes.width,
            boxes.height,
            strict=True,
        )
    }
    index = {name: at for at, name in enumerate(collection.items.reference_id)}
    outlines = [value for value in collection.others if isinstance(value, PolygonAnnotation)]
    for value in outlines:
        own = str(value.annotation_id).removesuffix("/polygon")
        xs = [point.x for point in value.vertices]
        ys = [point.y for point in value.vertices]
        around = (min(xs), min(ys), max(xs), max(ys))
        assert around == pytest.approx(edges[index[value.reference_id], own], abs=0.02)


def test_every_photograph_is_attributed_and_used(written: Path, collection: Collection) -> None:
    text = (written / "ATTRIBUTION.txt").read_text("utf-8")
    used = {known["photograph"] for known in collection.items.metadata if known}
    assert used == {photo.name for photo in PHOTOGRAPHS}
    for photo in PHOTOGRAPHS:
        assert f"{photo.name}: {photo.author}, {photo.licence}, {photo.source}" in text
        assert photo.licence in {
            "public domain",
            "CC0",
            "CC BY 2.0",
            "no known copyright restrictions",
        }


def test_writing_again_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = demo.photographs(tmp_path)

    assert _digests(again) == _digests(written)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_a_photograph_that_is_not_installed_names_the_remedy() -> None:
    cut = Cut(1, 1, 1, 1, 1.0, 1.0)
    photo = Photograph("x", "no_such_package", "x.png", "", "", "", "", cut)

    with pytest.raises(MediaError, match=r"pip install 'nucleus_lab\[demo\]'"):
        photo.path()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(OSError, match="file"):
        write_tiles(blocked)
