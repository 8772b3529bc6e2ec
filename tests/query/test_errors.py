"""What a person reads when a query cannot be read."""
# ruff: noqa: E501 - shown as they are

from __future__ import annotations

import re
from typing import Any

import pytest
from query_examples import EXAMPLES

from nucleus_lab.errors import QueryError
from nucleus_lab.query.parse import parse

SHOWN = {
    "annotations.count bad syntax": """\
Query error Q012 at line 1, column 19: expected an operator (=, !=, <, <=, >, >=, IN, LIKE, AND, OR …) after 'count', found 'bad'
  annotations.count bad syntax
                    ^~~
  hint: write annotations.count > 0, or quote a name that has spaces: "count bad syntax\"""",
    "annotations.count >": """\
Query error Q011 at line 1, column 20: the query ends too early: a value or a condition is missing here
  annotations.count >
                     ^""",
    "(annotations.car > 0": """\
Query error Q010 at line 1, column 21: expected ')' to close the ( at column 1, found the end of the query
  (annotations.car > 0
                      ^""",
    'metdata.camera = "rear"': """\
Query error Q020 at line 1, column 1: unknown field 'metdata.camera'
  metdata.camera = "rear"
  ^~~~~~~
  hint: did you mean metadata.camera?  to compare with text, quote it""",
    "iou > 0.5": """\
Query error Q021 at line 1, column 1: 'iou' belongs to evaluation matches, and this query is about items
  iou > 0.5
  ^~~
  hint: query objects of type iou, or write matches[iou …]""",
    "metadata.speed = NULL": """\
Query error Q018 at line 1, column 18: nothing is = NULL
  metadata.speed = NULL
                   ^~~~
  hint: write IS NULL or IS NOT NULL""",
    "metadata.completed_at > 2021-13-01": """\
Query error Q003 at line 1, column 25: not a real date: 2021-13-01
  metadata.completed_at > 2021-13-01
                          ^~~~~~~~~~""",
    'filename MATCHES "cam["': """\
Query error Q050 at line 1, column 22: not a valid regular expression: unterminated character set
  filename MATCHES "cam["
                       ^""",
    "metadata.camera = {nope}": """\
Query error Q040 at line 1, column 19: no value for {nope}
  metadata.camera = {nope}
                    ^~~~~~
  hint: define it, or pass params={…}""",
    "0 < metadata.a > 3": """\
Query error Q016 at line 1, column 16: only < and <= (or > and >=) can be chained, as in 0.3 < iou < 0.5
  0 < metadata.a > 3
                 ^""",
    "width > 1\n AND height = tall": """\
Query error Q030 at line 2, column 15: height is a number and 'tall' is not
   AND height = tall
                ^~~~""",
}  # fmt: skip


@pytest.mark.parametrize("text", SHOWN)
def test_an_error_shows_the_line_and_points(text: str, ask: Any) -> None:
    with pytest.raises(QueryError) as refusal:
        ask(text)

    assert str(refusal.value) == SHOWN[text]


CODES = {
    "12abc = 1": ("Q001", 0),
    "width = ^": ("Q001", 8),
    "width = {a b}": ("Q001", 8),
    'ref_id = "x': ("Q002", 9),
    "ref_id = {x": ("Q002", 9),
    "width = 1 )": ("Q013", 10),
    "width = 1 , 2": ("Q014", 10),
    "LIMIT 1 LIMIT 2": ("Q014", 8),
    "width = AND": ("Q017", 8),
    "metadata..x = 1": ("Q019", 9),
    "annotations. count > 1": ("Q019", 13),
    "metadata = 1": ("Q020", 0),
    "width.pixels = 1": ("Q020", 0),
    "annotations[colour = red]": ("Q020", 12),
    "lenght(ref_id) > 3": ("Q023", 0),
    "abs(width, 2) > 3": ("Q010", 0),
    "width = wide": ("Q030", 8),
    "width > 5km": ("Q030", 8),
    "count(width) > 3": ("Q030", 0),
    "ORDER BY annotations.area + predictions.area": ("Q030", 9),
    "width > 2021-01-01": ("Q030", 8),
    "ref_id < 5": ("Q030", 9),
    "created_at > 5": ("Q030", 13),
    "created_at > soon": ("Q030", 13),
    "width LIKE 5": ("Q030", 11),
    "width + ref_id > 5": ("Q030", 0),
    "annotations > 5": ("Q030", 0),
    "width": ("Q031", 0),
    "width = 1 OR 5": ("Q031", 13),
    "(width = 1) = 1": ("Q032", 1),
    "width = 1 + (height = 2)": ("Q032", 13),
    "ref_id IN {one}": ("Q042", 10),
    "ref_id = {frame}": ("Q042", 9),
    "filename MATCHES {bad}": ("Q050", 18),
    "saved('night')": ("Q041", 6),
    "saved(width)": ("Q030", 6),
    "saved('a', 'b')": ("Q010", 0),
    "near(1, 2) = 5": ("Q032", 0),
    "near(1, 2)": ("Q010", 0),
    "near(91, 2, 5km)": ("Q030", 5),
    "near(1, 2, 5d)": ("Q030", 11),
    "annotations[within(0, 0, 1, 1)]": ("Q021", 12),
}


@pytest.mark.parametrize("text", CODES)
def test_an_error_has_its_code_and_place(text: str, ask: Any) -> None:
    with pytest.raises(QueryError) as refusal:
        ask(text, parameters={"one": 1, "frame": object(), "bad": "(a"})

    details = refusal.value.details
    assert (details["query_code"], details["position"]) == CODES[text]
    assert set(details) == {"query_code", "position", "line", "column", "length", "hint"}


@pytest.mark.parametrize("number", [number for number, _, _ in EXAMPLES])
def test_every_example_parses(number: int) -> None:
    text = EXAMPLES[number - 1][1]

    assert parse(text).source == text


@pytest.mark.parametrize(
    "word",
    ["order", "first", "with", "like", "matches", "in", "between", "is", "limit", "where", "by"],
)
def test_keywords_count_only_where_one_is_expected(word: str, ask: Any) -> None:
    assert ask(f"metadata.{word} = {word}") == []
    assert ask(f"metadata.{word} != {word} AND width > 1 LIMIT 2") == [1, 2]


def test_warnings_name_the_nearest_class(filled: Any) -> None:
    from nucleus_lab.engine import queries

    engine, world = filled
    with engine.store.read() as connection:
        found = queries.select_rows(connection, world.dataset_id, "annotations.trck > 0")

    assert found.warnings == ["W1: there is no class or taxonomy 'trck'; did you mean 'truck'?"]


READ_AS = {
    "annotations.dimensions.x < 6 AND annotations.dimensions.y < 4": (
        "annotations[dimensions.x < 6 AND dimensions.y < 4]"
    ),
    "NOT annotations.label = car AND width > 5": 'NOT annotations[label = "car"] AND width > 5',
    "metadata.camera != rear": 'metadata.camera != "rear"',
    "(annotations.label = car OR annotations.label = bus) AND annotations.area < 9": (
        'annotations[(label = "car" OR label = "bus") AND area < 9]'
    ),
    "slice = train AND slice IS NULL": 'slice = "train" AND slice IS NULL',
    'annotations."traffic light".color = red ORDER BY width DESC LIMIT 3': (
        'annotations[label = "traffic light" AND metadata.color = "red"] ORDER BY width DESC LIMIT 3'
    ),
}


@pytest.mark.parametrize("text", READ_AS)
def test_explain_shows_what_speaks_about_one_object(text: str, filled: Any) -> None:
    from nucleus_lab.engine import queries
    from nucleus_lab.query.explain import explain

    engine, world = filled
    with engine.store.read() as connection:
        found = queries.select_rows(connection, world.dataset_id, text)

    assert explain(found.query) == READ_AS[text]


def test_numbers_dates_and_texts_of_the_tokens() -> None:
    from nucleus_lab.query.tokens import tokenize

    text = 'metadata.2d_score >= -1.5e3 x 2021-01-01 18:00 7d .5 2021 - 1 "a""b\\n" `k` @p # end'
    kinds = [(token.kind, token.text) for token in tokenize(text)]

    assert kinds == [
        ("name", "metadata"),
        ("mark", "."),
        ("name", "2d_score"),
        ("mark", ">="),
        ("mark", "-"),
        ("number", "1.5e3"),
        ("name", "x"),
        ("date", "2021-01-01 18:00"),
        ("duration", "7d"),
        ("number", ".5"),
        ("number", "2021"),
        ("mark", "-"),
        ("number", "1"),
        ("text", '"a""b\\n"'),
        ("quoted", "`k`"),
        ("param", "@p"),
        ("end", ""),
    ]
    assert re.fullmatch(r"a\"b\n", str(tokenize(text)[13].value))
