"""CPU cost of samples: upload 1,000 time series, list them, read them back; and of the import.

Run ``python -m benchmarks.samples [SAMPLES]``. Each sample has 200 readings of three axes in CSV
and a label, a category and metadata of its own. The floors, in the same run: writing as many
files of the same content with ``fsync``, which is all that a store of files must do; reading and
decoding the same numbers from JSON files; and a bare interpreter for the import. CPU seconds of the
process, the median of several runs, each upload into a new workspace.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.startup import fresh
from nucleus_lab import NucleusClient, samples
from nucleus_lab.samples import Sample

RUNS = 3
READINGS = 200
LIMIT_IMPORT = 0.5

IMPORT = """
import sys, time
from nucleus_lab import samples
samples.Sample, samples.upload_samples
assert not {'numpy', 'pandas', 'httpx', 'sqlalchemy'} & set(sys.modules)
print(time.process_time())
"""
BARE = "import time; print(time.process_time())"


def made(count: int) -> list[Sample]:
    """Samples that differ in everything."""
    random = np.random.default_rng(7)
    found = []
    for number in range(count):
        rows = random.normal(size=(READINGS, 3)).round(3).tolist()
        lines = (f"{at * 10},{x},{y},{z}" for at, (x, y, z) in enumerate(rows))
        text = "\n".join(["timestamp,x,y,z", *lines, ""])
        category = "testing" if number % 5 == 0 else "training"
        label = f"label {number % 7}"
        found.append(Sample(text, f"{number:05}.csv", category, label, metadata={"n": number}))
    return found


def median(work: Callable[[], object], runs: int = RUNS) -> float:
    """CPU seconds of one run."""
    seconds = []
    for _ in range(runs):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return statistics.median(seconds)


def floor_write(folder: Path, contents: list[bytes]) -> None:
    """Write files that are safe on the disk."""
    for number, content in enumerate(contents):
        with (folder / f"{number}").open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def floor_read(folder: Path, count: int) -> None:
    """Read and decode as many acquisitions."""
    for number in range(count):
        assert json.loads((folder / f"{number}.json").read_bytes())


def show(what: str, seconds: float, count: int, floor: float | None = None) -> None:
    """Print one line."""
    ratio = "" if floor is None else f"  {seconds / floor:6.1f} times the floor"
    print(f"{what:<40} {seconds:7.3f} s  {count / seconds:10,.0f} samples/s{ratio}")


def main() -> int:
    """Print the figures; 1 when a limit is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    given = made(count)
    contents = [str(each.data).encode() for each in given]
    size = sum(map(len, contents)) / 1e6
    print(f"{count:,} samples of {READINGS} readings of 3 axes, {size:.1f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clients = [NucleusClient(workspace=folder / f"workspace-{run}") for run in range(RUNS)]
        for each in clients:
            samples.upload_samples(Sample("x\n1\n", "warm.csv"), client=each)
            samples.delete_all_samples(client=each)
        waiting = iter(clients)

        def upload() -> None:
            answer = samples.upload_samples(given, client=next(waiting))
            assert len(answer.successes) == count

        floor = median(lambda: floor_write(folder, contents))
        show("floor: files with fsync", floor, count)
        show("upload_samples", median(upload), count, floor)

        client = clients[0]
        infos = samples.get_sample_ids(client=client)
        assert len(infos) == count
        show("get_sample_ids", median(lambda: samples.get_sample_ids(client=client)), count)

        ids = [info.sample_id for info in infos if info.sample_id is not None]
        found = samples.download_samples_by_ids(ids, client=client)
        for number, each in enumerate(found):
            (folder / f"{number}.json").write_text(str(each.data))
        floor = median(lambda: floor_read(folder, count))
        show("floor: read files and json.loads", floor, count)
        read = median(lambda: samples.download_samples_by_ids(ids, client=client))
        show("download_samples_by_ids", read, count, floor)
        show("repr_html", median(lambda: [each._repr_mimebundle_() for each in found]), count)
        for each in clients:
            each.close()
    bare = min(fresh(BARE)[0] for _ in range(5))
    imported = min(fresh(IMPORT)[0] for _ in range(5))
    kept = imported < LIMIT_IMPORT
    verdict = "ok" if kept else "MISSED"
    print(
        f"{'import nucleus_lab.samples':<40} {imported:7.3f} s  {imported / bare:.1f} times a bare "
        f"interpreter  limit {LIMIT_IMPORT} s: {verdict}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
