"""Requests to the routes, answered by an engine on each database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from nucleus_lab.errors import from_wire
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request, plain

Ask = Callable[..., Any]


def asking(engine: Any) -> Ask:
    """Return a function that sends a request and raises what the answer refuses."""

    def ask(method: str, path: str, payload: Any = None, **more: Any) -> Any:
        place, _, query = path.partition("?")
        request = Request(method, place, plain(payload), dict(parse_qsl(query)), **more)
        answer = dispatch(engine, request)
        if answer.status >= 400:
            raise from_wire(answer.status, answer.payload)
        return answer.payload

    return ask


@pytest.fixture
def ask(engine: Any) -> Ask:
    """Send a request to an empty workspace, once on each database."""
    return asking(engine)


@pytest.fixture
def ds(ask: Ask) -> str:
    """Id of an empty dataset."""
    return ask("POST", "dataset/create", {"name": "Street"})["dataset_id"]


@pytest.fixture
def five(ask: Ask, ds: str) -> str:
    """Id of a dataset with the items ``r0`` to ``r4``."""
    ask("POST", f"dataset/{ds}/append", {"items": [item(n) for n in range(5)]})
    return ds


@pytest.fixture
def model(ask: Ask) -> str:
    """Id of a model."""
    body = {"name": "Detector", "reference_id": "detector", "metadata": {"epochs": 3}}
    return ask("POST", "models/add", body)["model_id"]


def item(number: int, **more: Any) -> dict[str, Any]:
    """Payload of an item with a URL."""
    return {
        "reference_id": f"r{number}",
        "image_url": f"https://example.org/{number}.jpg",
        "metadata": {"number": number},
        **more,
    }


def box(number: int, label: str = "car", **more: Any) -> dict[str, Any]:
    """Payload of a box on the item ``r<number>``, as a read gives it back."""
    return {
        "label": label,
        "type": "box",
        "geometry": {"x": 1.5, "y": 2.0, "width": 30.0, "height": 40.25},
        "reference_id": f"r{number}",
        "annotation_id": f"{label}-{number}",
        "metadata": {},
        "embedding_vector": None,
        "track_reference_id": None,
        **more,
    }
