"""A field right of LIKE, CONTAINS and their like: each row is tested against its own text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from plain_records import Item, Records, Run, Thing
from record_storage import store

from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.engine import query_explain
from nucleus_lab.errors import QueryError

ODD = [
    ("a*b?[c]", "*b?["), ("a*b?[c]", "a%b?[_]"), ("axbyc", "a*b?c"), ("abc", "[a]bc"),
    ("50% of it", "0% O"), ("50 of it", "0% o"), ("a_b", "A_B"), ("axb", "a_b"), ("ab", "a\\b"),
    ("a\\b", "a\\b"), ("a\\%b", "a\\%b"), ("a%b", "a\\%b"), ("ÄÖ", "äö"), ("text", ""), ("", ""),
    ("", "x"), ("short", "shorter"), ("line\nbreak", "line%break"), ("𝄞 clef", "_ clef"),
    ("tail", "ail"), ("head", "he"), ("é", "e"), ("x", "%"), ("rear view", "REAR"),
]  # fmt: skip
"""Texts and what is looked for in them: nothing in a pattern is an escape but ``%`` and ``_``."""


def folded(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


def like(text: str, pattern: str) -> bool:
    shape = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(shape, text, re.DOTALL) is not None


TESTS = {
    "LIKE": like,
    "ILIKE": lambda text, pattern: like(folded(text), folded(pattern)),
    "CONTAINS": lambda text, part: folded(part) in folded(text),
    "STARTS WITH": str.startswith,
    "ENDS WITH": str.endswith,
}


@pytest.fixture(scope="module")
def odd(shared_engine: Any) -> Any:
    """One item for each pair, and three that lack a side; the last two hold lists and objects."""
    items = [
        Item(n, f"i{n}", n, "x.png", {"text": text, "part": part})
        for n, (text, part) in enumerate(ODD, 1)
    ]
    more = [
        {"text": "alone"},
        {"part": "alone"},
        {"text": 5, "part": "5"},
        {"text": ["one", "two"], "part": ["x", "TW"]},
        {"text": "green", "part": "%" * 60_000},  # too long for a pattern: fits nothing
    ]
    items += [Item(n, f"i{n}", n, "x.png", each) for n, each in enumerate(more, len(items) + 1)]
    boxed = Item(len(items) + 1, "cars/7", len(items) + 1, "cars/7.png", {"text": "the car"})
    for key, label, color in ((901, "car", "ca"), (902, "bus", "car")):
        thing = Thing(key, f"a{key}", "box", label, x=0.0, y=0.0, width=1.0, height=1.0)
        thing.metadata, thing.item = {"color": color}, boxed
        boxed.annotations.append(thing)
    records = Records(1, [*items, boxed], runs=[Run(1, ["r", "m", "n"])], classes=["car", "bus"])
    store(shared_engine, records)

    def ask(text: str, level: str = "items", **more: Any) -> list[int]:
        with shared_engine.store.read() as connection:
            found = engine_queries.select_rows(connection, 1, text, level, **more)
            keys = engine_queries.keys_of(connection, found)
            told = query_explain.explained(connection, 1, text, level, **more)
            again = engine_queries.select_rows(connection, 1, told["canonical"], level, **more)
            assert engine_queries.keys_of(connection, again) == keys, told["canonical"]
            return keys

    ask.last = boxed.id
    return ask


@pytest.mark.parametrize("sign", TESTS)
def test_each_row_is_tested_against_its_own_text(sign: str, odd: Any) -> None:
    fits = [n for n, pair in enumerate(ODD, 1) if TESTS[sign](*pair)]
    listed = len(ODD) + 4
    if sign == "CONTAINS":
        fits.append(listed)  # some member of the one holds some member of the other

    assert odd(f"metadata.text {sign} metadata.part") == fits
    assert odd(f"metadata.text NOT {sign} metadata.part") == [
        n for n in range(1, odd.last + 1) if n not in fits
    ]


def test_computed_texts_fit_on_both_sides(odd: Any) -> None:
    last = odd.last

    assert odd("filename CONTAINS (ref_id)") == []
    assert odd("url STARTS WITH (ref_id)") == [last]
    assert odd('upper(ref_id) ENDS WITH text(length("eleven char") - 4)') == [7, 17, 27, last]
    assert odd("metadata.text = rear AND metadata.text LIKE lower(metadata.text)") == []
    assert odd("metadata.text = short AND metadata.text LIKE lower(metadata.text)") == [17]
    assert odd('"the red car" ENDS WITH metadata.text') == [15, 16]  # nothing ends any text


def test_objects_are_tested_against_their_own_text_and_that_of_their_item(odd: Any) -> None:
    last = odd.last

    assert odd("annotations.label STARTS WITH annotations.metadata.color") == [last]
    assert odd("annotations.label = bus AND annotations.metadata.color CONTAINS ref_id") == []
    assert odd("annotations[label = bus AND label CONTAINS metadata.color]") == []
    assert odd("metadata.text CONTAINS annotations.label") == [last]
    assert odd("NOT metadata.text CONTAINS annotations.label")[-1] == last - 1
    assert odd("label STARTS WITH annotations.metadata.color", "annotations") == [901]
    assert odd("ref_id CONTAINS annotations.label", "annotations") == [901]


def test_a_lone_word_right_of_a_text_operator_stays_text(odd: Any) -> None:
    assert odd("metadata.text LIKE text") == [14]
    assert odd("ref_id CONTAINS ref_id") == []


REFUSED = {
    "filename MATCHES metadata.part": ("Q050", 17, "CONTAINS metadata.part"),
    "filename ~ (ref_id)": ("Q050", 11, "LIKE"),
    "filename CONTAINS (width)": ("Q030", 18, "write text(width)"),
    "metadata.text LIKE annotations.car": ("Q030", 19, "write text(annotations.car)"),
    "width CONTAINS metadata.part": ("Q030", 0, "write text(width)"),
    "filename LIKE (created_at)": ("Q030", 14, ""),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_a_pattern_is_refused_with_the_way_out(text: str, odd: Any) -> None:
    code, position, hint = REFUSED[text]

    with pytest.raises(QueryError) as refusal:
        odd(text)

    told = refusal.value.details
    assert (told["query_code"], told["position"]) == (code, position), str(refusal.value)
    assert hint in str(refusal.value)
