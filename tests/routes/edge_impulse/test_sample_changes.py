"""Changing and deleting samples, as published clients do, on both databases."""

from __future__ import annotations

from typing import Any

from nucleus_lab.engine import Engine

from .conftest import ROWS, Ask


def test_a_sample_is_changed_piece_by_piece(ask: Ask, put: Any, picture: bytes) -> None:
    put({"p.png": picture})
    box = {"label": "c", "x": 1, "y": 2, "width": 3, "height": 4}
    changes = [
        ("metadata", {"metadata": {"a": "b"}}, "metadata", {"a": "b"}),
        ("move", {"newCategory": "testing"}, "category", "testing"),
        ("edit-label", {"label": "z"}, "label", "z"),
        ("rename", {"name": "new.1"}, "filename", "new.1"),
        ("bounding-boxes", {"boundingBoxes": [box]}, "boundingBoxes", [box]),
        ("disable", None, "isDisabled", True),
        ("enable", None, "isDisabled", False),
        ("metadata", {"metadata": {}}, "metadata", None),
        ("bounding-boxes", {"boundingBoxes": []}, "boundingBoxes", []),
        ("edit-label", {}, "label", ""),
    ]
    for route, body, name, value in changes:
        assert ask("POST", f"/1/{route}", body) == {"success": True}
        assert ask("GET", "/1")["sample"][name] == value
    name = ask("GET", "/1")["sample"]["coldstorageFilename"]
    assert name == "testing/new.1.png.00000001.ingestion.png"


UNFIT: list[Any] = [
    ("structured-labels", {"structuredLabels": [{"startIndex": 0}]}, "endIndex"),
    ("structured-labels", {}, "structuredLabels"),
    ("metadata", {"metadata": {"a": {"b": 1}}}, "metadata.a"),
    ("move", {"newCategory": "split"}, "newCategory"),
    ("rename", {"name": " "}, "name is empty"),
    ("bounding-boxes", {"boundingBoxes": []}, "is no picture"),
    ("crop", {"cropStart": 5, "cropEnd": 5}, "cropStart is 5 and cropEnd 5"),
    ("crop", {"cropStart": 0, "cropEnd": 101}, "100, the readings of sample 1"),
]


def test_a_change_that_does_not_fit_changes_nothing(send: Any, ask: Ask, put: Any) -> None:
    put({"a.csv": ROWS})
    before = ask("GET", "/1")
    for route, body, told in UNFIT:
        answer = send("POST", f"v1/api/1/raw-data/1/{route}", body)

        assert (answer.status, answer.payload["success"]) == (400, False)
        assert told in answer.payload["error"]
        assert ask("GET", "/1") == before


def label(start: int, end: int, name: str) -> dict[str, Any]:
    return {"startIndex": start, "endIndex": end, "label": name}


def test_a_crop_hides_readings_and_labels_and_a_wider_one_brings_them_back(
    ask: Ask, put: Any
) -> None:
    put({"a.csv": ROWS})
    whole = [label(0, 29, "a"), label(30, 59, "b"), label(60, 99, "c")]
    ask("POST", "/1/structured-labels", {"structuredLabels": whole})
    ask("POST", "/1/crop", {"cropStart": 20, "cropEnd": 50})
    cropped = ask("GET", "/1")
    ask("POST", "/1/structured-labels", {"structuredLabels": [label(0, 29, "d")]})
    part = ask("GET", "/1/slice", sliceStart="5", sliceEnd="7")["payload"]["values"]
    original = ask("GET", "/1/original", zoomStart="98")["payload"]["values"]
    ask("POST", "/1/crop", {"cropStart": 0, "cropEnd": 100})
    restored = ask("GET", "/1")

    assert cropped["payload"]["values"] == [[at, -at] for at in range(20, 50)]
    assert cropped["sample"]["structuredLabels"] == [label(0, 9, "a"), label(10, 29, "b")]
    assert (cropped["sample"]["isCropped"], cropped["sample"]["valuesCount"]) == (True, 30)
    assert part == [[25, -25], [26, -26]]
    assert original == [[98, -98], [99, -99]]
    assert restored["sample"]["structuredLabels"] == [
        label(0, 19, "a"), label(20, 49, "d"), label(50, 59, "b"), label(60, 99, "c"),
    ]  # fmt: skip
    assert (restored["sample"]["isCropped"], restored["sample"]["valuesCount"]) == (False, 100)


def test_a_batch_changes_what_its_query_names(several: None, ask: Ask, send: Any) -> None:
    ask("POST", "/batch/edit-labels", {"label": "new"}, category="all", ids="[1,3]")
    ask("POST", "/batch/moveSamples", {"newCategory": "anomaly"}, category="testing")
    ask("POST", "/batch/disable-samples", None, labels='["new"]')
    ask("POST", "/batch/enable-samples", None, ids="[3]")
    ask("POST", "/batch/delete", None, category="validation")
    left = [
        (one["id"], one["label"], one["category"], one["isDisabled"])
        for one in ask("GET", "")["samples"]
    ]
    nothing = send("POST", "v1/api/1/raw-data/batch/delete")

    assert left == [
        (5, "100", "anomaly", False),
        (4, "two", "anomaly", False),
        (3, "new", "anomaly", False),
        (2, "one", "training", False),
        (1, "new", "training", True),
    ]
    assert nothing.status == 400


def test_deletion_takes_one_or_a_category_or_all(several: None, ask: Ask) -> None:
    assert ask("DELETE", "/1") == {"success": True}
    assert ask("DELETE", "/1")["success"] is False
    assert ask("POST", "/delete-all/testing") == {"success": True}
    assert [one["id"] for one in ask("GET", "")["samples"]] == [6, 5, 2]
    assert ask("POST", "/delete-all") == {"success": True}
    assert ask("GET", "") == {"success": True, "samples": [], "totalCount": 0}


def test_files_of_samples_are_kept_by_a_sweep_and_those_of_deleted_ones_are_not(
    engine: Engine, ask: Ask, put: Any, picture: bytes
) -> None:
    long = b"timestamp,x,y\n" + b"".join(b"%d,1,%d\n" % (at, at) for at in range(9000))
    put({"a.csv": long, "p.png": picture})

    assert engine.media.sweep(grace_s=-5) == 0
    assert ask("GET", "/1")["payload"]["values"] == [[1, at] for at in range(9000)]
    ask("DELETE", "/1")
    assert engine.media.sweep(grace_s=-5) == 2
    ask("POST", "/delete-all")
    assert engine.media.sweep(grace_s=-5) == 1
