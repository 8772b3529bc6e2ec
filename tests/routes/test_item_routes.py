"""Routes of items."""

from __future__ import annotations

import pytest
from PIL import Image

from nucleus_lab.errors import DuplicateIDError, InvalidInputError, NotFoundError
from nucleus_lab.wire import FilePart

from .conftest import box, item


def counters(new=0, updated=0, ignored=0, errors=0):
    return {
        "new_items": new,
        "updated_items": updated,
        "ignored_items": ignored,
        "upload_errors": errors,
    }


def test_append_counts_new_ignored_and_updated_items(ask, ds):
    route = f"dataset/{ds}/append"
    items = [item(n) for n in range(3)]

    assert ask("POST", route, {"items": items}) == {"dataset_id": ds, **counters(new=3)}
    again = ask("POST", route, {"items": [*items, item(3)], "update": False})
    assert again == {"dataset_id": ds, **counters(new=1, ignored=3)}
    update = ask("POST", route, {"items": items[:2], "update": True})
    assert update == {"dataset_id": ds, **counters(updated=2)}
    assert ask("GET", f"dataset/{ds}/size") == {"count": 4}


def test_an_update_replaces_metadata_and_an_ignored_item_keeps_it(ask, five):
    route = f"dataset/{five}/append"

    ask("POST", route, {"items": [item(0, metadata={"new": 1})], "update": True})
    ask("POST", route, {"items": [item(1, metadata={"new": 1})], "update": False})

    assert ask("GET", f"dataset/{five}/refloc/r0")["item"]["metadata"] == {"new": 1}
    assert ask("GET", f"dataset/{five}/refloc/r1")["item"]["metadata"] == {"number": 1}


def test_each_item_of_a_bare_list_says_for_itself_whether_it_updates(ask, five):
    items = [item(0, metadata={"n": 1}, update=True), item(1, metadata={"n": 1}, update=False)]

    answer = ask("POST", f"dataset/{five}/append", items)

    assert answer == {"dataset_id": five, **counters(updated=1, ignored=1)}
    assert ask("GET", f"dataset/{five}/refloc/r1")["item"]["metadata"] == {"number": 1}


def test_an_update_without_a_size_keeps_the_known_one_of_the_same_picture(ask, ds):
    route = f"dataset/{ds}/append"
    ask("POST", route, {"items": [item(0, width=640, height=480)]})
    ask("POST", route, {"items": [item(0)], "update": True})
    same = ask("GET", f"dataset/{ds}/refloc/r0")["item"]
    ask("POST", route, {"items": [item(0, image_url="https://new.org/x.jpg")], "update": True})
    new = ask("GET", f"dataset/{ds}/refloc/r0")["item"]

    assert (same["width"], same["height"]) == (640, 480)
    assert "width" not in new


def test_a_read_gives_every_id_that_a_client_looks_for(ask, five):
    answer = ask("GET", f"dataset/{five}/refloc/r2")

    key = answer["item"]["id"]
    assert answer == {
        "item": {
            "id": key,
            "dataset_item_id": key,
            "ref_id": "r2",
            "reference_id": "r2",
            "image_url": "https://example.org/2.jpg",
            "metadata": {"number": 2},
        },
        "annotations": {},
    }
    assert ask("GET", f"dataset/{five}/loc/{key}") == answer
    assert ask("GET", f"dataset/{five}/iloc/2") == answer


@pytest.mark.parametrize("reference_id", ["a/b c/é.jpg", "100%", "x?y#z", "../up", " "])
def test_any_text_can_be_a_reference_id(ask, ds, reference_id):
    from urllib.parse import quote

    ask("POST", f"dataset/{ds}/append", {"items": [item(0, reference_id=reference_id)]})

    found = ask("GET", f"dataset/{ds}/refloc/{quote(reference_id, safe='')}")
    assert found["item"]["reference_id"] == reference_id


def test_iloc_follows_the_order_of_appending_and_closes_gaps(ask, five):
    ask("DELETE", f"dataset/{five}/refloc/r1", {})
    ask("POST", f"dataset/{five}/append", {"items": [item(9)]})

    found = [ask("GET", f"dataset/{five}/iloc/{n}")["item"]["reference_id"] for n in range(5)]

    assert found == ["r0", "r2", "r3", "r4", "r9"]
    with pytest.raises(NotFoundError, match="index 5"):
        ask("GET", f"dataset/{five}/iloc/5")
    for wrong in ("-1", "x", "1.5"):
        with pytest.raises(InvalidInputError, match="index"):
            ask("GET", f"dataset/{five}/iloc/{wrong}")


def test_pages_are_in_order_and_survive_deletes_between_them(ask, five):
    first = ask("POST", f"dataset/{five}/itemsPage", {"pageToken": None, "pageSize": 2})
    ask("DELETE", f"dataset/{five}/refloc/r0", {})
    ask("GET", f"dataset/{five}/iloc/0")  # closes the gap
    body = {"pageToken": first["nextPageToken"], "pageSize": 2}
    second = ask("POST", f"dataset/{five}/itemsPage", body)
    body = {"pageToken": second["nextPageToken"], "pageSize": 2}
    third = ask("POST", f"dataset/{five}/itemsPage", body)

    pages = [[row["ref_id"] for row in page["items"]] for page in (first, second, third)]
    assert pages == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    assert third["nextPageToken"] is None
    everything = ask("GET", f"dataset/{five}/datasetItems")["dataset_items"]
    assert [row["ref_id"] for row in everything] == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("body", [{"pageToken": "x"}, {"pageSize": 0}, {"pageSize": 10**9}])
def test_a_page_out_of_range_is_refused(ask, five, body):
    with pytest.raises(InvalidInputError, match=next(iter(body))):
        ask("POST", f"dataset/{five}/itemsPage", body)


def test_a_reference_id_twice_in_one_call_is_refused_and_nothing_stored(ask, ds):
    with pytest.raises(DuplicateIDError, match="'r1' stands twice"):
        ask("POST", f"dataset/{ds}/append", {"items": [item(0), item(1), item(1)]})

    assert ask("GET", f"dataset/{ds}/size") == {"count": 0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"image_url": None}, "0 locations"),
        ({"pointcloud_url": "https://x/1.json"}, "2 locations"),
        ({"reference_id": ""}, "reference_id"),
        ({"width": -3}, "width"),
        ({"metadata": "text"}, "metadata"),
    ],
    ids=["no location", "two locations", "empty id", "negative width", "metadata is no mapping"],
)
def test_a_malformed_item_refuses_the_call_and_nothing_is_stored(ask, ds, wrong, said):
    with pytest.raises(InvalidInputError, match=said):
        ask("POST", f"dataset/{ds}/append", {"items": [item(0), item(1, **wrong)]})

    assert ask("GET", f"dataset/{ds}/size") == {"count": 0}


def test_items_cannot_go_into_a_dataset_of_scenes(ask):
    ds = ask("POST", "dataset/create", {"name": "Drives", "is_scene": True})["dataset_id"]

    with pytest.raises(InvalidInputError, match="holds scenes"):
        ask("POST", f"dataset/{ds}/append", {"items": [item(0)]})


def test_privacy_mode_takes_urls_with_a_size_only(ask):
    body = {"name": "Private", "use_privacy_mode": True}
    ds = ask("POST", "dataset/create", body)["dataset_id"]

    items = [item(0, width=3, height=4), item(1), item(2, image_url="/a.jpg", width=3, height=4)]
    answer = ask("POST", f"dataset/{ds}/append", {"items": items})

    assert (answer["new_items"], answer["upload_errors"]) == (1, 2)
    assert [entry["reference_id"] for entry in answer["error_payload"]] == ["r1", "r2"]


def picture(path, size=(20, 10)):
    Image.new("RGB", size, "red").save(path)
    return str(path)


def test_local_pictures_come_along_and_one_bad_file_loses_none_of_the_others(ask, ds, tmp_path):
    good, bad = picture(tmp_path / "good.png"), str(tmp_path / "bad.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    items = [item(0, image_url=good), item(1, image_url=bad), item(2, image_url=good), item(3)]
    files = [FilePart("image", name, path=name) for name in (good, bad, good)]

    answer = ask("POST", f"dataset/{ds}/append", items, files=files)

    entry = answer.pop("error_payload")[0]
    assert answer == {"dataset_id": ds, **counters(new=3, errors=1)}
    assert (entry["reference_id"], entry["image_url"], entry["code"]) == ("r1", bad, "media_error")
    assert "bad.png" in entry["error"]
    stored = ask("GET", f"dataset/{ds}/refloc/r2")["item"]
    assert (stored["image_url"], stored["width"], stored["height"]) == (good, 20, 10)


def test_pictures_are_told_apart_by_order_when_their_names_are_equal(ask, ds, tmp_path):
    small, large = picture(tmp_path / "a.png", (2, 2)), picture(tmp_path / "b.png", (9, 9))
    items = [item(0, image_url="same.png"), item(1, image_url="same.png")]
    files = [FilePart("image", "same.png", path=name) for name in (small, large)]

    ask("POST", f"dataset/{ds}/append", items, files=files)

    widths = [ask("GET", f"dataset/{ds}/refloc/r{n}")["item"]["width"] for n in (0, 1)]
    assert widths == [2, 9]


def test_a_known_local_item_is_ignored_without_reading_its_picture(ask, ds, tmp_path):
    path = picture(tmp_path / "a.png")
    files = [FilePart("image", path, path=path)]
    ask("POST", f"dataset/{ds}/append", [item(0, image_url=path)], files=files)
    (tmp_path / "a.png").unlink()

    answer = ask("POST", f"dataset/{ds}/append", [item(0, image_url=path)], files=files)

    assert answer == {"dataset_id": ds, **counters(ignored=1)}


def test_a_local_path_without_a_file_is_an_error_of_its_item(ask, ds):
    answer = ask("POST", f"dataset/{ds}/append", {"items": [item(0, image_url="/a.jpg"), item(1)]})

    assert (answer["new_items"], answer["upload_errors"]) == (1, 1)
    assert "no file came along" in answer["error_payload"][0]["error"]


def test_metadata_merges_key_by_key(ask, five):
    camera = {
        "position": {"x": 1, "y": 2, "z": 3},
        "heading": {"x": 0, "y": 0, "z": 0, "w": 1},
        **dict.fromkeys(("fx", "fy", "cx", "cy"), 1.5),
    }
    entries = [
        {"reference_id": "r0", "metadata": {"number": 9, "new": {"a": [1, None, "é"]}}},
        {"reference_id": "r1", "metadata": {}, "camera_params": camera},
        {"reference_id": "nobody", "metadata": {"x": 1}},
    ]

    answer = ask("POST", f"dataset/{five}/metadata?async=0", {"metadata": entries, "level": "item"})

    assert answer["updated_items"] == 2
    assert len(answer["errors"]) == 1
    assert "nobody" in answer["errors"][0]
    found = [ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["metadata"] for n in (0, 1)]
    assert found == [
        {"number": 9, "new": {"a": [1, None, "é"]}},
        {"number": 1, "camera_params": camera},
    ]


@pytest.mark.parametrize("gone", [{"camera_params": None}, {"metadata": {"camera_params": None}}])
def test_a_camera_is_taken_away_by_null_in_either_place(ask, five, gone):
    camera = {
        "position": {"x": 1, "y": 2, "z": 3},
        "heading": {"x": 0, "y": 0, "z": 0, "w": 1},
        **dict.fromkeys(("fx", "fy", "cx", "cy"), 1.5),
    }
    route = f"dataset/{five}/metadata?async=0"
    ask("POST", route, {"metadata": [{"reference_id": "r1", "camera_params": camera}]})
    ask("POST", route, {"metadata": [{"reference_id": "r1", "metadata": {"seen": True}}]})
    found = ask("GET", f"dataset/{five}/refloc/r1")["item"]["metadata"]
    assert found == {"number": 1, "seen": True, "camera_params": camera}

    answer = ask("POST", route, {"metadata": [{"reference_id": "r1", **gone}]})

    assert answer["updated_items"] == 1
    found = ask("GET", f"dataset/{five}/refloc/r1")["item"]["metadata"]
    assert found == {"number": 1, "seen": True}


def test_deleting_an_item_takes_its_objects_and_memberships_along(ask, five, model):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(1)]})
    route = f"dataset/{five}/model/{model}"
    ask("POST", f"{route}/uploadPredictions", {"annotations": [box(0), box(1)]})
    body = {"name": "s", "reference_ids": ["r0", "r1"]}
    slc = ask("POST", f"dataset/{five}/create_slice", body)["slice_id"]

    ask("DELETE", f"dataset/{five}/refloc/r0", {})

    assert ask("GET", f"dataset/{five}/size") == {"count": 4}
    with pytest.raises(NotFoundError, match="reference ID r0"):
        ask("GET", f"dataset/{five}/refloc/r0")
    assert [row["ref_id"] for row in ask("GET", f"slice/{slc}")["items"]] == ["r1"]
    assert [one["reference_id"] for one in ask("GET", f"{route}/export")["box"]] == ["r1"]
    counts = ask("GET", f"lab/dataset/{five}/labels?model_id={model}")
    assert counts == {
        "ground_truth": [{"label": "car", "count": 1}],
        "predictions": [{"label": "car", "count": 1}],
    }


def test_a_new_item_never_gets_the_id_of_a_deleted_one(ask, ds):
    ask("POST", f"dataset/{ds}/append", {"items": [item(0)]})
    old = ask("GET", f"dataset/{ds}/refloc/r0")["item"]["id"]
    ask("DELETE", f"dataset/{ds}/refloc/r0", {})
    ask("POST", f"dataset/{ds}/append", {"items": [item(0)]})

    assert ask("GET", f"dataset/{ds}/refloc/r0")["item"]["id"] != old


def test_ids_of_another_dataset_do_not_open_its_items(ask, five):
    other = ask("POST", "dataset/create", {"name": "other"})["dataset_id"]
    key = ask("GET", f"dataset/{five}/refloc/r0")["item"]["id"]

    with pytest.raises(NotFoundError, match=key):
        ask("GET", f"dataset/{other}/loc/{key}")
