"""Connections that do not behave, and a server that stops: 4xx, and nothing half-done."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from live_server import serving

from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.server.protocol import MOST_HEAD_BYTES, Protocol
from nucleus_lab.wire import Request

ITEMS = json.dumps({
    "items": [{"reference_id": "a", "image_url": "https://example.org/a.jpg"}]
}).encode()


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    opened = Engine(workspace)
    yield opened
    opened.close()


@pytest.fixture
def dataset_id(engine: Engine) -> str:
    answer: str = ask(engine, "POST", "dataset/create", {"name": "x"})["dataset_id"]
    return answer


def ask(engine: Engine, method: str, path: str, payload: Any = None) -> Any:
    return dispatch(engine, Request(method, path, payload)).payload


def count(engine: Engine, dataset_id: str) -> int:
    size: int = ask(engine, "GET", f"dataset/{dataset_id}/size")["count"]
    return size


def connected(endpoint: str) -> socket.socket:
    parts = urlsplit(endpoint)
    return socket.create_connection((parts.hostname, parts.port), 20)


def head(dataset_id: str, length: int, kind: str = "application/json") -> bytes:
    return (
        f"POST /v1/nucleus/dataset/{dataset_id}/append HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def heard(connection: socket.socket) -> tuple[int, dict[str, Any], bool]:
    """Status and body of the one answer, and whether it says that the connection ends."""
    with connection.makefile("rb") as stream:
        text = stream.read()
    start, _, body = text.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in start
    return int(start.split()[1]), json.loads(body), b"connection: close" in start.lower()


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="items"\r\n\r\n[{"reference_id":"a"'


@pytest.mark.parametrize(
    ("kind", "sent"), [("application/json", ITEMS), (FORM, PART)], ids=["json", "form"]
)
def test_a_body_that_stops_arriving_is_refused(
    engine: Engine, dataset_id: str, kind: str, sent: bytes
) -> None:
    with (
        serving(engine, patience=0.3) as endpoint,
        connected(endpoint) as slow,
        httpx.Client(base_url=endpoint) as other,
    ):
        slow.sendall(head(dataset_id, 1000, kind) + sent)
        # Nobody else waits for it.
        assert other.get(f"dataset/{dataset_id}/name").json() == {"name": "x"}
        status, body, closed = heard(slow)

    assert (status, body["code"], closed) == (408, "too_slow", True)
    assert "nothing came for 0.3 s" in body["error"]
    assert count(engine, dataset_id) == 0


def test_a_body_that_drips_is_refused(engine: Engine, dataset_id: str) -> None:
    with serving(engine, patience=0.5) as endpoint, connected(endpoint) as slow:
        slow.sendall(head(dataset_id, 1000))
        slow.setblocking(False)
        answer = b""
        for _ in range(100):  # the sender is never silent for as long as it may be
            time.sleep(0.05)
            try:
                slow.send(b" ")
                answer = slow.recv(100)
            except BlockingIOError:
                continue
            break

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("kind", "sent"), [("application/json", ITEMS), (FORM, PART)], ids=["json", "form"]
)
def test_a_sender_that_hangs_up_leaves_nothing(
    engine: Engine, dataset_id: str, kind: str, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(engine) as endpoint:
        for _ in range(3):
            with connected(endpoint) as gone:
                gone.sendall(head(dataset_id, len(sent) + 1, kind) + sent)
        assert httpx.get(f"{endpoint}/dataset/{dataset_id}/size").json() == {"count": 0}

    assert not any(capfd.readouterr())


def test_a_head_without_an_end_is_refused(engine: Engine) -> None:
    with serving(engine) as endpoint, connected(endpoint) as endless:
        endless.sendall(
            b"GET /v1/nucleus/dataset/details HTTP/1.1\r\nX-Long: ".ljust(MOST_HEAD_BYTES + 1, b"x")
        )
        status, body, closed = heard(endless)

    assert (status, body["code"], closed) == (400, "invalid_input", True)
    assert "65,536 bytes" in body["error"]


@pytest.mark.parametrize("sent", [b"", b"GET /v1/nucleus/dataset/det"])
def test_a_head_that_does_not_come_is_refused(
    engine: Engine, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "head_seconds", 0.3)

    with serving(engine) as endpoint, connected(endpoint) as silent:
        silent.sendall(sent)
        status, body, closed = heard(silent)

    assert (status, body["error"], closed) == (400, "no request came in time", True)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that was told https
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: localhost\r\n\r\nxyz\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_json(engine: Engine, sent: bytes) -> None:
    with serving(engine) as endpoint, connected(endpoint) as odd:
        odd.sendall(sent)
        status, body, closed = heard(odd)

    assert (status, body["code"], closed) == (400, "invalid_input", True)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/mixed"])
def test_the_content_type_of_json_does_not_matter(
    engine: Engine, dataset_id: str, kind: str
) -> None:
    with serving(engine) as endpoint:
        url = f"{endpoint}/dataset/{dataset_id}/append"
        taken = httpx.post(url, content=ITEMS, headers={"Content-Type": kind})
        refused = httpx.post(url, content=b"<items/>", headers={"Content-Type": kind})

    assert taken.json()["new_items"] == 1
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")


def test_a_large_body_is_read_to_its_end_so_that_the_refusal_is_heard(
    engine: Engine, dataset_id: str
) -> None:
    content = b" " * 5_000_000
    with serving(engine, most_body_bytes=1000) as endpoint, connected(endpoint) as large:
        large.sendall(head(dataset_id, len(content)) + content)
        status, body, closed = heard(large)

    assert (status, body["code"], closed) == (413, "payload_too_large", True)


# -- stopping ------------------------------------------------------------------------------------


def test_a_request_that_is_unfinished_when_the_server_stops_is_told_so(
    engine: Engine, dataset_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(engine) as endpoint:
        late = connected(endpoint)
        late.sendall(head(dataset_id, 1000) + ITEMS)
        httpx.get(f"{endpoint}/dataset/details")  # by now the other has begun
    with late:
        status, body, closed = heard(late)

    assert (status, body["error"], closed) == (
        503,
        "the server is stopping: send the request again",
        True,
    )
    assert count(engine, dataset_id) == 0
    logged = capfd.readouterr().err
    assert logged.count("\n") == 1, logged
    assert "Cancel 1 running task(s)" in logged


def test_a_write_that_has_begun_is_ended_and_told_although_the_server_stops(
    engine: Engine, dataset_id: str
) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with engine.store.write():
            held.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with serving(engine) as endpoint:
        late = connected(endpoint)
        late.sendall(head(dataset_id, len(ITEMS)) + ITEMS)
        httpx.get(f"{endpoint}/dataset/details")
        threading.Timer(2, release.set).start()
    holder.join()
    with late:
        status, body, _ = heard(late)

    assert (status, body["new_items"]) == (200, 1)
    assert count(engine, dataset_id) == 1
