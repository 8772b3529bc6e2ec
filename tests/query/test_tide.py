"""Which error of TIDE a match is: at a threshold, in help and in warnings."""

from __future__ import annotations

from typing import Any

import pytest
from plain_records import Item, Match, Records, Run, Thing
from record_storage import store

from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.engine import query_explain, query_suggestions
from nucleus_lab.evaluation import limits
from nucleus_lab.query import fields, readings

CAR, BUS, DOG = "car", "bus", "dog"


def thing(key: int, label: str, run: int | None = None) -> Thing:
    each = Thing(key, f"a{key}", "box", label, x=0.0, y=0.0, width=1.0, height=1.0, run=run)
    each.confidence = 0.5 if run else None
    return each


@pytest.fixture(scope="module")
def ask(shared_engine: Any) -> Any:
    """One row of each kind on an item, and one item without any."""
    item, other = Item(1, "one", 0, "1.png", {}), Item(2, "two", 1, "2.png", {})
    truths = [thing(key, label) for key, label in enumerate((CAR, CAR, BUS, DOG, DOG, CAR), 11)]
    made = [thing(key, label, 1) for key, label in enumerate((CAR,) * 5 + (BUS,), 21)]
    item.annotations, item.predictions = truths, made
    item.matches = [
        Match(1, item, truths[0], made[0], 0.6, True, 0.6),  # right up to 0.6
        Match(2, item, truths[2], made[1], 0.7, False, 0.7),  # a bus taken for a car
        Match(3, item, None, made[2], None, False, 0.8, right=(0.8, truths[0])),
        Match(4, item, None, made[3], None, False, 0.0),
        Match(5, item, None, made[4], None, False, 0.3, wrong=(0.3, truths[3])),
        Match(6, item, truths[1], made[5], 0.05, False, 0.05, right=(0.2, truths[2])),
        Match(7, item, truths[3], None, None, False, None),
        Match(8, item, truths[4], None, None, False, None),
    ]
    records = Records(1, [item, other], runs=[Run(1, ["r", "m", "n"])], evaluated=[1])
    records.classes = [CAR, BUS, DOG]
    store(shared_engine, records)

    def run(text: str, level: str = "matches", **more: Any) -> list[int]:
        with shared_engine.store.read() as connection:
            found = engine_queries.select_rows(connection, 1, text, level, **more)
            return engine_queries.keys_of(connection, found)

    run.engine = shared_engine
    return run


def errors(ask: Any, threshold: float | None) -> dict[str, list[int]]:
    """Rows by error; of a part of a rejected pair the key with the part behind the point."""

    def shown(key: int) -> Any:
        stored, part = readings.stored(key)
        return key if threshold is None else stored + part / 10

    return {
        error: [shown(key) for key in ask(f"tide = {error}", iou_threshold=threshold)]
        for error in sorted(set(fields.ERRORS.values()))
    }


def test_without_a_threshold_a_pair_counts_from_one_half(ask: Any) -> None:
    assert errors(ask, None) == {
        "background": [4],
        "both": [5],
        "classification": [2],
        "duplicate": [3],
        "localization": [6],
        "missed": [7, 8],
    }
    assert ask("tide IS NULL") == [1]
    assert ask("tide IS NULL", match_type="iou") == [1]


def test_a_threshold_reads_the_errors_anew(ask: Any) -> None:
    assert errors(ask, 0.65) == {
        "background": [4.0],
        "both": [5.0],
        "classification": [2.0],
        "duplicate": [3.0],
        "localization": [1.1, 6.1],  # which are about annotations 11 and 13
        "missed": [6.2, 7.0, 8.0],
    }
    assert errors(ask, 0.75)["classification"] == []
    assert errors(ask, 0.75)["both"] == [2.1, 5.0]
    assert errors(ask, 0.25)["classification"] == [2.0, 5.0]
    assert errors(ask, 0.25)["missed"] == [6.2, 8.0]  # the row 5 is about annotation 14


def test_items_are_counted_and_ordered_by_their_errors(ask: Any) -> None:
    assert ask("matches[tide = localisation].count = 1", "items") == [1]
    assert ask("matches.tide = Background", "items") == [1]
    assert ask("matches.tide = missed AND matches.category = fp", "items") == []
    assert ask("matches.tide = duplicate AND matches.category = fp", "items") == [1]
    assert ask("NOT matches[tide IN (both, missed)]", "items") == [2]
    assert ask("ORDER BY tide, id LIMIT 2") == [4, 5]


def test_how_a_query_was_read_and_how_it_goes_on(ask: Any) -> None:
    with ask.engine.store.read() as connection:
        told = query_explain.explained(
            connection, 1, "matches.tide = both AND matches.best_iou > 0.2", "items"
        )
        offered = query_suggestions.suggest(connection, 1, "matches[tide = ", 15)
        below = query_suggestions.suggest(connection, 1, "matches.ti", 10)
        odd = query_explain.explained(connection, 1, "tide IN (lokalization)", "matches")
        no_category = query_explain.explained(connection, 1, "category = fb", "matches")

    assert told["canonical"] == 'matches[tide = "both" AND best_iou > 0.2]'
    assert told["warnings"] == []
    assert [each["text"] for each in offered] == list(dict.fromkeys(fields.ERRORS.values()))
    assert [(each["text"], each["kind"]) for each in below] == [("tide", "field")]
    values = "localization, classification, both, duplicate, background, missed"
    assert odd["warnings"] == [f"W2: 'lokalization' is no tide; values: {values}"]
    assert odd["empty_because"] == f"tide IN (lokalization) matches nothing; values: {values}"
    assert [each.partition(";")[0] for each in no_category["warnings"]] == [
        "W2: 'fb' is no category"
    ]


def test_what_is_background_is_the_same_in_an_evaluation_and_in_a_query() -> None:
    assert readings.LEAST_IOU == limits.LEAST_IOU


def test_a_run_without_an_evaluation_is_told(shared_engine: Any, ask: Any) -> None:
    records = Records(2, [Item(900, "x", 0, "x.png", {})], runs=[Run(2, ["r2", "vit", "n2"])])
    store(shared_engine, records)
    told = {}
    with shared_engine.store.read() as connection:
        for text, level in (("", "matches"), ("matches.fp > 0", "items")):
            told[level] = query_explain.explained(connection, 2, text, level)["warnings"]
        model = query_explain.explained(
            connection, 2, "predictions[model = vitt].count > 0", "items"
        )

    missing = (
        "W1: there is no evaluation of 'vit', and so no match; "
        "call dataset.calculate_evaluation_metrics(model)"
    )
    assert told == {"matches": [missing], "items": [missing]}
    assert model["warnings"] == ["W1: there is no model run of 'vitt'; did you mean 'vit'?"]
