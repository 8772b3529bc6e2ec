"""The contact sheet in the saved notebook."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from nucleus_lab import Dataset, Model
from nucleus_lab.widgets import Gallery
from tests.widgets.conftest import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"


class Reader(HTMLParser):
    """Collects the elements of a page and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def drawings(self) -> list[ElementTree.Element]:
        sources = [attributes["src"] or "" for tag, attributes in self.elements if tag == "img"]
        assert all(source.startswith("data:image/svg+xml,") for source in sources)
        return [
            ElementTree.fromstring(unquote(source.removeprefix("data:image/svg+xml,")))
            for source in sources
        ]


@pytest.fixture
def sheet(dataset: Dataset, model: Model) -> Reader:
    return Reader(Gallery(dataset, model=model).snapshot())


def test_texts_of_the_data_are_never_markup(sheet: Reader) -> None:
    allowed = {"div", "p", "b", "i", "br", "img", "span", "small"}

    assert {tag for tag, _ in sheet.elements} <= allowed
    assert {name for _, attributes in sheet.elements for name in attributes} <= {
        "style",
        "src",
        "width",
        "height",
        "alt",
        "title",
    }
    assert HOSTILE in sheet.text
    assert "<script>" in sheet.text


def test_nothing_is_fetched(dataset: Dataset, model: Model) -> None:
    page = unquote(Gallery(dataset, model=model).snapshot())

    assert set(re.findall(r"(?:href|src)=\"([a-z]+:[a-z]+)", page)) == {"data:image"}
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_it_shows_the_count_and_the_first_pictures(sheet: Reader) -> None:
    assert "40 items, the first 24 shown" in sheet.text
    assert len(sheet.drawings) == 24
    alternatives = [attributes["alt"] for tag, attributes in sheet.elements if tag == "img"]
    assert alternatives[1] == "item 1: 1 annotations, 1 predictions"


def test_every_kind_of_object_is_drawn(sheet: Reader) -> None:
    first = sheet.drawings[0]

    outlines = [element.get("d") for element in first.iter(f"{SVG}path")]
    dashed = [use for use in first.iter(f"{SVG}use") if use.get("stroke-dasharray")]
    # 80 by 60 pixels on 168 by 126: a scale of 2.1.
    assert "M21.0 21.0h42.0v42.0h-42.0z" in outlines
    assert "M84.0 10.5L147.0 10.5L115.5 63.0z" in outlines
    assert "M0.0 105.0L165.9 105.0" in outlines
    assert any(str(path).startswith("M10.5 10.5L18.9 18.9") for path in outlines)
    assert len(dashed) == 1
    assert len(list(first.iter(f"{SVG}image"))) == 2  # the thumbnail and the mask


def test_what_is_hidden_is_not_drawn(dataset: Dataset, model: Model) -> None:
    gallery = Gallery(dataset, model=model, labels=["leaf"], min_confidence=0.5)

    first = Reader(gallery.snapshot()).drawings[0]

    outlines = [element.get("d") for element in first.iter(f"{SVG}path")]
    assert outlines == ["M84.0 10.5L147.0 10.5L115.5 63.0z"]


def test_it_stays_small(dataset: Dataset, model: Model) -> None:
    assert len(Gallery(dataset, model=model).snapshot()) < 400_000
