"""Samples over HTTP: keys in a header, files byte for byte, errors as clients read them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from live_server import serving

from nucleus_lab.engine import Engine, keys
from nucleus_lab.formats.samples.wave import wav_of
from nucleus_lab.transport.http import HttpTransport
from nucleus_lab.transport.in_process import InProcessTransport
from nucleus_lab.wire import FilePart, Request

RAW = {"content-type": "multipart/form-data; boundary=b"}


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    opened = Engine(workspace)
    yield opened
    opened.close()


@pytest.fixture
def web(engine: Engine) -> Iterator[httpx.Client]:
    """A server with a key, and a client that presents it as this protocol does."""
    key = keys.create(engine, "device")
    with serving(engine) as endpoint:
        root = endpoint.removesuffix("/v1/nucleus")
        with httpx.Client(base_url=root, headers={"x-api-key": key}, timeout=30) as client:
            yield client


def part(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="data"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: multipart/form-data\r\n\r\n" + content + b"\r\n"


def test_a_wrong_key_is_told_as_published_clients_expect_it(web: httpx.Client) -> None:
    for method, path in [
        ("GET", "/v1/api/projects"),
        ("GET", "/v1/api/1/raw-data"),
        ("POST", "/api/training/files"),
        ("POST", "/api/training/data"),
        ("DELETE", "/v1/api/1/raw-data/1"),
    ]:
        for key in ("ei_wrong", ""):
            answer = web.request(method, path, headers={"x-api-key": key})
            told = answer.json()
            assert (answer.status_code, told["success"], told["error"]) == (
                401,
                False,
                "Invalid API key",
            )


def test_files_arrive_byte_for_byte_under_their_names(web: httpx.Client) -> None:
    sound = wav_of(np.frombuffer(b"\r\n\n\r--b\r\n--\r" * 50, "<i2")[:300], 8000)
    body = part("ü %22a%22.wav", sound) + part("x.csv", b"a\r\n1\r\n") + b"--b--\r\n"
    answer = web.post("/api/training/files", content=body, headers=RAW).json()
    wav = web.get("/v1/api/1/raw-data/1/wav", params={"axisIx": 0})

    assert [one["fileName"] for one in answer["files"]] == ['ü "a".wav', "x.csv"]
    assert wav.content == sound
    assert wav.headers["content-type"] == "audio/wav"
    assert web.get("/v1/api/1/raw-data/2/raw").content == b"a\r\n1\r\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"--b--\r\n", "the request has no files"),
        (part("a.csv", b"a\n1\n"), "ends before its last boundary"),
        (b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nx\r\n--b--\r\n', "neither a"),
    ],
)
def test_a_body_without_whole_files_stores_nothing(
    web: httpx.Client, body: bytes, told: str
) -> None:
    web.get("/v1/api/projects")
    answer = web.post("/api/training/files", content=body, headers=RAW)

    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert told in answer.json()["error"]
    assert web.get("/v1/api/1/raw-data/count").json() == {"success": True, "count": 0}


def test_the_routes_answer_below_the_endpoint_of_our_own_client_too(workspace: Path) -> None:
    engine = Engine(workspace)
    key = keys.create(engine, "team")
    sent = [
        Request("GET", "v1/api/projects"),
        Request(
            "POST",
            "api/testing/files",
            files=[FilePart("data", "a%ü.csv", content=b"x\n1\n")],
            headers={"x-label": "%C3%BC", "x-metadata": '{"a":1}'},
        ),
        Request("POST", "v1/api/1/raw-data/1/rename", {"name": "b"}),
        Request("GET", "v1/api/1/raw-data/1"),
        Request("GET", "v1/api/1/raw-data/1/raw"),
        Request("GET", "v1/api/1/raw-data/1/wav", query={"axisIx": "0"}),
        Request("GET", "v1/api/1/raw-data/5"),
        Request("POST", "v1/api/1/raw-data/1/move", {"newCategory": 1}),
    ]
    inside = InProcessTransport(engine)
    with serving(engine) as endpoint:
        outside = HttpTransport(endpoint, api_key=key)
        over_http = [outside.send(request) for request in sent]
        outside.send(Request("POST", "v1/api/1/raw-data/delete-all"))
        outside.close()
    in_process = [inside.send(request) for request in sent[:2]]
    engine.close()

    assert [one.status for one in over_http] == [200] * 7 + [400]
    assert over_http[0] == in_process[0]
    assert over_http[1].payload["files"][0]["fileName"] == "a%ü.csv"
    assert in_process[1].payload["files"][0]["fileName"] == "a%ü.csv"
    assert over_http[3].payload["sample"]["label"] == "ü"
    assert over_http[3].payload["sample"]["filename"] == "b"
    assert over_http[4].payload == b"x\n1\n"
    assert over_http[5].payload[:4] == b"RIFF"
    assert over_http[6].payload["error"] == "No sample found with ID 5"


def test_many_devices_at_once_lose_nothing_and_share_no_duplicate(web: httpx.Client) -> None:
    def send(at: int) -> list[bool]:
        body = part(f"{at}.csv", b"x\n%d\n" % at) + part("same.csv", b"x\n-1\n") + b"--b--\r\n"
        headers = RAW | {"x-disallow-duplicates": "1"}
        answer = web.post("/api/split/files", content=body, headers=headers)
        return [one["success"] for one in answer.json()["files"]]

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(send, range(40)))

    assert [one[0] for one in done] == [True] * 40
    assert sum(one[1] for one in done) == 1
    assert web.get("/v1/api/1/raw-data/count").json()["count"] == 41
