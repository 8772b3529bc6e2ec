"""What holds of evaluation matches at any IoU threshold, on generated datasets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from dataset_strategies import dataset, dataset_seeds
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plain_records import Records
from query_strategies import PARAMETERS, conditions
from record_storage import store

from nucleus_lab.engine import queries as engine_queries
from nucleus_lab.errors import QueryError
from nucleus_lab.query.readings import stored

SETTINGS = settings(
    max_examples=int(os.environ.get("NUCLEUS_LAB_TEST_QUERIES", "12")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
THRESHOLDS = st.sampled_from([0.0, 0.05, 0.3, 0.4, 0.45, 0.5, 0.8, 1.0])


class Rows:
    """Queries about the matches of the first run of a dataset."""

    def __init__(self, engine: Any, records: Records) -> None:
        self.engine, self.records = engine, records

    def at(
        self, threshold: float | None, text: str = "", level: str = "matches", **more: Any
    ) -> Any:
        run = self.records.runs[0].id
        with self.engine.store.read() as connection:
            found = engine_queries.select_rows(
                connection,
                self.records.id,
                text,
                level,
                run_id=run,
                iou_threshold=threshold,
                **more,
            )
            return engine_queries.keys_of(connection, found)

    def pairs(self, threshold: float | None, text: str = "") -> set[int]:
        """Stored keys of the rows that are pairs."""
        keys = self.at(threshold, text, match_type="iou")
        return {key if threshold is None else stored(key)[0] for key in keys}


def each_evaluation(engine: Any, check: Callable[[Rows, st.DataObject], None]) -> None:
    """Check generated datasets with a model run, all in one workspace."""

    @given(data=st.data())
    @SETTINGS
    def drawn(data: st.DataObject) -> None:
        records = dataset(*data.draw(dataset_seeds()))
        if records.runs:
            store(engine, records)
            check(Rows(engine, records), data)

    drawn()


def test_a_higher_threshold_leaves_fewer_pairs_and_two_rows_for_each_lost_one(
    shared_engine: Any,
) -> None:
    def check(rows: Rows, data: st.DataObject) -> None:
        low, high = sorted([data.draw(THRESHOLDS), data.draw(THRESHOLDS)])
        everything = rows.at(None)
        few, many = rows.pairs(high), rows.pairs(low)

        assert few <= many <= rows.pairs(None) == rows.pairs(0.0)
        assert few == rows.pairs(None, f"iou >= {high}")
        assert len(rows.at(high)) == len(everything) + len(rows.pairs(None)) - len(few)
        assert rows.at(high, f"iou < {high}") == []
        parts = [stored(key) for key in rows.at(high)]
        assert {key for key, part in parts if part == 1} == rows.pairs(None) - few
        assert [key for key, part in parts if part == 1] == [
            key for key, part in parts if part == 2
        ]

    each_evaluation(shared_engine, check)


def test_categories_part_the_rows_and_keep_every_prediction_and_truth(shared_engine: Any) -> None:
    def check(rows: Rows, data: st.DataObject) -> None:
        threshold = data.draw(st.none() | THRESHOLDS)
        right, wrong, missed = (rows.at(threshold, f"category = {c}") for c in ("tp", "fp", "fn"))

        assert sorted(right + wrong + missed) == sorted(rows.at(threshold))
        assert rows.at(threshold, match_type="false_positive") == wrong
        assert rows.at(threshold, match_type="false_negative") == missed
        for side in ("predictions", "annotations"):
            text = f"{side}.annotation_id IS NOT NULL"
            assert len(rows.at(threshold, text)) == len(rows.at(None, text))
        loose = 0 if threshold is None else threshold
        assert rows.at(threshold, f"iou < {loose} OR (category = tp AND pred_label IS NULL)") == []

    each_evaluation(shared_engine, check)


def test_counts_of_an_item_are_those_of_its_rows(shared_engine: Any) -> None:
    def check(rows: Rows, data: st.DataObject) -> None:
        threshold = data.draw(st.none() | THRESHOLDS)
        for item in rows.records.items:
            named = f'item.id = "di_{item.id:013x}"'
            numbers = {
                category: len(rows.at(threshold, f"{named} AND category = {category}"))
                for category in ("tp", "fp", "fn")
            }
            text = " AND ".join(f"matches.{name} = {number}" for name, number in numbers.items())
            whole = f"matches.count = {sum(numbers.values())} AND {text}"
            assert item.id in rows.at(threshold, whole, "items")
            made = len(rows.at(threshold, f"{named} AND pred_label IS NOT NULL"))
            rate = f"matches.precision = {numbers['tp']} / {made}"
            assert (item.id in rows.at(threshold, rate, "items")) == bool(made)

    each_evaluation(shared_engine, check)


def test_a_condition_on_confidence_and_overlap_selects_among_the_rows(shared_engine: Any) -> None:
    def check(rows: Rows, data: st.DataObject) -> None:
        threshold = data.draw(THRESHOLDS)
        least = data.draw(st.sampled_from([0.1, 0.29, 0.3, 0.5, 0.95]))
        text = data.draw(conditions("matches"))
        everything = rows.at(threshold)
        sure = set(rows.at(threshold, f"confidence >= {least}"))
        try:
            chosen = set(rows.at(threshold, text, parameters=PARAMETERS))
        except QueryError:
            return

        unsure = rows.at(threshold, f"confidence < {least} OR confidence IS NULL")
        assert sure | set(unsure) == set(everything)
        assert not sure & set(unsure)
        both = rows.at(threshold, f"({text}) AND confidence >= {least}", parameters=PARAMETERS)
        assert set(both) <= chosen & sure

    each_evaluation(shared_engine, check)
