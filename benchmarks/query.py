"""Queries over 100,000 items with three metadata keys, beside hand-written SQL in the same run.

``python benchmarks/query.py`` prints CPU milliseconds, the median of 7 runs. Limits: a metadata
filter with ids 60 ms without an index and 10 ms with one; reading and compiling a query 1 ms.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nucleus_lab.engine import Engine, datasets, indexes, queries, schema
from nucleus_lab.engine.statements import cursor_of

ITEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
RUNS = 7
LIMITS = {"ad hoc": 60.0, "indexed": 10.0, "read and compile": 1.0}


def median_ms(work: Callable[[], Any]) -> float:
    """CPU time of one call."""
    work()
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent) * 1e3


def fill(engine: Engine) -> int:
    draw = random.Random(1)
    weather = ["fog", "rain", "sun", "snow", "wind", "hail", "dusk", "dawn", "haze", "ice"]
    with engine.store.write(bulk=True) as connection:
        dataset_id = datasets.create(connection, "benchmark")
        columns = ["dataset_id", "reference_id", "position", "kind", "location", "metadata"]
        rows = [
            (
                dataset_id,
                f"image_{number:07}",
                number,
                "image",
                f"/data/{number}.jpg",
                json.dumps({
                    "weather": draw.choice(weather),
                    "speed": round(draw.random() * 60, 2),
                    "frame_number": number % 300,
                }),
                0,
            )
            for number in range(ITEMS)
        ]
        key = ["dataset_id", "reference_id"]
        rows.sort(key=lambda row: row[1])
        engine.store.upsert(connection, schema.item, [*columns, "created_at"], rows, key=key)
        connection.execute(schema.dataset.update().values(next_position=ITEMS, change_seq=1))
        connection.exec_driver_sql(
            "INSERT INTO label (dataset_id, name) VALUES (?, 'car'), (?, 'bus')",
            (dataset_id, dataset_id),
        )
        boxes = [
            (number // 5 + 1, f"b{number}", 1, number % 2 + 1, 1.0, 2.0, float(number % 90), 9.0)
            for number in range(ITEMS)
        ]
        names = ["item_id", "annotation_id", "type", "label_id", "x", "y", "width", "height"]
        engine.store.upsert(
            connection, schema.annotation, names, boxes, key=["item_id", "annotation_id"]
        )
    return dataset_id


WEATHER = (
    "CASE WHEN json_type(metadata, '$.\"weather\"') = 'text' "
    "THEN json_extract(metadata, '$.\"weather\"') END"
)
SPEED = (
    "CASE WHEN json_type(metadata, '$.\"speed\"') IN ('integer', 'real') "
    "THEN json_extract(metadata, '$.\"speed\"') END"
)
FRAME = "json_extract(metadata, '$.\"frame_number\"')"
BOXES = "SELECT count(*) FROM annotation a WHERE a.item_id = item.id"
CONDITIONS = {
    "metadata.weather = fog": f"{WEATHER} = 'fog'",
    "metadata.weather != fog": f"({WEATHER} = 'fog') IS NOT TRUE",
    "metadata.weather IN (fog, rain, sun)": f"{WEATHER} IN ('fog', 'rain', 'sun')",
    "metadata.weather IS NULL": f"{WEATHER} IS NULL",
    "metadata.weather CONTAINS 'og'": f"instr(lower({WEATHER}), 'og') > 0",
    "metadata.weather STARTS WITH 's'": f"substr({WEATHER}, 1, 1) = 's'",
    "metadata.speed > 54": f"{SPEED} > 54",
    "metadata.speed BETWEEN 10 AND 12": f"{SPEED} BETWEEN 10 AND 12",
    "metadata.weather = fog AND metadata.speed > 30": f"{WEATHER} = 'fog' AND {SPEED} > 30",
    "metadata.weather = fog OR metadata.speed > 55": f"({WEATHER} = 'fog' OR {SPEED} > 55)",
    "metadata.frame_number = 7": f"{FRAME} = 7",
    "metadata.frame_number % 5 = 0": f"{FRAME} % 5 = 0",
    "ref_id STARTS WITH 'image_00001'": "substr(reference_id, 1, 11) = 'image_00001'",
    "index < 1000": "position < 1000",
    "annotations.count > 3": f"({BOXES} AND a.type < 6) > 3",
    "annotations.car > 2": f"({BOXES} AND a.label_id = 1) > 2",
    "annotations.label = car": f"EXISTS ({BOXES.replace('count(*)', '1')} AND a.label_id = 1)",
    "annotations.label = car AND annotations.dimensions.x < 9": (
        f"EXISTS ({BOXES.replace('count(*)', '1')} AND a.label_id = 1 AND a.type = 1 "
        "AND a.width < 9)"
    ),
    "annotations.dimensions.x > 85": (
        f"EXISTS ({BOXES.replace('count(*)', '1')} AND a.type = 1 AND a.width > 85)"
    ),
    "annotations.count > 3 AND metadata.weather = fog": (
        f"({BOXES} AND a.type < 6) > 3 AND {WEATHER} = 'fog'"
    ),
}
BY_HAND = {
    text: f"SELECT id FROM item WHERE dataset_id = {{ds}} AND {condition} ORDER BY position"
    for text, condition in CONDITIONS.items()
}
INDEXED = [text for text in BY_HAND if "weather" in text or "speed" in text]


def measure(engine: Engine, dataset_id: int, text: str) -> tuple[float, float, float, int]:
    def ours() -> list[int]:
        with engine.store.read() as connection:
            found = queries.select_rows(connection, dataset_id, text)
            return queries.keys_of(connection, found)

    def compiled() -> Any:
        with engine.store.read() as connection:
            return queries.select_rows(connection, dataset_id, text)

    def by_hand() -> Any:
        with engine.store.read() as connection:
            cursor = cursor_of(connection)
            return cursor.execute(BY_HAND[text].format(ds=dataset_id)).fetchall()

    assert [key for (key,) in by_hand()] == ours()
    return median_ms(ours), median_ms(by_hand), median_ms(compiled), len(ours())


def show(text: str, ours: float, hand: float, compiled: float, rows: int) -> None:
    print(f"{text:58} {ours:8.1f} {hand:8.1f} {ours / hand:6.2f} {compiled:8.2f} {rows:7}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        dataset_id = fill(engine)
        print(
            f"{ITEMS} items; CPU ms, median of {RUNS}: "
            "query | by hand | ratio | read and compile | rows"
        )
        for text in BY_HAND:
            show(text, *measure(engine, dataset_id, text))
        for key in ("weather", "speed"):
            indexes.ensure(engine.store, dataset_id, (key,))
        print("with indexes of metadata.weather and metadata.speed")
        for text in INDEXED:
            show(text, *measure(engine, dataset_id, text))
        engine.close()


if __name__ == "__main__":
    main()
