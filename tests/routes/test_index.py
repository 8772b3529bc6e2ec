"""The index of the routes: it says what the decorators say, and each is loaded when asked for."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from nucleus_lab.errors import NotFoundError
from nucleus_lab.routes import TABLE, write_index
from nucleus_lab.routes.index import INDEX
from nucleus_lab.routes.table import Route, RouteTable

UPDATE = "run python -m nucleus_lab.routes.write_index"


def test_the_index_says_of_each_route_what_its_decorator_says() -> None:
    assert write_index.PATH.read_text(encoding="utf-8") == write_index.text_of(TABLE.routes), UPDATE


def test_a_request_loads_the_module_of_its_route_alone() -> None:
    program = """
import sys
from nucleus_lab.routes import TABLE
name = lambda: sorted(n for n in sys.modules if n.startswith("nucleus_lab.routes.nucleus."))
print(name())
TABLE.match("GET", "dataset/ds_1/tags")
print(name())
print(len(TABLE.routes))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stderr, done.stdout.splitlines()) == (
        "",
        ["[]", "['nucleus_lab.routes.nucleus.datasets']", str(len(INDEX))],
    )


def answer(*_: Any, **__: Any) -> None:
    return None


LISTED, FORGOTTEN = Route("GET", "dataset/{ds}", answer), Route("GET", "echo/{ds}", answer)


@pytest.fixture
def asked() -> SimpleNamespace:
    """A table whose index knows one of two modules, and what it was asked to load."""
    asked = SimpleNamespace(modules=[])

    def load(module: str | None) -> None:
        asked.modules.append(module)
        known = {"listed": [LISTED], None: [LISTED, FORGOTTEN]}[module]
        for entry in known:
            if entry not in asked.table._routes:
                asked.table.add(entry)

    asked.table = RouteTable({"GET dataset/{ds}": "listed", "GET gone/{ds}": "listed"}, load)
    return asked


def test_a_module_is_loaded_once(asked: SimpleNamespace) -> None:
    for _ in range(2):
        assert asked.table.match("GET", "dataset/ds_1") == (LISTED, {"ds": "ds_1"})

    assert asked.modules == ["listed"]


def test_a_route_that_the_index_does_not_know_is_found_all_the_same(asked: SimpleNamespace) -> None:
    for _ in range(2):
        assert asked.table.match("GET", "echo/1") == (FORGOTTEN, {"ds": "1"})

    assert asked.modules == [None]


def test_what_no_module_has_is_refused_though_the_index_knows_it(asked: SimpleNamespace) -> None:
    for path in ("gone/1", "nowhere"):
        with pytest.raises(NotFoundError, match=f"there is no route GET {path}"):
            asked.table.match("GET", path)


def test_the_list_of_routes_is_whole_before_any_request(asked: SimpleNamespace) -> None:
    assert asked.table.routes == [LISTED, FORGOTTEN]
