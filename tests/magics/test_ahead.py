"""What a notebook loads while it waits for its user."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nucleus_lab import Dataset, magics
from nucleus_lab.magics import _loaded, ahead
from nucleus_lab.magics.ahead import Ahead
from nucleus_lab.magics.completion import Offers, offers_at
from nucleus_lab.magics.inspection import help_at

PROGRAM = """
import json, sys, threading
from nucleus_lab.magics import ahead

for step in ahead.STEPS:
    step()
names = ["sqlalchemy", "nucleus_lab.engine.store", "nucleus_lab.routes.nucleus.datasets", "httpx"]
print(json.dumps([[name in sys.modules for name in names], threading.active_count()]))
"""


def loaded(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[list[bool], int]:
    for name in ("NUCLEUS_ENDPOINT", "NUCLEUS_API_KEY", "NUCLEUS_LAB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    modules, threads = json.loads(done.stdout)
    return modules, threads


def waited(prepared: Callable[[asyncio.AbstractEventLoop], None]) -> list[dict[str, Any]]:
    """Prepare something in a loop, wait longer than all steps take, and return its faults."""
    faults: list[dict[str, Any]] = []

    async def notebook() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, fault: faults.append(fault))
        prepared(loop)
        for _ in range(10):
            await asyncio.sleep(0.001)

    beside(lambda: asyncio.run(notebook()))
    return faults


def beside(run: Callable[[], object]) -> None:
    """Run in a thread of its own: the tests of a browser leave a loop running in this one."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(run).result()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the steps that were made, of two that come without a pause."""
    made: list[str] = []
    monkeypatch.setattr(ahead, "PAUSE", 0)
    monkeypatch.setattr(
        ahead, "STEPS", (lambda: made.append("client"), lambda: made.append("engine"))
    )
    return made


def test_the_engine_is_loaded_and_no_workspace_made_and_no_thread_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "never"

    found = loaded(monkeypatch, NUCLEUS_LAB_WORKSPACE=str(folder))

    assert found == ([True, True, True, False], 1)
    assert not folder.exists()


def test_nothing_is_loaded_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, NUCLEUS_ENDPOINT="https://lab.example.org/v1/nucleus")

    assert found == ([False, False, False, False], 1)


def test_the_steps_come_when_the_notebook_waits(steps: list[str]) -> None:
    def begin(_loop: asyncio.AbstractEventLoop) -> None:
        Ahead().begin()
        assert steps == []  # the cell that loads the magics goes on first

    assert waited(begin) == []
    assert steps == ["client", "engine"]


def test_nothing_is_loaded_where_no_loop_waits(steps: list[str]) -> None:
    beside(lambda: Ahead().begin())

    assert waited(lambda _: None) == []
    assert steps == []


def test_a_cell_stops_what_it_unloads(steps: list[str]) -> None:
    def begin(_loop: asyncio.AbstractEventLoop) -> None:
        begun = Ahead()
        begun.begin()
        begun.stop()

    assert waited(begin) == []
    assert steps == []


def test_what_is_missing_is_no_fault_between_cells(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        steps.append("missing")
        raise ImportError("no such library")

    monkeypatch.setattr(ahead, "STEPS", (missing, *ahead.STEPS))

    assert waited(lambda _: Ahead().begin()) == []
    assert steps == ["missing"]


def test_a_kernel_begins_and_an_unload_stops(
    shell: InteractiveShell, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(shell), "kernel", None, raising=False)

    assert waited(lambda _: magics.load(shell)) == []
    assert steps == ["client", "engine"]

    def load_and_unload(_loop: asyncio.AbstractEventLoop) -> None:
        magics.load(shell)
        magics.unload(shell)

    assert waited(load_and_unload) == []
    assert steps == ["client", "engine"]


def test_a_dataset_that_was_deleted_offers_nothing_and_raises_nothing(
    shell: InteractiveShell, cells: Dataset
) -> None:
    session, *_ = _loaded[id(shell)]
    code = "%%nucleus_query\nmetadata."
    known = offers_at(session, code, len(code))
    assert known is not None
    assert [offer.text for offer in known.offers] == ["n"]

    session.client.delete_dataset(cells.id)

    assert offers_at(session, code, len(code)) == Offers("", [])
    page = help_at(session, f"{code}n", len(code))
    assert page is not None
    assert page.text.startswith("The query language")
