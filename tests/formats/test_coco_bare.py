"""COCO files of boxes alone are read by a shorter way, which finds the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nucleus_lab import formats
from nucleus_lab.formats.coco.metadata import item_metadata, pictures_metadata
from nucleus_lab.formats.coco.records import BareDataset, Dataset, Picture, load_dataset
from nucleus_lab.formats.pictures import are_plain_names, is_plain_name

OPTIONS = formats.ReadOptions(remote=True)
numbers = st.one_of(st.integers(-5, 60), st.floats(-5, 60, width=32))
entries = st.lists(
    st.fixed_dictionaries(
        {"image_id": st.integers(0, 3), "category_id": st.integers(0, 2)},
        optional={
            "id": st.one_of(st.integers(0, 5), st.sampled_from(["a", "7"]), st.none()),
            "bbox": st.one_of(st.tuples(numbers, numbers, numbers, numbers).map(list), st.none()),
            "area": st.one_of(numbers, st.none()),
            "iscrowd": st.just(0),
            "segmentation": st.just([]),
        },
    ),
    max_size=8,
)


def _file(folder: Path, name: str, annotations: list[dict[str, Any]]) -> Path:
    """Write a file with the pictures 0 to 2 and the categories 0 and 1."""
    content = {
        "images": [
            {"id": at, "file_name": f"{at}.png", "coco_url": f"http://x/{at}"}
            | {"width": 50, "height": 40}
            for at in range(3)
        ],
        "annotations": annotations,
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
    }
    path = folder / name / "instances.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    return path


@given(annotations=entries)
@settings(max_examples=150, deadline=None)
def test_a_file_of_boxes_alone_is_read_as_it_is_beside_a_field_that_says_nothing(
    annotations: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        bare = _file(Path(name), "bare", annotations)
        full = _file(Path(name), "full", [{**each, "keypoints": []} for each in annotations])

        assert type(load_dataset(bare)) is BareDataset
        assert type(load_dataset(full)) is (Dataset if annotations else BareDataset)
        assert formats.read(bare, "coco", OPTIONS) == formats.read(full, "coco", OPTIONS)


def test_what_follows_a_thousand_bare_boxes_is_not_lost(tmp_path: Path) -> None:
    box = {"image_id": 1, "category_id": 0, "bbox": [1, 2, 3, 4]}
    some = [{**box, "id": at} for at in range(1000)]
    last = {**box, "id": "last", "iscrowd": 1, "attributes": {"colour": "red"}}

    found = formats.read(_file(tmp_path, "mixed", [*some, last]), "coco", OPTIONS)

    assert found.boxes.metadata == [None] * 1000 + [{"colour": "red", "iscrowd": 1}]


pictures = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 9), "file_name": st.sampled_from(["a.png", "b.png"])},
        optional={
            "license": st.sampled_from([0, 3, ""]),
            "coco_url": st.sampled_from(["", "http://x/1"]),
            "date_captured": st.sampled_from(["", "2024-05-01"]),
            "split": st.sampled_from(["", "val"]),
            "metadata": st.sampled_from([{}, {"weather": "fog", "split": "own"}]),
        },
    ).map(lambda found: Picture(**found)),
    max_size=4,
)


@given(images=st.one_of(pictures, pictures.map(lambda found: found[:1] * 3)))
@settings(deadline=None)
@pytest.mark.parametrize("split", ["", "train"])
def test_what_pictures_say_is_found_for_all_at_once_as_for_each(
    images: list[Picture], split: str
) -> None:
    together = pictures_metadata(images, split)

    assert together == [item_metadata(image, split) for image in images]
    assert [list(found) for found in together] == [
        list(item_metadata(image, split)) for image in images
    ]


@given(st.lists(st.text(alphabet="ab1-_ ./\\:é\n", max_size=6), max_size=4))
def test_names_are_plain_together_where_each_is(names: list[str]) -> None:
    assert are_plain_names(names) == all(map(is_plain_name, names))
