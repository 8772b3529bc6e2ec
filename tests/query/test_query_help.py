"""Explanations, completion and saved queries through the SDK, over both transports."""

from __future__ import annotations

from typing import Any

import pytest

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.engine import query_values
from nucleus_lab.errors import InvalidInputError, NotFoundError, QueryError
from nucleus_lab.query_help import QueryWarning


@pytest.fixture
def dataset(client: Any) -> Any:
    """Eight remote pictures with boxes."""
    made = client.create_dataset("help")
    weather = ["fog", "fog", "rain", "sun", "fog", "rain", "fog", None]
    made.append([
        DatasetItem(
            f"https://example.test/{n}.jpg",
            f"{n}.jpg",
            metadata={"weather": weather[n], "speed": n * 10, "sensor": {"name": "a b"}},
        )
        for n in range(8)
    ])
    made.annotate([
        BoxAnnotation("traffic light" if n % 2 else "car", 10 * n, 5, 10, 20, f"{item}.jpg")
        for item in range(8)
        for n in range(item)
    ])
    return made


def test_an_explanation_tells_how_a_query_was_read(dataset: Any) -> None:
    text = "annotations.label = car AND annotations.area < 999 AND metadata.speed > 30"

    found = dataset.explain(text)

    assert (found.count, found.level) == (4, "items")
    assert found.canonical == ('annotations[label = "car" AND area < 999] AND metadata.speed > 30')
    assert [(each.text, each.count) for each in found.conditions] == [
        ("annotations.label = car", 7),
        ("annotations.area < 999", 7),
        ("metadata.speed > 30", 4),
    ]
    assert "SELECT" in found.sql
    assert found.plan
    assert found.empty_because is None
    assert "4 items" in str(found)
    assert "<code>" in found._repr_html_()
    assert dataset.count(found.canonical) == 4


def test_an_empty_result_names_the_condition_and_the_values(dataset: Any) -> None:
    found = dataset.explain("metadata.weather = fgo AND annotations.car > 0")

    assert found.count == 0
    assert found.empty_because == (
        "metadata.weather = fgo matches nothing; values: fog 4, rain 2, sun 1"
    )
    assert found.warnings == [
        "W2: 'fgo' is never seen in metadata.weather; values: fog 4, rain 2, sun 1"
    ]
    together = dataset.explain("metadata.weather = sun AND metadata.speed > 30")
    assert together.empty_because is not None
    assert "together" in together.empty_because
    assert dataset.explain("metadata.nothing = a").warnings == ["W2: no item has metadata.nothing"]


def test_an_explanation_refuses_what_a_query_refuses(dataset: Any) -> None:
    with pytest.raises(QueryError, match="Q012"):
        dataset.explain("width tall")
    with pytest.raises(InvalidInputError, match="level is 'item'"):
        dataset.explain("", level="item")
    assert dataset.explain("").canonical == ""
    assert dataset.explain("label = car", level="annotations").count == 16
    assert dataset.explain("metadata.weather = {w}", params={"w": "fog"}).count == 4


def shown(dataset: Any, text: str, cursor: int | None = None, **more: Any) -> list[str]:
    return [each.text for each in dataset.complete_query(text, cursor, **more)]


def test_completion_knows_the_data(dataset: Any) -> None:
    start = shown(dataset, "")
    assert {"annotations", "metadata", "ref_id", "slice", "NOT", "count("} <= set(start)
    assert shown(dataset, "meta") == ["metadata", "scale_metadata"]
    assert shown(dataset, "metadata.") == ["speed", "sensor", "weather"]
    assert shown(dataset, "metadata.sensor.") == ["name"]
    assert shown(dataset, "metadata.weather = ") == ['"fog"', '"rain"', '"sun"']
    assert shown(dataset, 'metadata.weather = "r') == ['"rain"']
    assert shown(dataset, "metadata.weather IN (fog, ") == ['"fog"', '"rain"', '"sun"']
    assert shown(dataset, "annotations.tra") == ["track", '"traffic light"']
    assert shown(dataset, "annotations[label = ") == ['"car"', '"traffic light"']
    assert "confidence" not in shown(dataset, "annotations[")
    assert "area" in shown(dataset, "annotations[label = car AND ")
    assert shown(dataset, "width ")[:2] == [">", ">="]
    assert "label" in shown(dataset, "", level="annotations")
    assert shown(dataset, "metadata.weather = fog AND wi") == ["width", "within("]


def test_completion_says_what_it_replaces(dataset: Any) -> None:
    text = "metadata.wea = fog"

    (found,) = dataset.complete_query(text, 12)

    assert (found.text, found.kind, found.start, found.end) == ("weather", "key", 9, 12)
    assert found.detail == 'text, 88 % filled, such as "fog"'
    with pytest.raises(InvalidInputError, match="level"):
        dataset.complete_query("", level="pictures")


def test_completion_never_fails(dataset: Any) -> None:
    text = 'annotations[label = "a" AND metadata.x IN (1, {p}].count >= :q OR ~ "\\d # ยง'
    for cursor in range(len(text) + 1):
        for each in dataset.complete_query(text, cursor):
            assert 0 <= each.start <= each.end == cursor


def test_saved_queries_are_used_by_name(dataset: Any) -> None:
    saved = dataset.save_query("foggy", "metadata.weather = fog")
    dataset.save_query("fast fog", "saved('foggy') AND metadata.speed > 5 ORDER BY ref_id LIMIT 1")

    assert (saved.name, saved.query, saved.level) == ("foggy", "metadata.weather = fog", "items")
    assert [each.name for each in dataset.saved_queries()] == ["fast fog", "foggy"]
    assert dataset.count('saved("foggy")') == 4
    with pytest.warns(QueryWarning, match="W4: NOT metadata.weather = fog keeps"):
        assert dataset.count('NOT saved("foggy")') == 4
    assert dataset.count('saved("fast fog") AND annotations.car > 0') == 3
    assert dataset.count("saved({name})", params={"name": "foggy"}) == 4
    dataset.save_query("foggy", "metadata.weather = rain")
    assert dataset.count('saved("foggy")') == 2
    assert shown(dataset, "saved(") == ['"fast fog"', '"foggy"']
    dataset.delete_saved_query("foggy")
    with pytest.raises(QueryError, match=r"'fast fog': .*no saved query named 'foggy'"):
        dataset.count('saved("fast fog")')


def test_bad_saved_queries_are_refused(dataset: Any) -> None:
    dataset.save_query("one", "width > 0")
    dataset.save_query("two", "saved('one')")
    with pytest.raises(QueryError, match="circle: two → one → two"):
        dataset.save_query("one", "saved('two')")
    with pytest.raises(QueryError, match="circle"):
        dataset.save_query("self", "saved('self')")
    with pytest.raises(QueryError, match="did you mean 'one'"):
        dataset.count("saved('onee')")
    with pytest.raises(QueryError, match="Q012"):
        dataset.save_query("bad", "width tall")
    with pytest.raises(InvalidInputError, match="name"):
        dataset.save_query(" ", "width > 0")
    with pytest.raises(InvalidInputError, match="level"):
        dataset.save_query("x", "width > 0", level="y")
    with pytest.raises(NotFoundError, match="nope"):
        dataset.delete_saved_query("nope")
    assert [each.query for each in dataset.saved_queries()] == ["width > 0", "saved('one')"]


def test_metadata_is_read_once_for_completion_until_the_dataset_changes(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    sample = query_values._sample
    monkeypatch.setattr(query_values, "_sample", lambda *given: read.append(1) or sample(*given))

    for text in ("metadata.", "metadata.weather = ", "metadata.", "metadata.speed IN ("):
        dataset.complete_query(text)
    assert len(read) == 1

    dataset.append([DatasetItem("https://example.test/new.jpg", "new", metadata={"lens": "wide"})])

    assert "lens" in shown(dataset, "metadata.")
    assert shown(dataset, "metadata.lens = ") == ['"wide"']
    assert len(read) == 2


def test_completion_knows_a_dataset_of_one_item(client: Any) -> None:
    made = client.create_dataset("one")
    made.append([DatasetItem("https://example.test/1.jpg", "1", metadata={"lens": "wide"})])

    assert shown(made, "metadata.") == ["lens"]
    assert shown(made, "metadata.lens = ") == ['"wide"']
