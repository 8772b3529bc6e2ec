"""Logic: the set laws, the conformance vectors, and queries that are half broken."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from query_examples import EXAMPLES
from query_world import World

from nucleus_lab.errors import QueryError
from nucleus_lab.query.parse import parse

LAWS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

TEXTS = [
    "annotations.count > 3",
    "annotations.car > 0",
    "annotations.label = car",
    "annotations.label != car",
    "annotations.metadata.color = yellow",
    "annotations.dimensions.x < 6",
    "annotations.dimensions.y < 4",
    "annotations.area BETWEEN 10 AND 50",
    "annotations.track IS NULL",
    "annotations.clothing_type = dress",
    "annotations[label = truck AND position.x > 4]",
    'annotations."traffic light".color = red',
    "predictions.confidence < 0.3",
    "predictions.confidence >= 0.5",
    "predictions.count > annotations.count",
    "matches.fp > 1",
    "matches.iou < 0.5",
    "predictions.confidence * 10 > annotations.dimensions.x",
    "annotations.track = predictions.track",
    "annotations.area > metadata.speed_mph",
    "predictions[label = car AND confidence > 0.2].count >= annotations[label = car].count",
    "metadata.camera = rear",
    "metadata.camera != rear",
    "metadata.camera IN (front, left)",
    "metadata.speed_mph > 50",
    "metadata.speed_mph = 60.25",
    'metadata.speed_mph = "60.25"',
    "metadata.speed_mph > metadata.frame_number",
    "metadata.speed_mph / 0 = 1",
    "metadata.frame_number % 5 - 2 > -1",
    "metadata.tags = construction",
    "metadata.tags != rain",
    "metadata.tags IS NULL",
    "metadata.captured = 2021-03-01",
    "metadata.captured < 2021-03-01T00:30",
    "metadata.is_keyframe = true",
    "metadata.is_keyframe = 1",
    "metadata.notes ILIKE '%WET%ROAD%'",
    "metadata.notes LIKE '100\\% %'",
    "metadata.weather > rain",
    "metadata.big = 9007199254740993",
    "metadata.big < 0.2",
    "slice = train",
    "slice IS NULL",
    "autotag.image = rain",
    "autotag.object.stop_sign < 0",
    "filename ENDS WITH '9.png'",
    "width > 640 AND height = 480",
    "index % 3 = 0",
    "id > 'di_0000000000010'",
    "EXISTS metadata.scale_metadata",
    "tracks.count > 1",
    "tracks[label = bus AND length > 20]",
    "tracks.metadata.fast = true",
    "annotations.points < 9",
    "max(annotations.points) > 15",
    "matches.best_iou < 0.2",
    "annotations.confidence IS NULL",
    "phash IS NULL",
]

CONDITIONS = st.sampled_from(TEXTS)
METADATA_CONDITIONS = [text for text in TEXTS if "metadata" in text and "predictions" not in text]


@given(one=CONDITIONS, other=CONDITIONS)
@LAWS
def test_and_or_not_are_those_of_sets(ask: Any, world: World, one: str, other: str) -> None:
    everything = {item.id for item in world.items}
    left, right = set(ask(one)), set(ask(other))

    assert set(ask(f"({one}) OR ({other})")) == left | right
    assert set(ask(f"({one}) AND ({other})")) <= left & right
    assert set(ask(f"NOT ({one})")) == everything - left
    assert set(ask(f"NOT (({one}) OR ({other}))")) == everything - (left | right)
    assert set(ask(f"NOT NOT ({one})")) == left


VECTORS = [
    ("annotations.clothing_type != dress", "NOT annotations.clothing_type = dress"),
    ("NOT metadata.speed_mph > 50", "metadata.speed_mph <= 50 OR NOT (metadata.speed_mph <= 999)"),
    ("annotations.truck % 2 = 0", "annotations.truck = 0 OR annotations.truck % 2 < 1"),
    ("metadata.speed_mph / 0 = 1", "metadata.speed_mph IS NULL AND metadata.speed_mph IS NOT NULL"),
    ("", "metadata.x IS NULL"),
    ("WHERE slice IS NULL", "NOT EXISTS slice"),
    ("width BETWEEN 1 AND 700", "1 <= width <= 700"),
    ("annotations.car > 0 && !(slice = train)", "annotations.car > 0 AND slice != train"),
    ("annotations[label = car]", "annotations.label = car"),
    ("annotations.unicorn = 0", ""),
    ("annotations.box", "annotations.box.count > 0"),
    ("width = '1920'", "width = 1920"),
    ("created_at = '2023-11-14'", "created_at >= 2023-11-14 AND created_at < 2023-11-15"),
    ("annotations.area > 5 AND annotations.label = car", "annotations[area > 5 AND label = car]"),
]


@pytest.mark.parametrize(("one", "other"), VECTORS, ids=lambda text: text[:50])
def test_two_ways_to_say_the_same(one: str, other: str, ask: Any) -> None:
    assert ask(one) == ask(other)


def test_two_conditions_on_one_object_need_one_object(ask: Any) -> None:
    together = set(ask("annotations.dimensions.x < 6 AND annotations.dimensions.y < 4"))
    apart = set(ask("annotations[dimensions.x < 6] AND annotations[dimensions.y < 4]"))

    assert together < apart
    assert ask("annotations[type = box AND (label = car AND label = bus)]") == []


def test_missing_predictions_have_no_maximum(ask: Any, world: World) -> None:
    none = set(world.ids(lambda item: not item.of()))

    assert none
    assert not none & set(ask("max(predictions.confidence) < 2"))
    assert not none & set(ask("max(predictions.confidence) >= 0"))


@given(data=st.data())
@settings(LAWS, max_examples=120)
def test_a_mutated_query_is_answered_or_refused_with_a_place(ask: Any, data: Any) -> None:
    text = data.draw(st.sampled_from([text for _, text, _ in EXAMPLES]))
    seed = data.draw(st.integers(0, 10**6))
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text) + 1)
        piece = draw.choice([
            "(",
            ")",
            '"',
            ".",
            " AND ",
            "!",
            "5",
            "[",
            "]",
            "x",
            "",
            "{",
            "é",
            "%",
        ])
        text = text[:at] + piece + text[at + draw.randint(0, 3) :]

    try:
        ask(text, parameters={"cam": "rear", "limit": 50, "ids": ["a"]})
    except QueryError as caught:
        refusal = caught
    else:
        return

    assert 0 <= refusal.details["position"] <= len(text)
    assert refusal.details["query_code"].startswith("Q")


@pytest.mark.parametrize("text", ["(" * 99 + "width = 1" + ")" * 99, "NOT " * 99 + "width = 1"])
def test_deep_queries_run(text: str, ask: Any) -> None:
    ask(text)


@pytest.mark.parametrize(
    "text",
    ["(" * 101 + "width = 1", "NOT " * 101 + "width = 1", " AND ".join(["width = 1"] * 600)],
    ids=["parentheses", "not", "long"],
)
def test_too_deep_queries_are_refused(text: str) -> None:
    with pytest.raises(QueryError, match="Q015"):
        parse(text)


def test_the_longest_query_runs(ask: Any) -> None:
    assert ask(" OR ".join(["metadata.camera = rear"] * 499)) == ask("metadata.camera = rear")


@pytest.mark.parametrize(
    "text",
    ["annotations.car > 0", "width > 640 SAMPLE 5 SEED 1", "LIMIT 4 OFFSET 2", "LIMIT 0", ""],
)
def test_a_query_is_a_filter_of_items_too(text: str, ask: Any, filled: Any) -> None:
    from sqlalchemy import select

    from nucleus_lab.engine import queries
    from nucleus_lab.engine.schema import item

    engine, world = filled
    with engine.store.read() as connection:
        clause = queries.item_filter(connection, world.dataset_id, text, 1)
        keys = connection.scalars(select(item.c.id).where(clause).order_by(item.c.id)).all()

    assert list(keys) == ask(text)
