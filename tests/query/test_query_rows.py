"""Answers of queries, read by the SDK: a few rows at once, the others when they are wanted."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.dataset import query_answers
from nucleus_lab.errors import InvalidInputError, QueryError

SIZE = 300


@pytest.fixture
def dataset(client: Any) -> Any:
    """Three hundred remote pictures, the last fifty of them late, every hundredth with a box."""
    made = client.create_dataset("rows")
    made.append([
        DatasetItem(
            f"https://example.test/{n}.jpg", f"{n}.jpg", metadata={"n": n, "late": n >= SIZE - 50}
        )
        for n in range(SIZE)
    ])
    made.annotate([BoxAnnotation("car", n, 5, 10, 20, f"{n}.jpg") for n in range(99, SIZE, 100)])
    return made


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages with time for one window each."""
    monkeypatch.setattr(query_answers, "_FIRST", {"pageSize": 100, "within_ms": 1e-6})
    monkeypatch.setattr(query_answers, "_LATER", {"pageSize": 7, "within_ms": 1e-6})


def asked(dataset: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note what is asked from now on."""
    bodies: list[dict[str, Any]] = []
    make_request = dataset._client.make_request

    def noting(body: dict[str, Any], *more: Any, **named: Any) -> Any:
        bodies.append(body)
        return make_request(body, *more, **named)

    monkeypatch.setattr(dataset._client, "make_request", noting)
    return bodies


def names(rows: Any) -> list[str]:
    return [row.reference_id for row in rows]


def test_the_first_hundred_rows_are_asked_for_at_once_and_the_others_when_wanted(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = asked(dataset, monkeypatch)
    rows = dataset.query_items("metadata.n >= 0")

    assert next(rows).reference_id == "0.jpg"
    assert [(body["pageSize"], "pageToken" in body) for body in bodies] == [(100, False)]
    assert names(rows) == [f"{n}.jpg" for n in range(1, SIZE)]
    assert [body["pageSize"] for body in bodies] == [100, 10_000]
    assert rows.empty_because is None
    assert repr(rows) == "<QueryRows: 300 rows found>"


@pytest.mark.usefixtures("hurried")
def test_rows_that_are_far_between_are_found_by_reading_on(dataset: Any) -> None:
    late = dataset.query_items("metadata.late = true")

    assert repr(late) == "<QueryRows: 0 rows found in 64 of 300 looked at, more to look for>"
    assert late.looked_at == (64, SIZE)
    assert late.empty_because is None
    assert late.looked_at == (256, SIZE)
    assert names(late) == [f"{n}.jpg" for n in range(SIZE - 50, SIZE)]
    assert late.looked_at is None
    boxes = dataset.query_objects("label = car")
    assert [box.x for box in boxes] == [99, 199, 299]


@pytest.mark.usefixtures("hurried")
def test_an_empty_answer_says_why_once_that_is_known(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = asked(dataset, monkeypatch)
    nothing = dataset.query_items("metadata.n < 0 AND metadata.late = false")
    assert len(bodies) == 1

    assert list(nothing) == []
    read = len(bodies)
    assert read == math.ceil(SIZE / 64)
    assert nothing.empty_because == "metadata.n < 0 matches nothing"
    assert nothing.empty_because == "metadata.n < 0 matches nothing"
    assert len(bodies) == read + 1
    unread = dataset.query_items("metadata.n < 0 AND metadata.late = false")
    assert unread.empty_because == "metadata.n < 0 matches nothing"
    assert dataset.query_items("metadata.n < 0 ORDER BY id").empty_because is not None


def test_a_query_that_cannot_be_read_is_refused_where_it_is_asked(dataset: Any) -> None:
    with pytest.raises(QueryError):
        dataset.query_items("metadata.n <")


@pytest.mark.parametrize("given", [0, -1, math.nan, math.inf, 1e9])
def test_times_out_of_range_are_refused(dataset: Any, given: float) -> None:
    path = f"dataset/{dataset.id}/queryItemsPage"

    with pytest.raises((InvalidInputError, ValueError)):
        dataset._client.make_request({"query": "", "within_ms": given}, path, "POST")


def test_a_page_that_time_ended_says_how_far_it_looked_and_goes_on_there(dataset: Any) -> None:
    path = f"dataset/{dataset.id}/queryItemsPage"
    body = {"query": "metadata.n < 0", "within_ms": 1e-6}
    first = dataset._client.make_request(body, path, "POST")
    token = first.pop("nextPageToken")

    assert first == {"items": [], "looked_at": {"count": 64, "of": SIZE}, "warnings": []}
    rest = dataset._client.make_request(
        {"query": "metadata.n < 0", "pageToken": token}, path, "POST"
    )
    assert rest == {
        "items": [],
        "nextPageToken": None,
        "empty_because": "metadata.n < 0 matches nothing",
    }


def test_later_pages_with_rows_say_nothing_about_emptiness(dataset: Any) -> None:
    path = f"dataset/{dataset.id}/queryItemsPage"
    body = {"query": "metadata.n < 64", "within_ms": 1e-6}
    first = dataset._client.make_request(body, path, "POST")
    rest = dataset._client.make_request(
        {"query": "metadata.n < 64", "pageToken": first["nextPageToken"]}, path, "POST"
    )

    assert len(first["items"]) == 64
    assert rest == {"items": [], "nextPageToken": None}
