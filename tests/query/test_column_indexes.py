"""Indexes of labels, sizes and places: made behind a query that needs them, not seen in answers."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from query_world import make
from sqlalchemy import insert

from nucleus_lab.engine import (
    column_indexes,
    deletion,
    index_making,
    indexes,
    labels,
    queries,
    schema,
)
from nucleus_lab.engine.query_run import prepare
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

TEXTS = [
    "annotations.label = car",
    "annotations.label = unicorn",
    "annotations.car > 1",
    "annotations.dimensions.x > 500",
    "annotations.dimensions.y <= 3",
    "annotations.position.x BETWEEN 3 AND 5",
    "annotations.label = car AND annotations.dimensions.x > 500",
    "annotations[label = car AND dimensions.x > 500] AND width > 1000",
    "NOT annotations.dimensions.x > 500",
    "annotations.dimensions.x > 500 OR width > 1000",
    "annotations.type = polygon",
    "annotations.type IN (line, cuboid)",
    "predictions.confidence > 0.9",
    "predictions.label = car AND predictions.confidence > 0.2",
    "predictions.confidence > 0.9 AND annotations.label = car AND metadata.camera = rear",
    "width > 1000",
    "width = 640 OR height = 3",
    "height IS NULL",
    "annotations.area > 10000",
]


def selected(engine: Any, text: str) -> queries.Selection:
    with engine.store.read() as connection:
        return queries.select_rows(connection, 1, text, run_id=1, paged=True)


def answers(engine: Any, text: str) -> tuple[list[int], list[int], int, list[int]]:
    """All keys, the pages of seven, the count, and the keys in another order."""
    paged: list[int] = []
    token = None
    with engine.store.read() as connection:
        whole = queries.select_rows(connection, 1, text, run_id=1)
        found = queries.select_rows(connection, 1, text, run_id=1, paged=True)
        while True:
            keys, token = queries.page_of(connection, found, token, 7)
            paged += keys
            if token is None:
                break
        turned = queries.select_rows(connection, 1, f"{text} ORDER BY id", run_id=1, paged=True)
        ordered = queries.page_of(connection, turned, None, 1000)[0]
        return (
            queries.keys_of(connection, whole),
            paged,
            queries.count_of(connection, whole),
            ordered,
        )


def there(engine: Any) -> frozenset[str]:
    with engine.store.read() as connection:
        return column_indexes.existing(connection)


@pytest.mark.parametrize("plain", [True, False])
def test_answers_are_the_same_with_column_indexes(
    engine: Any, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    make(engine, plain=plain)
    before = {text: answers(engine, text) for text in TEXTS}
    for keys, paged, count, ordered in before.values():
        assert (paged, count, sorted(ordered)) == (keys, len(keys), sorted(keys))
    monkeypatch.setattr(indexes, "LARGE", 100)

    for text in TEXTS:
        queries.improve(engine.store, selected(engine, text))
    assert index_making.settle(engine.store, 60)

    assert {
        "ix_by_annotation_label_id",
        "ix_by_annotation_type",
        "ix_by_item_width",
        "ix_by_prediction_confidence",
    } <= there(engine)
    assert {text: answers(engine, text) for text in TEXTS} == before


def test_labels_are_counted_alike_by_item_and_by_label(engine: Any) -> None:
    make(engine)
    with engine.store.write() as connection:
        for offer in column_indexes.LABELS.values():
            column_indexes.create(connection, offer)

    with engine.store.read() as connection:
        for dataset_id in (1, 2):
            by_item = labels.annotation_counts(connection, dataset_id)
            assert labels.annotation_counts(connection, dataset_id, by_label=True) == by_item
        by_run = labels.prediction_counts(connection, 1)
        # This world's run has predictions on both datasets, each with labels of its own.
        apart = [labels.prediction_counts(connection, 1, by_label_of=key) for key in (1, 2)]
        assert all(apart)
        assert [each for each in by_run if each in apart[0]] == apart[0]
        assert len(by_run) == len(apart[0]) + len(apart[1])


def test_counting_labels_of_a_large_dataset_asks_for_their_index(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(engine)
    counts = Request("GET", "lab/dataset/ds_0000000000001/labels")
    before = dispatch(engine, counts).payload
    assert index_making.settle(engine.store, 60)
    assert there(engine) == frozenset()
    monkeypatch.setattr(indexes, "LARGE", 100)

    assert dispatch(engine, counts).payload == before

    assert index_making.settle(engine.store, 60)
    assert there(engine) == {"ix_by_annotation_label_id"}
    assert dispatch(engine, counts).payload == before


def test_small_datasets_get_no_index(engine: Any) -> None:
    make(engine)
    for text in TEXTS:
        queries.improve(engine.store, selected(engine, text))

    assert index_making.settle(engine.store, 60)
    assert there(engine) == frozenset()


def test_column_indexes_go_with_the_last_large_dataset(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(engine)
    with engine.store.write() as connection:
        connection.execute(schema.dataset.update().values(next_position=300))
    monkeypatch.setattr(indexes, "LARGE", 100)
    queries.improve(engine.store, selected(engine, "annotations.label = car"))
    index_making.settle(engine.store, 60)
    assert there(engine) == {"ix_by_annotation_label_id"}

    for dataset_id, left in ((1, {"ix_by_annotation_label_id"}), (2, set())):
        with engine.store.write() as connection:
            deletion.delete_dataset(connection, dataset_id)
        assert there(engine) == left


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its plans
def test_a_page_uses_the_index_that_finds_few(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make(engine, plain=True, size=1000)
    monkeypatch.setattr(indexes, "LARGE", 100)
    texts = ["annotations.dimensions.x > 5000", "predictions.confidence > 2", "width > 100000"]
    for text in texts:
        queries.improve(engine.store, selected(engine, text))
    index_making.settle(engine.store, 60)

    ran: list[str] = []
    monkeypatch.setattr(
        queries,
        "run_statement",
        lambda connection, _source, statement: (
            ran.append(statement.text)
            or cursor_of(connection).execute(statement.text, statement.values).fetchall()
        ),
    )
    for text in texts:
        found = selected(engine, text)
        with engine.store.read() as connection:
            assert queries.page_of(connection, found, None, 10) == ([], None)
        assert "INDEXED BY ix_by_" in ran[-1]
    found = selected(engine, "annotations.dimensions.x > 1")
    with engine.store.read() as connection:
        assert len(queries.page_of(connection, found, None, 10)[0]) == 10
    assert "INDEXED BY" not in ran[-1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its plans
def test_no_index_tempts_sqlite_to_read_a_run_for_each_item(engine: Any) -> None:
    """As one that begins with the run does: a million predictions were read a million times."""
    make(engine)
    with engine.store.write() as connection:
        for offer in column_indexes.OFFERS.values():
            assert column_indexes.create(connection, offer)
    found = selected(engine, "predictions.confidence > 0.5")
    with engine.store.read() as connection:
        text, values = prepare(connection, queries.statement_of(found, "item.id"))
        plan = cursor_of(connection).execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()

    used = "USING INDEX sqlite_autoindex_prediction_1 (model_run_id=? AND item_id=?)"
    assert used in plan[-1][3]


def test_what_cannot_be_made_is_told_once_and_not_tried_again(
    engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def fail(connection: Any) -> bool:
        tried.append(1)
        connection.exec_driver_sql("CREATE INDEX ix_by_nothing ON nothing (nothing)")
        return True

    for _ in range(3):
        index_making.soon(engine.store, "ix_by_nothing", fail)
        index_making.settle(engine.store, 60)

    assert tried == [1]
    assert "ix_by_nothing could not be made" in caplog.text


def test_closing_a_workspace_gives_up_what_is_being_made(engine: Any) -> None:
    begun = threading.Event()
    endless = {
        "sqlite": (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        ),
        "postgresql": "SELECT pg_sleep(600)",
    }

    def work(connection: Any) -> bool:
        begun.set()
        connection.exec_driver_sql(endless[engine.store.dialect])
        return True

    index_making.soon(engine.store, "endless", work)
    assert begun.wait(60)
    index_making.stop(engine.store)

    assert index_making.settle(engine.store, 0)
    index_making.soon(engine.store, "another", work)
    assert index_making.settle(engine.store, 0)


VALUES: list[Any] = [
    "s", "sun", "Sun", "[s", '"s', "ns", "", None, True, 7, ["sun"], [1, "snow"], ["x"], [["sun"]],
    {"sun": 1}, "s*", "s?x", 0, 5, -5, 10, 12, 5.0, -7.5, 2.5, 7.5, 2**53, [5, 1], "5", False,
]  # fmt: skip


def _begins(value: Any, start: str) -> bool:
    members = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and each.startswith(start) for each in members)


def _rest(value: Any, divisor: int, rest: int) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and value % divisor == rest


def test_beginnings_and_remainders_of_odd_values(engine: Any) -> None:
    from nucleus_lab.engine import datasets

    with engine.store.write() as connection:
        dataset_id = datasets.create(connection, "odd")
        connection.execute(
            insert(schema.item),
            [
                {
                    "dataset_id": dataset_id, "reference_id": f"i{number:02}", "position": number,
                    "kind": "image", "location": "x", "metadata": json.dumps({"v": value}),
                    "created_at": 0,
                }
                for number, value in enumerate(VALUES)
            ],
        )  # fmt: skip

    def ask(text: str) -> list[Any]:
        with engine.store.read() as connection:
            found = queries.select_rows(connection, dataset_id, text)
            first = queries.keys_of(connection, queries.select_rows(connection, dataset_id, ""))[0]
            return [VALUES[key - first] for key in queries.keys_of(connection, found)]

    for start in ("s", "su", "S", "[s", '"', "s*", "s?"):
        wanted = [value for value in VALUES if _begins(value, start)]
        assert ask(f"metadata.v STARTS WITH '{start}'") == wanted
    for divisor, rest in ((5, 0), (5, 2), (3, 1)):
        wanted = [value for value in VALUES if _rest(value, divisor, rest)]
        assert ask(f"metadata.v % {divisor} = {rest}") == wanted
