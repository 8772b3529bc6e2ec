"""A simulated detector: what a real one gets wrong, made up from the ground truth.

It misses small and cut-off objects more often, shifts and resizes boxes, confuses classes that look
alike, reports some objects twice, and sees things where there are none. Its confidence follows how
well a box fits, with noise. The same seed gives the same detections.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nucleus_lab.prediction import BoxPrediction

_ALIKE = (
    {"galaxy", "star", "light"},
    {"cup", "saucer", "coffee", "handle"},
    {"petal", "flower", "bud", "flower centre"},
    {"person", "face", "cat"},
    {"eye", "pupil", "nose"},
    {"pagoda", "roof", "building", "finial"},
    {"tower", "rocket", "tripod"},
    {"patch", "name tag", "logo", "coin", "clock"},
    {"tree", "island"},
    {"RBC", "WBC", "Platelets"},
)


@dataclass(frozen=True, slots=True)
class Truth:
    """One box of the ground truth.

    Attributes:
        label: Class name.
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Pixels.
        height: Pixels.
    """

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture for the detector.

    Attributes:
        reference_id: The item.
        width: Pixels.
        height: Pixels.
        truths: What is in it.
    """

    reference_id: str
    width: float
    height: float
    truths: Sequence[Truth]


def detect(scenes: Iterable[Scene], labels: Sequence[str], *, seed: int = 7) -> list[BoxPrediction]:
    """Look at pictures.

    Args:
        scenes: The pictures with their ground truth.
        labels: All class names of the dataset.
        seed: Number that all chance follows from.

    Returns:
        Detections with a confidence, named ``d1``, ``d2`` … on each picture.
    """
    from nucleus_lab.prediction import BoxPrediction

    found = []
    for scene in scenes:
        # Each picture has its own chance, so that a subset gives the same detections.
        chance = random.Random(f"{seed} {scene.reference_id}")  # noqa: S311 - a simulation
        rows = [*_seen(scene, labels, chance), *_imagined(scene, labels, chance)]
        found += [
            BoxPrediction(
                label=label,
                x=x,
                y=y,
                width=width,
                height=height,
                reference_id=scene.reference_id,
                confidence=confidence,
                annotation_id=f"d{number}",
            )
            for number, (label, (x, y, width, height), confidence) in enumerate(rows, 1)
        ]
    return found


_Row = tuple[str, tuple[float, float, float, float], float]


def _seen(scene: Scene, labels: Sequence[str], chance: random.Random) -> Iterator[_Row]:
    for truth in scene.truths:
        side = math.sqrt(truth.width * truth.height)
        if chance.random() < 0.06 + 0.4 * math.exp(-side / 18):
            continue
        times = 2 if chance.random() < 0.05 else 1
        for again in range(times):
            box = _shaken(truth, scene, chance, 0.05 + 0.05 * again)
            fit = _overlap(truth, box)
            wrong = chance.random() < 0.07
            label = _confused(truth.label, labels, chance) if wrong else truth.label
            confidence = 0.15 + 0.8 * fit + chance.gauss(0, 0.09) - 0.2 * wrong - 0.15 * again
            yield label, box, _score(confidence)


def _imagined(scene: Scene, labels: Sequence[str], chance: random.Random) -> Iterator[_Row]:
    there = sorted({truth.label for truth in scene.truths}) or list(labels)
    count = 0
    while chance.random() < 0.45 and count < 4 and there:
        count += 1
        width = scene.width * chance.uniform(0.05, 0.3)
        height = scene.height * chance.uniform(0.05, 0.3)
        x = chance.uniform(0, scene.width - width)
        y = chance.uniform(0, scene.height - height)
        box = (round(x, 2), round(y, 2), round(width, 2), round(height, 2))
        yield chance.choice(there), box, _score(0.05 + 0.55 * chance.betavariate(1.5, 3))


def _shaken(
    truth: Truth, scene: Scene, chance: random.Random, spread: float
) -> tuple[float, float, float, float]:
    left = truth.x + chance.gauss(0, spread) * truth.width
    top = truth.y + chance.gauss(0, spread) * truth.height
    right = truth.x + truth.width * (1 + chance.gauss(0, spread))
    bottom = truth.y + truth.height * (1 + chance.gauss(0, spread))
    left, top = max(0.0, left), max(0.0, top)
    right, bottom = min(scene.width, right), min(scene.height, bottom)
    width, height = max(1.0, right - left), max(1.0, bottom - top)
    return round(left, 2), round(top, 2), round(width, 2), round(height, 2)


def _overlap(truth: Truth, box: tuple[float, float, float, float]) -> float:
    x, y, width, height = box
    across = min(truth.x + truth.width, x + width) - max(truth.x, x)
    down = min(truth.y + truth.height, y + height) - max(truth.y, y)
    shared = max(0.0, across) * max(0.0, down)
    union = truth.width * truth.height + width * height - shared
    return shared / union if union > 0 else 0.0


def _confused(label: str, labels: Sequence[str], chance: random.Random) -> str:
    alike = next((group for group in _ALIKE if label in group), set())
    near = sorted((alike & set(labels)) - {label}) or sorted(set(labels) - {label})
    return chance.choice(near) if near else label


def _score(value: float) -> float:
    return round(min(0.99, max(0.02, value)), 3)


def scenes_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[Scene]:
    """Make scenes of items as ``dataset.rows`` gives them.

    Args:
        rows: Rows with ``reference_id``, ``width``, ``height`` and ``annotations``.

    Yields:
        Scenes of the items whose size is known, with their boxes.
    """
    for row in rows:
        if not row["width"] or not row["height"]:
            continue
        boxes = [entry for entry in row["annotations"] if entry["type"] == "box"]
        truths = [Truth(box["label"], **box["geometry"]) for box in boxes]
        yield Scene(row["reference_id"], row["width"], row["height"], truths)
