"""SQL against the evaluator of the tests, on generated datasets and queries of the whole grammar.

The longer search that found the faults behind ``test_query_regressions`` draws the same way, with
``NUCLEUS_LAB_TEST_QUERIES`` datasets a level.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from dataset_strategies import dataset, dataset_seeds
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plain_evaluator import Refused, evaluate
from plain_records import Records
from query_examples import EXAMPLES
from query_strategies import PARAMETERS, conditions, queries
from record_storage import store

from nucleus_lab.engine import Engine, query_explain
from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.errors import QueryError

LEVELS = ["items", "annotations", "predictions", "matches", "scenes"]
MANY = int(os.environ.get("NUCLEUS_LAB_TEST_QUERIES", "3"))
SETTINGS = settings(
    max_examples=MANY,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # the message holds the query; making it smaller takes minutes
    suppress_health_check=list(HealthCheck),
)
EACH = 10
"""Queries that share a dataset: filling one costs as much as they do."""
OF_EXAMPLES = {**PARAMETERS, "ids": ["image_1"]}


class Asked:
    """A dataset in a workspace and as records, and how a query about it is meant."""

    def __init__(
        self, engine: Engine, records: Records, level: str, draw: Any = None, **more: Any
    ) -> None:
        self.engine, self.records, self.level = engine, records, level
        runs = [None, *(run.id for run in records.runs)]
        chosen = draw(st.sampled_from([*runs[1:], *runs])) if draw else None
        self.options: dict[str, Any] = {"run": chosen, **more}
        if draw:
            self.options["threshold"] = draw(st.sampled_from([None, None, 0.45, 1.0]))
            types = ["", "", "iou", "false_positive", "false_negative"]
            if level == "matches":
                self.options["match_type"] = draw(st.sampled_from(types))

    def python(self, text: str) -> list[int] | str:
        """The answer of the evaluator: keys, or the code of an error."""
        try:
            return evaluate(self.records, text, self.level, parameters=OF_EXAMPLES, **self.options)
        except Refused as refusal:
            return refusal.code

    def of_engine(self, work: Callable[..., Any], connection: Any, text: str) -> Any:
        """Ask the engine what the evaluator is asked."""
        return work(
            connection,
            self.records.id,
            text,
            self.level,
            run_id=self.options["run"],
            match_type=self.options.get("match_type", ""),
            parameters=OF_EXAMPLES,
            iou_threshold=self.options.get("threshold"),
        )

    def sql(self, text: str) -> list[int] | str:
        """The answer of the database; counts and pages say the same."""
        with self.engine.store.read() as connection:
            try:
                found = self.of_engine(engine_queries.select_rows, connection, text)
                keys = engine_queries.keys_of(connection, found)
            except QueryError as refusal:
                return str(refusal.details["query_code"])
            assert engine_queries.count_of(connection, found) == len(keys)
            return keys

    def agrees(self, text: str) -> list[int] | str:
        """Both answers, which have to be one."""
        python, sql = self.python(text), self.sql(text)
        if sql == "Q022" and isinstance(python, str):
            return sql  # two errors in one query: either may be told first
        assert sql == python, f"{self.level} {self.options}: {text}"
        return sql

    def explained(self, text: str) -> dict[str, Any]:
        with self.engine.store.read() as connection:
            return self.of_engine(query_explain.explained, connection, text)


def each_dataset(engine: Engine, level: str, check: Callable[[Asked, st.DataObject], None]) -> None:
    """Check generated datasets, all in one workspace."""

    @given(data=st.data())
    @SETTINGS
    def drawn(data: st.DataObject) -> None:
        records = dataset(*data.draw(dataset_seeds()))
        store(engine, records)
        check(Asked(engine, records, level, data.draw), data)

    drawn()


@pytest.mark.parametrize("level", LEVELS)
def test_sql_selects_and_orders_the_rows_that_the_evaluator_does(
    level: str, shared_engine: Engine
) -> None:
    def check(ask: Asked, data: st.DataObject) -> None:
        for _ in range(EACH):
            ask.agrees(data.draw(queries(level)))

    each_dataset(shared_engine, level, check)


@pytest.mark.parametrize("level", LEVELS)
def test_and_or_and_not_are_those_of_sets(level: str, shared_engine: Engine) -> None:
    def check(ask: Asked, data: st.DataObject) -> None:
        everything = ask.sql("")
        for _ in range(EACH // 4):
            one, other = (data.draw(conditions(level)) for _ in range(2))
            answers = [
                ask.sql(text)
                for text in (one, other, f"({one}) AND ({other})", f"({one}) OR ({other})",
                             f"NOT ({one})", f"NOT (({one}) OR ({other}))", f"NOT NOT ({one})")
            ]  # fmt: skip
            if any(isinstance(answer, str) for answer in [everything, *answers]):
                continue
            whole, left, right, both, either, no, neither, yes = map(set, [everything, *answers])
            assert both <= left & right
            assert either == left | right
            assert no == whole - left
            assert neither == whole - either
            assert yes == left

    each_dataset(shared_engine, level, check)


@pytest.mark.parametrize("level", LEVELS)
def test_explain_counts_the_rows_of_each_condition_and_reads_back(
    level: str, shared_engine: Engine
) -> None:
    def check(ask: Asked, data: st.DataObject) -> None:
        for _ in range(EACH // 3):
            text = " AND ".join(data.draw(conditions(level)) for _ in range(2))
            answer = ask.agrees(text)
            if isinstance(answer, str):
                continue
            told = ask.explained(text)
            assert told["count"] == len(answer)
            for part in told["conditions"]:
                assert part["text"] == text[part["start"] : part["end"]]
                assert part["count"] == len(ask.python(part["text"]))
            canonical = told["canonical"]
            assert ask.sql(canonical) == answer, f"{text}\nreads as {canonical}"
            assert ask.explained(canonical)["canonical"] == canonical

    each_dataset(shared_engine, level, check)


@pytest.fixture(scope="module")
def seeds() -> list[tuple[int, int, bool]]:
    """Datasets for the examples: with scenes and without."""
    return [(1, 9, False), (2, 9, True)]


def test_every_example_gives_what_the_evaluator_gives(
    shared_engine: Engine, seeds: list[tuple[int, int, bool]]
) -> None:
    levels = {"objects": ["annotations", "predictions"]}
    for seed in seeds:
        records = dataset(*seed)
        records.saved["night rear"] = "metadata.camera = rear"
        store(shared_engine, records)
        for number, text, level in EXAMPLES:
            if number == 88:  # needs an index of vectors, which has tests of its own
                continue
            for each in levels.get(level, [level]):
                run = records.runs[0].id if records.runs else None
                Asked(shared_engine, records, each, run=run).agrees(text)
