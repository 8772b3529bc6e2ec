"""The gallery in JupyterLab: drawing, filters, scrolling, the full picture, selection."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DESK = "from scenes import *\nfrom nucleus_lab.widgets import Gallery\ndataset, model = desk()"


def shown(notebook: Any, *cells: str) -> Any:
    """Run cells and wait for the first thumbnail."""
    opened = notebook(*cells)
    opened.run_all()
    opened.panel.locator(".nl-tile img[src]").first.wait_for()
    return opened


def tile(opened: Any, name: str) -> Any:
    return opened.panel.locator(".nl-tile", has=opened.page.get_by_text(name, exact=True))


def outlines(place: Any, source: str) -> dict[str, dict[str, float]]:
    """Rectangles of the outlines by label, relative to the picture, in picture pixels."""
    return place.evaluate(
        """(place, source) => {
          const picture = place.querySelector('.nl-picture').getBoundingClientRect();
          const scale = picture.width / 400;
          const found = {};
          for (const group of place.querySelectorAll(`[data-source="${source}"]`)) {
            const box = group.querySelector('.nl-line').getBoundingClientRect();
            found[group.dataset.label] = { x: (box.left - picture.left) / scale,
              y: (box.top - picture.top) / scale, width: box.width / scale,
              height: box.height / scale };
          }
          return found;
        }""",
        source,
    )


def near(found: dict[str, float], wanted: tuple[float, float, float, float]) -> bool:
    got = (found["x"], found["y"], found["width"], found["height"])
    return all(abs(a - b) <= 3 for a, b in zip(got, wanted, strict=True))


def test_the_extension_loads_and_the_magic_shows_a_gallery(notebook: Callable[..., Any]) -> None:
    opened = shown(
        notebook,
        "%load_ext nucleus_lab",
        "from scenes import *\ndataset, model = desk()",
        "%nucleus gallery -d dataset",
    )

    expect(opened.panel.locator(".nl-gallery .nl-title").first).to_have_text("desk")
    expect(opened.panel.get_by_text("6 items", exact=True)).to_be_visible()


def test_shapes_stand_at_their_places(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model, thumbnail_size=300)")
    first = tile(opened, "first.png")

    truth, predicted = outlines(first, "truth"), outlines(first, "prediction")

    assert near(truth["cup"], (100, 60, 200, 120)), truth
    assert near(truth["leaf"], (20, 20, 60, 60)), truth
    assert near(truth["rim"], (0, 190, 399, 0)), truth
    assert near(truth["hand"], (320, 40, 40, 40)), truth
    assert near(predicted["cup"], (20, 64, 284, 196)), predicted


def test_pixels_of_a_box_have_the_colour_of_its_label(notebook: Callable[..., Any]) -> None:
    opened = shown(
        notebook, DESK, "g = Gallery(dataset, thumbnail_size=300)\ng.show_labels = False\ng"
    )
    picture = tile(opened, "first.png").locator(".nl-picture")
    colour = opened.kernel(
        "next(one['colour'] for one in g._listing['labels'] if one['label'] == 'cup')"
    ).strip("'")
    wanted = tuple(bytes.fromhex(colour[1:]))

    picture.page.mouse.move(0, 0)
    box = picture.bounding_box()
    with Image.open(io.BytesIO(opened.page.screenshot(clip=box))) as shot:
        pixels = shot.convert("RGB")
    scale = pixels.width / 400

    def at(x: float, y: float) -> tuple[int, ...]:
        return pixels.getpixel((round(x * scale), round(y * scale)))

    def on_edge(x: float, y: float) -> bool:
        """Whether a stroke of the label's colour, softened at its rim, passes here."""
        around = [at(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        strongest = max(around, key=max)
        part = max(strongest) / max(wanted)
        return part > 0.5 and all(
            abs(a - part * b) < 12 for a, b in zip(strongest, wanted, strict=True)
        )

    assert all([on_edge(100, 120), on_edge(300, 120), on_edge(200, 60), on_edge(200, 180)])
    assert max(at(200, 120)) < 30  # inside: the black picture
    assert max(at(90, 120)) < 30  # outside


def test_label_toggles_and_the_slider_filter_what_is_drawn(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset, model=model)\ng")
    first = tile(opened, "first.png")
    panel = opened.panel.locator(".nl-panel")

    panel.locator("label", has_text="cup").locator("input").uncheck()
    expect(first.locator("[data-label=cup]")).to_have_count(0)
    expect(first.locator("[data-label=leaf]")).to_have_count(1)
    assert "cup" not in opened.kernel("g.labels")

    panel.get_by_role("button", name="All").click()
    expect(first.locator("[data-label=cup]")).to_have_count(2)
    panel.get_by_label("Smallest confidence").fill("0.5")
    assert near(outlines(first, "prediction")["cup"], (104, 64, 200, 120))
    panel.get_by_label("Predictions").uncheck()
    expect(first.locator("[data-source=prediction]")).to_have_count(0)
    panel.get_by_label("Ground truth").uncheck()
    expect(first.locator(".nl-shape")).to_have_count(0)
    assert opened.kernel("(g.min_confidence, g.show_predictions, g.show_ground_truth)") == (
        "(0.5, False, False)"
    )


def test_python_sets_what_is_drawn(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset, model=model)\ng")

    opened.execute("g.labels = ['leaf']\ng.show_predictions = False")

    expect(tile(opened, "first.png").locator(".nl-shape")).to_have_count(1)
    expect(opened.panel.locator(".nl-panel").get_by_label("Predictions")).not_to_be_checked()


def test_masks_are_tinted_with_the_colour_of_their_segment(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset)")
    canvas = tile(opened, "second.png").locator("canvas")

    expect(canvas).not_to_have_attribute("width", "0")
    alpha = canvas.evaluate(
        """(canvas) => { const c = canvas.getContext('2d'), w = canvas.width, h = canvas.height;
          const at = (x, y) => c.getImageData(Math.round(x * w), Math.round(y * h), 1, 1).data[3];
          return [at(.25, .85), at(.75, .85), at(.25, .3)]; }"""
    )

    assert alpha[0] > 60
    assert alpha[1:] == [0, 0]


def test_a_hundred_thousand_items_scroll_with_few_pictures(notebook: Callable[..., Any]) -> None:
    opened = shown(
        notebook,
        "from scenes import *\nfrom nucleus_lab.widgets import Gallery\ndataset = crowd(100_000)",
        "Gallery(dataset, thumbnail_size=96)",
    )
    grid = opened.panel.locator(".nl-grid")
    tiles = opened.panel.locator(".nl-tile")
    most = 0

    for step in range(1, 21):
        grid.evaluate("(grid, part) => { grid.scrollTop = part * grid.scrollHeight; }", step / 20)
        opened.page.wait_for_timeout(40)
        most = max(most, tiles.count())
    last = opened.panel.locator('[data-index="99999"]')

    expect(last.locator(".nl-name")).to_have_text("item 499")
    expect(last.locator("img[src]")).to_be_visible()
    assert last.locator(".nl-line").count() == 1
    assert 20 < most <= 400
    assert grid.evaluate("(grid) => grid.getBoundingClientRect().bottom") >= (
        last.evaluate("(tile) => tile.getBoundingClientRect().bottom")
    )


def test_a_click_opens_the_full_picture(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")
    tile(opened, "first.png").click()
    detail = opened.panel.locator(".nl-detail")

    expect(detail.locator(".nl-title")).to_have_text("first.png")
    expect(detail.locator(".nl-stage")).not_to_have_class("nl-busy")
    expect(detail.locator(".nl-facts")).to_contain_text("Objects (6)")
    expect(detail.locator(".nl-facts tr", has_text="number")).to_contain_text("0")
    assert near(outlines(detail, "truth")["cup"], (100, 60, 200, 120))

    opened.page.keyboard.press("+")
    opened.page.wait_for_timeout(100)
    assert near(outlines(detail, "truth")["cup"], (100, 60, 200, 120))
    opened.page.keyboard.press("ArrowRight")
    expect(detail.locator(".nl-title")).to_have_text("second.png")
    detail.get_by_role("button", name="Previous").click()
    expect(detail.locator(".nl-title")).to_have_text("first.png")
    opened.page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(opened.panel.locator(".nl-grid")).to_be_focused()


def test_selection_goes_both_ways(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset)\ng")

    tile(opened, "second.png").hover()
    tile(opened, "second.png").locator("[data-check]").click()
    expect(opened.panel.get_by_text("1 selected")).to_be_visible()
    assert opened.kernel("g.selected") == "['second.png']"
    tile(opened, "fourth.png").click(modifiers=["Shift"])
    expect(opened.panel.get_by_text("3 selected")).to_be_visible()
    assert opened.kernel("g.selected") == "['second.png', 'third.png', 'fourth.png']"

    opened.execute("g.selected = ['first.png']")
    expect(tile(opened, "first.png")).to_have_attribute("aria-selected", "true")
    expect(tile(opened, "second.png")).to_have_attribute("aria-selected", "false")
    opened.panel.get_by_role("button", name="Clear the selection").click()
    expect(tile(opened, "first.png")).to_have_attribute("aria-selected", "false")
    assert opened.kernel("g.selected_items()") == "[]"


def test_the_query_box_runs_queries_and_points_at_errors(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "g = Gallery(dataset)\ng")
    box = opened.panel.get_by_label("Query", exact=True)

    box.fill("metadata.number >")
    box.press("Enter")
    error = opened.panel.locator(".nl-query-error")
    expect(error.locator("pre")).to_have_text(f"metadata.number >\n{' ' * 17}^")
    expect(opened.panel.locator(".nl-tile")).to_have_count(6)

    box.fill("metadata.number > 3")
    box.press("Shift+Enter")
    expect(error).to_be_hidden()
    expect(opened.panel.get_by_text("2 of 6 items")).to_be_visible()
    expect(opened.panel.locator(".nl-tile")).to_have_count(2)
    expect(box).to_be_focused()

    box.fill("metadata.number > 99")
    box.press("Enter")
    expect(opened.panel.get_by_text("No item matches this query")).to_be_visible()
    opened.panel.get_by_role("button", name="Clear the query").last.click()
    expect(opened.panel.locator(".nl-tile")).to_have_count(6)


def test_hostile_texts_stay_texts(notebook: Callable[..., Any]) -> None:
    opened = shown(notebook, DESK, "Gallery(dataset, model=model)")
    hostile = opened.panel.locator(".nl-tile").nth(5)

    expect(hostile.locator(".nl-name")).to_contain_text("<script>")
    hostile.click()
    expect(opened.panel.locator(".nl-facts")).to_contain_text("onerror=window.hacked")
    assert opened.page.evaluate("() => window.hacked") is None
