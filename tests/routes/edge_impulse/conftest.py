"""Requests about samples, as published clients send them, answered on each database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, Response

ROWS = b"timestamp,x,y\n" + b"".join(b"%d,%d,%d\n" % (at * 10, at, -at) for at in range(100))
Ask = Callable[..., Any]


@pytest.fixture
def send(engine: Engine) -> Callable[..., Response]:
    """Sends a request to the engine."""

    def work(method: str, path: str, payload: Any = None, **more: Any) -> Response:
        return dispatch(engine, Request(method, path, payload, **more))

    return work


@pytest.fixture
def ask(send: Callable[..., Response]) -> Ask:
    """Sends a request that must be answered with 200, and returns the payload."""

    def work(method: str, path: str, payload: Any = None, **query: str) -> Any:
        answer = send(method, f"v1/api/1/raw-data{path}", payload, query=query)
        assert answer.status == 200, answer.payload
        return answer.payload

    return work


@pytest.fixture
def put(send: Callable[..., Response]) -> Callable[..., Any]:
    """Uploads files; returns the answers per file."""

    def work(files: dict[str, bytes], category: str = "training", **headers: str) -> Any:
        answer = send(
            "POST",
            f"api/{category}/files",
            files=[FilePart("data", name, content=content) for name, content in files.items()],
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        assert answer.status == 200, answer.payload
        return answer.payload["files"]

    return work


@pytest.fixture
def picture() -> bytes:
    """A PNG of 8 x 6 pixels."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def several(put: Any) -> None:
    """Samples 1 to 6."""
    put({"a.1.csv": ROWS, "a.2.csv": b"x\n1\n"}, x_label="one")
    put({"b_1.csv": b"x\n2\n", "B 1.csv": b"x\n3\n"}, "testing", x_label="two")
    put({"100%.csv": b"x\n4\n"}, "anomaly")
    put({"é.csv": b"x\n5\n"}, "validation", x_label="one")
