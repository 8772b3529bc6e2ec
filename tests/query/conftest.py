"""Fixtures of the query tests: one workspace and one generated dataset on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from query_world import World, make


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def shared_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """One workspace for all tests of a module, on each database: they add to it or read it."""
    from nucleus_lab.engine import Engine

    folder: Path = tmp_path_factory.mktemp("query")
    url = None
    if request.param == "postgresql":
        import psycopg

        server = request.getfixturevalue("postgres_server")
        plain = f"{server}/postgres".replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {folder.name}")
        url = f"{server}/{folder.name}"
    engine = Engine(folder, database_url=url)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def filled(shared_engine: Any) -> tuple[Any, World]:
    """An engine with the generated dataset; tests only read it."""
    return shared_engine, make(shared_engine)


Ask = Callable[..., list[int]]


@pytest.fixture
def ask(filled: tuple[Any, World]) -> Ask:
    """Run a query and return keys; checks that ids, count and pages agree."""
    from nucleus_lab.engine import queries

    engine, world = filled

    def run(text: str, level: str = "items", *, run_id: int | None = 1, **more: Any) -> list[int]:
        with engine.store.read() as connection:
            found = queries.select_rows(
                connection, world.dataset_id, text, level, run_id=run_id, **more
            )
            keys = queries.keys_of(connection, found)
            if found.query.sample is None:
                assert queries.count_of(connection, found) == len(keys)
                few = queries.select_rows(
                    connection, world.dataset_id, text, level, run_id=run_id, paged=True, **more
                )
                for way in (found, few):
                    paged: list[int] = []
                    token: str | None = None
                    while True:
                        part, token = queries.page_of(connection, way, token, 17)
                        paged += part
                        if token is None:
                            break
                    assert paged == keys
        return keys

    return run


@pytest.fixture
def world(filled: tuple[Any, World]) -> World:
    """The same dataset as Python values."""
    return filled[1]
