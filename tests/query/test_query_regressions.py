"""Faults that the evaluator found, each by the smallest query that shows it."""

from __future__ import annotations

from typing import Any

import pytest
from plain_records import Item, Match, Records, Run, Scene, Thing, Track
from record_storage import store

from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.engine import query_explain
from nucleus_lab.errors import QueryError
from nucleus_lab.query.parse import parse


def box(key: int, label: str, **more: Any) -> Thing:
    values = {"x": 0.0, "y": 0.0, "width": 2.0, "height": 2.0, **more}
    return Thing(key, f"a{key}", "box", label, **values)


@pytest.fixture(scope="module")
def small(shared_engine: Any) -> Any:
    """Three items with objects of all kinds, one model run, and a scene."""
    scene = Scene(1, "s", 0, "video", {})
    items = [Item(n, f"i{n}", n - 1, f"{n}.png", {}, scene=scene, frame=n) for n in (1, 2, 3)]
    items[0].metadata = {"tags": ["b", 5], "day": "2021-03-01", "a": 1, "b": 2}
    items[1].metadata = {"tags": ["a", "z", 9], "a": 2, "b": 2}
    items[2].metadata = {"tags": 7, "day": "2021-03-02"}
    items[0].annotations = [
        box(11, "bus", track="t", metadata={"color": "red", "speed": 3}),
        Thing(12, "a12", "mask", labels=["sky"]),
    ]
    items[1].annotations = [
        box(21, "car", track="t", metadata={"color": "blue"}, width=9.0),
        Thing(22, "a22", "multicategory", labels=["car", "dusk"], taxonomy="mood"),
    ]
    items[2].annotations = [box(31, "dog", metadata={"color": "green"})]
    for item in items:
        found = box(item.id * 10 + 5, "car", run=1, confidence=0.5)
        item.predictions = [found]
        pair = Match(item.id, item, item.annotations[0], found, item.id / 4, False, item.id / 4)
        item.matches = [pair]
    scene.items = items
    records = Records(
        1, items, [scene], [Track(1, "t", None)], [Run(1, ["ref", "cnn", "r"])], [1],
        ["bus", "car", "dog", "dusk"], ["mood"], {("image", "rain"): 1, ("object", "sign"): 2},
        {"train": 1}, {"all": "", "day": "metadata.day = 2021-03-01"},
    )  # fmt: skip
    store(shared_engine, records)

    def ask(text: str, level: str = "items", **more: Any) -> list[int]:
        with shared_engine.store.read() as connection:
            found = engine_queries.select_rows(connection, 1, text, level, run_id=1, **more)
            return engine_queries.keys_of(connection, found)

    ask.engine = shared_engine
    return ask


ANSWERS = {
    # An order by several values takes the least, or the greatest of a descending one.
    "ORDER BY metadata.tags": [1, 3, 2],
    "ORDER BY metadata.tags DESC": [2, 3, 1],
    "ORDER BY annotations.metadata.color": [2, 3, 1],
    "ORDER BY annotations.metadata.color DESC": [1, 3, 2],
    "ORDER BY annotations.label DESC": [1, 2, 3],
    "ORDER BY annotations.mood NULLS FIRST": [1, 3, 2],
    "max(annotations.label) = sky": [1],
    "min(annotations[type = multicategory].label) = car": [2],
    # An order by a mixture, and by what has no column of its own.
    "ORDER BY annotations.bus + annotations.confidence, ref_id DESC": [3, 2, 1],
    # A field among the members of a list.
    "metadata.a IN (metadata.b, 7)": [2],
    'metadata.day IN (date("2021-03-02"))': [3],
    "metadata.a NOT IN (metadata.b)": [1, 3],
    # The values that objects have are counted.
    "count(annotations.metadata.speed) = 1": [1],
    "count(annotations.metadata.color) < count(annotations)": [1, 2],
    # Every class of a track counts.
    'tracks.label LIKE "car"': [1, 2],
    "tracks.label IN ()": [],
    # A saved query without a condition is true, also beside others.
    'metadata.a = 1 OR saved("all")': [1, 2, 3],
    'NOT saved("all")': [],
    # Two pairs of brackets speak about two objects.
    "annotations[label = car].dimensions.x > annotations[label = dog].dimensions.x": [],
    "annotations[label = car].dimensions.x = predictions[label = car].dimensions.x": [],
    "annotations[type = box].dimensions.x != annotations[label = bus].dimensions.x": [2, 3],
    # In parentheses a lone word right of = is a field.
    "metadata.a = (frame)": [1, 2],
}


@pytest.mark.parametrize("text", ANSWERS)
def test_items_are_found_and_ordered(text: str, small: Any) -> None:
    assert small(text) == ANSWERS[text]


def test_two_pairs_of_brackets_are_two_objects(small: Any) -> None:
    text = "annotations[type = mask].annotation_id != annotations[type = box].annotation_id"

    assert small(text) == [1, 2, 3]
    assert small("annotations[type = segmentation].id < annotations[type = box].id") == []
    assert small("annotations[type = box].id < annotations[type = segmentation].id") == [1]


def test_metadata_of_a_class_is_no_value_of_other_objects(small: Any) -> None:
    ordered = small('ORDER BY annotations."car".color, annotation_id DESC', "annotations")

    assert ordered == [21, 31, 22, 12, 11]


def test_an_order_mixes_the_row_with_what_belongs_to_it(small: Any) -> None:
    ordered = small("type = box ORDER BY annotations.dimensions.x - tracks.length DESC, id DESC",
                    "annotations")  # fmt: skip

    assert ordered == [21, 11, 31]


CANONICAL = {
    "slice = train AND slice IS NULL": 'slice = "train" AND slice IS NULL',
    "slice != train": 'slice != "train"',
    "autotag.image = rain": 'autotag.image = "rain"',
    "NOT autotag.object.sign > 0.5": "NOT autotag.object.sign > 0.5",
    "scene.ref_id = s": 'scene.ref_id = "s"',
    "annotations.area > width": "annotations.area > width",
    "annotations.bus.speed < annotations.count": (
        'annotations[label = "bus"].metadata.speed < annotations.count'
    ),
    "predictions.confidence * 10 > annotations.area": (
        "predictions.confidence * 10 > annotations.area"
    ),
    "matches.f1 > 0.5": "matches.f1 > 0.5",
    "ref_id = item.filename": "ref_id = (filename)",
    'NOT saved("all")': "1 != 1",
    "NOT NOT annotations.label = car": 'annotations[label = "car"]',
    "ORDER BY annotations.area DESC": "ORDER BY annotations.area DESC",
    "metadata.a = {yes} OR metadata.a IN {mixed}": "metadata.a = {yes} OR metadata.a IN ({mixed})",
}
GIVEN = {"yes": True, "mixed": [False, 1]}


@pytest.mark.parametrize("text", CANONICAL)
def test_the_canonical_form_reads_as_itself(text: str, small: Any) -> None:
    def told(query: str) -> Any:
        with small.engine.store.read() as connection:
            return query_explain.explained(connection, 1, query, "items", parameters=GIVEN)

    first = told(text)
    second = told(first["canonical"])

    assert first["canonical"] == CANONICAL[text] == second["canonical"]
    assert small(text, parameters=GIVEN) == small(CANONICAL[text], parameters=GIVEN)


SIDES = {
    "annotations.label = car AND annotations.metadata.color = blue": (
        'annotations.label = "car" AND annotations.metadata.color = "blue"'
    ),
    'annotations."car".color <= metadata.tags AND frame > 0 AND annotations."car".color = blue': (
        'annotations.label = "car" AND annotations.metadata.color <= metadata.tags '
        'AND item.frame > 0 AND annotations.label = "car" AND annotations.metadata.color = "blue"'
    ),
    "annotations.car.color = blue": (
        'annotations.label = "car" AND annotations.metadata.color = "blue"'
    ),
}


@pytest.mark.parametrize("text", SIDES)
def test_the_sides_of_a_match_keep_their_names(text: str, small: Any) -> None:
    with small.engine.store.read() as connection:
        told = query_explain.explained(connection, 1, text, "matches", run_id=1)

    assert told["canonical"] == SIDES[text]
    assert small(told["canonical"], "matches") == small(text, "matches") == [2]


@pytest.mark.parametrize(
    "text",
    [
        "width = 1 AND NOT (height = 2 OR frame = 3)",
        "EXISTS (metadata.a) AND frame < (1 + 2)",
        "((width = 1 OR height = 2) AND frame = 3) AND (frame) = -(2 * 3)",
        "metadata.day > 2021-03-01 AND metadata.day IN (2021-03-02)",
    ],
)
def test_explain_counts_conditions_that_end_with_a_parenthesis(text: str, small: Any) -> None:
    with small.engine.store.read() as connection:
        told = query_explain.explained(connection, 1, text, "items")

    assert [small(part["text"]) for part in told["conditions"]]
    assert [part["count"] for part in told["conditions"]] == [
        len(small(part["text"])) for part in told["conditions"]
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{list} < {list}", "Q030"),
        ("{list} IN {list}", "Q030"),
        ("{list} = 1", "Q030"),
        ("length({list}) > 1", "Q030"),
        ('{list} LIKE "a"', "Q030"),
        ("{list} BETWEEN 1 AND 2", "Q030"),
        ("ORDER BY {list}", "Q030"),
    ],
)
def test_a_list_stands_only_right_of_in(text: str, code: str, small: Any) -> None:
    with pytest.raises(QueryError) as refusal:
        small(text, parameters={"list": [1, "a"], "yes": True})

    assert refusal.value.details["query_code"] == code


@pytest.mark.parametrize(
    "text", ["ORDER BY {yes}", "ORDER BY 5", "{yes} + 1 = 2", "text({yes}) = 'true'"]
)
def test_a_given_value_stands_where_a_field_may(text: str, small: Any) -> None:
    assert small(text, parameters={"yes": True}) == [1, 2, 3]


def test_positions_of_nodes_cover_their_parentheses() -> None:
    text = "NOT (a = 1 OR (b) < -(c + 2)) AND (d = (1 + 2))"
    condition: Any = parse(text).condition

    assert [text[part.start : part.end] for part in condition.parts] == [
        "NOT (a = 1 OR (b) < -(c + 2))",
        "d = (1 + 2)",
    ]
