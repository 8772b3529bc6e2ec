"""CPU cost of COCO files: read, import and export 10,000 items with 10 boxes each.

Run ``python -m benchmarks.formats [ITEMS]``. Pictures are addresses, as in a COCO file without its
photographs: what is measured is the file, the columns and the database. Beside it the floors: the
standard library's ``json`` on the same file, which neither checks nor stores anything, ``msgspec``
without types, and SQLite's own ``executemany`` of the same rows. CPU seconds of the process, the
median of several runs, each on a new workspace.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from time import process_time
from typing import Any

import msgspec
import numpy as np

from benchmarks.floor import Floor
from nucleus_lab import NucleusClient, formats
from nucleus_lab.columns import Collection
from nucleus_lab.dataset import Dataset

BOXES = 10
RUNS = 5
LIMIT_IMPORT = 20_000
LIMIT_EXPORT = 15_000


def make(file: Path, items: int) -> None:
    """Write a COCO file of random boxes, without indentation, as COCO's own files are."""
    random = np.random.default_rng(7)
    count = items * BOXES
    corners = random.uniform(0, 400, (count, 2)).round(2)
    sides = random.uniform(5, 200, (count, 2)).round(2)
    boxes = np.hstack([corners, sides]).tolist()
    label = random.integers(1, 81, count).tolist()
    data = {
        "images": [
            {
                "id": number,
                "file_name": f"{number:012}.jpg",
                "width": 640,
                "height": 640,
                "coco_url": f"http://images.example.org/{number:012}.jpg",
            }
            for number in range(items)
        ],
        "annotations": [
            {
                "id": number,
                "image_id": number // BOXES,
                "category_id": label[number],
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
            }
            for number, box in enumerate(boxes)
        ],
        "categories": [{"id": number, "name": f"class {number}"} for number in range(1, 81)],
    }
    file.write_text(json.dumps(data))


def median(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    seconds = []
    for _ in range(RUNS):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return statistics.median(seconds)


def raw_rows(collection: Collection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Lay a collection out as rows of the floor's tables."""
    boxes = collection.boxes
    places = (boxes.x, boxes.y, boxes.width, boxes.height)
    return (
        [(at, name, "{}") for at, name in enumerate(collection.items.reference_id)],
        list(zip(boxes.item, boxes.annotation_id, repeat(3), *places, strict=False)),
    )


def floor_of(file: Path, options: formats.ReadOptions) -> float:
    """CPU seconds that SQLite takes for the rows of a file; nothing of them stays behind."""
    rows = raw_rows(formats.read(file, "coco", options))
    return median(lambda: Floor().ingest(*rows))


def fresh(folder: Path, number: int) -> Dataset:
    """An empty dataset in a new workspace, opened and warm."""
    dataset = NucleusClient(workspace=folder / f"workspace-{number}").create_dataset("coco")
    assert dataset.size == 0
    return dataset


def show(what: str, seconds: float, items: int, limit: int | None = None) -> bool:
    """Print one line; say whether the limit is kept."""
    rate = items / seconds
    verdict = "" if limit is None else f"  limit {limit:,}: {'ok' if rate >= limit else 'MISSED'}"
    print(f"{what:<42} {seconds:7.3f} s  {rate:12,.0f} items/s{verdict}")
    return limit is None or rate >= limit


def main() -> int:
    """Measure, print, and answer 1 when a limit is missed."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    options = formats.ReadOptions(remote=True)
    kept = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "instances.json"
        make(file, items)
        print(f"{items:,} items with {BOXES} boxes each, {file.stat().st_size / 1e6:.1f} MB")

        show("floor: json.loads", median(lambda: json.loads(file.read_bytes())), items)
        show(
            "floor: msgspec, untyped", median(lambda: msgspec.json.decode(file.read_bytes())), items
        )
        show("read as columns", median(lambda: formats.read(file, "coco", options)), items)

        show("floor: SQLite, the rows alone", floor_of(file, options), items)

        datasets = [fresh(folder, number) for number in range(RUNS)]
        waiting = iter(datasets)
        work = median(lambda: next(waiting).import_from(file, "coco", images="url"))
        kept.append(show("import_from, new workspace", work, items, LIMIT_IMPORT))
        again = median(lambda: datasets[0].import_from(file, "coco", images="url"))
        kept.append(show("import_from again, all ignored", again, items, LIMIT_IMPORT))

        target = folder / "out.json"
        export = median(lambda: datasets[0].export_to(target))
        kept.append(show("export_to coco", export, items, LIMIT_EXPORT))
        data = json.loads(target.read_bytes())
        show(
            "floor: json.dumps and write",
            median(lambda: target.write_text(json.dumps(data))),
            items,
        )
        collection = formats.read(target, "coco", formats.ReadOptions(images=folder))
        show(
            "write columns alone", median(lambda: formats.write(collection, target, "coco")), items
        )
        assert len(collection.boxes) == items * BOXES
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
