"""CPU cost of reading items with their boxes, and of opening a workspace.

Run ``python -m benchmarks.read [ITEMS [BOXES]]``. Median of the runs; the floor is SQLite's own
``fetchall`` of the same rows in the same run.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.floor import Floor
from benchmarks.ingest import as_columns, rows, timed
from nucleus_lab import NucleusClient

RUNS = 3
LOOK_UPS = 2_000

OPEN = """
import sys, time
from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request
answer = dispatch(Engine(sys.argv[1]), Request("GET", "dataset/details"))
assert answer.status == 200
print(time.process_time())
"""
SQLALCHEMY = "import sqlalchemy, time; print(time.process_time())"


def fresh(program: str, *arguments: str) -> float:
    """Return the CPU seconds that a new process counts of itself."""
    command = [sys.executable, "-c", program, *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def read_columns(client: Any, route: str) -> None:
    """Read all pages of a column export."""
    token = None
    while True:
        page = client.make_request({"pageToken": token, "pageSize": 10_000}, route)
        token = page["nextPageToken"]
        if token is None:
            return


def main(count: int, boxes_each: int) -> int:
    """Print the figures; 1 when a limit is missed."""
    items, boxes = rows(count, boxes_each)
    columns = as_columns(items, boxes)
    names = [name for name, _, _ in items][:: max(count // LOOK_UPS, 1)][:LOOK_UPS]
    known = [name for name, _, _ in items]
    floor = Floor()
    floor.ingest(
        [(n, name, '{"weather":"fog"}') for n, (name, _, _) in enumerate(items)],
        [
            (row[0], name, 3, *row[2:])
            for row, name in zip(boxes, columns["boxes"]["annotation_id"], strict=True)
        ],
    )
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, NucleusClient(workspace=folder) as client:
        dataset = client.create_dataset("read")
        client.make_request(columns, f"lab/dataset/{dataset.id}/columns")
        del items, boxes, columns
        gc.collect()
        gc.freeze()  # what the benchmark itself holds is none of the library's garbage
        export = f"lab/dataset/{dataset.id}/exportColumns"
        everything = dataset.create_slice("everything")
        for start in range(0, count, 10_000):
            everything.append(known[start : start + 10_000])
        steps: dict[str, Callable[[], Any]] = {
            "refloc": lambda: [dataset.refloc(name) for name in names],
            "refloc floor": lambda: [floor.look_up(name) for name in names],
            "iterate": lambda: sum(1 for _ in dataset.items_and_annotation_generator()),
            "slice": lambda: sum(1 for _ in everything.items_and_annotation_generator()),
            "columns": lambda: read_columns(client, export),
            "floor": floor.read_all,
            "open": lambda: None,
        }
        for _ in range(RUNS):
            for name, work in steps.items():
                if name == "open":
                    spent.setdefault("open", []).append(fresh(OPEN, folder))
                    spent.setdefault("import sqlalchemy", []).append(fresh(SQLALCHEMY))
                else:
                    spent.setdefault(name, []).append(timed(work))
    middle = {name: statistics.median(values) for name, values in spent.items()}
    look_up = middle["refloc"] / len(names) * 1000
    bare = middle["refloc floor"] / len(names) * 1000
    print(f"{count:,} items with {boxes_each} boxes, CPU, median of {RUNS} runs")
    print(
        f"refloc {look_up:.3f} ms, {look_up / bare:.1f} x floor   limit 0.3: {kept(look_up <= 0.3)}"
    )
    missed = look_up > 0.3
    for name, limit in (("iterate", 10_000), ("slice", 10_000), ("columns", 15_000)):
        rate = count / middle[name]
        missed |= rate < limit
        print(
            f"{name:8} {middle[name]:.3f} s {rate:,.0f} items/s, "
            f"{middle[name] / middle['floor']:.1f} x floor   limit {limit:,}: {kept(rate >= limit)}"
        )
    opened, alone = middle["open"], middle["import sqlalchemy"]
    missed |= opened > 0.3
    print(
        f"open and first query in a new process {opened:.3f} s, of which importing SQLAlchemy "
        f"{alone:.3f} s   limit 0.3: {kept(opened <= 0.3)}"
    )
    return int(missed)


def kept(held: bool) -> str:
    """Say whether a limit holds."""
    return "kept" if held else "MISSED"


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(given + [10_000, 20][len(given) :])))
