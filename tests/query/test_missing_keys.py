"""When a query is told that NOT keeps items without the key."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert

from nucleus_lab.engine import Engine, datasets, indexes, queries, query_warnings, schema

COUNT = 2_500
TOLD = (
    "W4: NOT metadata.k = 1 keeps items without metadata.k; to leave them out add AND EXISTS "
    "metadata.k"
)


def warnings(engine: Engine, lacking: int, *, indexed: bool) -> list[str]:
    with engine.store.write() as connection:
        dataset_id = datasets.create(connection, "keys")
        base = {"dataset_id": dataset_id, "kind": "image", "location": "x", "created_at": 0}
        rows = [
            {"reference_id": str(n), "position": n, "metadata": json.dumps({"k": n})}
            for n in range(COUNT)
        ]
        if lacking >= 0:
            rows[lacking]["metadata"] = "{}"
        connection.execute(insert(schema.item), [{**base, **row} for row in rows])
        connection.execute(schema.dataset.update().values(next_position=COUNT))
    if indexed:
        assert indexes.ensure(engine.store, dataset_id, ("k",))
    with engine.store.read() as connection:
        found = queries.select_rows(connection, dataset_id, "NOT metadata.k = 1")
        return query_warnings.told(connection, found)


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("lacking", [0, COUNT - 1])
def test_the_oldest_and_the_newest_items_are_looked_at(
    lacking: int, indexed: bool, engine: Engine
) -> None:
    assert warnings(engine, lacking, indexed=indexed) == [TOLD]


def test_an_index_knows_of_all_items(engine: Engine) -> None:
    assert warnings(engine, COUNT // 2, indexed=True) == [TOLD]


@pytest.mark.parametrize("indexed", [False, True])
def test_nothing_is_told_where_all_items_have_the_key(indexed: bool, engine: Engine) -> None:
    assert warnings(engine, -1, indexed=indexed) == []
