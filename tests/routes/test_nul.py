"""U+0000 is refused on every way in, alike on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.engine import Engine
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request, plain, refuse_nul


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a\0b"},
        {"name": "x", "item_metadata_schema": {"k\0": {"type": "text"}}},
    ],
)
def test_a_body_with_the_character_is_refused(engine: Engine, body: dict[str, Any]) -> None:
    answer = dispatch(engine, Request("POST", "dataset/create", json.dumps(body).encode()))

    assert (answer.status, answer.payload["code"]) == (400, "invalid_input")
    assert "the body holds the character U+0000" in answer.payload["error"]
    assert dispatch(engine, Request("GET", "dataset/")).payload == []


def test_text_that_only_looks_like_it_is_taken(engine: Engine) -> None:
    body = json.dumps({"name": "a\\u0000b\\\\u0000"}).encode()
    made = dispatch(engine, Request("POST", "dataset/create", body)).payload["dataset_id"]

    info = dispatch(engine, Request("GET", f"dataset/{made}/name")).payload
    assert info["name"] == "a\\u0000b\\\\u0000"


def test_a_path_with_the_character_is_refused(engine: Engine) -> None:
    answer = dispatch(engine, Request("GET", "dataset/ds_0000000000001/refloc/a%00b"))

    assert (answer.status, "U+0000" in answer.payload["error"]) == (400, True)


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"a": [{"b": "x\0"}]}, r"\$\.a\[0\]\.b holds the character U\+0000"),
        ({"a": ["x", "y\0"]}, r"\$\.a\[1\] holds"),
        ({"a": ["x", 1, None, "y\0"]}, r"\$\.a\[3\] holds"),
        ({"a": ("x\0", 1.5)}, r"\$\.a\[0\] holds"),
        ({"a": {"k\0": 1}}, r"\$\.a\.k.0 holds"),
        ("\0", r"\$ holds"),
    ],
)
def test_payloads_with_the_character_never_leave(payload: Any, place: str) -> None:
    with pytest.raises(InvalidInputError, match=place):
        plain(payload)


def test_long_runs_of_backslashes_are_counted() -> None:
    refuse_nul(b'"' + b"\\" * 1000 + b'\\\\u0000"')
    with pytest.raises(InvalidInputError):
        refuse_nul(b'"' + b"\\" * 1000 + b'\\u0000"')


def test_items_with_the_character_are_refused_whole(client: Any) -> None:
    dataset = client.create_dataset("d")
    items = [DatasetItem("https://h/a.jpg", "a"), DatasetItem("https://h/b.jpg", "b\0")]

    with pytest.raises(InvalidInputError, match=r"U\+0000"):
        dataset.append(items)
    assert dataset.size == 0


def test_boxes_with_the_character_are_refused_in_every_column(client: Any) -> None:
    dataset = client.create_dataset("d")
    dataset.append([DatasetItem("https://h/a.jpg", "a")])

    for given in (("a\0", "a", None), ("x", "a\0", None), ("x", "a", "\0"), ("x", "a", None)):
        label, item, name = given
        metadata = {"k": ["\0"]} if given == ("x", "a", None) else {}
        box = BoxAnnotation(label, 1, 2, 3, 4, item, name, metadata)
        with pytest.raises(InvalidInputError, match=r"U\+0000"):
            dataset.annotate([box, BoxAnnotation("x", 5, 6, 7, 8, "a", "good")])
    assert dataset.refloc("a")["annotations"]["box"] == []
