"""The simulated detector is wrong in every way, and in the same way every time."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from nucleus_lab.demo.detector import Scene, Truth, detect, scenes_of

LABELS = ["galaxy", "star", "cup"]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Two hundred pictures with ten things each, none of them touching another."""
    chance = random.Random(1)
    return [
        Scene(
            f"{number}.jpg",
            640,
            480,
            [
                Truth(chance.choice(LABELS), 10 + 128 * (at % 5), 20 + 240 * (at // 5), side, side)
                for at in range(10)
                for side in [chance.uniform(8, 100)]
            ],
        )
        for number in range(200)
    ]


def _pairs(scenes: list[Scene]) -> list[tuple[Truth | None, object, float]]:
    """Each detection with the truth it overlaps most."""
    by_name = {scene.reference_id: scene for scene in scenes}
    pairs: list[tuple[Truth | None, object, float]] = []
    for box in detect(scenes, LABELS):
        best: tuple[float, Truth | None] = (0.0, None)
        for truth in by_name[box.reference_id].truths:
            across = min(truth.x + truth.width, box.x + box.width) - max(truth.x, box.x)
            down = min(truth.y + truth.height, box.y + box.height) - max(truth.y, box.y)
            shared = max(0.0, across) * max(0.0, down)
            iou = shared / (truth.width * truth.height + box.width * box.height - shared)
            best = max(best, (iou, truth), key=lambda entry: entry[0])
        pairs.append((best[1], box, best[0]))
    return pairs


def test_the_same_seed_gives_the_same_detections(scenes: list[Scene]) -> None:
    assert detect(scenes, LABELS, seed=3) == detect(scenes, LABELS, seed=3)
    assert detect(scenes, LABELS, seed=3) != detect(scenes, LABELS, seed=4)


def test_a_picture_is_seen_the_same_alone_and_among_others(scenes: list[Scene]) -> None:
    together = [box for box in detect(scenes, LABELS) if box.reference_id == "5.jpg"]

    assert detect([scenes[5]], LABELS) == together


def test_there_are_misses_confusions_doubles_and_inventions(scenes: list[Scene]) -> None:
    pairs = _pairs(scenes)

    good = [(truth, box) for truth, box, iou in pairs if truth and iou > 0.5]
    seen = Counter((box.reference_id, truth) for truth, box in good)
    wrong = [1 for truth, box in good if box.label != truth.label]
    assert 0.75 < len(seen) / 2000 < 0.95
    assert 0.02 < len(wrong) / len(good) < 0.12
    assert sum(count > 1 for count in seen.values()) > 20
    assert sum(iou < 0.1 for _, _, iou in pairs) > 50


def test_the_confidence_follows_the_overlap(scenes: list[Scene]) -> None:
    pairs = _pairs(scenes)

    def mean(low: float, high: float) -> float:
        scores = [box.confidence for _, box, iou in pairs if low <= iou < high]
        return sum(scores) / len(scores)

    assert mean(0.0, 0.2) < mean(0.5, 0.75) < mean(0.75, 1.01)


def test_everything_stays_inside_the_picture(scenes: list[Scene]) -> None:
    for box in detect(scenes, LABELS):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= 640.01
        assert box.y + box.height <= 480.01
        assert 0 <= (box.confidence or 0) <= 1


def test_rows_become_scenes_with_their_boxes_only() -> None:
    geometry = {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}
    rows = [
        {
            "reference_id": "a.jpg",
            "width": 40,
            "height": 30,
            "annotations": [
                {"type": "box", "label": "cat", "geometry": geometry},
                {"type": "polygon", "label": "cat", "geometry": {"vertices": []}},
            ],
        },
        {"reference_id": "b.jpg", "width": None, "height": None, "annotations": []},
    ]

    assert list(scenes_of(rows)) == [Scene("a.jpg", 40, 30, [Truth("cat", 1.0, 2.0, 3.0, 4.0)])]
