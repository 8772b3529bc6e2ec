"""Items that a query lists by name are found by their names, however large their dataset is."""

from __future__ import annotations

from typing import Any

import pytest
from query_world import World, make

from nucleus_lab import identifiers
from nucleus_lab.engine import queries, query_select
from nucleus_lab.engine.query_run import prepare
from nucleus_lab.engine.statements import cursor_of

BY_NAME = "sqlite_autoindex_item_1"
FEW = [3, 5, 5, 17, 71]


@pytest.fixture
def world(engine: Any) -> World:
    return make(engine, size=150)


def texts(world: World, keys: list[int]) -> dict[str, list[str]]:
    """The names of items, and names of none."""
    names = {item.id: item.ref for item in world.items}
    public = [identifiers.encode(identifiers.ITEM, key) for key in keys]
    return {
        "id": [*public, "di_ffffffffffff", "sli_0000000000003", "nonsense"],
        "ref_id": [*(names.get(key, "unknown") for key in keys), "x"],
    }


@pytest.mark.parametrize("field", ["id", "ref_id"])
@pytest.mark.parametrize("more", ["", " AND metadata.camera = rear", " AND annotations.count > 2"])
@pytest.mark.parametrize("keys", [FEW, [*range(1, 900)], []])
def test_lists_of_names_select_the_items_of_those_names(
    engine: Any, world: World, field: str, more: str, keys: list[int]
) -> None:
    names = texts(world, keys)[field]
    asked = {"parameters": {"names": names}}
    with engine.store.read() as connection:

        def select(text: str, **how: Any) -> queries.Selection:
            return queries.select_rows(connection, 1, text, **asked, **how)

        text = f"{field} IN {{names}}{more}"
        rest = queries.keys_of(connection, select(more.removeprefix(" AND ")))
        expected = [key for key in rest if key in keys]
        assert queries.keys_of(connection, select(text)) == expected
        assert queries.count_of(connection, select(text)) == len(expected)
        paged = select(text, paged=True)
        for within in (None, 0.0):
            found, token = list[int](), None
            while True:
                page = queries.page_within(connection, paged, token, 7, within)
                found, token = found + page.keys, page.token
                if token is None:
                    break
            assert found == expected
        negated = queries.keys_of(connection, select(f"NOT {field} IN {{names}}"))
        everything = queries.keys_of(connection, select(""))
        assert negated == [key for key in everything if key not in keys]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its plans
@pytest.mark.parametrize(
    ("field", "plan"),
    [
        ("id", "SEARCH keyed_1 USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            "ref_id",
            f"SEARCH keyed_1 USING COVERING INDEX {BY_NAME} (dataset_id=? AND reference_id=?)",
        ),
    ],
)
def test_no_other_item_is_looked_at(engine: Any, world: World, field: str, plan: str) -> None:
    how: dict[str, Any] = {"parameters": {"names": texts(world, FEW)[field]}, "paged": True}
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, f"{field} IN {{names}}", **how)
        driven = query_select.driven(found, found.drivers)
        statement = prepare(connection, queries.statement_of(driven, "item.id"))
        told = cursor_of(connection).execute(
            f"EXPLAIN QUERY PLAN {statement.text}", statement.values
        )
        plans = [row[3] for row in told]

    assert plans[0] == "SEARCH item USING INTEGER PRIMARY KEY (rowid=?)"
    assert plan in plans
