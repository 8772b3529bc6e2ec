"""Routes of slices."""

from __future__ import annotations

import pytest

from nucleus_lab.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

from .conftest import box


def create(ask, ds, name="few", **body):
    return ask("POST", f"dataset/{ds}/create_slice", {"name": name, **body})["slice_id"]


def names(rows):
    return [row["ref_id"] for row in rows]


def test_a_slice_keeps_the_order_in_which_it_was_filled(ask, five):
    slc = create(ask, five, reference_ids=["r3", "r1", "r3"])

    answer = ask("POST", f"slice/{slc}/append", {"reference_ids": ["r1", "r0"]})

    assert answer == {"slice_id": slc, "new_items": ["r0"]}
    assert names(ask("GET", f"slice/{slc}")["items"]) == ["r3", "r1", "r0"]


def test_a_slice_is_described_and_found_by_name_and_type(ask, five):
    slc = create(ask, five, reference_ids=["r1"])
    empty = create(ask, five, "empty", allow_empty=1)

    info = ask("GET", f"slice/{slc}/info")

    assert info.pop("created_at").endswith("Z")
    assert info == {
        "id": slc,
        "slice_id": slc,
        "name": "few",
        "dataset_id": five,
        "pending_job_count": 0,
        "type": "dataset_item",
        "description": "",
        "tags": [],
    }
    of_dataset = f"dataset/{five}/slices"
    assert [row["id"] for row in ask("GET", of_dataset)] == [slc, empty]
    assert [row["id"] for row in ask("GET", f"{of_dataset}?name=few")] == [slc]
    for wanted in ("object", "SliceType.OBJECT"):
        assert ask("GET", f"{of_dataset}?type={wanted}") == []
    assert [row["id"] for row in ask("GET", "slice/")] == [slc, empty]


def test_members_come_in_pages(ask, five):
    slc = create(ask, five, reference_ids=["r4", "r2", "r0"])

    first = ask("POST", f"slice/{slc}/itemsPage", {"pageToken": None, "pageSize": 2})
    body = {"pageToken": first["nextPageToken"], "pageSize": 2}
    second = ask("POST", f"slice/{slc}/itemsPage", body)

    assert (names(first["items"]), names(second["items"])) == (["r4", "r2"], ["r0"])
    assert second["nextPageToken"] is None


def test_a_slice_of_objects_holds_annotations_and_predictions(ask, five, model):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(1)]})
    route = f"dataset/{five}/model/{model}/uploadPredictions"
    ask("POST", route, {"annotations": [box(2, confidence=0.5)]})
    ids = [ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["id"] for n in (1, 2)]
    rows = ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ids, "model_id": model})["rows"]
    objects = [rows[0]["annotations"][0]["id"], rows[1]["predictions"][0]["id"]]

    slc = create(ask, five, object_ids=objects)

    members = ask("GET", f"slice/{slc}")["items"]
    assert [one.pop("id") for one in members] == objects
    assert [one.pop("dataset_item_id") for one in members] == ids
    assert members == [box(1), box(2, confidence=0.5)]
    assert ask("GET", f"slice/{slc}/info")["type"] == "object"
    with pytest.raises(ConflictError, match="object"):
        ask("POST", f"slice/{slc}/append", {"reference_ids": ["r0"]})
    truths = ask("POST", f"slice/{slc}/exportForTrainingPage", {})["data"]
    assert [(row["item"]["ref_id"], row["box"]) for row in truths] == [("r1", [box(1)])]
    found = ask("GET", f"slice/{slc}/{model}/exportForTraining")["exportedRows"]
    assert [(row["item"]["ref_id"], row["box"]) for row in found] == [
        ("r2", [box(2, confidence=0.5)])
    ]


def test_a_slice_of_objects_exports_its_items_page_by_page_without_other_objects(ask, five):
    given = [box(3), box(1), box(1, "bus"), box(0), box(3, "bus")]
    ask("POST", f"dataset/{five}/annotate", {"annotations": given})
    ids = {n: ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["id"] for n in (0, 1, 3)}
    rows = ask("POST", f"lab/dataset/{five}/rows", {"item_ids": list(ids.values())})["rows"]
    key = {one["annotation_id"]: one["id"] for row in rows for one in row["annotations"]}
    slc = create(ask, five, object_ids=[key["bus-3"], key["car-1"], key["car-3"], key["bus-1"]])

    route = f"slice/{slc}/exportForTrainingPage"
    first = ask("POST", route, {"pageSize": 1})
    second = ask("POST", route, {"pageSize": 1, "pageToken": first["nextPageToken"]})

    assert [row["item"]["ref_id"] for row in first["data"] + second["data"]] == ["r3", "r1"]
    assert first["data"][0]["box"] == [box(3), box(3, "bus")]
    assert second["data"][0]["box"] == [box(1), box(1, "bus")]
    assert second["nextPageToken"] is None
    for wrong in ("x", "²", "9" * 30):
        with pytest.raises(InvalidInputError, match="pageToken"):
            ask("POST", route, {"pageToken": wrong})
        with pytest.raises(InvalidInputError, match="pageToken"):
            ask("POST", f"slice/{slc}/itemsPage", {"pageToken": wrong})


def test_the_items_of_a_slice_are_exported_with_truths_or_predictions(ask, five, model):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(3), box(1)]})
    route = f"dataset/{five}/model/{model}/uploadPredictions"
    ask("POST", route, {"annotations": [box(3, "bus", confidence=0.5)]})
    slc = create(ask, five, reference_ids=["r3", "r2"])

    truths = ask("GET", f"slice/{slc}/exportForTraining")["exportedRows"]
    predicted = ask("GET", f"slice/{slc}/{model}/exportForTraining")["exportedRows"]
    page = ask("POST", f"slice/{slc}/{model}/exportForTrainingPage", {"pageSize": 1})

    assert [row["box"] for row in truths] == [[box(3)], []]
    assert [row["box"] for row in predicted] == [[box(3, "bus", confidence=0.5)], []]
    assert [row["item"]["ref_id"] for row in page["data"]] == ["r3"]
    body = {"pageToken": page["nextPageToken"]}
    assert len(ask("POST", f"slice/{slc}/exportForTrainingPage", body)["data"]) == 1


def test_deleting_a_slice_keeps_its_items(ask, five):
    slc = create(ask, five, reference_ids=["r1"])

    ask("DELETE", f"slice/{slc}", {})

    assert ask("GET", f"dataset/{five}/size") == {"count": 5}
    with pytest.raises(NotFoundError, match=slc):
        ask("GET", f"slice/{slc}")


def test_a_name_is_taken_once_in_a_dataset(ask, five):
    slc = create(ask, five)

    with pytest.raises(ConflictError, match=slc):
        create(ask, five)


def test_unknown_members_are_named_and_nothing_is_made(ask, five):
    with pytest.raises(NotFoundError, match="'nobody'"):
        create(ask, five, reference_ids=["r1", "nobody"])
    with pytest.raises(NotFoundError, match="di_0000000000999"):
        create(ask, five, dataset_item_ids=["di_0000000000999"])
    with pytest.raises(InvalidInputError, match="prj_1"):
        create(ask, five, object_ids=["prj_1"])

    assert ask("GET", f"dataset/{five}/slices") == []


def test_a_slice_holds_one_kind_of_member(ask, five):
    key = ask("GET", f"dataset/{five}/refloc/r1")["item"]["id"]

    with pytest.raises(InvalidInputError, match="give one of"):
        create(ask, five, dataset_item_ids=[key], scene_ids=["scn_1"])


def test_more_members_than_documented_are_refused(ask, five):
    with pytest.raises(InvalidInputError, match="10000"):
        create(ask, five, reference_ids=[f"x{n}" for n in range(10_001)])


def test_tags_of_a_slice_are_added_once(ask, five):
    slc = create(ask, five)

    ask("POST", f"slice/{slc}/tag", {"slice_tags": ["a", "b"]})
    ask("POST", f"slice/{slc}/tag", {"slice_tags": ["b"]})

    assert ask("GET", f"slice/{slc}/info")["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        (
            {"dataset_item_ids": ["{item}", "scn_0000000000001"]},
            InvalidInputError,
            r"dataset_item_ids\[1\] is 'scn_.*1', the id of a scene: give .*this one .* scene_ids",
        ),
        ({"scene_ids": ["{item}"]}, InvalidInputError, "this one belongs in dataset_item_ids"),
        ({"object_ids": ["{item}"]}, InvalidInputError, r"annotations \(ann_…\) or predictions"),
        ({"object_ids": ["slc_0000000000001"]}, InvalidInputError, "the id of a slice: give ids"),
        ({"dataset_item_ids": ["r0"]}, InvalidInputError, "'r0', which is no id"),
        ({"dataset_item_ids": ["{item}", "di_"]}, NotFoundError, "no dataset item 'di_'"),
        ({"dataset_item_ids": ["{item}", "di_00000000000ff"]}, NotFoundError, "di_00000000000ff"),
        ({"dataset_item_ids": ["{other}"]}, NotFoundError, "has no '{other}'"),
        (
            {"dataset_item_ids": ["{item}"], "object_ids": ["ann_1"]},
            InvalidInputError,
            "dataset_item_ids and object_ids were given",
        ),
    ],
)
def test_ids_of_another_kind_or_dataset_make_no_slice(ask, five, body, error, told):
    other = ask("POST", "dataset/create", {"name": "other", "is_scene": False})["dataset_id"]
    item = {"reference_id": "o", "image_url": "https://example.org/o.jpg"}
    ask("POST", f"dataset/{other}/append", {"items": [item]})
    known = {
        "{item}": ask("GET", f"dataset/{five}/refloc/r0")["item"]["id"],
        "{other}": ask("GET", f"dataset/{other}/refloc/o")["item"]["id"],
    }
    sent = {name: [known.get(each, each) for each in ids] for name, ids in body.items()}
    before = ask("GET", f"dataset/{five}/info")

    with pytest.raises(error, match=told.replace("{other}", known["{other}"])):
        create(ask, five, **sent)

    assert ask("GET", "slice/") == []
    assert ask("GET", f"dataset/{five}/info") == before
