"""CPU cost of the ids of items whose metadata meets a filter, through the public SDK.

Run ``python -m benchmarks.filters [ITEMS]``. Each filter selects about a tenth of the items. Beside
it the floor: the best SQL by hand through SQLite's own driver on the same file, which gives bare
keys. CPU milliseconds, the median of runs in turns. Limits at 100,000 items: 60 ms without an
index, 10 ms with one.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.query import in_turns
from nucleus_lab import NucleusClient
from nucleus_lab.dataset import Dataset
from nucleus_lab.engine import Engine, datasets, indexes, schema
from nucleus_lab.engine.sqlite_library import sqlite_library

# The first is on a tenth of the items.
WEATHER = (
    *("fog", "rain", "sun", "snow", "wind", "hail", "dusk", "dawn", "haze", "ice", "mist"),
    *("storm", "sleet", "calm", "dust", "frost", "smog", "gale", "drizzle", "thunder", "cloud"),
    *("blizzard", "shower", "breeze", "heat", "cold", "humid", "dry", "clear", "overcast"),
    *("squall", "tornado", "flood", "monsoon", "twilight", "night", "noon", "rainbow", "aurora"),
)
KEYS = ("weather", "speed")
LIMITS = {False: 60.0, True: 10.0}


def _text(key: str) -> str:
    return f"json_extract(metadata, '$.{key}')"


def _indexed(key: str, types: str) -> str:
    path = f"metadata, '$.\"{key}\"'"
    return f"CASE WHEN json_type({path}) {types} THEN json_extract({path}) END"


FOUR = "'rain', 'snow', 'mist', 'gale'"
FILTERS = {
    "metadata.weather = fog": ("weather", "= 'fog'", "= 'text'"),
    f"metadata.weather IN ({FOUR})": ("weather", f"IN ({FOUR})", "= 'text'"),
    "metadata.speed > 54": ("speed", "> 54", "IN ('integer', 'real')"),
    "metadata.speed BETWEEN 12 AND 18": ("speed", "BETWEEN 12 AND 18", "IN ('integer', 'real')"),
}


def fill(folder: str, items: int) -> int:
    """Make a dataset of items with metadata; a tenth of them has the first weather."""
    engine = Engine(folder)
    draw = random.Random(3)
    rows = [
        (
            f"image_{number:07}",
            number,
            json.dumps({
                "weather": WEATHER[0] if number % 10 == 0 else draw.choice(WEATHER[1:]),
                "speed": round(draw.random() * 60, 2),
                "frame": number,
            }),
        )
        for number in range(items)
    ]
    with engine.store.write(bulk=True) as connection:
        dataset_id = datasets.create(connection, "filters")
        columns = ["dataset_id", "reference_id", "position", "kind", "location", "metadata"]
        engine.store.upsert(
            connection,
            schema.item,
            [*columns, "created_at"],
            ((dataset_id, name, at, "image", f"/{name}", text, 0) for name, at, text in rows),
            key=["dataset_id", "reference_id"],
        )
        connection.execute(schema.dataset.update().values(next_position=items, change_seq=1))
    engine.close()
    return dataset_id


def by_hand(folder: str, table: str, conditions: list[str]) -> list[Callable[[], Any]]:
    """The ways to ask SQLite for the keys of the items in order."""
    driver = sqlite_library().connect(f"{folder}/workspace.db", check_same_thread=False)
    driver.execute("PRAGMA cache_size=-65536")

    def asking(condition: str, position: str) -> Callable[[], Any]:
        text = f"SELECT id FROM {table} WHERE {condition} ORDER BY {position}"
        return lambda: driver.execute(text).fetchall()

    return [asking(each, order) for each in conditions for order in ("position", "+position")]


def measure(folder: str, dataset: Dataset, dataset_id: int, *, indexed: bool) -> bool:
    """Print a line for each filter; say whether all keep the limit."""
    kept = True
    for query, (key, rest, types) in FILTERS.items():
        expression = _indexed(key, types) if indexed else _text(key)
        conditions = [
            f"{owner} = {dataset_id} AND {expression} {rest}"
            for owner in ("dataset_id", "+dataset_id")
        ]
        name = "item"
        if indexed:
            kind = "number" if key == "speed" else "text"
            conditions = [conditions[0]]
            name = f"item INDEXED BY {indexes.name_of(dataset_id, (key,), kind)}"
        hands = by_hand(folder, name, conditions)
        found = dataset.item_ids(query)
        assert all(len(hand()) == len(found) for hand in hands), query
        spent = in_turns([lambda query=query: dataset.item_ids(query), *hands])
        best, limit = min(spent[1:]), LIMITS[indexed]
        kept &= spent[0] <= limit
        print(
            f"{query:56} {len(found):7} {spent[0]:7.1f} {best:7.1f} {spent[0] / best:6.2f}   "
            f"limit {limit:.0f} ms: {'kept' if spent[0] <= limit else 'MISSED'}",
            flush=True,
        )
    return kept


def main(items: int) -> int:
    """Print the figures; 1 when a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        dataset_id = fill(folder, items)
        with NucleusClient(workspace=folder) as client:
            (dataset,) = client.datasets
            print(f"{items:,} items; ids through the SDK | bare keys by hand | ratio, CPU ms")
            least, indexes.LARGE = indexes.LARGE, sys.maxsize
            print("without an index")
            kept = measure(folder, dataset, dataset_id, indexed=False)
            indexes.LARGE = least
            engine = Engine(folder)
            for key in KEYS:
                indexes.ensure(engine.store, dataset_id, (key,))
            engine.close()
            print("with indexes")
            kept &= measure(folder, dataset, dataset_id, indexed=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
