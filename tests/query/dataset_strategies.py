"""Small datasets of every kind: absent values, odd numbers, odd text, equal keys of mixed types."""

from __future__ import annotations

import random
from itertools import count
from typing import Any

from hypothesis import strategies as st
from plain_records import Item, Match, Records, Run, Scene, Thing, Track
from query_vocabulary import (
    CHOICES,
    CLASSES,
    DATES,
    IMAGE_TAGS,
    NUMBERS,
    OBJECT_TAGS,
    SAVED,
    SLICES,
    TAXONOMIES,
    TEXTS,
    TRACKS,
)

DAY = 86_400_000_000
START = 1_614_556_800_000_000
_KEYS = count(1)


def dataset_seeds() -> st.SearchStrategy[tuple[int, int, bool]]:
    """A seed, a number of items, and whether they are frames of scenes."""
    return st.tuples(st.integers(0, 2**32), st.integers(0, 7), st.booleans())


def dataset(seed: int, size: int, scenes: bool) -> Records:
    """Make a dataset; every key is new, so that a workspace holds many."""
    return _Maker(random.Random(seed)).dataset(size, scenes)


def metadata(draw: random.Random) -> dict[str, Any]:
    """Metadata with keys that mix types."""
    any_number = lambda: draw.choice(NUMBERS)  # noqa: E731
    any_text = lambda: draw.choice(TEXTS)  # noqa: E731
    scalar = [any_number, any_text, lambda: draw.choice([True, False, None])]

    def any_scalar() -> Any:
        return draw.choice(scalar)()

    choices: dict[str, list[Any]] = {
        "camera": [lambda: draw.choice(["front", "rear", "left", None])],
        "speed": [any_number, any_number, any_number, *scalar],
        "frame": [lambda: draw.randint(-8, 23)],
        "flag": [lambda: draw.choice([True, False, "true", 1, 0, None])],
        "notes": [any_text],
        "captured": [lambda: draw.choice(DATES)],
        "tags": [
            lambda: [draw.choice(scalar)() for _ in range(draw.randint(0, 3))],
            any_scalar,
        ],
        "deep": [lambda: {"k": draw.choice(scalar)()}, lambda: "flat", dict],
        "Odd key": [any_scalar],
        "lat": [lambda: draw.choice([52.5, 1, "52", None, -10])],
        "latitude": [lambda: 52.6],
        "lon": [lambda: draw.choice([13.4, 179.95, -179.95])],
        "scale_metadata": [
            lambda: {
                draw.choice(["audit_status", "task_audit_status"]): draw.choice(["accepted", "x"]),
                "completed_at": draw.choice(DATES),
            }
        ],
    }
    return {key: draw.choice(makers)() for key, makers in choices.items() if draw.random() < 0.55}


class _Maker:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    def dataset(self, size: int, scenes: bool) -> Records:
        draw = self.draw
        key = next(_KEYS)
        keys = count(key * 10_000)
        self.keys = keys
        runs = [
            Run(key * 10, [f"ref-{key}", "cnn", "r1"]),
            Run(key * 10 + 1, [f"other-{key}", "vit", "r2"]),
        ]
        self.records = records = Records(
            key,
            runs=runs[: draw.choice([0, 1, 2, 2])],
            classes=[name for name in CLASSES if draw.random() < 0.9],
            taxonomies=[name for name in TAXONOMIES if draw.random() < 0.9],
            tags={("image", name): next(keys) for name in IMAGE_TAGS}
            | {("object", name): next(keys) for name in OBJECT_TAGS},
            slices={name: next(keys) for name in SLICES},
            saved=dict(SAVED),
        )
        records.evaluated = [run.id for run in records.runs[:1] if draw.random() < 0.9]
        known = lambda: draw.choice([None, {}, metadata(draw)])  # noqa: E731
        records.tracks = [Track(next(keys), name, known()) for name in TRACKS]
        if scenes:
            records.scenes = [self.scene(at) for at in range(draw.randint(0, 3))]
        records.items = [self.item(at) for at in range(size)]
        return records

    def scene(self, at: int) -> Scene:
        draw = self.draw
        scene = Scene(
            next(self.keys), f"scene {at}", at, draw.choice(["lidar", "video"]), metadata(draw),
            draw.choice([None, 25.0, 10.0]), START + at * DAY,
        )  # fmt: skip
        scene.annotations = self.things(0.5, labelled_only=True)
        scene.tracks = [name for name in TRACKS if draw.random() < 0.2]
        scene.slices = self.some(SLICES)
        return scene

    def item(self, at: int) -> Item:
        draw = self.draw
        folder = draw.choice(["/data/drive_07/", "s3://b/", "C:\\x\\", ""])
        item = Item(
            next(self.keys),
            f"{draw.choice(['drive_07/', 'other/', '☃'])}image_{at}",
            at,
            f"{folder}{draw.choice(['a_left_', 'A_Left_', 'b', ''])}{at}.png",
            metadata(draw),
            draw.choice(["image", "pointcloud"]),
            draw.choice([None, 640, 1920]),
            draw.choice([None, 480]),
            draw.choice([None, "01" * 32]),
            START + at * DAY // 4,
        )
        if self.records.scenes and draw.random() < 0.8:
            item.scene = draw.choice(self.records.scenes)
            item.frame, item.sensor = draw.choice([0, 1, 2, None]), draw.choice([None, "camera"])
            item.scene.items.append(item)
        item.annotations = self.things(0.8)
        for run in self.records.runs:
            item.predictions += self.things(0.6, run.id)
        for each in [*item.annotations, *item.predictions]:
            each.item = item
            each.scores = self.scores(OBJECT_TAGS, 0.2)
            each.examples = self.examples(OBJECT_TAGS)
            each.slices = self.some(SLICES) if draw.random() < 0.2 else []
            if each.type == "cuboid":
                each.points = draw.choice([None, 0, 5, 20])
        item.slices = self.some(SLICES)
        item.scores = self.scores(IMAGE_TAGS, 0.6)
        item.examples = self.examples(IMAGE_TAGS)
        if self.records.evaluated:
            item.matches = self.matches(item)
        return item

    def some(self, names: list[str]) -> list[str]:
        return [name for name in names if self.draw.random() < 0.35]

    def scores(self, names: list[str], share: float) -> dict[str, float]:
        draw = self.draw
        values = (-0.9, -0.3, 0.0, 0.1, 0.8)
        return {name: draw.choice(values) for name in names if draw.random() < share}

    def examples(self, names: list[str]) -> dict[str, bool]:
        draw = self.draw
        return {name: draw.random() < 0.6 for name in names if draw.random() < 0.2}

    def things(
        self, share: float, run: int | None = None, *, labelled_only: bool = False
    ) -> list[Thing]:
        draw = self.draw
        if draw.random() > share:
            return []
        kinds = ["box", "box", "box", "polygon", "cuboid", "line", "keypoints"]
        if not labelled_only:
            kinds += ["mask", "category", "multicategory"]
        found = [self.thing(draw.choice(kinds), run) for _ in range(draw.choice([1, 2, 3, 6]))]
        return [each for each in found if each is not None]

    def thing(self, kind: str, run: int | None) -> Thing | None:
        draw, records = self.draw, self.records
        key = next(self.keys)
        each = Thing(key, f"a{key}", kind, run=run)
        each.confidence = draw.choice([None, 0.1, 0.29, 0.5, 0.95]) if run else None
        each.metadata = draw.choice([None, metadata(draw)])
        labels = records.classes
        if kind in {"mask", "multicategory"}:
            names = [*labels, "sky"] if kind == "mask" else [*CHOICES, *labels]
            each.labels = [draw.choice(names) for _ in range(draw.randint(0, 3))]
        elif labels:
            each.label = draw.choice(labels)
        else:
            return None
        if kind in {"category", "multicategory"}:
            each.taxonomy = draw.choice([None, *records.taxonomies])
            return each
        each.track = draw.choice([None, None, *TRACKS])
        size = (2.0, 3.0, 5.0, 7.5, 510.0)
        if kind in {"box", "cuboid", "polygon"}:
            each.x, each.y, each.width, each.height = (draw.choice(size) for _ in range(4))
        if kind == "polygon":
            x, y, w, h = (value or 0.0 for value in (each.x, each.y, each.width, each.height))
            each.vertices = [(x, y), (x + w, y), (x, y + h)]
        return each

    def matches(self, item: Item) -> list[Match]:
        draw, run = self.draw, self.records.evaluated[0]
        truths = [each for each in item.annotations if each.type == "box"]
        found = [each for each in item.predictions if each.type == "box" and each.run == run]
        pairs = draw.randint(0, min(len(truths), len(found)))
        rows: list[Match] = []
        for truth, wrong in zip(truths[:pairs], found[:pairs], strict=True):
            iou = draw.choice([0.0, 0.05, 0.4, 0.5, 0.8, 1.0])
            row = Match(next(self.keys), item, truth, wrong, iou, draw.random() < 0.3, iou)
            rows.append(row)
        rows += [
            Match(next(self.keys), item, each, None, None, False, None) for each in truths[pairs:]
        ]
        rows += [
            Match(next(self.keys), item, None, each, None, False, draw.choice([0.0, 0.05, 0.3]))
            for each in found[pairs:]
        ]
        for row in rows:
            if row.prediction is not None and truths:
                row.right, row.wrong = self.overlap(truths), self.overlap(truths)
        return rows

    def overlap(self, truths: list[Thing]) -> tuple[float, Thing] | None:
        draw = self.draw
        return draw.choice([None, (draw.choice([0.1, 0.4, 0.45, 0.5, 0.8]), draw.choice(truths))])
