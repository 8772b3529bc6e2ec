"""One JupyterLab, one Chromium and one page a session; one notebook and kernel a test.

After each test the page must have asked no host but the server for anything, and have written no
error to its console.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from jupyter import CHROMIUM, FLAGS, Lab, jupyterlab

HERE = Path(__file__).resolve().parent
SHOTS = Path(os.environ.get("NUCLEUS_LAB_TEST_SHOTS", "shots"))

READY = "() => window.jupyterapp?.commands?.hasCommand('docmanager:open')"
OPEN = """async (path) => {
  const widget = await jupyterapp.commands.execute(
    'docmanager:open', { path, factory: 'Notebook' });
  await widget.context.ready;
  await widget.context.sessionContext.ready;
  await widget.revealed;
  window.__notebook = widget;
  return widget.id;
}"""
CLOSE = """async (id) => {
  for (const widget of [...jupyterapp.shell.widgets('main')]) if (widget.id === id) {
    await widget.context.sessionContext.shutdown();
    await widget.context.save();
    widget.dispose();
  }
}"""
EVALUATE = """async (expression) => {
  const kernel = window.__notebook.context.sessionContext.session.kernel;
  const done = await kernel.requestExecute(
    { code: '', silent: true, store_history: false, user_expressions: { value: expression } }).done;
  return done.content.user_expressions.value;
}"""
EXECUTE = """async (code) => {
  const kernel = window.__notebook.context.sessionContext.session.kernel;
  return (await kernel.requestExecute({ code, store_history: false }).done).content;
}"""
FAULTS = """() => window.__notebook.content.widgets
  .flatMap((cell) => cell.model.outputs?.toJSON() ?? [])
  .filter((output) => output.output_type === 'error').map((o) => `${o.ename}: ${o.evalue}`)"""
# A kernel that goes while the debugger asks it; ipywidgets on a widget of an earlier kernel.
NOISE = ("debugger state", "widget model not found", "Canceled future")
# JupyterLab draws a notebook that is just closed; a fault of ours would name our files.
DRAWING = "Failed to execute 'removeChild'"
OURS = ("nucleus-lab", "blob:", "anywidget")


def is_noise(fault: str) -> bool:
    """Tell whether a fault of the page comes from JupyterLab alone."""
    alone = DRAWING in fault and not any(name in fault for name in OURS)
    return alone or any(noise in fault for noise in NOISE)


class Notebook:
    """A notebook that is open in the page."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.path = path
        self.id = page.evaluate(OPEN, path.name)
        self.panel = page.locator(f"#{self.id}")

    def run_all(self) -> None:
        """Run every cell and wait for the last; widgets may still be drawing afterwards."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        faults = self.page.evaluate(FAULTS)
        assert not faults, faults

    def start(self) -> None:
        """Run every cell and do not wait."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def kernel(self, expression: str) -> str:
        """The repr of an expression in the kernel."""
        answer = self.page.evaluate(EVALUATE, expression)
        assert answer["status"] == "ok", answer
        text: str = answer["data"]["text/plain"]
        return text

    def execute(self, code: str) -> None:
        """Run code in the kernel, outside the cells."""
        answer = self.page.evaluate(EXECUTE, code)
        assert answer["status"] == "ok", answer

    def save(self) -> None:
        self.page.evaluate("() => window.__notebook.context.save()")

    def close(self) -> None:
        self.page.evaluate(CLOSE, self.id)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose kernels import nothing but what is installed, and the test scenes."""
    from tests.conftest import lacking

    if CHROMIUM is None:
        lacking("browser", "Chromium is not installed; name its program in CHROMIUM")
    root = tmp_path_factory.mktemp("notebooks")
    with jupyterlab(root, {"PYTHONPATH": str(HERE)}) as running:
        yield running


@pytest.fixture(scope="session")
def page(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("chromium")),
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        page = context.pages[0]
        page.foreign, page.faults = [], []

        def see(request: Any) -> None:
            if not request.url.startswith((lab.url, "data:", "blob:")):
                page.foreign.append(request.url)

        page.on("request", see)
        page.on("pageerror", lambda fault: page.faults.append(f"{fault}\n{fault.stack}"))
        page.on(
            "console", lambda line: page.faults.append(line.text) if line.type == "error" else None
        )
        page.goto(f"{lab.url}/lab?token={lab.token}&reset")
        page.wait_for_function(READY)
        page.evaluate("async () => { await jupyterapp.restored; }")
        yield page
        context.close()


@pytest.fixture
def notebook(
    lab: Lab, page: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Opens notebooks of the given cells; checks the page's requests and console at the end."""
    opened: list[Notebook] = []
    numbers = itertools.count()
    page.foreign.clear()
    page.faults.clear()

    def open_(*cells: str, file: Path | None = None) -> Notebook:
        if file is None:
            name = re.sub(r"\W+", "_", request.node.name)
            file = lab.root / f"{name}_{next(numbers)}.ipynb"
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            content = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
            content.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
            nbformat.write(content, file)
        opened.append(Notebook(page, file))
        return opened[-1]

    yield open_
    foreign = list(page.foreign)
    faults = [fault for fault in page.faults if not is_noise(fault)]
    for one in opened:
        one.close()
    assert not foreign, f"the page asked for {foreign}"
    assert not faults, faults


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """Keep a picture of the page of a failed test."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=str(SHOTS / f"{re.sub(r'[^A-Za-z0-9]+', '_', item.name)}.png"))
    return report
