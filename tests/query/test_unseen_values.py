"""Warnings about texts and keys that no item has, wherever they stand, on small and large data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, update

from nucleus_lab.engine import Engine, datasets, indexes, queries, query_warnings, schema

COUNT = 2_500


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Many items of three weathers, one of them rare; scenes know a route."""
    with engine.store.write() as connection:
        dataset_id = datasets.create(connection, "weather")
        base = {"dataset_id": dataset_id, "kind": "image", "location": "x", "created_at": 0}
        rows = [
            {
                "reference_id": str(n),
                "position": n,
                "metadata": json.dumps({
                    "weather": "haze" if n == 350 else ("fog", "rain")[n % 2],
                    "sensor": {"name": "front"},
                    **({"rare": "yes"} if n == 350 else {}),
                }),
            }
            for n in range(COUNT)
        ]
        connection.execute(insert(schema.item), [{**base, **row} for row in rows])
        connection.execute(schema.dataset.update().values(next_position=COUNT))
        connection.execute(
            insert(schema.scene),
            {
                "dataset_id": dataset_id,
                "reference_id": "s",
                "position": 0,
                "type": "lidar",
                "metadata": json.dumps({"route": "north"}),
                "created_at": 0,
            },
        )
    return engine


def told(engine: Engine, text: str, level: str = "items", **parameters: Any) -> list[str]:
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, text, level, parameters=parameters)
        return query_warnings.told(connection, found)


SLIP = "W2: 'fgo' is never seen in metadata.weather{}; values: fog "


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "metadata.weather = fgo",
        "metadata.weather != fgo",
        "metadata.weather = rain OR metadata.weather = fgo",
        "metadata.weather IN (rain, fgo)",
        "metadata.weather NOT IN (rain, fgo)",
        "annotations.count = 0 AND (metadata.weather = {v} OR ref_id = x)",
    ],
)
def test_a_slip_of_the_pen_is_told_wherever_it_stands(
    text: str, indexed: bool, filled: Engine
) -> None:
    if indexed:
        assert indexes.ensure(filled.store, 1, ("weather",))

    (found,) = told(filled, text, v="fgo")

    assert found.startswith(SLIP.format("" if indexed else " of the items looked at"))


def test_only_an_index_knows_that_a_text_unlike_all_is_never_seen(filled: Engine) -> None:
    assert told(filled, "metadata.weather = tornado") == []
    assert indexes.ensure(filled.store, 1, ("weather",))
    assert told(filled, "metadata.weather = tornado") == [
        "W2: 'tornado' is never seen in metadata.weather; values: rain 1250, fog 1249, haze 1"
    ]


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "metadata.weather = fog",
        "metadata.weather = haze",
        "metadata.weather = 3",
        "metadata.weather IS NULL",
        "metadata.weather STARTS WITH f",
        "metadata.rare = yes",
        "metadata.sensor.name = front",
        "metadata.quite_another = x",
    ],
)
def test_nothing_is_told_of_what_is_there_or_may_be(
    text: str, indexed: bool, filled: Engine
) -> None:
    if indexed:
        assert indexes.ensure(filled.store, 1, ("weather",))

    assert told(filled, text) == []


def test_a_key_that_is_nearly_one_is_told(filled: Engine) -> None:
    assert told(filled, "metadata.wether > 3") == [
        "W2: none of 1,000 items looked at has metadata.wether; did you mean metadata.weather?"
    ]
    assert told(filled, "metadata.sensor.nam = front") == [
        (
            "W2: none of 1,000 items looked at has metadata.sensor.nam; did you mean "
            "metadata.sensor.name?"
        )
    ]


@pytest.mark.parametrize("level", ["items", "scenes"])
def test_a_key_of_scenes_alone_is_told(level: str, filled: Engine) -> None:
    assert told(filled, "metadata.route = north", level) == [
        "W5: route is scene metadata; write scene.metadata.route"
    ]
    assert told(filled, "metadata.route != north OR metadata.weather = fog", level) == [
        "W5: route is scene metadata; write scene.metadata.route"
    ]
    assert told(filled, "scene.metadata.route = north", level) == []


def test_what_was_counted_holds_until_the_dataset_changes(filled: Engine) -> None:
    assert told(filled, "metadata.weather = fgo")
    with filled.store.write() as connection:
        one = {"weather": "fgo", "sensor": {"name": "front"}}
        rows = update(schema.item).where(schema.item.c.position < 100)
        connection.execute(rows.values(metadata=json.dumps(one)))
        connection.execute(
            schema.dataset.update().values(change_seq=schema.dataset.c.change_seq + 1)
        )

    assert told(filled, "metadata.weather = fgo") == []
