"""The first page of filters that match nothing or little, on a million items, five million boxes.

``python -m benchmarks.first_page [--items N] [--workspace DIR]`` prints CPU milliseconds of what a
user calls, ``Dataset.query_items`` or ``query_objects``: of the first use, before there is any
index; of making the index behind it; and of later uses (the median). A page that no index can fill
ends in time, and the line says how many items it looked at. The limit is 50 ms, at all uses.

``walk`` is what it costs to read all pages that way, to what it costs to read them without a
limit of time, both before there is any index; the limit is 1.15. The floor is what SQLite needs to
look at every item once, or at every box.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.query_data import fill
from nucleus_lab import Dataset, NucleusClient, identifiers
from nucleus_lab.dataset.queries import ObjectQueryType
from nucleus_lab.engine import Engine, column_indexes, index_making, indexes, queries
from nucleus_lab.routes.workspaces import acquire, release

RUNS = 5
LIMIT = 50.0
WALK = 1.15
PAGES = ((100, 0.04), (10_000, 1.0))
"""Rows and seconds of the first page and of the others, as the SDK asks for them."""
FILTERS = (
    "metadata.weather = nowhere",
    "metadata.weather IS NULL",
    "metadata.weather IN (nowhere, never)",
    "metadata.weather CONTAINS 'zz'",
    "metadata.weather != 7 AND metadata.speed < 0",
    "metadata.speed > 59.9999",
    "metadata.frame_number % 1000 = 999",
    "metadata.nothing = 3",
    "width > 5000",
    "height < 10",
    "ref_id = 'nobody'",
    "ref_id CONTAINS 'zzz'",
    "ref_id ENDS WITH '999999'",
    "annotations.label = unicorn",
    "annotations.dog > 9",
    "annotations.count > 50",
    "annotations.dimensions.x > 89.99999",
    "annotations.position.x > 10",
    "annotations.area > 100000",
    "annotations.type = polygon",
    "annotations.label = car AND annotations.dimensions.x > 89.9999",
    "annotations.metadata.occlusion > 0.5",
    "predictions.confidence > 0.9999999",
    "predictions.label = car AND predictions.confidence > 0.9999999",
    "metadata.weather = fog AND annotations.dimensions.x > 89.9999",
)
OBJECTS = (
    ("annotations", "area > 100000"),
    ("annotations", "metadata.nothing = 3"),
    ("annotations", "label = car AND dimensions.x > 89.9999"),
    ("predictions", "confidence > 0.9999999"),
)
FLOORS = {
    "every item, its metadata": "SELECT count(*) FROM item WHERE json_extract(metadata, '$.a') = 1",
    "every item, its name": "SELECT count(*) FROM item WHERE reference_id GLOB '*zzz*'",
    "every box": "SELECT count(*) FROM annotation WHERE width > 5000",
}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU milliseconds of this thread, and the answer; indexes are made in another one."""
    start = time.thread_time()
    answer = work()
    return (time.thread_time() - start) * 1e3, answer


class Measured:
    """A workspace as its user sees it, and from inside."""

    def __init__(self, engine: Engine, dataset: Dataset, dataset_id: int) -> None:
        self.engine, self.dataset, self.dataset_id = engine, dataset, dataset_id

    def select(self, level: str, text: str) -> queries.Selection:
        with self.engine.store.read() as connection:
            return queries.select_rows(connection, self.dataset_id, text, level, paged=True)

    def first_rows(self, level: str, text: str) -> Any:
        """Ask for the first page."""
        if level == "items":
            return self.dataset.query_items(text)
        kind = ObjectQueryType.GROUND_TRUTH_ONLY
        if level == "predictions":
            kind = ObjectQueryType.PREDICTIONS_ONLY
        return self.dataset.query_objects(text, kind)

    def all_pages(self, level: str, text: str, *, bounded: bool) -> list[int]:
        """Read all pages."""
        keys: list[int] = []
        token, (size, seconds) = None, PAGES[0]
        with self.engine.store.read() as connection:
            found = queries.select_rows(connection, self.dataset_id, text, level, paged=True)
            while True:
                within = seconds if bounded else None
                page = queries.page_within(connection, found, token, size, within)
                keys += page.keys
                token, (size, seconds) = page.token, PAGES[1]
                if token is None:
                    return keys

    def walk(self, level: str, text: str) -> float:
        """Return what reading all pages in time costs, to reading them without."""
        spent: dict[bool, float] = {}
        keys = []
        for bounded in (False, True, False, True):
            once, found = timed(partial(self.all_pages, level, text, bounded=bounded))
            spent[bounded] = min(once, spent.get(bounded, once))
            keys.append(found)
        assert keys[0] == keys[1], text
        return spent[True] / spent[False]

    def make_indexes(self, level: str, text: str) -> float:
        """Wait for the indexes that the query could have used, and return what they cost."""
        start = time.process_time()
        queries.improve(self.engine.store, self.select(level, text))
        index_making.settle(self.engine.store)
        return (time.process_time() - start) * 1e3


def measure(there: Measured, level: str, text: str, walk: float) -> tuple[bool, bool]:
    """Print a line; say whether the limits hold."""
    first, rows = timed(lambda: there.first_rows(level, text))
    making = there.make_indexes(level, text)
    later = []
    for _ in range(RUNS):
        spent, rows = timed(lambda: there.first_rows(level, text))
        later.append(spent)
    middle = statistics.median(later)
    kept = max(first, middle) <= LIMIT
    about = "" if level == "items" else f"{level}: "
    verdicts = ["kept" if held else "MISSED" for held in (kept, walk <= WALK)]
    print(
        f"{about + text:64} {first:8.1f} {making:9.1f} {middle:8.2f}  {verdicts[0]:6} "
        f"{walk:8.2f}  {verdicts[1]:6}  {rows!r}",
        flush=True,
    )
    return kept, walk <= WALK


def main() -> None:
    """Print the figures."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--items", type=int, default=1_000_000)
    reader.add_argument("--workspace", type=Path)
    given = reader.parse_args()
    warnings.simplefilter("ignore")  # what is said about the queries
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.workspace or Path(temporary)
        engine = acquire(folder)  # the one that the client uses
        with engine.store.read() as connection:
            names = connection.exec_driver_sql("SELECT id FROM dataset").all()
        dataset_id = names[0][0] if names else fill(engine, given.items)
        with engine.store.write() as connection:
            indexes.drop(connection, dataset_id)
            for name in column_indexes.existing(connection):
                connection.exec_driver_sql(f"DROP INDEX {name}")
        with engine.store.read() as connection:
            for what, text in FLOORS.items():
                for _ in range(2):
                    spent, _ = timed(partial(connection.exec_driver_sql, text))
                print(f"floor: {what} {spent:.1f} ms", flush=True)
        client = NucleusClient(workspace=folder)
        dataset = client.get_dataset(identifiers.encode(identifiers.DATASET, dataset_id))
        there = Measured(engine, dataset, dataset_id)
        asked = [*(("items", text) for text in FILTERS), *OBJECTS]
        walks = [there.walk(level, text) for level, text in asked]
        there.first_rows("items", "width = 1")  # what only the very first request of all does
        print("CPU ms: first use | making indexes | later uses | walk | rows of the first page")
        held = [measure(there, *each, walk) for each, walk in zip(asked, walks, strict=True)]
        print(f"{sum(page for page, _ in held)} of {len(held)} within {LIMIT:.0f} ms")
        print(f"{sum(walk for _, walk in held)} of {len(held)} walks within {WALK}")
        client.close()
        release(engine)


if __name__ == "__main__":
    main()
