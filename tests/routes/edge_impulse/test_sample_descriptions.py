"""``info.labels`` among the files of an upload: what differs between them, on both databases."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, Response

FILES = {f"{name}.csv": f"timestamp,x\n0,{at}\n10,1\n" for at, name in enumerate("abc")}


def put(engine: Engine, info: Any, **headers: str) -> Response:
    """Upload the three files with a description."""
    text = info if isinstance(info, str) else json.dumps(info)
    parts = {**FILES, "info.labels": text}
    return dispatch(
        engine,
        Request(
            "POST",
            "api/training/files",
            files=[FilePart("data", name, content=body.encode()) for name, body in parts.items()],
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        ),
    )


def stored(engine: Engine) -> list[tuple[Any, ...]]:
    answer = dispatch(engine, Request("GET", "v1/api/1/raw-data")).payload
    return [
        (
            each["filename"],
            each["category"],
            each["label"],
            each["metadata"],
            each.get("structuredLabels"),
        )
        for each in reversed(answer["samples"])
    ]


def described(*entries: dict[str, Any]) -> dict[str, Any]:
    files = [{"path": name, **entry} for name, entry in zip(FILES, entries, strict=True)]
    return {"version": 1, "files": files}


def test_each_file_gets_what_is_said_of_it_and_else_what_the_headers_say(engine: Engine) -> None:
    segment = {"startIndex": 0, "endIndex": 1, "label": "up"}
    info = described(
        {"category": "testing", "label": {"type": "label", "label": "own"}, "metadata": {"n": 1}},
        {},
        {"label": {"type": "multi-label", "label": "", "labels": [segment]}},
    )

    answer = put(engine, info, x_label="shared", x_metadata='{"m": 2}')

    assert [each["success"] for each in answer.payload["files"]] == [True] * 3
    assert [each["fileName"] for each in answer.payload["files"]] == list(FILES)
    assert [row[:4] for row in stored(engine)] == [
        ("a", "testing", "own", {"n": 1}),
        ("b", "training", "shared", {"m": 2}),
        ("c", "training", "", {"m": 2}),
    ]
    assert stored(engine)[2][4] == [segment]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"category": "bogus"}, "category is 'bogus'"),
        ({"category": ["training"]}, "category is"),
        ({"label": "plain"}, "label is 'plain': an object"),
        ({"label": {"label": 5}}, "label"),
        ({"label": {"labels": [{"startIndex": 0, "endIndex": 9, "label": "a"}]}}, "endIndex is 9"),
        ({"metadata": [1]}, "metadata"),
        ({"boundingBoxes": [{"label": "a"}]}, r"boundingBoxes\[0\]\.x"),
        ({"boundingBoxes": 5}, "boundingBoxes"),
    ],
)
def test_a_wrong_entry_refuses_its_file_alone(
    engine: Engine, entry: dict[str, Any], words: str
) -> None:
    answer = put(engine, described({}, entry, {}))

    first, second, third = answer.payload["files"]
    assert (first["success"], second["success"], third["success"]) == (True, False, True)
    assert re.search(words, second["error"]), second["error"]
    assert [row[0] for row in stored(engine)] == ["a", "c"]


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ("{", "info.labels: the body is not valid JSON"),
        ([], 'needs a list "files"'),
        ({"files": [1, 2, 3]}, 'needs a list "files"'),
        (described({}, {}, {}) | {"files": []}, "describes 0 files and the request has 3"),
        ({"files": [{"path": name} for name in ("a.csv", "c.csv", "b.csv")]}, "in the order"),
        ('{"files": [{"path": "a\\u0000"}]}', "U+0000"),
    ],
)
def test_a_description_that_cannot_be_read_refuses_the_request(
    engine: Engine, info: Any, words: str
) -> None:
    answer = put(engine, info)

    assert answer.status == 400
    assert words in answer.payload["error"]
    assert stored(engine) == []
