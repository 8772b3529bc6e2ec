"""Reading samples, as published clients do, on both databases."""

from __future__ import annotations

from typing import Any

import numpy as np

from nucleus_lab.formats.samples.wave import wav_of
from nucleus_lab.wire import Response

from .conftest import ROWS, Ask

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
