"""What a page asks and what Python answers."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from nucleus_lab.errors import QueryError
from nucleus_lab.widgets.base import LabWidget, answers, bundle
from tests.widgets.conftest import Page


class Toy(LabWidget):
    """Answers with what a test needs."""

    _esm, _css = bundle("gallery")

    def __init__(self) -> None:
        self.inside = 0
        self.most_inside = 0
        super().__init__()

    @answers("double")
    def _double(self, body: dict[str, Any]) -> Any:
        return {"value": 2 * body["value"]}, [b"one", b"two"]

    @answers("refuse")
    def _refuse(self, _body: dict[str, Any]) -> Any:
        raise QueryError("no such field", position=3, length=2)

    @answers("slow")
    def _slow(self, _body: dict[str, Any]) -> Any:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        time.sleep(0.02)
        self.inside -= 1
        return {}

    def snapshot(self) -> str:
        return "<p>picture</p>"

    def __repr__(self) -> str:
        return "Toy"


@pytest.fixture
def page() -> Page:
    return Page(Toy())


def test_an_answer_carries_the_number_of_its_question_and_buffers(page: Page) -> None:
    answer, buffers = page.ask("double", value=21)

    assert answer == {"lab": "answer", "id": "q0", "body": {"value": 42}}
    assert buffers == [b"one", b"two"]


def test_an_error_of_the_package_reaches_the_page_with_its_details(page: Page) -> None:
    answer, _ = page.ask("refuse")

    assert answer == {
        "lab": "answer",
        "id": "q0",
        "error": {
            "error": "no such field",
            "code": "query_error",
            "details": {"position": 3, "length": 2},
        },
    }


def test_an_unexpected_error_reaches_the_page_in_words(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    answer, _ = page.ask("double")

    assert answer["error"] == {"error": "KeyError: 'value'", "code": "internal"}
    assert "Toy failed on 'double'" in caplog.text


def test_a_page_of_another_version_is_told_to_reload(page: Page) -> None:
    answer, _ = page.ask("unheard of")

    assert "reload the page" in answer["error"]["error"]


@pytest.mark.parametrize("content", [None, "text", {}, {"lab": "news"}, {"event": "click"}])
def test_what_is_no_question_is_left_alone(page: Page, content: Any) -> None:
    page.widget._handle_custom_msg(content, [])

    assert page.sent == []


def test_handlers_run_one_at_a_time_on_any_threads(page: Page) -> None:
    threads = [threading.Thread(target=page.ask, args=("slow",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert page.widget.most_inside == 1
    assert len(page.sent) == 8


def test_the_saved_notebook_gets_a_picture_and_a_stable_text() -> None:
    data, _ = Toy()._repr_mimebundle_()

    assert sorted(data) == [
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    ]
    assert (data["text/html"], data["text/plain"]) == ("<p>picture</p>", "Toy")


def test_a_missing_bundle_says_how_to_build_it() -> None:
    with pytest.raises(FileNotFoundError, match="npm run build"):
        bundle("unheard_of")
