"""How a path finds its handler, and how dispatch answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from nucleus_lab import routes
from nucleus_lab.errors import NotFoundError
from nucleus_lab.routes.table import Call, MethodNotAllowedError, Route, RouteTable
from nucleus_lab.transport.in_process import InProcessTransport
from nucleus_lab.wire import Request


def answer(*_: Any, **__: Any) -> None:
    return None


TEMPLATES = [
    ("GET", "dataset/{ds}/refloc/{ref:path}"),
    ("GET", "dataset/{ds}/groundTruth/loc/{ref:path}/{ann}"),
    ("GET", "dataset/details"),
    ("GET", "dataset/{ds}/name"),
    ("POST", "dataset/create"),
    ("DELETE", "dataset/{ds}"),
    ("POST", "{ds}/upload_scenes"),
    ("POST", "model/run/{prj}/"),
]


@pytest.fixture
def table() -> RouteTable:
    made = RouteTable()
    for method, template in TEMPLATES:
        made.add(Route(method, template, answer))
    return made


@pytest.mark.parametrize(
    ("method", "path", "template", "parameters"),
    [
        ("GET", "dataset/details", "dataset/details", {}),
        ("GET", "dataset/ds_1/name", "dataset/{ds}/name", {"ds": "ds_1"}),
        (
            "GET",
            "dataset/ds_1/refloc/a%2Fb%20c",
            "dataset/{ds}/refloc/{ref:path}",
            {"ds": "ds_1", "ref": "a/b c"},
        ),
        (
            "GET",
            "dataset/ds_1/refloc/a/b/c.jpg",
            "dataset/{ds}/refloc/{ref:path}",
            {"ds": "ds_1", "ref": "a/b/c.jpg"},
        ),
        (
            "GET",
            "dataset/ds_1/groundTruth/loc/a/b/box-1",
            "dataset/{ds}/groundTruth/loc/{ref:path}/{ann}",
            {"ds": "ds_1", "ref": "a/b", "ann": "box-1"},
        ),
        ("POST", "ds_1/upload_scenes", "{ds}/upload_scenes", {"ds": "ds_1"}),
        ("POST", "model/run/prj_1/", "model/run/{prj}/", {"prj": "prj_1"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_path_finds_its_route(
    table: RouteTable, method: str, path: str, template: str, parameters: dict[str, str]
) -> None:
    found, values = table.match(method, path)

    assert (found.template, values) == (template, parameters)


def test_an_unknown_path_is_not_found(table: RouteTable) -> None:
    with pytest.raises(NotFoundError, match="there is no route GET nowhere/at/all"):
        table.match("GET", "nowhere/at/all")


def test_a_wrong_method_names_the_right_ones(table: RouteTable) -> None:
    with pytest.raises(MethodNotAllowedError, match="use DELETE") as refused:
        table.match("PUT", "dataset/ds_1")

    assert refused.value.status_code == 405


def test_a_route_is_taken_once(table: RouteTable) -> None:
    with pytest.raises(ValueError, match=r"taken by dataset/\{ds\}/name"):
        table.add(Route("GET", "dataset/{other}/name", answer))


class Body(msgspec.Struct):
    width: int


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A throw-away route in the one table: that is all it takes to add one."""
    fresh = RouteTable()

    def handler(_engine: Any, call: Call[Body], ds: str) -> dict[str, Any]:
        if call.body.width == 13:
            raise RuntimeError("secret detail")
        return {"ds": ds, "width": call.body.width}

    fresh.add(Route("POST", "echo/{ds}", handler, Body))
    monkeypatch.setattr(routes, "TABLE", fresh)


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    "payload", [{"width": 3, "new": 1}, b'{"width": 3, "new": 1}'], ids=["values", "text"]
)
def test_values_and_json_text_reach_the_handler_alike(payload: Any) -> None:
    answered = routes.dispatch(None, Request("POST", "echo/a%20b", payload))

    assert (answered.status, answered.payload) == (200, {"ds": "a b", "width": 3})


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"width": "3"}, r"Expected `int`, got `str` - at `\$.width`"),
        (b'{"width": "3"}', r"Expected `int`, got `str` - at `\$.width`"),
        ({}, "missing required field `width`"),
        (b"{", "not valid JSON"),
        (b"", "missing required field `width`"),
        ([1], "Expected `object`, got `array`"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_path(payload: Any, text: str) -> None:
    answered = routes.dispatch(None, Request("POST", "echo/a", payload))

    assert answered.status == 400
    with pytest.raises(AssertionError, match=text):
        raise AssertionError(answered.payload["error"])


@pytest.mark.usefixtures("echo")
def test_a_fault_of_ours_answers_500_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    answered = routes.dispatch(None, Request("POST", "echo/a", {"width": 13}))

    assert answered.status == 500
    assert "secret" not in str(answered.payload)
    assert "secret detail" in caplog.text


@pytest.mark.usefixtures("echo")
def test_the_in_process_transport_refuses_what_json_cannot_carry() -> None:
    transport = InProcessTransport(SimpleNamespace(workspace="nowhere"))

    answered = transport.send(Request("POST", "echo/a", {"width": float("nan")}))

    assert answered.status == 400
    assert "$.width is nan" in answered.payload["error"]
