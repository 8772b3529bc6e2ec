"""Uploading samples, as devices and published clients do, on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nucleus_lab.engine import Engine
from nucleus_lab.formats.samples.reading import MOST_BYTES
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, encode

from .conftest import ROWS, Ask


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
