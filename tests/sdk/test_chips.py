"""Chips: pictures cut into parts with the boxes that fall on each."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nucleus_lab import BoxAnnotation, DatasetItem, Point, PolygonAnnotation
from nucleus_lab.dataset.chip_tiles import Tile, boxes_on, tiles
from nucleus_lab.errors import InvalidInputError, NucleusError


def laid(*sizes: int, upstream: bool = False) -> list[tuple[int, ...]]:
    return [tuple(tile) for tile in tiles(*sizes, upstream=upstream)]


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    chip=st.integers(4, 128),
    data=st.data(),
)
def test_chips_cover_every_pixel(size: tuple[int, int], chip: int, data: Any) -> None:
    stride = data.draw(st.integers(max(1, chip // 3), chip))
    covered = np.zeros(size, dtype=bool)

    for x0, y0, x1, y1 in laid(*size, chip, stride):
        assert (x1 - x0, y1 - y0) == (min(chip, size[0]), min(chip, size[1]))
        covered[x0:x1, y0:y1] = True

    assert covered.all()
    offsets = sorted({tile[0] for tile in laid(*size, chip, stride)})
    assert all(b - a <= stride for a, b in pairwise(offsets))


def test_the_corrected_tiling_has_none_of_the_gaps_of_the_published_one() -> None:
    assert laid(200, 100, 100, 100, upstream=True) == []
    assert laid(200, 200, 100, 100, upstream=True) == [(0, 0, 100, 100)]
    assert laid(50, 90, 100, 60, upstream=True) == []
    assert laid(200, 200, 100, 100) == [
        (0, 0, 100, 100),
        (0, 100, 100, 200),
        (100, 0, 200, 100),
        (100, 100, 200, 200),
    ]
    assert laid(50, 90, 100, 60) == [(0, 0, 50, 90)]


def test_where_the_chips_overlap_by_half_both_tilings_agree() -> None:
    for size in (512, 768, 1024):
        assert laid(size, size, 256, 128) == laid(size, size, 256, 128, upstream=True)


def test_the_published_tiling_stretches_to_the_border() -> None:
    # arange(0, 1000 - 150, 150) is 0, 150 … 750; stretched by (1000 - 300) / 750.
    offsets = [x0 for x0, y0, _, _ in laid(1000, 400, 300, 150, upstream=True) if y0 == 0]
    assert offsets == [0, 140, 280, 420, 560, 700]


def test_boxes_are_cut_at_the_edges_of_a_chip() -> None:
    def box(label: str, *numbers: float) -> dict[str, Any]:
        names = ("x", "y", "width", "height")
        return {"label": label, "geometry": dict(zip(names, numbers, strict=True))}

    given_boxes = [
        box("inside", 12, 13, 2, 3),
        box("across", 5.5, 18, 10, 10),
        box("beside", 0, 0, 10, 30),
        box("flat", 12, 12, 0, 5),
    ]

    assert boxes_on(Tile(10, 10, 20, 20), given_boxes) == [
        {"label": "inside", "type": "box", "geometry": {"x": 2, "y": 3, "width": 2, "height": 3}},
        {"label": "across", "type": "box", "geometry": {"x": 0, "y": 8, "width": 5.5, "height": 2}},
    ]


@pytest.fixture
def dataset(client: Any, tmp_path: Path) -> Any:
    made = client.create_dataset("x")
    ramp = np.zeros((40, 60, 3), dtype=np.uint8)
    ramp[:, 30:] = 200
    items = []
    for name, mode in (("a.png", "RGB"), ("folder/b ü.png", "RGBA")):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(ramp).convert(mode).save(path)
        items.append(DatasetItem(str(path), name, metadata={"mode": mode}))
    made.append(items)
    made.annotate([
        BoxAnnotation("car", 10, 10, 40, 20, "a.png", metadata={"lost": 1}),
        PolygonAnnotation("road", [Point(0, 0), Point(9, 0), Point(0, 9)], "a.png"),
    ])
    return made


def read(chip: dict[str, Any]) -> Any:
    place = chip["annotation_location"]
    return None if place is None else json.loads(Path(place).read_text())


def test_chips_are_cut_after_an_interactive_reset(
    dataset: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys.modules["__main__"], "__spec__", raising=False)

    found = list(
        dataset.items_and_annotation_chip_generator(30, 30, str(tmp_path), num_processes=2)
    )

    assert found


@pytest.mark.parametrize("processes", [0, 2])
def test_a_dataset_is_cut_into_chips(dataset: Any, tmp_path: Path, processes: int) -> None:
    folder = str(tmp_path / "chips")

    found = list(
        dataset.items_and_annotation_chip_generator(30, 30, folder, num_processes=processes)
    )

    stems = [chip["image_location"].removeprefix(f"{folder}/") for chip in found]
    places = ["0_0_30_30", "0_10_30_40", "30_0_60_30", "30_10_60_40"]
    assert stems == [
        f"{name}_{place}.jpeg" for name in ("a.png", "folder/b ü.png") for place in places
    ]
    cut = {"x": 10, "y": 10, "width": 20, "height": 20}
    assert read(found[0]) == [{"label": "car", "type": "box", "geometry": cut}]
    cut = {"x": 0, "y": 0, "width": 20, "height": 20}
    assert read(found[3]) == [{"label": "car", "type": "box", "geometry": cut}]
    assert [chip["annotation_location"] for chip in found[4:]] == [None] * 4
    for chip, shade in zip(found, [0, 0, 200, 200] * 2, strict=True):
        with Image.open(chip["image_location"]) as picture:
            assert (picture.format, picture.size, picture.mode) == ("JPEG", (30, 30), "RGB")
            assert abs(int(np.asarray(picture).mean()) - shade) <= 2
    assert not list(Path(folder).rglob("*.part"))


def test_chips_that_are_there_are_given_again_as_they_are(dataset: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "chips")
    first = list(dataset.items_and_annotation_chip_generator(30, 30, folder))
    Path(first[0]["image_location"]).write_bytes(b"changed")
    Path(first[1]["image_location"]).unlink()

    again = list(dataset.items_and_annotation_chip_generator(30, 30, folder))

    assert again == first
    assert Path(first[0]["image_location"]).read_bytes() == b"changed"
    assert Path(first[1]["image_location"]).is_file()


def test_a_query_and_the_published_tiling_are_chosen(dataset: Any, tmp_path: Path) -> None:
    found = dataset.items_and_annotation_chip_generator(
        20, 20, str(tmp_path / "c"), query='metadata.mode = "RGBA"', upstream_tiling=True
    )

    names = [Path(chip["image_location"]).name for chip in found]
    assert names == ["b ü.png_0_0_20_20.jpeg", "b ü.png_40_0_60_20.jpeg"]


def test_chips_go_to_what_a_url_names(dataset: Any) -> None:
    import fsspec

    place = "memory://bucket/chips"
    found = list(dataset.items_and_annotation_chip_generator(60, 60, place))

    assert found[0] == {
        "image_location": "memory://bucket/chips/a.png_0_0_60_40.jpeg",
        "annotation_location": "memory://bucket/chips/a.png_0_0_60_40.json",
    }
    with fsspec.open(found[0]["annotation_location"]) as file:
        assert json.load(file)[0]["geometry"] == {"x": 10, "y": 10, "width": 40, "height": 20}
    assert list(dataset.items_and_annotation_chip_generator(60, 60, place)) == found
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_no_reference_id_leads_out_of_the_folder(client: Any, tmp_path: Path) -> None:
    dataset = client.create_dataset("x")
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    dataset.append([DatasetItem(str(path), name) for name in ("../../out", "/etc/x", "a/../b")])
    folder = tmp_path / "deep" / "chips"

    found = list(dataset.items_and_annotation_chip_generator(4, 4, str(folder)))

    assert len(found) == 3
    assert sorted(folder.iterdir()) == sorted(Path(str(c["image_location"])) for c in found)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 1, "c"), "chip_size"),
        ((4, 0, "c"), "stride_size"),
        ((4, 2.0, "c"), "stride_size"),
        ((4, 8, "c"), "larger"),
        ((4, 4, ""), "cache_directory"),
        ((4, 4, "nonsense://x"), "cache_directory"),
        ((4, 4, "c", None, -1), "num_processes"),
        ((4, 4, "c", None, 1.5), "num_processes"),
    ],
)
def test_what_cannot_be_is_refused_at_once(dataset: Any, arguments: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        dataset.items_and_annotation_chip_generator(*arguments)


def test_a_bad_query_is_refused(dataset: Any, tmp_path: Path) -> None:
    chips = dataset.items_and_annotation_chip_generator(4, 4, str(tmp_path / "c"), query="??")
    with pytest.raises(NucleusError):
        next(chips)
