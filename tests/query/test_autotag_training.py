"""Queries for what autotags were trained on."""

from __future__ import annotations

from typing import Any

import pytest
from query_world import World, make
from sqlalchemy import insert

from nucleus_lab.engine import Engine, queries, whole_schema
from nucleus_lab.errors import QueryError

IMAGES = {11: True, 12: True, 13: False}
"""Items chosen for the tag rain, and whether as examples."""


@pytest.fixture
def world(engine: Engine) -> World:
    made = make(engine)
    boxes = [o.id for item in made.items for o in item.annotations][:3]
    owner = {o.id: item.id for item in made.items for o in item.annotations}
    chosen = [(1, "item", key, key, flag) for key, flag in IMAGES.items()]
    chosen += [
        (2, "annotation", key, owner[key], flag) for key, flag in zip(boxes, (1, 0, 1), strict=True)
    ]
    names = ("autotag_id", "member", "member_id", "item_id", "positive")
    with engine.store.write() as connection:
        connection.execute(
            insert(whole_schema.metadata.tables["autotag_example"]),
            [{**dict(zip(names, row, strict=True)), "positive": bool(row[4])} for row in chosen],
        )
    return made


def found(engine: Engine, text: str, level: str = "items") -> Any:
    with engine.store.read() as connection:
        selection = queries.select_rows(connection, 1, text, level, run_id=1)
        return queries.keys_of(connection, selection)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("autotag.training.image = rain", {11, 12}),
        ("autotag.training.image IN (rain, fog)", {11, 12}),
        ("autotag.training.image IS NOT NULL", {11, 12}),
        ("autotag.training.image = fog", set()),
        ("autotag.image.rain.training = true", {11, 12}),
        ("autotag.image.rain.training = false", {13}),
        ("EXISTS autotag.image.rain.training", {11, 12, 13}),
        ("autotag.image.fog.training = true", set()),
    ],
)
def test_items_are_found_by_what_they_were_chosen_for(
    text: str, keys: set[int], engine: Engine, world: World
) -> None:
    expected = world.ids(lambda item: item.id in keys)

    assert found(engine, text) == expected
    assert found(engine, f"NOT ({text})") == world.ids(lambda item: item.id not in keys)


def test_examples_and_scores_are_told_apart(engine: Engine, world: World) -> None:
    text = "autotag.training.image = rain OR autotag.image = rain"

    assert found(engine, text) == world.ids(
        lambda item: IMAGES.get(item.id) is True or item.tags.get("rain", 0) > 0
    )


def test_objects_are_found_by_what_they_were_chosen_for(engine: Engine, world: World) -> None:
    objects = [(o.id, item.id) for item in world.items for o in item.annotations][:3]

    assert found(engine, "autotag.training.object = stop_sign", "annotations") == [
        objects[0][0],
        objects[2][0],
    ]
    assert found(engine, "autotag.object.stop_sign.training = false", "annotations") == [
        objects[1][0]
    ]
    assert found(engine, "autotag.training.object = stop_sign") == sorted({
        objects[0][1],
        objects[2][1],
    })


@pytest.mark.parametrize(
    "text",
    [
        "autotag.training = rain",
        "autotag.training.image.rain = true",
        "autotag.image.rain.trained = true",
        "autotag.training.image.rain.training = true",
    ],
)
def test_other_forms_are_refused_with_the_right_ones(
    text: str, engine: Engine, world: World
) -> None:
    with pytest.raises(QueryError, match=r"(?s)Q020.*autotag\.training\.image = tag"):
        found(engine, text)
