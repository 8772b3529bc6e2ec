"""Selection from the page and from Python."""

from __future__ import annotations

import threading

import pytest

from nucleus_lab import Dataset
from nucleus_lab.errors import NotFoundError
from nucleus_lab.widgets import Gallery
from nucleus_lab.widgets.gallery import selection
from tests.widgets.conftest import HOSTILE, Page


def test_what_the_page_selects_is_selected_in_python(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    page = Page(gallery)

    page.ask("select", add=["item 2"], by="view")
    page.ask("select", add=[HOSTILE], by="view")
    page.ask("select", remove=["item 2"], by="view")

    assert gallery.selected == [HOSTILE]
    assert [item.reference_id for item in gallery.selected_items()] == [HOSTILE]


def test_other_views_hear_what_one_view_selected(dataset: Dataset) -> None:
    page = Page(Gallery(dataset))

    page.ask("select", add=["item 2"], by="view")

    assert page.news("selection") == [{"add": ["item 2"], "by": "view"}]


def test_a_range_is_selected_by_its_place_in_the_list(dataset: Dataset) -> None:
    gallery = Gallery(dataset, query="metadata.number >= 30")
    page = Page(gallery)

    page.ask("select_range", epoch=1, first=1, last=3)

    assert gallery.selected == ["item 31", "item 32", "item 33"]
    assert page.news("selection") == [{"add": ["item 31", "item 32", "item 33"]}]


def test_too_large_a_range_is_refused(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_SELECTED", 3)
    gallery = Gallery(dataset)

    answer, _ = Page(gallery).ask("select_range", epoch=1, first=0, last=3)

    assert "narrow the list with a query" in answer["error"]["error"]
    assert gallery.selected == []


def test_what_python_selects_reaches_the_page(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    page = Page(gallery)

    gallery.selected = ["item 9", "item 4", "item 9"]

    assert gallery.selected == ["item 9", "item 4"]
    assert page.news("selection") == [{"all": ["item 9", "item 4"]}]
    assert page.ask("selection")[0]["body"] == {"all": ["item 9", "item 4"]}


def test_selecting_an_unknown_item_is_refused_and_changes_nothing(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    gallery.selected = ["item 1"]

    with pytest.raises(NotFoundError, match="no item 'item 1000'"):
        gallery.selected = ["item 1", "item 1000"]

    assert gallery.selected == ["item 1"]


def test_observers_hear_both_sides_until_they_leave(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    page = Page(gallery)
    heard: list[list[str]] = []
    leave = gallery.on_selection(heard.append)

    page.ask("select", add=["item 3"])
    gallery.selected = []
    leave()
    gallery.selected = ["item 5"]

    assert heard == [["item 3"], []]


def test_many_threads_lose_no_click(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    page = Page(gallery)
    references = [f"item {number}" for number in range(1, 31)]

    threads = [
        threading.Thread(target=page.ask, args=("select",), kwargs={"add": [one], "by": "view"})
        for one in references
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(gallery.selected) == sorted(references)
    assert len(page.news("selection")) == 30
