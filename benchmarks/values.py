"""CPU cost of a million boxes: made, serialised, validated and read back.

Run ``python -m benchmarks.values [COUNT]``. Batches of 5,000 with the collector paused, as the
bulk loops of the package do it. The floor beside it is a slotted dataclass with the same fields
that checks nothing, in the same run; msgspec's validation is the same for both.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from time import process_time
from typing import Any

import msgspec

from nucleus_lab.annotation import ANNOTATION_TYPES, ANNOTATION_WIRE, BoxAnnotation
from nucleus_lab.bulk import batches, collector_paused

LIMIT = 2.5
BATCH = 5_000
RUNS = 3
STEPS = ("create", "to_payload", "validate", "from_json", "to_row", "free")


@dataclass(slots=True)
class PlainBox:
    label: str
    x: float
    y: float
    width: float
    height: float
    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    embedding_vector: list[float] | None = None
    track_reference_id: str | None = None

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> PlainBox:
        geometry = payload["geometry"]
        return cls(
            payload["label"],
            geometry["x"],
            geometry["y"],
            geometry["width"],
            geometry["height"],
            payload["reference_id"],
            payload["annotation_id"],
            payload["metadata"],
            payload["embedding_vector"],
            payload["track_reference_id"],
        )

    def to_payload(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "type": "box",
            "geometry": {"x": self.x, "y": self.y, "width": self.width, "height": self.height},
            "reference_id": self.reference_id,
            "annotation_id": self.annotation_id,
            "metadata": self.metadata,
            "embedding_vector": self.embedding_vector,
            "track_reference_id": self.track_reference_id,
        }


def arguments(count: int, *, whole: bool = False, named: bool = True) -> list[tuple[Any, ...]]:
    """Make constructor arguments: ten boxes an item, distinct numbers."""
    number = int if whole else float
    return [
        (
            "car",
            number(index % 1900),
            number(index % 1000) + (0 if whole else 0.25),
            number(20 + index % 60),
            number(30 + index % 50),
            f"image_{index // 10}",
            f"box_{index}" if named else None,
        )
        for index in range(count)
    ]


def measure(box: Callable[..., Any], read: Callable[[Any], Any], rows: list[Any]) -> list[float]:
    """Return CPU seconds of each step for all rows."""
    wire = list[ANNOTATION_WIRE]
    to_row = ANNOTATION_TYPES["box"].to_row
    spent = [0.0] * len(STEPS)
    with collector_paused():
        for batch in batches(rows, BATCH):
            marks = [process_time()]
            boxes = [box(*row) for row in batch]
            marks.append(process_time())
            payloads = [value.to_payload() for value in boxes]
            marks.append(process_time())
            structs = msgspec.convert(payloads, wire)
            marks.append(process_time())
            again = [read(payload) for payload in payloads]
            marks.append(process_time())
            table = [to_row(struct) for struct in structs]
            marks.append(process_time())
            del boxes, payloads, structs, again, table
            marks.append(process_time())
            for step, (start, end) in enumerate(pairwise(marks)):
                spent[step] += end - start
    return spent


def report(name: str, runs: list[list[float]]) -> float:
    """Print the median of each step and return the total of the four that the figure names."""
    steps = [statistics.median(run[step] for run in runs) for step in range(len(STEPS))]
    total = statistics.median(sum(run[:4]) for run in runs)
    shown = "  ".join(f"{step} {cost:.2f}" for step, cost in zip(STEPS[:4], steps, strict=False))
    beside = f"beside it: to_row {steps[4]:.2f}, freeing all {steps[5]:.2f}"
    print(f"{name:34} {shown}  total {total:.2f} s   ({beside})")
    return total


def main(count: int) -> int:
    """Print the figures; 1 when the limit is exceeded."""
    print(f"{count:,} boxes, CPU seconds, median of {RUNS} runs, batches of {BATCH:,}")
    named, whole = arguments(count), arguments(count, whole=True)
    unnamed = arguments(count, named=False)
    ours, floor, integers, ids = [], [], [], []
    for _ in range(RUNS):  # interleaved, so that a busy machine slows all alike
        ours.append(measure(BoxAnnotation, BoxAnnotation.from_json, named))
        floor.append(measure(PlainBox, PlainBox.from_json, named))
        integers.append(measure(BoxAnnotation, BoxAnnotation.from_json, whole))
        ids.append(measure(BoxAnnotation, BoxAnnotation.from_json, unnamed))
    total = report("BoxAnnotation", ours)
    report("floor: unchecked dataclass", floor)
    report("BoxAnnotation, whole numbers", integers)
    report("BoxAnnotation, id made from it", ids)
    scaled = total * 1_000_000 / count
    verdict = "kept" if scaled <= LIMIT else "EXCEEDED"
    print(f"limit {LIMIT} s for 1,000,000: {verdict} ({scaled:.2f} s)")
    return int(scaled > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
