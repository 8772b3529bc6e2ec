"""What the fast page of the SDK reads is what the published page says."""

from __future__ import annotations

from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    CategoryAnnotation,
    DatasetItem,
    Point,
    PolygonAnnotation,
)
from nucleus_lab.slice.rows import read_row

PLAIN = [BoxAnnotation("car", 1, 2, 3, 4.5, f"r{n}", f"b{k}") for n in range(3) for k in range(3)]
TALKATIVE = [
    BoxAnnotation("bus", 0, 0, 1, 1, "r1", "with metadata", {"shade": "grün", "n": [1, None]}),
    BoxAnnotation("cab", 9, 9, 1, 1, "r1"),
    PolygonAnnotation("car", [Point(0, 0), Point(5, 0), Point(5, 5)], "r2", "p"),
    CategoryAnnotation("night", "r0"),
]
TRACKED = [BoxAnnotation("car", 5, 5, 5, 5, "r1", "tracked", track_reference_id="t1")]


@pytest.mark.parametrize("annotations", [[], PLAIN, PLAIN + TALKATIVE, PLAIN + TALKATIVE + TRACKED])
def test_the_generator_yields_what_the_published_page_answers(
    client: Any, annotations: list[Any]
) -> None:
    dataset = client.create_dataset("narrow")
    dataset.append([DatasetItem(f"https://example.org/{n}.jpg", f"r{n}") for n in range(4)])
    if annotations:
        dataset.annotate(annotations)

    answered = dataset._client.make_request({}, f"dataset/{dataset.id}/exportForTrainingPage")

    assert list(dataset.items_and_annotation_generator()) == list(map(read_row, answered["data"]))
