"""Charts of an evaluation with 100,000 matches, beside the library that computes the precision.

    python benchmarks/evaluation_charts.py [matches]

Prints CPU seconds of each step and, for the charts, the ratio to hotcoco alone on the same arrays.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from nucleus_lab.evaluation.candidates import candidates
from nucleus_lab.evaluation.charts import charts
from nucleus_lab.evaluation.coco import coco_metrics
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.rows import rows_at

CLASSES = 20
A_PICTURE = 10
REPEATS = 5


def made(matches: int) -> Frame:
    """Pictures with ten objects: nine of ten are found, one of ten of them under a wrong name."""
    random = np.random.default_rng(7)
    group = np.repeat(np.arange(matches // A_PICTURE), A_PICTURE)
    count = len(group)
    corners, sizes = random.uniform(0, 1800, (count, 2)), random.uniform(10, 200, (count, 2))
    boxes = np.column_stack([corners, sizes])
    label = random.integers(0, CLASSES, count)
    found = boxes + random.normal(0, 4, boxes.shape)
    found[:, 2:] = np.maximum(found[:, 2:], 2)
    lost = random.random(count) < 0.1
    found[lost, :2] = random.uniform(0, 1800, (int(lost.sum()), 2))
    wrong = random.random(count) < 0.1
    named = np.where(wrong, random.integers(0, CLASSES, count), label)
    truths = Objects.of(group, label, boxes)
    predictions = Objects.of(group, named, found, confidence=random.random(count).round(3))
    names = [f"class {index}" for index in range(CLASSES)]
    return Frame(
        np.arange(matches // A_PICTURE), names, names, truths, predictions, truths.label,
        predictions.label, np.ones(count, np.bool_), candidates(truths, predictions),
    )  # fmt: skip


def least(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of the fastest of a few runs, all threads together, and what it returned."""
    best, result = float("inf"), None
    for _ in range(REPEATS):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def main(matches: int = 100_000) -> None:
    """Measure and print.

    Args:
        matches: Predictions, and as many annotations.
    """
    frame = made(matches)
    overlap, _ = least(lambda: candidates(frame.truths, frame.predictions))
    packing, content = least(frame.to_bytes)
    reading, frame = least(lambda: Frame.from_bytes(content))
    library, _ = least(lambda: coco_metrics(frame.truths, frame.predictions))
    deciding, (rows, causes) = least(lambda: rows_at(frame, 0.5))
    charting, found = least(lambda: charts(frame, rows, causes))
    whole = reading + deciding + charting
    print(f"{len(rows):,} rows of {matches:,} predictions; counts {found['totalCounts']}")
    print(f"overlaps, once                {overlap:7.3f} s")
    print(f"packing, once                 {packing:7.3f} s  ({len(content) / 1e6:.1f} MB)")
    print(f"reading back                  {reading:7.3f} s")
    print(f"who finds whom, and why       {deciding:7.3f} s")
    print(f"all charts                    {charting:7.3f} s")
    print(f"hotcoco alone                 {library:7.3f} s")
    print(f"a request for charts / hotcoco alone  {whole / library:.2f}")


if __name__ == "__main__":
    main(*(int(text.replace(",", "").replace("_", "")) for text in sys.argv[1:2]))
