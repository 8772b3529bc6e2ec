"""Broken queries: each is answered, or refused with a code, a place and a caret."""

from __future__ import annotations

import datetime
import os
import re
from typing import Any

import pytest
from dataset_strategies import dataset
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from query_examples import EXAMPLES
from query_strategies import PARAMETERS, QueryMaker
from record_storage import store

from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.engine import query_explain
from nucleus_lab.errors import QueryError

ODD: dict[str, Any] = {
    **PARAMETERS,
    "object": object(),
    "nul": "a\0b",
    "inf": float("inf"),
    "large": 10**30,
    "deep": [[1], 2],
    "holes": [None],
    "old": datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14))),
    "bytes": b"x",
}
PIECES = [
    "(", ")", '"', "'", ".", " AND ", " OR ", " NOT ", "5", "[", "]", "x", "", "{", "}", "é", "%",
    " - ", " / ", " IN ", " IN (", " IS NULL", " = ", " < ", ",", "{names}", "{yes}", "{week}",
    "{object}", "{nul}", "{inf}", "{large}", "{deep}", "{holes}", "{old}", "{bytes}", "@mixed",
    "1e308", "9" * 30, "2021-02-30", "9999-12-31", "0001-01-01T00:00+14:00", "7d", "5km", "1e300w",
    " ORDER BY ", " LIMIT 3", " LIMIT ", " OFFSET 99999999999999999999", " SAMPLE 2", "now()",
    "date(", "abs(", "max(", "sum(", "count(", "saved('all')", "saved('x')", "near(1, 2, 3m)",
    "annotations", "annotations.", "annotations[", "predictions[model = cnn]", "matches", "tracks",
    "slice", "autotag", "autotag.image.", "scene", "metadata", "metadata.", "items", "`a`", "#",
    "\n", "\0", "”", "\ud7ff", " ~ '('", " ~ '(?<=a+)b'", " ~ '[[a]'", "similarity('x')",
    " BETWEEN 1 AND ", "EXISTS ", "hash(", "text(", "number(", "length(", "lower(",
]  # fmt: skip


@st.composite
def broken(draw: Any, level: str) -> str:
    """A query with pieces put in and taken out, or nothing but pieces."""
    how = draw(st.sampled_from(["example", "generated", "generated", "pieces"]))
    pieces = st.sampled_from(PIECES)
    if how == "pieces":
        return " ".join(draw(st.lists(pieces, max_size=7)))
    text = QueryMaker(draw, level).query()
    if how == "example":
        text = draw(st.sampled_from(EXAMPLES))[1]
    for _ in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        places = [found.start() for found in re.finditer(r"\b|\W|$", text)]
        at = draw(st.sampled_from(places))
        text = text[:at] + draw(pieces) + text[at + draw(st.sampled_from([0, 0, 1, 3])) :]
    return text


def check_refusal(refusal: QueryError, text: str) -> None:
    details, lines = refusal.details, str(refusal).splitlines()
    position, line, column = (details[name] for name in ("position", "line", "column"))
    head = re.fullmatch(r"Query error (Q\d{3}) at line (\d+), column (\d+): .+", lines[0])

    assert head is not None, refusal
    assert head.groups() == (details["query_code"], str(line), str(column))
    assert 0 <= position <= len(text)
    assert line == text.count("\n", 0, position) + 1
    assert column == position - text.rfind("\n", 0, position)
    carets = next(each for each in lines if re.fullmatch(r" *\^~*", each))
    assert carets.index("^") == column + 1
    assert details["length"] >= 1


@pytest.mark.parametrize("level", ["items", "annotations", "predictions", "matches", "scenes"])
def test_a_broken_query_is_answered_or_refused_with_a_place(level: str, engine: Any) -> None:
    worlds = [dataset(seed, 5, scenes=bool(seed % 2)) for seed in (1, 2, 5)]
    for records in worlds:
        store(engine, records)

    @given(data=st.data())
    @settings(
        max_examples=int(os.environ.get("NUCLEUS_LAB_TEST_QUERIES", "40")),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(data: st.DataObject) -> None:
        records = data.draw(st.sampled_from(worlds))
        run = records.runs[0].id if records.runs else None
        text = data.draw(broken(level))
        asked = {"run_id": run, "parameters": ODD}
        try:
            with engine.store.read() as connection:
                found = engine_queries.select_rows(connection, records.id, text, level, **asked)
                keys = engine_queries.keys_of(connection, found)
                told = query_explain.explained(connection, records.id, text, level, **asked)
        except QueryError as refusal:
            check_refusal(refusal, text)
        else:
            assert found.query.sample is not None or told["count"] == len(keys)

    check()


@pytest.mark.parametrize("text", ["", "annotations.car > 0\nAND metadata.a = 1"])
def test_a_level_without_its_model_run_is_refused_with_a_place(text: str, engine: Any) -> None:
    records = next(
        each for each in (dataset(seed, 1, False) for seed in range(99)) if not each.runs
    )
    store(engine, records)

    with engine.store.read() as connection, pytest.raises(QueryError) as refusal:
        engine_queries.select_rows(connection, records.id, text, "predictions")

    assert refusal.value.details["query_code"] == "Q022"
    check_refusal(refusal.value, text)


def test_a_text_with_a_nul_character_is_refused_where_it_stands(engine: Any) -> None:
    records = dataset(1, 1, False)
    store(engine, records)

    with engine.store.read() as connection, pytest.raises(QueryError) as refusal:
        engine_queries.select_rows(connection, records.id, 'ref_id = "a\0b"')

    assert (refusal.value.details["query_code"], refusal.value.details["position"]) == ("Q001", 11)
