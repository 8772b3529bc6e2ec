"""The routes of samples, as published clients see them, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nucleus_lab.engine import Engine
from nucleus_lab.formats.samples.reading import MOST_BYTES
from nucleus_lab.formats.samples.wave import wav_of
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, Response, encode

ROWS = b"timestamp,x,y\n" + b"".join(b"%d,%d,%d\n" % (at * 10, at, -at) for at in range(100))
Ask = Callable[..., Any]


@pytest.fixture
def send(engine: Engine) -> Callable[..., Response]:
    """Sends a request to the engine."""

    def work(method: str, path: str, payload: Any = None, **more: Any) -> Response:
        return dispatch(engine, Request(method, path, payload, **more))

    return work


@pytest.fixture
def ask(send: Callable[..., Response]) -> Ask:
    """Sends a request that must be answered with 200, and returns the payload."""

    def work(method: str, path: str, payload: Any = None, **query: str) -> Any:
        answer = send(method, f"v1/api/1/raw-data{path}", payload, query=query)
        assert answer.status == 200, answer.payload
        return answer.payload

    return work


@pytest.fixture
def put(send: Callable[..., Response]) -> Callable[..., Any]:
    """Uploads files; returns the answers per file."""

    def work(files: dict[str, bytes], category: str = "training", **headers: str) -> Any:
        answer = send(
            "POST",
            f"api/{category}/files",
            files=[FilePart("data", name, content=content) for name, content in files.items()],
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        assert answer.status == 200, answer.payload
        return answer.payload["files"]

    return work


def description(kind: str, **files: Any) -> bytes:
    return encode({"version": 1, "type": "x", kind: files})


def test_there_is_one_project_from_the_beginning(send: Any) -> None:
    first, again = (send("GET", "v1/api/projects").payload for _ in range(2))

    assert first == again
    assert [(one["id"], one["name"]) for one in first["projects"]] == [(1, "samples")]


def test_a_recording_comes_back_as_it_was(ask: Ask, put: Any) -> None:
    [done] = put({"walk.1.csv": ROWS}, x_metadata='{"who":"é"}')
    answer = ask("GET", f"/{done['sampleId']}")

    assert done == {"success": True, "projectId": 1, "sampleId": 1, "fileName": "walk.1.csv"}
    moment = answer["sample"]["created"]
    assert answer == {
        "success": True,
        "sample": {
            "id": 1,
            "projectId": 1,
            "filename": "walk.1",
            "category": "training",
            "label": "walk",
            "coldstorageFilename": "training/walk.1.csv.00000001.ingestion.json",
            "created": moment,
            "added": moment,
            "lastModified": moment,
            "signatureValidate": False,
            "signatureMethod": "none",
            "signatureKey": "",
            "intervalMs": 10.0,
            "frequency": 100.0,
            "originalIntervalMs": 10.0,
            "originalFrequency": 100.0,
            "deviceName": "",
            "deviceType": "",
            "sensors": [{"name": "x", "units": "N/A"}, {"name": "y", "units": "N/A"}],
            "valuesCount": 100,
            "totalLengthMs": 1000.0,
            "chartType": "chart",
            "boundingBoxes": [],
            "boundingBoxesType": "object_detection",
            "isDisabled": False,
            "isProcessing": False,
            "processingError": False,
            "isCropped": False,
            "metadata": {"who": "é"},
            "sha256Hash": answer["sample"]["sha256Hash"],
        },
        "payload": {
            "device_name": None,
            "device_type": "",
            "sensors": [
                {"index": 0, "name": "x", "units": "N/A"},
                {"index": 1, "name": "y", "units": "N/A"},
            ],
            "values": [[at, -at] for at in range(100)],
            "intervalMs": 10.0,
            "frequencyHz": 100.0,
        },
        "totalPayloadLength": 100,
        "datastreamPayloads": [],
    }


TABLES: list[Any] = [
    [[0.1, -1e300], [1e-300, None]],
    [[1.5, None], [2.25, 3]],
    [[70000, -70000], [1, 2]],
    [[2**53, 1], [0, -1]],
    [[-0.0, 1], [2, 3]],
]


def test_numbers_of_short_and_long_recordings_are_kept_exactly(ask: Ask, put: Any) -> None:
    sensors = [{"name": "a", "units": "g"}, {"name": "b", "units": "g"}]
    for number, values in enumerate([*TABLES, *(5000 * some for some in TABLES)], 1):
        document = {"payload": {"interval_ms": 1, "sensors": sensors, "values": values}}
        put({"a.json": json.dumps(document).encode()})

        found = ask("GET", f"/{number}")["payload"]["values"]

        assert found == values
        assert repr(found).count("-0.0") == repr(values).count("-0.0")


def test_files_that_cannot_be_read_are_refused_alone(ask: Ask, put: Any) -> None:
    answers = put({"a.csv": ROWS, "b.csv": b"a,b\n1,2\n3,4\n", "c.xyz": b"?", "d.csv": ROWS})

    assert [one["success"] for one in answers] == [True, False, False, True]
    assert answers[1]["error"].startswith("Could not parse this CSV file")
    assert answers[2]["error"].startswith("c.xyz is of no kind")
    assert ask("GET", "/count")["count"] == 2


def test_duplicates_are_refused_only_where_that_is_asked_for(ask: Ask, put: Any) -> None:
    put({"a.csv": ROWS})
    [taken] = put({"b.csv": ROWS})
    refused = put(
        {"c.csv": ROWS, "d.csv": b"x\n1\n", "e.csv": b"x\n1\n"}, x_disallow_duplicates="1"
    )

    assert taken["success"]
    assert [one["success"] for one in refused] == [False, True, False]
    assert refused[0]["error"] == "An item with this hash already exists (ids: 1, 2)"
    assert refused[2]["error"] == "An item with this hash already exists (ids: 3)"


LABELS: list[Any] = [
    ({}, "walk"),
    ({"x_label": "run fast"}, "run fast"),
    ({"x_label": "%C3%BC"}, "ü"),
    ({"x_label": "%C3%BC", "x_upload_source": "EDGE_IMPULSE_PYTHON_SDK"}, "%C3%BC"),
    ({"x_label": "ü".encode().decode("latin-1")}, "ü"),
    ({"x_label": "ü"}, "ü"),
    ({"x_no_label": "1"}, ""),
]


def test_a_label_comes_from_the_header_or_else_the_file_name(ask: Ask, put: Any) -> None:
    for headers, label in LABELS:
        put({"walk.csv": ROWS}, **headers)

        assert ask("GET", "")["samples"][0]["label"] == label


def test_a_split_is_decided_by_the_content(ask: Ask, put: Any) -> None:
    files = {f"{at}.csv": b"x\n%d\n" % at for at in range(40)}
    put(files, "split")
    first = {one["filename"]: one["category"] for one in ask("GET", "")["samples"]}
    ask("POST", "/delete-all")
    put(files, "split")
    second = {one["filename"]: one["category"] for one in ask("GET", "")["samples"]}

    assert first == second
    assert set(first.values()) == {"training", "testing"}


def test_structured_labels_and_boxes_travel_beside_their_files(
    ask: Ask, put: Any, picture: bytes
) -> None:
    parts = [(0, 99, "a"), (10, 19, "b")]
    given = [{"startIndex": s, "endIndex": e, "label": label} for s, e, label in parts]
    box = {"label": "c", "x": 1, "y": 2, "width": 3.5, "height": 4}
    answers = put({
        "a.csv": ROWS,
        "p.png": picture,
        "structured_labels.labels": description("structuredLabels", **{"a.csv": given}),
        "bounding_boxes.labels": description("boundingBoxes", **{"p.png": [box]}),
    })
    series, image = ask("GET", "/1")["sample"], ask("GET", "/2")["sample"]

    assert [one["fileName"] for one in answers] == ["a.csv", "p.png"]
    assert series["structuredLabels"] == [
        {"startIndex": 0, "endIndex": 9, "label": "a"},
        {"startIndex": 10, "endIndex": 19, "label": "b"},
        {"startIndex": 20, "endIndex": 99, "label": "a"},
    ]
    assert series["structuredLabelsList"] == ["a", "b"]
    assert image["boundingBoxes"] == [box]
    assert image["imageDimensions"] == {"width": 8, "height": 6}
    assert image["sensors"] == [{"name": "image", "units": "rgba"}]


@pytest.fixture
def picture() -> bytes:
    """A PNG of 8 x 6 pixels."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, "PNG")
    return file.getvalue()


def test_a_description_that_does_not_fit_refuses_what_it_describes(put: Any, send: Any) -> None:
    gap = [{"startIndex": 0, "endIndex": 9, "label": "a"}]
    files = {
        "a.csv": ROWS,
        "b.csv": ROWS,
        "structured_labels.labels": description("structuredLabels", **{"a.csv": gap}),
    }
    refused, taken = put(files)
    unknown = send(
        "POST",
        "api/training/files",
        files=[
            FilePart("data", "b.csv", content=ROWS),
            FilePart("data", "structured_labels.labels", content=files["structured_labels.labels"]),
        ],
    )

    assert refused["error"] == (
        "structured_labels.labels for a.csv covers no reading at index 10: label every reading "
        "from 0 to 99"
    )
    assert taken["success"]
    assert unknown.status == 400
    assert unknown.payload["error"] == (
        "structured_labels.labels describes 'a.csv', which is not among the files of the request"
    )


REFUSED: list[Any] = [
    ("api/bogus/files", {"files": [FilePart("data", "a.csv", content=ROWS)]}, 400, "category"),
    ("api/training/files", {}, 400, "the request has no files"),
    (
        "api/training/files",
        {"files": [FilePart("file", "a.csv", content=ROWS)]},
        400,
        "in a part named 'file'",
    ),
    (
        "api/training/files",
        {"files": [FilePart("data", f"{at}.csv", content=ROWS) for at in range(1001)]},
        400,
        "1,000 are allowed",
    ),
    (
        "api/training/files",
        {"files": [FilePart("data", "a.csv", content=ROWS)], "headers": {"x-metadata": "{"}},
        400,
        "x-metadata",
    ),
    (
        "api/training/files",
        {
            "files": [FilePart("data", "a.csv", content=ROWS)],
            "headers": {"x-bounding-boxes": '[{"label":"a","x":1,"y":1,"width":0,"height":1}]'},
        },
        400,
        "x-bounding-boxes[0].width is 0",
    ),
    ("api/training/data", {"payload": ROWS}, 421, "x-file-name"),
    (
        "api/training/data",
        {"payload": b"a,b\n1,2\n3,4\n", "headers": {"x-file-name": "a.csv"}},
        400,
        "Could not parse this CSV file",
    ),
]


def test_a_request_that_does_not_fit_is_refused_as_a_whole(send: Any) -> None:
    for path, more, status, told in REFUSED:
        answer = send("POST", path, **more)

        assert (answer.status, answer.payload["success"]) == (status, False)
        assert told in answer.payload["error"]
    send("GET", "v1/api/projects")
    assert send("GET", "v1/api/1/raw-data/count").payload["count"] == 0


def test_a_device_may_send_one_file_as_the_body(send: Any, ask: Ask) -> None:
    headers = {"x-file-name": "a%20b.csv", "x-label": "l"}
    answer = send("POST", "api/testing/data", ROWS, headers=headers)

    assert answer.payload["success"]
    one = ask("GET", "")["samples"][0]
    assert (one["filename"], one["category"], one["label"]) == ("a b", "testing", "l")


def test_a_file_that_is_too_large_is_refused(put: Any, send: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    answer = send("POST", "api/training/files", files=[FilePart("data", "l.csv", path=str(path))])

    [one] = answer.payload["files"]
    assert one["error"].startswith("l.csv has 104,857,601 bytes and 104,857,600 are allowed")


def test_a_signed_file_is_checked_with_the_key_of_the_settings(workspace: Path) -> None:
    import hashlib
    import hmac

    from nucleus_lab.engine.settings import Settings

    document = {
        "protected": {"ver": "v1", "alg": "HS256"},
        "signature": "0" * 64,
        "payload": {"interval_ms": 1, "sensors": [{"name": "a"}], "values": [1, 2]},
    }
    proof = hmac.new(b"secret", json.dumps(document).encode(), hashlib.sha256).hexdigest()
    settings = Settings.load(workspace).changed(samples_hmac_key="secret")
    engine = Engine(workspace, settings=settings)
    files = [
        FilePart("data", "a.json", content=json.dumps(document | {"signature": sign}).encode())
        for sign in (proof, "1" * 64)
    ]
    dispatch(engine, Request("POST", "api/training/files", files=files))
    found = [
        dispatch(
            engine,
            Request("GET", "v1/api/1/raw-data", query={"signatureValidity": wanted}),
        ).payload["samples"]
        for wanted in ("valid", "invalid")
    ]
    engine.close()

    assert [[one["id"] for one in some] for some in found] == [[1], [2]]
    assert {one["signatureMethod"] for some in found for one in some} == {"HS256"}


# -- lists -------------------------------------------------------------------------------------


@pytest.fixture
def several(put: Any) -> None:
    """Samples 1 to 6."""
    put({"a.1.csv": ROWS, "a.2.csv": b"x\n1\n"}, x_label="one")
    put({"b_1.csv": b"x\n2\n", "B 1.csv": b"x\n3\n"}, "testing", x_label="two")
    put({"100%.csv": b"x\n4\n"}, "anomaly")
    put({"é.csv": b"x\n5\n"}, "validation", x_label="one")


QUERIES: list[Any] = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"category": "all"}, [6, 5, 4, 3, 2, 1]),
    ({"category": "testing"}, [4, 3]),
    ({"limit": "2"}, [6, 5]),
    ({"limit": "2", "offset": "3"}, [3, 2]),
    ({"limit": "0"}, []),
    ({"offset": "9"}, []),
    ({"labels": "null"}, [6, 5, 4, 3, 2, 1]),
    ({"labels": '["one"]', "category": "training"}, [2, 1]),
    ({"labels": '["one","two"]'}, [6, 4, 3, 2, 1]),
    ({"labels": "[]"}, []),
    ({"filename": "1"}, [5, 4, 3, 1]),
    ({"filename": "b_"}, [3]),
    ({"filename": "%"}, [5]),
    ({"filename": "é"}, [6]),
    ({"search": "a."}, [2, 1]),
    ({"ids": "[1,3,99]"}, [3, 1]),
    ({"excludeIds": "[1,3]", "maxId": "5"}, [4, 2]),
    ({"minLength": "500"}, [1]),
    ({"minFrequency": "50", "maxFrequency": "200"}, [1]),
    ({"includeDisabled": "disabled"}, []),
    ({"includeDisabled": "enabled", "minId": "5"}, [6, 5]),
]


def test_a_list_holds_what_the_query_asks_for(several: None, ask: Ask) -> None:
    for query, ids in QUERIES:
        page = ask("GET", "", **query)
        rest = {name: text for name, text in query.items() if name not in {"limit", "offset"}}

        assert [one["id"] for one in page["samples"]] == ids, query
        assert page["totalCount"] == ask("GET", "/count", **rest)["count"], query
        assert page["totalCount"] == (6 if rest != query else len(ids)), query


UNREADABLE: list[Any] = [
    {"category": "split"},
    {"limit": "x"},
    {"limit": "-1"},
    {"limit": "10001"},
    {"offset": "1.5"},
    {"labels": "one"},
    {"labels": "[1]"},
    {"ids": '["1"]'},
    {"ids": "[99999999999999999999]"},
    {"minLength": "long"},
    {"minLength": "nan"},
    {"signatureValidity": "maybe"},
    {"includeDisabled": "1"},
]


def test_a_query_that_cannot_be_read_names_the_parameter(send: Any) -> None:
    send("GET", "v1/api/projects")
    for query in UNREADABLE:
        answer = send("GET", "v1/api/1/raw-data", query=query)
        assert answer.status == 400
        assert next(iter(query)) in answer.payload["error"]


# -- one sample --------------------------------------------------------------------------------


MISSING: list[Any] = ["7", "True", "0", "99999999999999999999"]


def test_what_does_not_exist_is_told_with_status_200(send: Any, put: Any) -> None:
    put({"a.csv": ROWS})
    ends = ["", "/image", "/wav", "/video", "/raw", "/slice", "/original"]
    asked: list[Any] = [("GET", end, None) for end in ends]
    asked += [("DELETE", "", None), ("POST", "/move", {"newCategory": "testing"})]
    for sample in MISSING:
        told = f"No sample found with ID {sample}"
        for method, end, payload in asked:
            answer = send(method, f"v1/api/1/raw-data/{sample}{end}", payload)
            wanted = {"success": False, "error": told, "code": "not_found"}
            assert answer == Response(200, wanted)
    project = send("GET", "v1/api/2/raw-data").payload
    assert project["error"].startswith("No project found with ID 2")


def test_a_chart_gets_the_extremes_of_every_stretch(ask: Ask, put: Any) -> None:
    random = np.random.default_rng(0)
    table = np.round(random.normal(size=(5000, 2)), 3)
    table[1234] = [99, -99]
    body = "\n".join(f"{at},{x},{y}" for at, (x, y) in enumerate(table))
    put({"a.csv": f"timestamp,x,y\n{body}".encode()})

    answer = ask("GET", "/1", limitPayloadValues="100")

    values = np.array(answer["payload"]["values"])
    assert values.shape == (100, 2)
    assert answer["totalPayloadLength"] == 5000
    assert answer["payload"]["intervalMs"] == 50
    assert answer["sample"]["intervalMs"] == 1
    for at in range(50):
        seen, kept = table[100 * at : 100 * at + 100], values[2 * at : 2 * at + 2]
        np.testing.assert_array_equal(kept.min(axis=0), seen.min(axis=0))
        np.testing.assert_array_equal(kept.max(axis=0), seen.max(axis=0))
    few = ask("GET", "/1", limitPayloadValues="3")["payload"]["values"]
    assert len(few) == 2
    assert len(ask("GET", "/1", limitPayloadValues="6000")["payload"]["values"]) == 5000


def test_files_come_back_byte_for_byte(ask: Ask, put: Any, send: Any, picture: bytes) -> None:
    sound = wav_of(np.arange(-50, 50, dtype=np.int16), 8000)
    film = b"\0\0\0\x18ftypisom\0\r\n\r\0\0"
    put({"s.wav": sound, "p.png": picture, "v.mp4": film, "r.csv": ROWS})

    def read(end: str, **query: str) -> tuple[bytes, str]:
        answer = send("GET", f"v1/api/1/raw-data/{end}", query=query)
        return answer.payload, answer.media_type

    assert read("1/wav", axisIx="0") == (sound, "audio/wav")
    assert read("2/image") == (picture, "image/png")
    assert read("3/video") == (film, "video/mp4")
    assert read("4/raw") == (ROWS, "application/octet-stream")
    assert read("4/wav", axisIx="1")[0] == wav_of(-np.arange(100, dtype=np.int16), 100)
    assert send("GET", "v1/api/1/raw-data/1/image").status == 400
    assert send("GET", "v1/api/1/raw-data/4/wav", query={"axisIx": "2"}).status == 400
    assert [one["chartType"] for one in ask("GET", "")["samples"]] == [
        "chart", "video", "image", "chart",
    ]  # fmt: skip


# -- changes -----------------------------------------------------------------------------------


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
