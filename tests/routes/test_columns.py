"""Our own bulk routes: columns, rows, label counts."""

from __future__ import annotations

import pytest
from PIL import Image

from nucleus_lab.errors import DuplicateIDError, InvalidInputError, NotFoundError
from nucleus_lab.wire import FilePart

from .conftest import box, item


def columns(count=3, boxes_each=2, **more):
    numbers = range(count * boxes_each)
    return {
        "items": {
            "reference_id": [f"r{n}" for n in range(count)],
            "location": [f"https://example.org/{n}.jpg" for n in range(count)],
            "width": [640] * count,
            "height": [None] * count,
            "metadata": [{"number": n} if n % 2 else None for n in range(count)],
        },
        "boxes": {
            "item": [n // boxes_each for n in numbers],
            "label": [("car", "bus")[n % 2] for n in numbers],
            "annotation_id": [f"b{n}" for n in numbers],
            "x": [float(n) for n in numbers],
            "y": [1.0 for n in numbers],
            "width": [2.5 for n in numbers],
            "height": [3.0 for n in numbers],
            "confidence": [],
            "metadata": [],
        },
        **more,
    }


def counters(**more):
    return {
        "new_items": 0,
        "updated_items": 0,
        "ignored_items": 0,
        "upload_errors": 0,
        "error_payload": [],
        "annotations_processed": 0,
        "annotations_ignored": 0,
        **more,
    }


@pytest.mark.parametrize("count", [3, 500])
def test_columns_in_are_columns_out(ask, ds, count):
    sent = columns(count)
    route = f"lab/dataset/{ds}/columns"
    boxes = 2 * count

    first = ask("POST", route, sent)
    again = ask("POST", route, sent)
    update = ask("POST", route, {**sent, "update": True})

    assert first == counters(new_items=count, annotations_processed=boxes)
    assert again == counters(ignored_items=count, annotations_ignored=boxes)
    assert update == counters(updated_items=count, annotations_processed=boxes)
    pages, token = [], None
    while True:
        body = {"pageToken": token, "pageSize": 200}
        pages.append(ask("POST", f"lab/dataset/{ds}/exportColumns", body))
        token = pages[-1].pop("nextPageToken")
        if token is None:
            break
    assert pages[0]["objects"] == []
    if count == 3:
        assert pages == [{"items": sent["items"], "boxes": sent["boxes"], "objects": []}]
    else:
        found = [name for page in pages for name in page["boxes"]["annotation_id"]]
        assert found == sent["boxes"]["annotation_id"]


def test_columns_and_payloads_store_the_same(ask, ds):
    other = ask("POST", "dataset/create", {"name": "other"})["dataset_id"]
    ask("POST", f"lab/dataset/{ds}/columns", columns(2, 1))
    items = [item(0, width=640, metadata={}), item(1, width=640)]
    ask("POST", f"dataset/{other}/append", {"items": items})
    geometry = {"y": 1.0, "width": 2.5, "height": 3.0}
    truths = [
        box(0, "car", annotation_id="b0", geometry={"x": 0.0, **geometry}),
        box(1, "bus", annotation_id="b1", geometry={"x": 1.0, **geometry}),
    ]
    ask("POST", f"dataset/{other}/annotate", {"annotations": truths})

    one, two = (ask("GET", f"dataset/{name}/exportForTraining") for name in (ds, other))
    for row in one["exportedRows"] + two["exportedRows"]:
        del row["item"]["id"], row["item"]["dataset_item_id"]
    assert one == two


def test_predicted_boxes_go_to_items_that_exist(ask, five, model):
    sent = columns(6, 1, model_id=model)
    sent["boxes"]["confidence"] = [0.5] * 6
    sent["items"] = {"reference_id": [f"r{n}" for n in range(6)]}

    answer = ask("POST", f"lab/dataset/{five}/columns", sent)

    assert (answer["annotations_processed"], answer["new_items"]) == (5, 0)
    assert "r5" in answer["error_payload"][0]["error"]
    body = {"model_id": model}
    out = ask("POST", f"lab/dataset/{five}/exportColumns", body)
    assert (out["boxes"]["item"], out["boxes"]["confidence"]) == ([0, 1, 2, 3, 4], [0.5] * 5)


def test_other_objects_come_out_beside_the_boxes(ask, five):
    other = {
        "label": "wet",
        "type": "category",
        "geometry": {},
        "reference_id": "r1",
        "metadata": {},
        "track_reference_id": None,
    }
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(1), other]})

    out = ask("POST", f"lab/dataset/{five}/exportColumns", {})

    assert (out["objects"], out["boxes"]["annotation_id"]) == ([other], ["car-1"])


def test_local_pictures_are_found_by_their_names(ask, ds, tmp_path):
    path = str(tmp_path / "a.png")
    Image.new("RGB", (7, 5)).save(path)
    sent = columns(3, 1)
    sent["items"]["location"][1:] = [path, "/lost.png"]

    files = [FilePart("image", path, path=path)]
    answer = ask("POST", f"lab/dataset/{ds}/columns", sent, files=files)

    assert (answer["new_items"], answer["upload_errors"]) == (2, 1)
    assert answer["annotations_processed"] == 2
    stored = ask("GET", f"dataset/{ds}/refloc/r1")["item"]
    assert (stored["image_url"], stored["width"], stored["height"]) == (path, 7, 5)


@pytest.mark.parametrize(
    ("name", "index", "value", "said"),
    [
        ("width", 2, -1.0, r"boxes.width\[2\] is -1.0"),
        ("item", 2, 7, "boxes.item must lie between 0 and 2"),
        ("confidence", None, [0.1] * 5 + [1.5], r"boxes.confidence\[5\] is 1.5"),
        ("label", None, ["car"], "column label has 1 values"),
        ("x", 0, "left", r"\$\.boxes\.x\[0\]"),
    ],
    ids=["negative", "index", "confidence", "length", "type"],
)
def test_wrong_columns_are_refused_and_nothing_is_stored(ask, ds, name, index, value, said):
    sent = columns()
    if index is None:
        sent["boxes"][name] = value
    else:
        sent["boxes"][name][index] = value

    with pytest.raises(InvalidInputError, match=said):
        ask("POST", f"lab/dataset/{ds}/columns", sent)
    assert ask("GET", f"dataset/{ds}/size") == {"count": 0}


def test_ids_that_stand_twice_are_refused(ask, ds):
    sent = columns()
    sent["items"]["reference_id"][2] = "r0"
    with pytest.raises(DuplicateIDError, match="'r0'"):
        ask("POST", f"lab/dataset/{ds}/columns", sent)
    sent = columns()
    sent["boxes"]["annotation_id"][1] = "b0"
    for update in (False, True):
        with pytest.raises(DuplicateIDError, match="b0"):
            ask("POST", f"lab/dataset/{ds}/columns", {**sent, "update": update})

    assert ask("GET", f"dataset/{ds}/size") == {"count": 0}


def test_ids_that_stand_twice_are_refused_also_beside_boxes_that_are_there(ask, ds):
    sent = columns()
    ask("POST", f"lab/dataset/{ds}/columns", sent)
    stored = ask("POST", f"lab/dataset/{ds}/exportColumns", {"pageSize": 10})
    for names in (["b0", "b0", "b2", "b3", "b4", "b5"], ["c", "c", "b2", "b3", "b4", "b5"]):
        sent["boxes"]["annotation_id"] = names
        with pytest.raises(DuplicateIDError, match=names[0]):
            ask("POST", f"lab/dataset/{ds}/columns", sent)

    assert ask("POST", f"lab/dataset/{ds}/exportColumns", {"pageSize": 10}) == stored


def test_boxes_find_their_items_where_some_are_new_and_some_are_there(ask, ds):
    first, whole = columns(2), columns(6)
    ask("POST", f"lab/dataset/{ds}/columns", {**first, "boxes": None})
    mixed = [3, 0, 5, 1, 4, 2]
    for name, values in whole["items"].items():
        whole["items"][name] = [values[at] for at in mixed]

    answer = ask("POST", f"lab/dataset/{ds}/columns", whole)

    assert answer == counters(new_items=4, ignored_items=2, annotations_processed=12)
    found = ask("POST", f"lab/dataset/{ds}/exportColumns", {"pageSize": 10})
    names = found["items"]["reference_id"]
    assert names == ["r0", "r1", "r3", "r5", "r4", "r2"]
    owners = zip(found["boxes"]["item"], found["boxes"]["annotation_id"], strict=True)
    assert sorted((names[at], box) for at, box in owners) == sorted(
        (f"r{mixed[at]}", f"b{2 * at + part}") for at in range(6) for part in (0, 1)
    )


def test_rows_come_in_the_order_asked_with_the_ids_of_their_objects(ask, five, model):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(3), box(1)]})
    route = f"dataset/{five}/model/{model}/uploadPredictions"
    ask("POST", route, {"annotations": [box(1, confidence=0.5)]})
    ids = [ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["id"] for n in (3, 0, 1)]

    rows = ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ids, "model_id": model})["rows"]

    assert [row["id"] for row in rows] == ids
    truth, predicted = rows[2].pop("annotations")[0], rows[2].pop("predictions")[0]
    assert truth.pop("id").startswith("ann_")
    assert predicted.pop("id").startswith("pred_")
    assert (truth, predicted) == (box(1), box(1, confidence=0.5))
    assert rows[2] == {
        "id": ids[2],
        "reference_id": "r1",
        "width": None,
        "height": None,
        "metadata": {"number": 1},
        "location": "https://example.org/1.jpg",
    }
    assert rows[1]["annotations"] == rows[1]["predictions"] == []
    with pytest.raises(NotFoundError, match="di_0000000000999"):
        ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ["di_0000000000999"]})


def test_labels_are_counted_most_frequent_first(ask, ds):
    sent = columns(3, 1)
    sent["boxes"]["label"] = ["b", "a", "a"]
    ask("POST", f"lab/dataset/{ds}/columns", sent)

    assert ask("GET", f"lab/dataset/{ds}/labels") == {
        "ground_truth": [{"label": "a", "count": 2}, {"label": "b", "count": 1}],
        "predictions": [],
    }
