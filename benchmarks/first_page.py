"""The first page of filters that match nothing or little, on a million items, five million boxes.

``python -m benchmarks.first_page [--items N] [--workspace DIR]`` prints CPU milliseconds: of the
first use, of making the index behind it, and of later uses (the median). What matches much fills a
page from the first rows (``benchmarks.query``); these filters cannot. The limit is 50 ms, at later
uses. The floor is what SQLite needs to look at every item once, or at every box.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.query_data import fill
from nucleus_lab.engine import Engine, column_indexes, index_making, indexes, queries
from nucleus_lab.engine.statements import cursor_of

RUNS = 5
PAGE = 100
LIMIT = 50.0
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
FLOORS = {
    "every item, its metadata": "SELECT count(*) FROM item WHERE json_extract(metadata, '$.a') = 1",
    "every item, its name": "SELECT count(*) FROM item WHERE reference_id GLOB '*zzz*'",
    "every box": "SELECT count(*) FROM annotation WHERE width > 5000",
}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU milliseconds, and the answer."""
    start = time.process_time()
    answer = work()
    return (time.process_time() - start) * 1e3, answer


def page(engine: Engine, dataset_id: int, text: str) -> tuple[queries.Selection, list[int]]:
    """Ask for the first page."""
    with engine.store.read() as connection:
        found = queries.select_rows(connection, dataset_id, text, paged=True)
        return found, queries.page_of(connection, found, None, PAGE)[0]


def making(engine: Engine, found: queries.Selection) -> None:
    """Have the indexes made that the query could have used, and wait for them."""
    queries.improve(engine.store, found)
    index_making.settle(engine.store)


def measure(engine: Engine, dataset_id: int, text: str) -> bool:
    """Print a line; say whether the limit holds."""
    first, (found, keys) = timed(lambda: page(engine, dataset_id, text))
    made, _ = timed(lambda: making(engine, found))
    later = []
    for _ in range(RUNS):
        spent, (_, again) = timed(lambda: page(engine, dataset_id, text))
        assert again == keys, text
        later.append(spent)
    middle = statistics.median(later)
    print(
        f"{text:64} {first:8.1f} {made:9.1f} {middle:8.2f} {len(keys):5}  "
        f"{'kept' if middle <= LIMIT else 'MISSED'}",
        flush=True,
    )
    return middle <= LIMIT


def main() -> None:
    """Print the figures."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--items", type=int, default=1_000_000)
    reader.add_argument("--workspace", type=Path)
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        engine = Engine(given.workspace or Path(temporary))
        with engine.store.read() as connection:
            names = cursor_of(connection).execute("SELECT id FROM dataset").fetchall()
        dataset_id = names[0][0] if names else fill(engine, given.items)
        with engine.store.write() as connection:
            indexes.drop(connection, dataset_id)
            for name in column_indexes.existing(connection):
                connection.exec_driver_sql(f"DROP INDEX {name}")
        with engine.store.read() as connection:
            for what, text in FLOORS.items():
                for _ in range(2):
                    spent, _ = timed(
                        lambda text=text: cursor_of(connection).execute(text).fetchall()
                    )
                print(f"floor: {what} {spent:.1f} ms", flush=True)
        print("CPU ms: first use | making indexes | later uses | rows")
        held = [measure(engine, dataset_id, text) for text in FILTERS]
        print(f"{sum(held)} of {len(held)} within {LIMIT:.0f} ms")
        engine.close()


if __name__ == "__main__":
    main()
