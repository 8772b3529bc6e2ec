"""Pages that end in time: together they are the answer, however often time ends one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from itertools import chain, cycle, repeat
from typing import Any

import pytest
from dataset_strategies import dataset, dataset_seeds
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from query_strategies import PARAMETERS, conditions
from query_strategies import queries as any_queries
from query_world import make
from record_storage import store

from nucleus_lab.engine import Engine, datasets, deletion, items, queries, query_walk, schema
from nucleus_lab.engine.query_walk import Pace
from nucleus_lab.engine.statements import cursor_of
from nucleus_lab.errors import InvalidInputError, QueryError

LEVELS = ["items", "annotations", "predictions", "matches", "scenes"]
SETTINGS = settings(
    max_examples=int(os.environ.get("NUCLEUS_LAB_TEST_QUERIES", "5")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
EACH = 8
"""Queries that share a dataset."""
BY_KEYS = "item_id>? AND item_id<?"


def ticking(steps: list[float]) -> Callable[[], float]:
    """A clock that goes on by one step at every look."""
    now = 0.0
    turns = cycle(steps)

    def look() -> float:
        nonlocal now
        now += next(turns)
        return now

    return look


def paces() -> st.SearchStrategy[Pace]:
    return st.builds(
        Pace,
        st.integers(1, 5),
        st.integers(1, 4),
        st.lists(st.sampled_from([0.0, 0.001, 0.01, 1.0]), min_size=1, max_size=4).map(ticking),
    )


budgets = st.sampled_from([0.0, 0.01, 0.1, 5.0])


def pages(
    connection: Any, found: queries.Selection, size: int, within: float | None, pace: Pace
) -> Iterator[queries.Page]:
    token = None
    for _ in range(10_000):
        page = queries.page_within(connection, found, token, size, within, pace)
        yield page
        token = page.token
        if token is None:
            return
    pytest.fail(f"the walk never ends: {token}")


@pytest.mark.parametrize("level", LEVELS)
def test_pages_in_time_are_together_the_whole_answer(level: str, engine: Engine) -> None:
    @given(data=st.data())
    @SETTINGS
    def check(data: st.DataObject) -> None:
        records = dataset(*data.draw(dataset_seeds()))
        store(engine, records)
        run = records.runs[0].id if records.runs else None
        threshold = data.draw(st.sampled_from([None, None, 0.45])) if level == "matches" else None
        for _ in range(EACH):
            text = data.draw(st.one_of(st.just(""), conditions(level), any_queries(level)))
            how: dict[str, Any] = {"run_id": run, "parameters": PARAMETERS, "paged": True}
            pace, size = data.draw(paces()), data.draw(st.integers(1, 4))
            with engine.store.read() as connection:
                try:
                    found = queries.select_rows(
                        connection, records.id, text, level, iou_threshold=threshold, **how
                    )
                    whole = list(pages(connection, found, size, None, pace))
                except QueryError:
                    continue
                if found.query.sample is not None and found.query.seed is None:
                    continue
                walked = list(pages(connection, found, size, data.draw(budgets), pace))
            keys = list(chain.from_iterable(page.keys for page in whole))
            assert list(chain.from_iterable(page.keys for page in walked)) == keys, text
            assert [page.empty for page in walked] == [*repeat(False, len(walked) - 1), not keys]
            looked = [page.looked_at[0] for page in walked if page.looked_at]
            assert looked == sorted(set(looked)), text
            assert all(page.looked_at is None or page.token for page in walked)

    check()


def filled(engine: Engine) -> int:
    """A dataset of twelve items with two or three boxes each; some of both are wanted."""
    with engine.store.write() as connection:
        key = datasets.create(connection, secrets.token_hex(8))
        connection.execute(schema.label.insert(), [{"dataset_id": key, "name": "car"}])
    append(engine, key, "old", 12)
    return key


def append(engine: Engine, dataset_id: int, name: str, number: int) -> None:
    with engine.store.write() as connection:
        rows = [
            items.ItemRow(
                **dict.fromkeys(items.ItemRow._fields)
                | {
                    "reference_id": f"{name} {at}",
                    "kind": "image",
                    "location": "x",
                    "metadata": f'{{"n": {at}}}',
                }
            )
            for at in range(number)
        ]
        items.insert(connection, dataset_id, rows, update=False)
        made = schema.item.select().where(schema.item.c.reference_id.startswith(f"{name} "))
        boxes = [
            {"item_id": row.id, "annotation_id": f"{at}", "type": 1, "width": float(at)}
            for row in connection.execute(made.where(schema.item.c.dataset_id == dataset_id))
            for at in range(2 + row.id % 2)
        ]
        connection.execute(schema.annotation.insert(), boxes)


def delete(engine: Engine, dataset_id: int, key: int) -> None:
    with engine.store.write() as connection:
        deletion.delete_items(connection, dataset_id, [key])


def close(engine: Engine, dataset_id: int) -> None:
    with engine.store.write() as connection:
        items.close_gaps(connection, dataset_id)


@pytest.mark.parametrize("level", ["items", "annotations"])
def test_what_is_there_throughout_is_found_once_whatever_else_comes_and_goes(
    level: str, engine: Engine
) -> None:
    text = "metadata.n % 2 = 0" if level == "items" else "dimensions.x < 2"

    @given(data=st.data())
    @SETTINGS
    def check(data: st.DataObject) -> None:
        key = filled(engine)
        token, found = None, list[int]()
        before = current(engine, key, level, text)
        gone: set[int] = set()
        while True:
            with engine.store.read() as connection:
                selection = queries.select_rows(connection, key, text, level, paged=True)
                page = queries.page_within(
                    connection,
                    selection,
                    token,
                    data.draw(st.integers(1, 3)),
                    data.draw(st.sampled_from([None, 0.0, 0.01])),
                    data.draw(paces()),
                )
            found += page.keys
            token = page.token
            if token is None:
                break
            for _ in range(data.draw(st.integers(0, 3))):
                left = [*current(engine, key, "items", "")]
                if left:
                    delete(engine, key, data.draw(st.sampled_from(left)))
            if data.draw(st.booleans()):
                close(engine, key)
            if len(found) < 12 and data.draw(st.booleans()):
                append(engine, key, f"new {len(found)} {token}", 2)
        gone = set(before) - set(current(engine, key, level, text))
        throughout = [row for row in before if row not in gone]
        assert [row for row in found if row in throughout] == throughout

    check()


def current(engine: Engine, dataset_id: int, level: str, text: str) -> list[int]:
    with engine.store.read() as connection:
        return queries.keys_of(connection, queries.select_rows(connection, dataset_id, text, level))


def test_a_window_grows_by_what_was_measured_and_the_walk_stops_in_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(engine, size=150)
    windows: list[tuple[int, int]] = []
    now = 0.0
    run = query_walk.run_statement

    def slow(connection: Any, source: str, statement: Any) -> Any:
        nonlocal now
        start, below = statement.values[:2]
        windows.append((start, below))
        now += (below - start) * 0.001  # a millisecond an item
        return run(connection, source, statement)

    monkeypatch.setattr(query_walk, "run_statement", slow)
    pace = Pace(first=4, growth=4, clock=lambda: now)
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, "width > 9999", paged=True)
        first = queries.page_within(connection, found, None, 10, 0.1, pace)
        seen, now = windows.copy(), 0.0
        at_once = queries.page_within(connection, found, None, 10, 0.0, pace)
        whole = queries.page_within(connection, found, first.token, 10, 9.0, pace)

    sizes = [below - start for start, below in seen]
    assert sizes[:3] == [4, 16, 64]
    assert sum(sizes) <= 100
    # Every tenth item is of another dataset: positions run to 148.
    assert first.looked_at == (sum(sizes), 149)
    assert first.token is not None
    assert first.token.startswith("e-")
    assert at_once.looked_at == (4, 149)
    assert whole == queries.Page([], None, None, empty=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its plans
@pytest.mark.parametrize("level", LEVELS)
def test_every_window_begins_with_the_positions_it_is_made_of(level: str, engine: Engine) -> None:
    records = dataset(3, 7, scenes=True)
    store(engine, records)

    thresholds = st.sampled_from([None, 0.45]) if level == "matches" else st.none()

    @given(text=conditions(level), threshold=thresholds)
    @settings(SETTINGS, max_examples=40)
    def check(text: str, threshold: float | None) -> None:
        with engine.store.read() as connection:
            try:
                found = queries.select_rows(
                    connection, records.id, text, level, run_id=records.runs[0].id,
                    parameters=PARAMETERS, paged=True, iou_threshold=threshold,
                )  # fmt: skip
            except QueryError:
                return
            plans: list[str] = []
            windows: list[Any] = []
            run = query_walk.run_statement
            try:
                query_walk.run_statement = lambda *given: windows.append(given[2]) or []
                queries.page_within(connection, found, None, 5, 9.0, Pace())
            finally:
                query_walk.run_statement = run
            for window in windows:
                told = cursor_of(connection).execute(
                    f"EXPLAIN QUERY PLAN {window.text}", window.values
                )
                steps = [row[3] for row in told if row[3] != "SCAN CONSTANT ROW"]
                steps = [step for step in steps if step.startswith(("SEARCH ", "SCAN "))][:1]
                by_keys = ".item_id >= ?" in window.text
                plans += [step for step in steps if not (by_keys and BY_KEYS in step)]
        table = "scene" if level == "scenes" else "item"
        for plan in plans:
            assert plan.startswith(f"SEARCH {table} USING") or "EXISTS" in plan, f"{text}: {plan}"
            assert "(dataset_id=?)" not in plan

    check()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its ways
@pytest.mark.parametrize("turned", [False, True])
def test_rare_objects_are_read_by_the_keys_of_their_items_while_those_rise(
    turned: bool, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = filled(engine)
    if turned:  # the last item comes first
        with engine.store.write() as connection:
            at = schema.item.c.position
            connection.execute(schema.item.update().values(position=at - 100))
            connection.execute(schema.item.update().values(position=-1 - at))
    by_keys: list[bool] = []
    run = query_walk.run_statement

    def noted(connection: Any, source: str, statement: Any) -> Any:
        by_keys.append(".item_id >= ?" in statement.text)
        return run(connection, source, statement)

    monkeypatch.setattr(query_walk, "run_statement", noted)
    pace = Pace(first=2, growth=2, clock=lambda: 0.0)
    ways = {}
    with engine.store.read() as connection:
        for text in ("dimensions.x > 1", "dimensions.x > 1 AND metadata.n >= 0"):
            found = queries.select_rows(connection, key, text, "annotations", paged=True)
            whole = queries.page_within(connection, found, None, 100)
            by_keys.clear()
            assert queries.page_within(connection, found, None, 100, 9.0, pace) == whole, text
            ways[text] = list(by_keys)
            assert queries.page_within(connection, found, None, 3, 9.0, pace).keys == whole.keys[:3]

    assert ways == {
        "dimensions.x > 1": [False, not turned, not turned],
        "dimensions.x > 1 AND metadata.n >= 0": [False, False, False],
    }


def test_time_ends_pages_of_matches_at_a_threshold(engine: Engine) -> None:
    make(engine, size=40)
    with engine.store.read() as connection:
        found = queries.select_rows(
            connection, 1, "iou > 2", "matches", run_id=1, iou_threshold=0.45, paged=True
        )
        page = queries.page_within(connection, found, None, 3, 0.0, Pace(first=2))

    assert page.keys == []
    assert page.token is not None
    assert page.looked_at == (2, 39)  # every tenth item is of another dataset


@pytest.mark.parametrize(
    "token", ["", "k-1", "z-1-1", "k-1-x", "w--1-0", "e-1-0-0", "k-1-9999999999999999999", "o-1-1"]
)
def test_tokens_that_were_not_made_here_are_refused(engine: Engine, token: str) -> None:
    make(engine, size=5)
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, "", paged=True)
        if not token:
            assert queries.page_within(connection, found, token, 9).keys
            return
        with pytest.raises(InvalidInputError, match="was not made here"):
            queries.page_within(connection, found, token, 9)


def test_an_order_is_kept_and_not_cut_by_time(engine: Engine) -> None:
    make(engine, size=30)
    with engine.store.read() as connection:
        for text in ("ORDER BY index DESC", "LIMIT 3", "SAMPLE 4 SEED 1"):
            found = queries.select_rows(connection, 1, text, paged=True)
            timed = queries.page_within(connection, found, None, 100, 0.0, Pace(first=1))
            assert timed.keys == queries.keys_of(connection, found), text
            assert timed.token is None
