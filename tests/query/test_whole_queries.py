"""Examples, word for word, that need data of their own.

Those with an order, a sample, a place, the present or a saved query, and those whose numbers are
rare in a small dataset.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from query_examples import EXAMPLES
from query_world import Item, Obj, World, make
from sqlalchemy import insert, update

from nucleus_lab.engine import Engine, embeddings, queries, schema

TEXT = {number: text for number, text, _ in EXAMPLES}
Check = Callable[[Engine, World, Callable[[], list[int]]], None]


def change(engine: Engine, keys: Sequence[int], **values: Any) -> None:
    with engine.store.write() as connection:
        connection.execute(update(schema.item).where(schema.item.c.id.in_(keys)).values(values))


def recent(engine: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    for at, age in {5: 6, 9: 0, 2: 8}.items():
        change(engine, [world.items[at].id], created_at=int((now - age * 86_400) * 1e6))

    assert ask() == [world.items[5].id, world.items[9].id]


def worst(_: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    def misses(item: Item) -> int:
        return sum(m["category"] == "fn" for m in item.matches)

    def poor(item: Item) -> bool:
        truths = [m for m in item.matches if m["truth"]]
        right = sum(m["category"] == "tp" for m in truths)
        return bool(truths) and right / len(truths) < 0.5

    ordered = sorted(filter(poor, world.items), key=lambda i: (-misses(i), i.ref))

    assert ask() == [item.id for item in ordered[:50]]
    assert len(ordered) > 50


def nearby(engine: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    change(engine, [item.id for item in world.items], metadata="{}")
    # A degree of latitude is 111.2 km: 4.4 km, 5.6 km and 3.4 km away.
    places = [(52.56, 13.40), (52.57, 13.40), (52.52, 13.45)]
    for item, (lat, lon) in zip(world.items, places, strict=False):
        change(engine, [item.id], metadata=json.dumps({"lat": lat, "lon": lon}))

    assert ask() == [world.items[0].id, world.items[2].id]


def alike(engine: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    keys = [item.id for item in world.items]
    change(engine, keys[7:8], reference_id="image_1")
    angles = np.array(keys, np.float64) ** 1.37 % math.pi
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    members = [("item", key, key) for key in keys]
    embeddings.add(engine, 1, ("image", "custom", "custom"), members, vectors)
    nearest = np.argsort(-(vectors @ vectors[7]))[:20]

    assert ask() == [keys[at] for at in nearest]
    assert ask()[0] == keys[7]


def sampled(_: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    rear = world.ids(lambda i: i.metadata.get("camera") == "rear")
    first = ask()

    assert len(rear) > 100 == len(first) == len(set(first))
    assert first == sorted(set(first) & set(rear)) == ask()


def saved(engine: Engine, world: World, ask: Callable[[], list[int]]) -> None:
    text = "metadata.timeofday = night AND metadata.camera = rear"
    row = {"dataset_id": 1, "name": "night rear", "level": "items", "query": text, "created_at": 0}
    with engine.store.write() as connection:
        connection.execute(insert(schema.saved_query), [row])

    assert ask() == world.ids(
        lambda i: (
            i.metadata.get("timeofday") == "night"
            and i.metadata.get("camera") == "rear"
            and i.count("truck") > 0
        )
    )
    assert ask()


CHECKS: dict[int, Check] = {57: recent, 83: worst, 87: nearby, 88: alike, 89: sampled, 94: saved}


@pytest.mark.parametrize("number", CHECKS)
def test_whole_examples_give_what_python_gives(number: int, engine: Engine) -> None:
    world = make(engine, size=800 if number in {83, 89} else 150)

    def ask() -> list[int]:
        with engine.store.read() as connection:
            found = queries.select_rows(connection, 1, TEXT[number], run_id=1)
            return queries.keys_of(connection, found)

    CHECKS[number](engine, world, ask)


def labels(o: Obj) -> set[str]:
    return {o.label or "", *o.segments, *o.labels}


def false_positives(item: Item, label: str | None = None) -> int:
    found = [m for m in item.matches if m["category"] == "fp"]
    return sum(label is None or label in {o.label for o in _sides(m)} for m in found)


def _sides(match: dict[str, Any]) -> list[Obj]:
    """The truth gives a match its label; a match without one has that of the prediction."""
    return [match["truth"] or match["prediction"]]


def surest(item: Item) -> float:
    return max((o.confidence for o in item.of() if o.confidence is not None), default=1)


NAMED = {"stop sign": "traffic sign", "box": "person"}
RARE: dict[int, Callable[[Item], Any]] = {
    4: lambda i: i.count("traffic light") >= 4 and i.count("truck") == 1,
    8: lambda i: i.count("truck") + i.count("bus") >= 5,
    14: lambda i: i.count("stop sign"),
    17: lambda i: i.predicted("pedestrian") >= 3,
    38: lambda i: i.predicted(kind="box") > 10,
    44: lambda i: i.id == 4,
    45: lambda i: i.id in {4, 7},
    66: lambda i: -0.2 <= i.tags.get("rain", 9) <= 0.2,
    69: lambda i: (
        sum("car" in labels(o) and o.metadata.get("occluded") is True for o in i.annotations) >= 2
    ),
    71: lambda i: i.count("dog") and all("dog" in labels(o) for o in i.annotations),
    72: lambda i: i.count("car") and i.count("box"),
    76: lambda i: (
        not any("pedestrian" in labels(o) and (o.confidence or 0) > 0.9 for o in i.of())
        and i.count("pedestrian")
    ),
    77: lambda i: surest(i) < 0.5,
    79: lambda i: false_positives(i) > 10,
    80: lambda i: false_positives(i, "dog"),
}


def test_what_is_rare_is_found_among_many(engine: Engine) -> None:
    world = make(engine, size=800)
    change(engine, [4], reference_id="image_1")
    change(engine, [7], reference_id="image_2")
    with engine.store.write() as connection:
        for before, after in NAMED.items():
            table = schema.label
            connection.execute(update(table).where(table.c.name == before).values(name=after))

    with engine.store.read() as connection:
        found = {
            number: queries.keys_of(
                connection, queries.select_rows(connection, 1, TEXT[number], run_id=1)
            )
            for number in RARE
        }

    assert found == {number: world.ids(test) for number, test in RARE.items()}
    assert all(found.values())
