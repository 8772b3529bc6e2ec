"""CPU cost of COCO files: read, import and export 10,000 items with 10 boxes each.

Run ``python -m benchmarks.formats [ITEMS]``. Pictures are addresses, as in a COCO file without its
photographs: what is measured is the file, the columns and the database. Beside it the floors: the
standard library's ``json`` on the same file, which neither checks nor stores anything, ``msgspec``
without types, and SQLite's own ``executemany`` of the same rows. CPU seconds, the median of several
runs, each on a new workspace; each line in a process of its own, as what one leaves in memory makes
the next up to half as slow again.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from benchmarks.floor import Floor
from nucleus_lab import NucleusClient, formats
from nucleus_lab.columns import Collection
from nucleus_lab.dataset import Dataset

BOXES = 10
RUNS = 5
LIMIT_IMPORT = 20_000
LIMIT_EXPORT = 15_000
SOURCE, TARGET = "instances.json", "out.json"
REMOTE = formats.ReadOptions(remote=True)


def make(file: Path, items: int) -> None:
    """Write a COCO file of random boxes, without indentation, as COCO's own files are."""
    import numpy as np

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


def loads_alone(folder: Path) -> float:
    """CPU seconds of the standard library for the file."""
    return median(lambda: json.loads((folder / SOURCE).read_bytes()))


def untyped_alone(folder: Path) -> float:
    """CPU seconds of ``msgspec`` without types for the file."""
    return median(lambda: msgspec.json.decode((folder / SOURCE).read_bytes()))


def reading(folder: Path) -> float:
    """CPU seconds for the columns of the file, nothing stored."""
    return median(lambda: formats.read(folder / SOURCE, "coco", REMOTE))


def rows_alone(folder: Path) -> float:
    """CPU seconds that SQLite takes for the rows of the file."""
    rows = raw_rows(formats.read(folder / SOURCE, "coco", REMOTE))
    return median(lambda: Floor().ingest(*rows))


def importing(folder: Path) -> float:
    """CPU seconds from the file to a new dataset."""
    waiting = iter([fresh(folder, number) for number in range(RUNS)])
    return median(lambda: next(waiting).import_from(folder / SOURCE, "coco", images="url"))


def importing_again(folder: Path) -> float:
    """CPU seconds of a second import, of which nothing is new."""
    dataset = fresh(folder, RUNS)
    dataset.import_from(folder / SOURCE, "coco", images="url")
    return median(lambda: dataset.import_from(folder / SOURCE, "coco", images="url"))


def exporting(folder: Path) -> float:
    """CPU seconds from a dataset to a file."""
    dataset = fresh(folder, RUNS + 1)
    dataset.import_from(folder / SOURCE, "coco", images="url")
    return median(lambda: dataset.export_to(folder / TARGET))


def dumps_alone(folder: Path) -> float:
    """CPU seconds of the standard library to write what was exported."""
    data = json.loads((folder / TARGET).read_bytes())
    return median(lambda: (folder / "dumped.json").write_text(json.dumps(data)))


def writing(folder: Path) -> float:
    """CPU seconds from columns to a file, nothing read from a workspace."""
    collection = formats.read(folder / TARGET, "coco", formats.ReadOptions(images=folder))
    return median(lambda: formats.write(collection, folder / "written.json", "coco"))


LINES: tuple[tuple[str, Callable[[Path], float], int | None], ...] = (
    ("floor: json.loads", loads_alone, None),
    ("floor: msgspec, untyped", untyped_alone, None),
    ("read as columns", reading, None),
    ("floor: SQLite, the rows alone", rows_alone, None),
    ("import_from, new workspace", importing, LIMIT_IMPORT),
    ("import_from again, all ignored", importing_again, LIMIT_IMPORT),
    ("export_to coco", exporting, LIMIT_EXPORT),
    ("floor: json.dumps and write", dumps_alone, None),
    ("write columns alone", writing, None),
)


def main() -> int:
    """Measure, print, and answer 1 when a limit is missed."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    kept = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / SOURCE, items)
        size = (folder / SOURCE).stat().st_size
        print(f"{items:,} items with {BOXES} boxes each, {size / 1e6:.1f} MB")
        for what, work, limit in LINES:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                seconds = process.submit(work, folder).result()
            kept.append(show(what, seconds, items, limit))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
