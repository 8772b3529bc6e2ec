"""What a reader meets in JupyterLab where something is missing, short, long or narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DESK = "from scenes import *\nfrom nucleus_lab.widgets import Gallery\ndataset, model = desk()"
NARROW = "(root) => { root.style.width = '%dpx'; }"


def test_an_empty_answer_tells_which_condition_finds_nothing(notebook: Callable[..., Any]) -> None:
    opened = notebook(
        DESK, "Gallery(dataset, query='annotations.cup > 0 AND metadata.number > 99')"
    )
    opened.run_all()
    empty = opened.panel.locator(".nl-empty")

    expect(empty).to_contain_text("No item matches this query")
    expect(empty.locator(".nl-reasons")).to_contain_text("metadata.number > 99 matches nothing")
    expect(opened.panel.locator(".nl-foot")).not_to_contain_text("Click opens")

    empty.get_by_role("button", name="Clear the query").click()
    expect(opened.panel.locator(".nl-tile")).to_have_count(6)


def test_a_model_without_predictions_still_shows_the_pictures(notebook: Callable[..., Any]) -> None:
    opened = notebook(DESK, "Gallery(dataset, model=client.create_model('not run yet', 'silent'))")
    opened.run_all()

    expect(opened.panel.locator(".nl-tile")).to_have_count(6)
    expect(opened.panel.locator(".nl-told")).to_contain_text(
        "“not run yet” has no predictions on this dataset yet"
    )


def test_a_short_list_makes_a_short_widget_that_grows_with_a_picture(
    notebook: Callable[..., Any],
) -> None:
    opened = notebook(
        DESK, "dataset.create_slice('one', ['first.png'])", "Gallery(dataset, slice=_)"
    )
    opened.run_all()
    gallery = opened.panel.locator(".nl-gallery")
    opened.panel.locator(".nl-tile img[src]").first.wait_for()

    assert gallery.bounding_box()["height"] < 420
    opened.panel.locator(".nl-tile").first.click()
    expect(opened.panel.locator(".nl-detail .nl-title")).to_have_text("first.png")

    assert gallery.bounding_box()["height"] == 560
    expect(opened.panel.locator(".nl-foot")).to_contain_text("Escape closes")
    opened.page.keyboard.press("Escape")
    expect(opened.panel.locator(".nl-foot")).to_contain_text("Click opens a picture")
    assert gallery.bounding_box()["height"] == 560  # what stands below stays where it is


@pytest.mark.parametrize(("width", "beside"), [(700, True), (560, False)])
def test_a_narrow_cell_gives_the_full_picture_most_of_the_room(
    notebook: Callable[..., Any], width: int, beside: bool
) -> None:
    opened = notebook(DESK, "Gallery(dataset, model=model)")
    opened.run_all()
    gallery = opened.panel.locator(".nl-gallery")
    gallery.evaluate(NARROW % width)
    opened.panel.locator(".nl-tile").first.click()
    expect(opened.panel.locator(".nl-facts")).to_contain_text("Objects (6)")

    stage = opened.panel.locator(".nl-stage").bounding_box()
    facts = opened.panel.locator(".nl-facts").bounding_box()

    assert stage["width"] * stage["height"] >= 0.4 * width * 560
    assert (facts["x"] >= stage["x"] + stage["width"]) is beside
    assert (facts["y"] >= stage["y"] + stage["height"]) is not beside
    query = opened.panel.locator(".nl-query").bounding_box()
    assert query["width"] >= 200


def test_a_long_id_keeps_its_end_and_is_whole_for_who_asks(notebook: Callable[..., Any]) -> None:
    name = "warehouse/aisle-003/camera-front-left/exposure-12ms/frame-000117.jpg"
    opened = notebook(
        f"{DESK}\ndataset.append([DatasetItem(_black('long.png'), {name!r})])".replace(
            "import *\n", "import *\nfrom scenes import _black\n"
        ),
        "Gallery(dataset)",
    )
    opened.run_all()
    caption = opened.panel.locator(".nl-tile .nl-name").nth(6)

    expect(caption).to_have_text(name)
    expect(caption).to_have_attribute("title", name)
    frame, tail = caption.bounding_box(), caption.locator(".nl-tail").bounding_box()
    expect(caption.locator(".nl-tail")).to_have_text("e-000117.jpg")
    assert tail["x"] + tail["width"] <= frame["x"] + frame["width"] + 1
    head = caption.locator(".nl-head")
    assert head.evaluate("(head) => head.scrollWidth > head.clientWidth")
