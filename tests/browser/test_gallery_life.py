"""The gallery beside other cells: keyboard, busy and dead kernels, themes, saved notebooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DESK = "from scenes import *\nfrom nucleus_lab.widgets import Gallery\ndataset, model = desk()"
CELLS = "() => window.__notebook.content.widgets.length"
ACTIVE = "() => window.__notebook.content.activeCellIndex"
THEME = "(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })"


def shown(notebook: Any, *cells: str) -> Any:
    opened = notebook(*cells)
    opened.run_all()
    opened.panel.locator(".nl-tile img[src]").first.wait_for()
    return opened


def test_the_keyboard_alone_does_everything_and_no_cell_is_touched(
    notebook: Callable[..., Any],
) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset, columns=3)\ng", "1")
    page, grid = opened.page, opened.panel.locator(".nl-grid")

    opened.panel.locator(".nl-size").focus()
    before = (page.evaluate(CELLS), page.evaluate(ACTIVE))
    for _ in range(30):
        page.keyboard.press("Tab")
        if grid.evaluate("(grid) => grid === document.activeElement"):
            break
    page.keyboard.type("abjkddxmyz")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(opened.panel.get_by_text("3 selected")).to_be_visible()
    assert opened.kernel("g.selected == ['second.png', 'fifth.png', HOSTILE]") == "True"
    page.keyboard.press("Enter")
    detail = opened.panel.locator(".nl-detail")
    expect(detail.locator(".nl-title")).to_contain_text("script")
    page.keyboard.type("abjkddxmyz")
    page.keyboard.press("Escape")

    expect(grid).to_be_focused()
    assert (page.evaluate(CELLS), page.evaluate(ACTIVE)) == before
    page.keyboard.press("Escape")
    expect(grid).not_to_be_focused()
    expect(opened.panel.locator(".jp-Cell").nth(1)).to_be_focused()


def test_every_control_has_a_name_and_a_role(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")
    opened.panel.locator(".nl-tile").first.click()
    opened.panel.locator(".nl-detail .nl-objects").wait_for()

    unnamed = opened.panel.locator(".nl-gallery").evaluate(
        """(root) => [...root.querySelectorAll('button, input, [tabindex], [role]')]
          .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() ||
            one.closest('label')?.textContent.trim() || one.role === 'presentation' ||
            ['status', 'alert'].includes(one.role)))
          .map((one) => one.outerHTML.slice(0, 120))"""
    )

    assert unnamed == []
    expect(opened.panel.get_by_role("listbox", name="Pictures")).to_be_attached()
    grid = opened.panel.locator(".nl-grid")
    option = grid.get_by_role("option", include_hidden=True).first
    expect(option).to_have_attribute("aria-setsize", "6")
    expect(option).to_have_attribute("aria-label", "first.png, 4 annotations, 2 predictions")


def test_it_draws_and_answers_while_a_cell_runs(notebook: Callable[..., Any], lab: Any) -> None:
    opened = notebook(
        "from scenes import *\nfrom nucleus_lab.widgets import Gallery\ndataset = crowd(5_000)",
        "Gallery(dataset)",
        "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)",
    )
    opened.start()
    opened.panel.locator(".nl-tile img[src]").first.wait_for()

    opened.panel.locator(".nl-grid").evaluate("(grid) => { grid.scrollTop = grid.scrollHeight; }")
    opened.panel.locator('[data-index="4999"] img[src]').wait_for()

    expect(opened.panel.locator(".jp-InputPrompt").nth(2)).to_have_text("[*]:")
    (lab.root / "go").touch()


def test_a_restarted_kernel_is_told_in_words(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset)")

    opened.page.evaluate("() => window.__notebook.context.sessionContext.restartKernel()")

    expect(opened.panel.locator(".nl-notice")).to_contain_text("The kernel is gone")


def test_two_views_show_the_same(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset, height=300)\ng", "g")
    views = opened.panel.locator(".nl-gallery")
    views.nth(1).locator(".nl-tile img[src]").first.wait_for()

    views.nth(0).locator(".nl-panel label", has_text="leaf").locator("input").uncheck()
    views.nth(0).locator(".nl-tile").nth(2).click(modifiers=["Control"])

    expect(
        views.nth(1).locator(".nl-panel label", has_text="leaf").locator("input")
    ).not_to_be_checked()
    expect(views.nth(1).locator(".nl-tile").nth(2)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
)
def test_texts_can_be_read_on_every_theme(notebook: Callable[..., Any], theme: str) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")

    opened.page.evaluate(THEME, theme)
    opened.page.wait_for_timeout(300)
    try:
        ratios = opened.panel.locator(".nl-gallery").evaluate(CONTRAST)
    finally:
        opened.page.evaluate(THEME, "JupyterLab Light")

    assert min(ratios.values()) >= 4.5, ratios


CONTRAST = """(root) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number)
      .map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = light(getComputedStyle(root).backgroundColor);
  const found = {};
  const names = ['.nl-title', '.nl-quiet', '.nl-panel h3', '.nl-count', '.nl-caption .nl-name',
    '.nl-link'];
  for (const name of names) {
    const ink = light(getComputedStyle(root.querySelector(name)).color);
    found[name] = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
  }
  return found;
}"""


def test_a_saved_notebook_shows_the_pictures_without_its_kernel(
    notebook: Callable[..., Any],
) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")
    opened.close()

    again = notebook(file=opened.path)
    again.page.wait_for_timeout(2000)  # a new kernel has started and does not know the widget

    sheet = again.panel.locator(".jp-RenderedHTML")
    expect(sheet).to_contain_text("desk 6 items")
    pictures = sheet.locator("img")
    expect(pictures).to_have_count(6)
    assert (
        pictures.first.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }")
        > 0
    )
    expect(again.panel.get_by_text("Error displaying widget")).to_be_hidden()


def test_a_notebook_that_is_not_trusted_shows_the_pictures_too(
    notebook: Callable[..., Any], lab: Any
) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")
    opened.save()
    content = nbformat.read(opened.path, as_version=4)
    content.cells[1].source = "# changed by somebody else"
    file = lab.root / "from_somebody_else.ipynb"
    nbformat.write(content, file)

    again = notebook(file=file)

    pictures = again.panel.locator(".jp-RenderedHTML img")
    expect(pictures).to_have_count(6)
    assert (
        pictures.first.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }")
        > 0
    )
    assert again.page.evaluate("() => window.hacked") is None
    expect(again.panel.get_by_text("Gallery of")).to_have_count(0)  # nothing below the pictures
