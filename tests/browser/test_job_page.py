"""The progress of a real job in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

UPLOAD = "from scenes import *\nfrom nucleus_lab.widgets import JobProgress\njob = upload({count})"
WATCH = """() => {
  window.__seen = [];
  const look = () => {
    const bar = window.__notebook.node.querySelector('.nl-track');
    const value = bar?.getAttribute('aria-valuenow');
    if (value && window.__seen.at(-1) !== value) window.__seen.push(value);
    window.__looking = requestAnimationFrame(look);
  };
  look();
}"""
SEEN = "() => { cancelAnimationFrame(window.__looking); return window.__seen.map(Number); }"


def test_the_bar_moves_and_ends(notebook: Callable[..., Any]) -> None:
    opened = notebook(UPLOAD.format(count=200_000), "JobProgress(job)")
    opened.page.evaluate(WATCH)
    opened.run_all()

    expect(opened.panel.locator(".nl-state")).to_have_text("Completed", timeout=90_000)

    seen = opened.page.evaluate(SEEN)
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert len(seen) >= 3, seen
    expect(opened.panel.get_by_role("button", name="Cancel")).to_be_hidden()
    assert opened.kernel("job.status()['status']") == "'Completed'"


def test_a_wait_shows_the_bar_and_saves_its_end(notebook: Callable[..., Any]) -> None:
    opened = notebook(
        "%load_ext nucleus_lab", UPLOAD.format(count=20_000), "job.sleep_until_complete()"
    )
    opened.run_all()

    expect(opened.panel.locator(".nl-state")).to_have_text("Completed")
    opened.page.wait_for_timeout(300)
    opened.save()
    saved = nbformat.read(opened.path, as_version=4)
    still, _live = saved.cells[2].outputs
    assert "Completed · 100 %" in still["data"]["text/html"]
    assert still["data"]["text/plain"].endswith("Completed")


def test_cancel_is_heard_while_a_cell_waits(notebook: Callable[..., Any]) -> None:
    opened = notebook(
        "%load_ext nucleus_lab",
        UPLOAD.format(count=400_000),
        "try:\n    job.sleep_until_complete()\nexcept Exception as fault:\n    print(fault)",
    )
    opened.start()
    cancel = opened.panel.get_by_role("button", name="Cancel")
    cancel.wait_for(timeout=60_000)

    cancel.click()

    expect(opened.panel.locator(".nl-state")).to_have_text("Cancelled", timeout=60_000)


def test_a_job_that_refuses_objects_looks_so_and_says_why(notebook: Callable[..., Any]) -> None:
    opened = notebook(
        "from scenes import *\nfrom nucleus_lab.widgets import JobProgress\njob = refused(3)",
        "JobProgress(job)",
    )
    opened.run_all()
    state = opened.panel.locator(".nl-state")

    expect(state).to_have_text("Completed with errors", timeout=60_000)

    expect(opened.panel.locator(".nl-job .nl-title")).to_have_text("Upload annotations")
    expect(opened.panel.locator(".nl-message")).to_have_text("3 errored")
    expect(opened.panel.locator(".nl-errors summary")).to_have_text("3 errors")
    expect(opened.panel.locator(".nl-errors li").first).to_contain_text("nowhere.png")
    expect(opened.panel.locator(".nl-errors")).not_to_contain_text("{")
    dark = "(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
    opened.page.evaluate(dark, "JupyterLab Dark")
    try:
        ink, paper = state.evaluate(
            "(one) => [getComputedStyle(one).color, getComputedStyle(one.closest('.nl')).color]"
        )
    finally:
        opened.page.evaluate(dark, "JupyterLab Light")
    assert ink == paper  # the words in the ink of the theme, the colour in a dot beside them
