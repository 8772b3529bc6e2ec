"""The two transports: retries, strange servers, threads, forks, and sharing of a workspace."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nucleus_lab import DatasetItem, NotFoundError, NucleusClient
from nucleus_lab.errors import NucleusAPIError, PayloadTooLargeError, TransportError
from nucleus_lab.transport import http as http_transport
from nucleus_lab.transport.in_process import InProcessTransport
from nucleus_lab.transport.progress import progress_bar

Answer = tuple[int, str, bytes]


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[NucleusClient, list[dict[str, Any]]]]:
    """A client of a server that gives prepared answers, the last one for ever."""
    left, seen = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
            status, kind, content = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of the base class

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with NucleusClient(
            "secret", endpoint=f"http://127.0.0.1:{server.server_port}/v1/nucleus/"
        ) as client:
            yield client, seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def text(value: Any) -> Answer:
    return 200, "application/json", json.dumps(value).encode()


BUSY: Answer = (503, "text/html", b"<html>busy</html>")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "RETRY_SECONDS", (0.0, 0.0, 0.0))


def test_a_busy_server_is_asked_again() -> None:
    with answering(BUSY, (524, "text/html", b""), text([])) as (client, seen):
        assert client.datasets == []
        assert len(seen) == 3


def test_after_four_attempts_the_error_is_told() -> None:
    with answering(BUSY) as (client, seen):
        with pytest.raises(TransportError, match=r"503 Service Unavailable .*busy"):
            assert client.datasets
        assert len(seen) == 4


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500, 502])
def test_other_errors_are_not_asked_again(status: int) -> None:
    body = json.dumps({"error": "what happened"}).encode()
    with answering((status, "application/json", body)) as (client, seen):
        with pytest.raises(NucleusAPIError, match="what happened"):
            client.create_dataset("x")
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, "text/html", b"<html>welcome</html>"), TransportError),
        ((200, "application/json", b"{"), TransportError),
        ((404, "text/html", b"<html>no such page</html>"), TransportError),
        ((413, "text/html", b"<html>too large</html>"), PayloadTooLargeError),
        ((302, "text/html", b""), TransportError),
    ],
)
def test_what_is_no_nucleus_server_is_told(answer: Answer, error: type[Exception]) -> None:
    with (
        answering(answer) as (client, _),
        pytest.raises(error, match="not as a Nucleus server does: check the endpoint"),
    ):
        client.create_dataset("x")


def test_the_key_is_the_user_of_basic_authentication_and_stays_here() -> None:
    with answering(text({"signed_url": "http://localhost:{}/elsewhere"})) as (client, seen):
        port = client.target.rpartition(":")[2].partition("/")[0]
        client.make_request({"a": 1}, "some/route?b=%C3%A9&c")
        client.put(f"http://localhost:{port}/elsewhere", b"text")

    first, second = seen
    assert first["path"] == "/v1/nucleus/some/route?b=%C3%A9&c="
    assert first["headers"]["Authorization"] == "Basic c2VjcmV0Og=="
    assert first["headers"]["Content-Type"] == "application/json"
    assert first["body"] == b'{"a":1}'
    assert second["path"] == "/elsewhere"
    assert "Authorization" not in second["headers"]
    assert second["body"] == b"text"


def test_files_travel_as_published_clients_send_them(tmp_path: Path) -> None:
    path = tmp_path / "ä b.JPEG"
    path.write_bytes(b"picture")
    answers = [
        text({"is_scene": False}),
        text({"use_privacy_mode": False}),
        text({"dataset_id": "ds_1", "new_items": 1}),
    ]
    with answering(*answers) as (client, seen):
        client.get_dataset("ds_1").append([DatasetItem(str(path), "a")])

    body = seen[-1]["body"]
    assert seen[-1]["path"] == "/v1/nucleus/dataset/ds_1/append"
    quoted = str(path).replace("/", "%2F").replace("ä", "%C3%A4").replace(" ", "%20")
    assert f'name="image"; filename="{quoted}"'.encode() in body
    assert b"Content-Type: image/JPEG\r\n\r\npicture\r\n" in body
    listed = body.partition(b'name="items"')[2].partition(b"\r\n\r\n")[2].partition(b"\r\n")[0]
    (item,) = json.loads(listed)
    assert (item["reference_id"], item["image_url"], item["update"]) == ("a", str(path), False)


def test_a_client_may_be_used_from_many_threads(client: Any) -> None:
    dataset = client.create_dataset("x")

    def add(number: int) -> str:
        dataset.append([DatasetItem(f"https://example.org/{number}.jpg", str(number))])
        found: str = dataset.refloc(str(number))["item"].reference_id
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(40))) == [str(number) for number in range(40)]
    assert dataset.size == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_may_go_on_with_the_client(client: Any) -> None:
    dataset = client.create_dataset("x")

    child = os.fork()
    if child == 0:
        failed = 1
        try:
            dataset.append([DatasetItem("https://example.org/a.jpg", "a")])
            failed = 0
        finally:
            os._exit(failed)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert [item.reference_id for item in dataset.items] == ["a"]


def test_the_last_client_of_a_folder_closes_it(workspace: Path) -> None:
    first, second = InProcessTransport.open(workspace), InProcessTransport.open(workspace / ".")
    engine = first._engine

    assert second._engine is engine
    first.close()
    first.close()
    with NucleusClient(workspace=workspace) as client:
        assert client.datasets == []
        assert client._transport._engine is engine
    second.close()
    with NucleusClient(workspace=workspace) as client:
        assert client._transport._engine is not engine


def test_a_deleted_dataset_is_gone_for_every_handle(client: Any) -> None:
    made = client.create_dataset("x")
    other = client.get_dataset(made.id)
    client.delete_dataset(made.id)

    for handle in (made, other):
        with pytest.raises(NotFoundError, match=made.id):
            handle.append([DatasetItem("https://example.org/a.jpg", "a")])


def test_a_bar_in_a_notebook_does_not_look_like_an_error(
    client: NucleusClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))

    with progress_bar(client, 2, "uploading") as bar:
        bar.update(2)

    seen = capsys.readouterr()
    assert "uploading: 100%" in seen.out
    assert seen.err == ""
