"""The routes that take payloads ahead of an asynchronous call."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from nucleus_lab.engine import Engine, datasets, keys
from nucleus_lab.engine.settings import Settings
from nucleus_lab.routes import TABLE, dispatch
from nucleus_lab.wire import Request
from tests.conftest import serving

RID = "0123456789abcdef0123456789abcdef"


def make_dataset(engine: Engine) -> tuple[int, str]:
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
    return key, f"ds_{key:013x}"


def test_a_signed_url_takes_a_raw_body(engine: Engine) -> None:
    key, public_id = make_dataset(engine)

    answer = dispatch(engine, Request("GET", f"dataset/{public_id}/signedUrl/{RID}"))

    assert answer.status == 200
    assert list(answer.payload) == ["signed_url"]
    path: Any = answer.payload["signed_url"]
    assert path.startswith("lab/uploads/")
    sent = dispatch(engine, Request("PUT", path, b'{"a":1}\n{"a":2}\n'))
    assert (sent.status, sent.payload) == (200, {"bytes": 16})
    assert list(engine.uploads.read(key, RID)) == [{"a": 1}, {"a": 2}]


def test_over_http_the_url_starts_with_the_endpoint_and_needs_no_key(engine: Engine) -> None:
    _, public_id = make_dataset(engine)
    base = "http://127.0.0.1:8000/v1/nucleus/"

    answer = dispatch(engine, Request("GET", f"dataset/{public_id}/signedUrl/{RID}", base_url=base))

    url = answer.payload["signed_url"]
    assert url.startswith("http://127.0.0.1:8000/v1/nucleus/lab/uploads/")
    entry, _ = TABLE.match("PUT", url.removeprefix(base))
    assert entry.public


def test_refusals_are_answers(engine: Engine) -> None:
    _, public_id = make_dataset(engine)
    cases = [
        (Request("GET", "dataset/ds_00000000000ff/signedUrl/r"), 404),
        (Request("GET", f"dataset/{public_id}/signedUrl/a%2Fb"), 400),
        (Request("PUT", "lab/uploads/nonsense", b"1\n"), 403),
        (Request("PUT", "lab/uploads/nonsense", {"a": 1}), 400),
    ]

    for request, status in cases:
        answer = dispatch(engine, request)
        assert (answer.status, "error" in answer.payload) == (status, True), request.path


def test_the_whole_way_over_http(workspace: Path) -> None:
    """Sign with a key, send without one, start the job, wait, read what was stored."""
    engine = Engine(workspace, settings=Settings(worker_idle_s=1))
    _, public_id = make_dataset(engine)
    lines = [
        json.dumps({
            "reference_id": f"r{n}",
            "image_url": f"https://x.example/{n}.png",
            "metadata": {},
        })
        for n in range(50)
    ]
    body = "\n".join([*lines, '{"reference_id": 5}']) + "\n"
    auth = (keys.create(engine, "client"), "")

    with serving(engine) as endpoint, httpx.Client(base_url=f"{endpoint}/") as http:
        signed = f"dataset/{public_id}/signedUrl/{RID}"
        assert http.get(signed).status_code == 401
        url = http.get(signed, auth=auth).json()["signed_url"]
        assert url.startswith(f"{endpoint}/lab/uploads/")
        assert http.put(url, content=body.encode()).json() == {"bytes": len(body)}
        job = http.post(
            f"dataset/{public_id}/append?async=1",
            json={"requestId": RID, "update": False},
            auth=auth,
        ).json()
        deadline = time.monotonic() + 30
        while (status := http.get(f"job/{job['job_id']}", auth=auth).json())["status"] == "Running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        errors = http.get(f"job/{job['job_id']}/errors", auth=auth).json()

    assert (status["status"], status["message"]["new_items"]) == ("Completed", 50)
    assert len(errors) == 1
    assert "Expected `str`" in errors[0] or "missing required" in errors[0]
    assert list((workspace / "uploads").iterdir()) == []
    engine.close()
