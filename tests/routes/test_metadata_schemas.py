"""Declared types of metadata: what a dataset takes and what it refuses."""

from __future__ import annotations

import pytest

from nucleus_lab.errors import InvalidInputError

from .conftest import box, item

ITEMS = {
    "speed": {"type": "number", "description": "km/h"},
    "weather": {"type": "category", "choices": ["fog", "sun"]},
    "place": {"type": "text", "choices": None},
    "rig": {"type": "json"},
}
OBJECTS = {"occluded": {"type": "category"}, "depth": {"type": "number"}}


@pytest.fixture
def strict(ask):
    body = {"name": "x", "item_metadata_schema": ITEMS, "annotation_metadata_schema": OBJECTS}
    return ask("POST", "dataset/create", body)["dataset_id"]


def test_a_schema_is_told_as_it_was_given(ask, strict):
    info = ask("GET", f"dataset/{strict}/info")

    assert (info["item_metadata_schema"], info["annotation_metadata_schema"]) == (ITEMS, OBJECTS)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"speed": {"type": "float"}}, "item_metadata_schema.speed"),
        ({"speed": {}}, "type"),
        ({"speed": "number"}, "speed"),
        ({"speed": {"type": "number", "choices": ["a"]}}, "only a category"),
        ({"weather": {"type": "category", "choices": [1]}}, "choices"),
    ],
)
def test_a_schema_that_says_nothing_clear_makes_no_dataset(ask, schema, said):
    with pytest.raises(InvalidInputError, match=said):
        ask("POST", "dataset/create", {"name": "x", "item_metadata_schema": schema})
    assert ask("GET", "dataset/") == []


FITTING = [
    {"speed": 3, "weather": "fog", "place": "", "rig": [1, "a"]},
    {"speed": -0.5, "rig": None, "other": "free"},
    {"speed": None, "weather": None, "other": 1},
    {},
]
BREAKING = [
    ({"speed": "3"}, 'metadata.speed is "3"', "a number"),
    ({"speed": True}, "metadata.speed is true", "a number"),
    ({"weather": "rain"}, 'metadata.weather is "rain"', "one of 'fog', 'sun'"),
    ({"weather": 1}, "metadata.weather is 1", "a category"),
    ({"place": 1.5}, "metadata.place is 1.5", "text"),
]


@pytest.mark.parametrize("route", ["append", "columns"])
def test_items_that_break_the_schema_are_refused_one_by_one(ask, strict, route):
    metadata = [*FITTING, *(wrong for wrong, _, _ in BREAKING)]
    names = [f"r{n}" for n in range(len(metadata))]
    if route == "append":
        sent = [item(n, metadata=given) for n, given in enumerate(metadata)]
        answer = ask("POST", f"dataset/{strict}/append", {"items": sent})
    else:
        columns = {
            "reference_id": names,
            "location": [f"https://example.org/{n}.jpg" for n in names],
            "width": [None] * len(names),
            "height": [None] * len(names),
            "metadata": metadata,
        }
        answer = ask("POST", f"lab/dataset/{strict}/columns", {"items": columns})

    assert (answer["new_items"], answer["upload_errors"]) == (len(FITTING), len(BREAKING))
    for name, entry, (_, shown, wanted) in zip(
        names[len(FITTING) :], answer["error_payload"], BREAKING, strict=True
    ):
        assert entry["reference_id"] == name
        assert entry["code"] == "metadata_type_conflict"
        assert f"Metadata type conflict: item '{name}'" in entry["error"]
        assert shown in entry["error"]
        assert wanted in entry["error"]
    stored = ask("GET", f"dataset/{strict}/datasetItems")["dataset_items"]
    assert [row["metadata"] for row in stored] == FITTING


@pytest.mark.parametrize("later", [0, 1])
def test_changed_metadata_must_fit_or_nothing_changes(ask, strict, later):
    ask("POST", f"dataset/{strict}/append", {"items": [item(0, metadata={}), item(1)]})
    route = f"dataset/{strict}/metadata?async={later}"
    good = {"reference_id": "r0", "metadata": {"speed": 1}}
    wrong = {"reference_id": "r1", "metadata": {"speed": "fast"}}

    with pytest.raises(InvalidInputError, match=r"item 'r1': metadata.speed is \"fast\""):
        ask("POST", route, {"metadata": [good, wrong]})

    assert ask("GET", f"dataset/{strict}/refloc/r0")["item"]["metadata"] == {}
    assert ask("POST", f"dataset/{strict}/metadata", {"metadata": [good]})["updated_items"] == 1


def test_annotations_that_break_the_schema_are_left_out_and_named(ask, strict):
    ask("POST", f"dataset/{strict}/append", {"items": [item(0, metadata={})]})
    good = box(0, metadata={"occluded": "half", "depth": 2})
    wrong = box(0, "bus", metadata={"depth": "far"})
    mask = {
        "type": "mask",
        "mask_url": "https://example.org/m.png",
        "annotations": [{"label": "road", "index": 1, "metadata": {"occluded": 1}}],
        "annotation_id": "m",
        "reference_id": "r0",
    }

    body = {"annotations": [good, wrong], "segmentations": [mask]}
    answer = ask("POST", f"dataset/{strict}/annotate", body)

    assert (answer["annotations_processed"], answer["annotations_ignored"]) == (1, 0)
    assert [error.partition(": metadata")[0] for error in answer["errors"]] == [
        "Metadata type conflict: annotation 'bus-0' of item 'r0'",
        "Metadata type conflict: annotation 'm' of item 'r0'",
    ]
    assert ask("GET", f"dataset/{strict}/refloc/r0")["annotations"] == {"box": [good]}


def test_boxes_as_columns_that_break_the_schema_are_left_out_and_named(ask, strict):
    items = {"reference_id": ["a"], "location": ["https://example.org/a.jpg"], "width": [9],
             "height": [9]}  # fmt: skip
    boxes = {"item": [0, 0], "label": ["car", "bus"], "annotation_id": ["1", "2"], "x": [0, 1],
             "y": [0, 1], "width": [2, 2], "height": [2, 2],
             "metadata": [{"depth": "far"}, {"depth": 1}]}  # fmt: skip

    answer = ask("POST", f"lab/dataset/{strict}/columns", {"items": items, "boxes": boxes})

    assert answer["annotations_processed"] == 1
    assert "annotation '1' of item 'a': metadata.depth" in answer["error_payload"][0]["error"]
    stored = ask("GET", f"dataset/{strict}/refloc/a")["annotations"]["box"]
    assert [(one["annotation_id"], one["metadata"]) for one in stored] == [("2", {"depth": 1})]


def test_without_a_schema_a_key_may_hold_text_and_numbers(ask, ds):
    sent = [item(0, metadata={"speed": "fast"}), item(1, metadata={"speed": 3})]

    answer = ask("POST", f"dataset/{ds}/append", {"items": sent})

    assert (answer["new_items"], answer["upload_errors"]) == (2, 0)
