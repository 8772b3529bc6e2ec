"""Indexes of metadata keys: made behind their first use, met by queries, not seen in answers."""

from __future__ import annotations

from typing import Any

import pytest
from query_world import make
from test_laws import METADATA_CONDITIONS

from nucleus_lab.engine import index_making, indexes, queries
from nucleus_lab.engine.statements import cursor_of


def ask(engine: Any, text: str) -> list[int]:
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, text)
        keys = queries.keys_of(connection, found)
    queries.improve(engine.store, found)
    assert index_making.settle(engine.store, 60)
    return keys


def kinds(connection: Any, dataset_id: int, path: tuple[str, ...]) -> frozenset[str] | None:
    names = indexes.indexed(connection, dataset_id)
    return indexes.known_kinds(connection, dataset_id, path, names)


def test_answers_are_the_same_with_indexes(engine: Any) -> None:
    make(engine)
    before = {text: ask(engine, text) for text in METADATA_CONDITIONS}
    for key in (
        "camera",
        "speed_mph",
        "tags",
        "captured",
        "is_keyframe",
        "notes",
        "weather",
        "big",
    ):
        assert indexes.ensure(engine.store, 1, (key,))
    assert indexes.ensure(engine.store, 1, ('we"ird', "it's", "100%", "ключ"))

    assert {text: ask(engine, text) for text in METADATA_CONDITIONS} == before
    with engine.store.read() as connection:
        assert kinds(connection, 1, ("camera",)) == {"text", "null"}
        assert kinds(connection, 1, ("tags",)) == {"text", "array"}
        assert kinds(connection, 1, ("height",)) is None
        assert kinds(connection, 2, ("camera",)) is None
    with engine.store.write() as connection:
        assert indexes.drop(connection, 1) == 27
    assert {text: ask(engine, text) for text in METADATA_CONDITIONS} == before


def test_a_large_dataset_gets_an_index_behind_the_first_use(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(engine)
    text = "metadata.camera = rear"
    ask(engine, text)
    ask(engine, text)
    with engine.store.read() as connection:
        assert kinds(connection, 1, ("camera",)) is None
    monkeypatch.setattr(indexes, "LARGE", 100)

    answers = [ask(engine, text) for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    with engine.store.read() as connection:
        assert kinds(connection, 1, ("camera",)) == {"text", "null"}
        if engine.store.dialect == "sqlite":
            found = queries.select_rows(connection, 1, text)
            options = {"literal_binds": True, "render_postcompile": True}
            from sqlalchemy import select

            statement = select(found.row.c.id).where(*found.where).order_by(*found.position)
            written = statement.compile(dialect=connection.dialect, compile_kwargs=options)
            plan = cursor_of(connection).execute(f"EXPLAIN QUERY PLAN {written}").fetchall()
            assert [row[3].split(" (")[0] for row in plan] == [
                f"SEARCH item USING INDEX {indexes.name_of(1, ('camera',), 'text')}"
            ]


def test_indexes_go_with_their_dataset(engine: Any) -> None:
    from nucleus_lab.engine import deletion

    make(engine)
    indexes.ensure(engine.store, 1, ("camera",))
    indexes.ensure(engine.store, 2, ("camera",))

    with engine.store.write() as connection:
        deletion.delete_dataset(connection, 1)

    with engine.store.read() as connection:
        assert indexes.indexed(connection, 1) == frozenset()
        assert len(indexes.indexed(connection, 2)) == 3


def test_ranges_lists_and_conjunctions_use_indexes(engine: Any) -> None:
    from nucleus_lab.engine.query_explain import explained

    make(engine)
    texts = {
        "metadata.frame_number > 3": "number",
        "-2 < metadata.frame_number <= 3": "number",
        "metadata.frame_number BETWEEN 1 AND 4 AND annotations.count > 2": "number",
        "metadata.sequence_id IN (abcdef, other)": "text",
        "metadata.sequence_id >= b AND metadata.frame_number > 0 ORDER BY ref_id": "text",
        "NOT metadata.frame_number > 3": "",
        "metadata.frame_number > 3 OR width > 900": "",
        "metadata.frame_number > 3 LIMIT 5 OFFSET 2": "number",
    }
    before = {text: ask(engine, text) for text in texts}
    assert all(before.values())
    for key in ("frame_number", "sequence_id"):
        assert indexes.ensure(engine.store, 1, (key,))

    assert {text: ask(engine, text) for text in texts} == before
    with engine.store.read() as connection:
        for text, kind in texts.items():
            found = queries.select_rows(connection, 1, text)
            assert queries.page_of(connection, found, None, 1000)[0] == before[text]
            plan = " ".join(explained(connection, 1, text, "items")["plan"])
            if engine.store.dialect == "sqlite" and kind:
                assert f"_{kind}" in plan


def test_values_are_counted_from_the_index(engine: Any) -> None:
    from nucleus_lab.engine.query_values import values_of

    make(engine)
    with engine.store.read() as connection:
        before = values_of(connection, 1, ("camera",))
    indexes.ensure(engine.store, 1, ("camera",))
    indexes.ensure(engine.store, 1, ("it's 100%",))

    with engine.store.read() as connection:
        after = values_of(connection, 1, ("camera",))
        assert values_of(connection, 1, ("it's 100%",)).counts == []

    assert sorted(after.counts) == sorted(before.counts)
    assert dict(after.counts).keys() == {"front", "rear", "left"}
