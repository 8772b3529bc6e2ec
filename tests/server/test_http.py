"""The server as other programs see it: keys, limits, odd requests, and never a 5xx for them."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from nucleus_lab.engine import Engine, keys
from nucleus_lab.routes import TABLE, dispatch
from nucleus_lab.server import create_app
from nucleus_lab.wire import Request, encode
from tests.conftest import serving


@pytest.fixture
def served(workspace: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Start a server over the workspace; returns an HTTP client of it."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        engine = Engine(workspace)
        stack.callback(engine.close)

        def start(**options: Any) -> httpx.Client:
            endpoint = stack.enter_context(serving(engine, **options))
            return stack.enter_context(httpx.Client(base_url=f"{endpoint}/"))

        start.engine = engine
        yield start


@pytest.fixture
def web(served: Callable[..., httpx.Client]) -> httpx.Client:
    return served()


@pytest.fixture
def dataset_id(web: httpx.Client) -> str:
    answer: str = web.post("dataset/create", json={"name": "x"}).json()["dataset_id"]
    return answer


def basic(key: str, password: str = "") -> dict[str, str]:
    text = base64.b64encode(f"{key}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


# -- keys ----------------------------------------------------------------------------------------


def test_a_key_is_taken_from_both_headers(served: Any) -> None:
    key = keys.create(served.engine, "team")
    web = served()

    assert web.get("dataset/details", headers=basic(key)).json() == []
    assert web.get("dataset/details", headers={"x-limited-access-key": key}).json() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("wrong"),
        basic(""),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"Authorization": "Bearer something"},
        {"x-limited-access-key": "wrong"},
    ],
    ids=str,
)
def test_without_the_right_key_nothing_is_answered(served: Any, headers: dict[str, str]) -> None:
    keys.create(served.engine, "team")
    web = served()

    for method, route in (("GET", "dataset/details"), ("POST", "dataset/create"), ("GET", "no")):
        answer = web.request(method, route, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/json"
        assert "key" in answer.json()["error"]
        assert b'": ' not in answer.content


def test_a_revoked_key_stops_working_at_once(served: Any) -> None:
    key = keys.create(served.engine, "team")
    keys.create(served.engine, "other")
    web = served()
    assert web.get("dataset/details", headers=basic(key)).status_code == 200

    keys.revoke(served.engine, "team")

    assert web.get("dataset/details", headers=basic(key)).status_code == 401


def test_a_server_for_other_machines_never_opens(served: Any) -> None:
    web = served(key_required=True)

    assert web.get("dataset/details").status_code == 401


def test_a_signed_url_needs_no_key(served: Any) -> None:
    key = keys.create(served.engine, "team")
    web = served()
    ds = web.post("dataset/create", json={"name": "x"}, headers=basic(key)).json()["dataset_id"]
    url = web.get(f"dataset/{ds}/signedUrl/{'0' * 32}", headers=basic(key)).json()["signed_url"]

    assert url.startswith(str(web.base_url))
    assert httpx.put(url, content=b'{"reference_id":"a"}\n').status_code == 200
    assert httpx.put(url[:-3] + "xyz", content=b"{}").status_code == 403


# -- web pages -----------------------------------------------------------------------------------


def test_an_open_server_refuses_what_a_web_page_sends(web: httpx.Client) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Host": "evil.example"},
        {"Origin": "null"},
    ):
        answer = web.post("dataset/create", json={"name": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    local = {"Origin": "http://localhost:8888"}
    assert web.get("dataset/details", headers=local).json() == []


def test_pictures_are_not_run_by_a_browser(
    web: httpx.Client, dataset_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    files = [
        (
            "items",
            (None, json.dumps([{"reference_id": "a", "image_url": "a.png"}]), "application/json"),
        ),
        ("image", ("a.png", path.read_bytes(), "image/png")),
    ]
    assert web.post(f"dataset/{dataset_id}/append", files=files).json()["new_items"] == 1
    item = web.get(f"dataset/{dataset_id}/refloc/a").json()["item"]["dataset_item_id"]

    answer = web.get(f"lab/dataset/{dataset_id}/image/{item}")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == path.read_bytes()


# -- where routes are ----------------------------------------------------------------------------


def test_routes_answer_below_the_prefix_at_the_root_and_behind_two_slashes(
    web: httpx.Client, dataset_id: str
) -> None:
    root = str(web.base_url).split("/v1/")[0]

    for place in ("/v1/nucleus/", "/v1/nucleus//", "/"):
        answer = web.get(f"{root}{place}dataset/{dataset_id}/name")
        assert answer.json() == {"name": "x"}


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "ü ?#", "..", "a//b", "50%", "/lead", "\u202e"])
def test_a_reference_id_survives_the_path(web: httpx.Client, dataset_id: str, name: str) -> None:
    from urllib.parse import quote

    items = [{"reference_id": name, "image_url": "https://example.org/a.jpg"}]
    web.post(f"dataset/{dataset_id}/append", json={"items": items, "update": False})

    answer = web.get(f"dataset/{dataset_id}/refloc/{quote(name, safe='').replace('.', '%2E')}")

    assert answer.json()["item"]["reference_id"] == name


def test_a_missing_route_and_a_wrong_method_are_json_errors(web: httpx.Client) -> None:
    missing = web.get("nothing/here")
    wrong = web.post("dataset/details", json={})

    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert web.request("OPTIONS", "dataset/details").status_code == 405


# -- connections ---------------------------------------------------------------------------------


def raw(web: httpx.Client) -> socket.socket:
    return socket.create_connection((web.base_url.host, web.base_url.port or 80), 10)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value
    return status, headers, stream.read(int(headers["content-length"]))


def test_a_get_with_a_body_leaves_the_connection_usable(web: httpx.Client) -> None:
    request = (
        b"GET /v1/nucleus/dataset/details HTTP/1.1\r\n"
        b"Host: localhost\r\nContent-Length: 2\r\n\r\n{}"
    )

    with raw(web) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert answer_of(connection)[::2] == (200, b"[]")


def test_a_chunked_body_is_read(web: httpx.Client) -> None:
    answer = web.post("dataset/create", content=iter([b'{"na', b'me":', b'"x"}']))

    assert answer.status_code == 200


def test_a_large_body_is_refused_with_its_limit(served: Any) -> None:
    web = served(most_body_bytes=1000)
    big = json.dumps({"name": "x" * 2000}).encode()

    for content in (big, iter([big])):
        answer = web.post("dataset/create", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert "1,000 bytes" in answer.json()["error"]
    files = {"image": ("a.png", big, "image/png")}
    assert web.post("dataset/ds_1/append", files=files).status_code == 413
    assert web.post("dataset/create", json={"name": "x"}).status_code == 200


# -- bad input -----------------------------------------------------------------------------------

BOX = (
    b'{"type":"box","label":"a","reference_id":"a","geometry":{"x":0,"y":0,"width":%s,"height":1}}'
)
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"\xff\xfe",
    b'{"name":"\xff"}',
    b'{"name":"\\ud800"}',
    b'{"name":"a\\u0000b"}',
    b'{"name":null}',
    b'{"items":{}}',
    b'{"items":[{}]}',
    b'{"items":[3]}',
    b'{"items":[{"reference_id":"a"}]}',
    b'{"items":[{"reference_id":"a\\u0000","image_url":"https://a"}]}',
    b'{"items":[{"reference_id":"a","image_url":"https://a","metadata":[]}]}',
    b'{"items":[{"reference_id":"a","image_url":"https://a","width":-1,"height":1e99}]}',
    b'{"annotations":[{"type":"box"}]}',
    b'{"annotations":[{"type":"nothing"}]}',
    b'{"annotations":[' + BOX % b"1e999" + b"]}",
    b'{"annotations":[' + BOX % b"-1" + b"]}",
    b'{"pageToken":"nothing","pageSize":-1}',
    b'{"pageToken":3}',
    b'{"pageSize":99999999999999999999}',
    b'{"reference_ids":[null]}',
    b'{"limit":-1}',
    b'{"metadata":[{"reference_id":"a","metadata":{"k":NaN}}]}',
    b'{"item_ids":["nothing","di_zzz","di_ffffffffffffffffff"],"size":-5}',
    b"[" * 5000,
    b'{"a":' * 5000,
]


ROUTES = [
    entry
    for entry in TABLE.routes
    if (entry.method, entry.template) != ("DELETE", "dataset/{ds}")  # the others need it
]
PLACES = {"ds": "ds_0000000000001", "slc": "slc_1", "prj": "prj_1", "job": "job_1", "ref:path": "a"}


def test_bad_bodies_are_the_fault_of_the_caller(engine: Engine) -> None:
    first = [
        ("dataset/create", b'{"name":"x"}'),
        (
            "dataset/ds_0000000000001/append",
            b'{"items":[{"reference_id":"a","image_url":"https://a"}]}',
        ),
        ("models/add", b'{"name":"m","reference_id":"m"}'),
        ("dataset/ds_0000000000001/create_slice", b'{"name":"s","reference_ids":["a"]}'),
    ]
    for path, body in first:
        assert dispatch(engine, Request("POST", path, body)).status == 200
    failed = []
    for entry in ROUTES:
        path = entry.template
        for name, value in PLACES.items():
            path = path.replace(f"{{{name}}}", value)
        for body in BODIES:
            answer = dispatch(engine, Request(entry.method, path, body))
            if answer.status >= 500:
                failed.append((entry.method, path, body[:60], answer.payload))
            elif answer.status >= 400:
                assert set(answer.payload) <= {"error", "code", "details", "success"}
                json.loads(encode(answer.payload))

    assert failed == []


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain"])
def test_bad_bodies_are_answered_in_json(
    web: httpx.Client, dataset_id: str, content_type: str
) -> None:
    for body in BODIES:
        answer = web.post(
            f"dataset/{dataset_id}/annotate", content=body, headers={"Content-Type": content_type}
        )
        assert answer.status_code < 500
        assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(
    "path",
    [
        "dataset/%00/name",
        "dataset/%ff%fe/name",
        "dataset/%/name",
        "dataset/ds_zz/name",
        "dataset/ds_-1/name",
        "dataset/ds_fffffffffffffff/name",
        "dataset/ds_99999999999999999999/name",
        "dataset/{ds}/refloc/%00",
        "dataset/{ds}/refloc/%ed%a0%80",
        "dataset/{ds}/iloc/-1",
        "dataset/{ds}/iloc/1e3",
        "dataset/{ds}/iloc/99999999999999999999999",
        "dataset/{ds}/loc/di_fffffffffffffff",
        "dataset/{ds}/groundTruth/loc/a/b/c/d",
        "dataset/{ds}/slices?name=%00&type=%ff",
        "dataset/{ds}/model/prj_fffffffffffffff/export",
        "job/job_fffffffffffffff",
        "slice/slc_fffffffffffffff/info",
        "lab/dataset/{ds}/labels?model_id=%00",
        "lab/dataset/{ds}/image/di_fffffffffffffff",
        "a" * 20_000,
    ],
)
def test_bad_paths_are_the_fault_of_the_caller(
    web: httpx.Client, dataset_id: str, path: str
) -> None:
    target = path.replace("{ds}", dataset_id)
    request = f"GET /v1/nucleus/{target} HTTP/1.1\r\nHost: localhost\r\n\r\n"

    with raw(web) as connection:
        connection.sendall(request.encode("latin-1"))
        status, headers, body = answer_of(connection)

    assert 400 <= status < 500 or (status, body) == (200, b"[]"), (status, body)
    assert headers["content-type"] == "application/json"


def parts(*pieces: tuple[str, bytes], end: bytes = b"--b--\r\n") -> bytes:
    return (
        b"".join(
            b"--b\r\nContent-Disposition: form-data; "
            + head.encode()
            + b"\r\n\r\n"
            + body
            + b"\r\n"
            for head, body in pieces
        )
        + end
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no parts",
        b"--b\r\n",
        parts(end=b""),
        parts(('name="items"', b"[]"), end=b""),
        parts(('name="items"', b"{")),
        parts(('name="items"', b"[]"), ('name="items"', b"[]")),
        parts(('name="unknown"', b"[]")),
        parts(('name="image"; filename="a.png"', b"")),
        parts(('name="items"', b"[{}]"), ('name="image"; filename="a.png"', b"x")),
        parts(('name="' + "x" * 50_000 + '"', b"")),
        parts(*[('name="image"; filename="a.png"', b"")] * 50),
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_bad_parts_are_the_fault_of_the_caller(
    web: httpx.Client, dataset_id: str, content: bytes
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    for route in ("append", "annotate"):
        answer = web.post(f"dataset/{dataset_id}/{route}", content=content, headers=headers)
        assert 400 <= answer.status_code < 500, answer.text
        assert "error" in answer.json()
    assert web.get(f"dataset/{dataset_id}/size").json() == {"count": 0}


def test_a_file_of_the_server_is_never_taken_for_one_of_the_caller(
    web: httpx.Client, dataset_id: str
) -> None:
    content = parts(
        ('name="items"', b'[{"reference_id":"a","image_url":"/etc/hosts"}]'),
        ('name="image"; filename="%00%ff/../../etc/hosts"', b"x"),
        ('name="image"; filename="b.png"', b"x"),
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = web.post(f"dataset/{dataset_id}/append", content=content, headers=headers)

    assert (answer.json()["new_items"], answer.json()["upload_errors"]) == (0, 1)
    assert "no file came along" in answer.json()["error_payload"][0]["error"]


def test_only_http_is_spoken(workspace: Path) -> None:
    engine = Engine(workspace)
    try:
        answering = create_app(engine)({"type": "websocket"}, None, None)
        with pytest.raises(ValueError, match="not websocket"):
            answering.send(None)  # type: ignore[attr-defined]  # it needs no event loop to refuse
    finally:
        engine.close()
