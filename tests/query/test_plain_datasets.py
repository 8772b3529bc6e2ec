"""Without masks and categories queries are written otherwise: the answers are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from query_world import Item, Obj, World, make

from nucleus_lab.engine import indexes, queries, query_cache


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def plain(request: Any, tmp_path_factory: Any) -> Iterator[tuple[Any, World]]:
    """An engine with a dataset of boxes, polygons, lines and cuboids only."""
    from nucleus_lab.engine import Engine

    folder = tmp_path_factory.mktemp("plain")
    url = None
    if request.param == "postgresql":
        import psycopg

        server = request.getfixturevalue("postgres_server")
        place = f"{server}/postgres".replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {folder.name}")
        url = f"{server}/{folder.name}"
    engine = Engine(folder, database_url=url)
    yield engine, make(engine, plain=True)
    engine.close()


def cars(objects: list[Obj], test: Callable[[Obj], Any] = lambda _: True) -> int:
    return sum(o.label == "car" and bool(test(o)) for o in objects)


CASES: dict[str, Callable[[Item], Any]] = {
    "annotations.count > 3": lambda i: len(i.annotations) > 3,
    "annotations.count = 0": lambda i: not i.annotations,
    "annotations.car > 0": lambda i: cars(i.annotations),
    "annotations.car > 1": lambda i: cars(i.annotations) > 1,
    "annotations.car >= 1": lambda i: cars(i.annotations) >= 1,
    "2 <= annotations.car": lambda i: cars(i.annotations) >= 2,
    "annotations.car = 2": lambda i: cars(i.annotations) == 2,
    "annotations.car = 0": lambda i: not cars(i.annotations),
    "annotations.car > -1": lambda i: True,
    "annotations.car < 2": lambda i: cars(i.annotations) < 2,
    "annotations.unicorn > 1": lambda i: False,
    "NOT annotations.car > 1": lambda i: cars(i.annotations) <= 1,
    "annotations.label = car": lambda i: cars(i.annotations),
    "annotations.label != car": lambda i: not cars(i.annotations),
    "annotations.label = car AND annotations.dimensions.x < 6": lambda i: cars(
        i.annotations, lambda o: o.type in {"box", "cuboid"} and (o.width or 0) < 6
    ),
    "predictions.label = car AND predictions.confidence > 0.3": lambda i: cars(
        i.of(), lambda o: (o.confidence or 0) > 0.3
    ),
    "predictions[label = car AND confidence > 0.3].count > 1": lambda i: (
        cars(i.of(), lambda o: (o.confidence or 0) > 0.3) > 1
    ),
    "annotations.box.car > 1": lambda i: cars(i.annotations, lambda o: o.type == "box") > 1,
    "predictions.car > 1": lambda i: cars(i.of()) > 1,
    "annotations.segmentation IS NULL": lambda i: True,
    "annotations.segmentation.count = 0": lambda i: True,
}


def answers(engine: Any, text: str) -> list[list[int]]:
    """Ask for all, for a number, and for pages."""
    with engine.store.read() as connection:
        whole = queries.select_rows(connection, 1, text, run_id=1)
        paged = queries.select_rows(connection, 1, text, run_id=1, paged=True)
        keys = queries.keys_of(connection, whole)
        assert queries.count_of(connection, whole) == len(keys)
        found: list[int] = []
        token: str | None = None
        while True:
            part, token = queries.page_of(connection, paged, token, 7)
            found += part
            if token is None:
                return [keys, found]


@pytest.mark.parametrize("text", CASES)
def test_answers_are_those_of_the_predicate(text: str, plain: tuple[Any, World]) -> None:
    engine, world = plain
    expected = world.ids(CASES[text])

    assert answers(engine, text) == [expected, expected]


KEYED = [
    "metadata.weather = fog",
    "metadata.weather IS NULL",
    "metadata.weather IS NOT NULL",
    "metadata.weather STARTS WITH 'r'",
    "metadata.weather STARTS WITH 'Ü'",
    "metadata.weather CONTAINS 'INÏ' OR metadata.weather CONTAINS 'AI'",
    "metadata.weather ENDS WITH 'te'",
    "metadata.weather LIKE '%uote'",
    "metadata.weather IN (fog, rain)",
    "metadata.frame_number > 2",
    "metadata.frame_number BETWEEN -3 AND 4",
    "4 >= metadata.frame_number > -3",
    "metadata.frame_number = 0",
    "metadata.frame_number % 5 = 2",
    "metadata.frame_number % 5 = 0",
    "metadata.timeofday STARTS WITH 'n' AND metadata.frame_number < 5",
    "metadata.timeofday IS NULL AND metadata.weather != fog",
    "ref_id STARTS WITH 'other/image_1'",
    "ref_id STARTS WITH 'drive_07/' AND metadata.frame_number > 0",
]


@pytest.mark.parametrize("text", KEYED)
def test_an_index_changes_no_answer(text: str, plain: tuple[Any, World]) -> None:
    engine, _ = plain
    with engine.store.write() as connection:
        indexes.drop(connection, 1)
    before = answers(engine, text)
    for key in ("weather", "frame_number", "timeofday"):
        indexes.ensure(engine.store, 1, (key,))

    assert answers(engine, text) == before
    assert before[0] == before[1]
    with engine.store.read() as connection:
        rest = queries.select_rows(connection, 1, f"NOT ({text})")
        assert len(queries.keys_of(connection, rest)) == 135 - len(before[0])


def test_reading_all_objects_changes_no_answer(
    plain: tuple[Any, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = plain
    wanted = [
        "annotations.dimensions.x > 100",
        "predictions.confidence < 0.2",
        "predictions.position.x < 4 AND predictions.confidence > 0.5",
    ]
    before = [answers(engine, text) for text in wanted]
    monkeypatch.setattr("nucleus_lab.engine.indexes.LARGE", 1)
    monkeypatch.setattr("nucleus_lab.engine.query_driver._FEW", 1.0)
    query_cache.forget()

    assert [answers(engine, text) for text in wanted] == before
    if engine.store.dialect == "sqlite":
        with engine.store.read() as connection:
            found = queries.select_rows(connection, 1, wanted[0])
            assert "IN (SELECT annotations_1.item_id" in found.where[-1].text
    query_cache.forget()
