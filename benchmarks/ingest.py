"""CPU cost of taking in items with boxes: through SDK objects and as columns.

Run ``python -m benchmarks.ingest [ITEMS [BOXES]]``. Making the objects counts. Median of the runs;
the floor is SQLite's own ``executemany`` of the same rows in the same run.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from time import process_time
from typing import Any

from benchmarks.floor import Floor
from nucleus_lab import BoxAnnotation, DatasetItem, NucleusClient

RUNS = 3
LIMITS = {"SDK objects": 8_000, "columns": 20_000}
LABELS = [f"class {number}" for number in range(20)]


def rows(items: int, boxes: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Make plain rows: (reference id, url, metadata) and (item, label, x, y, width, height)."""
    rng = random.Random(7)
    place = lambda: round(rng.uniform(0, 600), 2)  # noqa: E731
    return (
        [
            (
                f"camera_{n % 7}/{n:06d}.jpg",
                f"https://example.org/camera_{n % 7}/{n:06d}.jpg",
                {"weather": rng.choice(("fog", "sun", "rain")), "speed": place(), "frame": n},
            )
            for n in range(items)
        ],
        [
            (n, rng.choice(LABELS), place(), place(), place(), place())
            for n in range(items)
            for _ in range(boxes)
        ],
    )


def through_objects(dataset: Any, items: list[Any], boxes: list[Any]) -> None:
    """Make the objects and upload them."""
    dataset.append([
        DatasetItem(image_location=url, reference_id=name, metadata=metadata)
        for name, url, metadata in items
    ])
    dataset.annotate([
        BoxAnnotation(label, x, y, width, height, items[item][0])
        for item, label, x, y, width, height in boxes
    ])


def as_columns(items: list[Any], boxes: list[Any]) -> dict[str, Any]:
    """Return what a file format hands over."""
    names, places, metadata = zip(*items, strict=True)
    item, label, x, y, width, height = (list(column) for column in zip(*boxes, strict=True))
    unknown = [None] * len(items)
    return {
        "items": {
            "reference_id": list(names),
            "location": list(places),
            "width": unknown,
            "height": unknown,
            "metadata": list(metadata),
        },
        "boxes": {
            "item": item,
            "label": label,
            "annotation_id": [f"box_{n}" for n in range(len(boxes))],
            "x": x,
            "y": y,
            "width": width,
            "height": height,
        },
    }


def timed(work: Callable[[], Any]) -> float:
    """Return CPU seconds of a piece of work."""
    gc.collect()
    start = process_time()
    work()
    return process_time() - start


def main(count: int, boxes_each: int) -> int:
    """Print the figures; 1 when a limit is missed."""
    items, boxes = rows(count, boxes_each)
    columns = as_columns(items, boxes)
    raw_items = [
        (n, name, '{"weather":"fog","speed":1.5,"frame":1}') for n, (name, _, _) in enumerate(items)
    ]
    raw_boxes = [
        (row[0], name, 3, *row[2:])
        for row, name in zip(boxes, columns["boxes"]["annotation_id"], strict=True)
    ]
    spent: dict[str, list[float]] = {}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder, NucleusClient(workspace=folder) as client:
            one, two = client.create_dataset("objects"), client.create_dataset("columns")
            route = f"lab/dataset/{two.id}/columns"
            floor = Floor()
            steps: dict[str, Callable[[], Any]] = {
                "SDK objects": lambda one=one: through_objects(one, items, boxes),
                "SDK objects again": lambda one=one: through_objects(one, items, boxes),
                "columns": lambda client=client, route=route: client.make_request(columns, route),
                "columns again": lambda client=client, route=route: client.make_request(
                    columns, route
                ),
                "floor": lambda floor=floor: floor.ingest(raw_items, raw_boxes),
            }
            for name, work in steps.items():
                spent.setdefault(name, []).append(timed(work))
    print(f"{count:,} items with {boxes_each} boxes, CPU, median of {RUNS} runs")
    middle = {name: statistics.median(values) for name, values in spent.items()}
    missed = False
    for name, seconds in middle.items():
        rate = count / seconds
        limit = LIMITS.get(name)
        verdict = "" if limit is None else f"   limit {limit:,}: "
        if limit is not None:
            verdict += "kept" if rate >= limit else "MISSED"
            missed |= rate < limit
        ratio = seconds / middle["floor"]
        print(f"{name:20} {seconds:6.3f} s {rate:10,.0f} items/s {ratio:6.2f} x floor{verdict}")
    return int(missed)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(given + [10_000, 10][len(given) :])))
