"""A small dataset for query tests: rows in the store, and the same as plain Python values."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import query_schema, schema

CODE = {name: entry.code for name, entry in ANNOTATION_TYPES.items()}
CLASSES = ["car", "truck", "bus", "traffic light", "stop sign", "pedestrian", "box", "dog", "road"]
TAXONOMIES = ["clothing_type", "mood"]
DAY = 86_400_000_000
NOW = 1_700_000_000_000_000


@dataclass
class Obj:
    """An annotation or prediction."""

    id: int
    type: str
    label: str | None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    taxonomy: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    track: str | None = None
    confidence: float | None = None
    model: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    points: int | None = None


@dataclass
class Item:
    """An item with everything that belongs to it."""

    id: int
    ref: str
    metadata: dict[str, Any]
    location: str
    width: int
    annotations: list[Obj] = field(default_factory=list)
    predictions: list[Obj] = field(default_factory=list)
    matches: list[dict[str, Any]] = field(default_factory=list)
    slices: set[str] = field(default_factory=set)
    tags: dict[str, float] = field(default_factory=dict)

    def count(self, label: str | None = None, kind: str | None = None) -> int:
        return count(self.annotations, label, kind)

    def of(self, model: str = "cnn-v1") -> list[Obj]:
        return [each for each in self.predictions if each.model == model]

    def predicted(self, label: str | None = None, kind: str | None = None) -> int:
        return count(self.of(), label, kind)


def count(objects: list[Obj], label: str | None = None, kind: str | None = None) -> int:
    """Count as the language does: each segment of a mask is an object."""
    total = 0
    for each in objects:
        if kind is None and label is None and each.type in {"category", "multicategory"}:
            continue
        if kind is not None and each.type != kind:
            continue
        if each.type == "mask":
            total += sum(1 for name in each.segments if label in {None, name})
        elif label is None or each.label == label or label in each.labels:
            total += 1
    return total


@dataclass
class World:
    """The dataset; ``ids`` turn a predicate into the keys it selects."""

    dataset_id: int
    items: list[Item]

    def ids(self, predicate: Any) -> list[int]:
        return [item.id for item in self.items if predicate(item)]

    def objects(self, predicate: Any) -> list[int]:
        return [o.id for item in self.items for o in item.annotations if predicate(o, item)]


def _metadata(draw: random.Random, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {"frame_number": number % 23 - 8}
    choices: dict[str, list[Any]] = {
        "camera": ["front", "rear", "left", None],
        "timeofday": ["night", "day"],
        "speed_mph": [10, 49.5, 50, 60.25, 75, 75.5, 100, "fast", "60.25", None, True],
        "sequence_id": ["abcdef", "ghi"],
        "review_status": ["rejected", "accepted", "pending"],
        "animal": ["dog", "cat", "Dog"],
        "notes": ["a Wet Road here", "dry", "wet  road", "100% wet road_"],
        "tags": [["construction", "rain"], [], ["rain"], "construction", [1, "x"], ["x", None]],
        "captured": [
            "2021-03-01T10:00:00Z",
            "2021-03-01",
            "2021-02-28 23:59",
            "2021-03-02T01:00:00+02:00",
            "2021-02-31",
            "not a date",
            5,
        ],
        "captured_at": ["2024-05-01T18:00:00", "2024-05-01T17:59:59.5Z", "2024-05-02"],
        "is_keyframe": [True, False, "true", 1],
        "Recording Date": ["2019-09-15T08:00:00", "2019-09-16"],
        "sensor": [{"lidar": {"firmware": "2.1"}}, {"lidar": {"firmware": 2.1}}, "none"],
        "weather": ["fog", "rain", None, "Ünïcode", "z", "Z", 'qu"ote', "it's"],
        "lat": [52.5, 1],
        "big": [2**53 + 1, 2**53, 0.1, -0.0],
    }
    for key, options in choices.items():
        if draw.random() < 0.7:
            values[key] = draw.choice(options)
    if draw.random() < 0.6:
        values["scale_metadata"] = {
            key: draw.choice(options)
            for key, options in {
                "project_name": ["Test Project", "Other"],
                "task_status": ["pending", "completed"],
                "task_id": ["abcdef", "x"],
                "completed_at": ["2020-12-31T23:00:00Z", "2021-01-01", "2021-07-01 10:00"],
                "created_at": ["2021-03-14", "2021-03-15"],
                draw.choice(["audit_status", "task_audit_status"]): ["accepted", "rejected"],
            }.items()
            if draw.random() < 0.8
        }
    return values


def _objects(draw: random.Random, first: int, predicted: bool) -> list[Obj]:
    found: list[Obj] = []
    for _ in range(draw.choice([0, 0, 1, 2, 4, 8, 12])):
        kind = draw.choice(["box"] * 5 + ["polygon", "cuboid", "line"])
        found.append(
            Obj(
                first + len(found),
                kind,
                draw.choice(CLASSES),
                *(float(draw.choice([2, 3, 5, 7, 510, 600])) for _ in range(4)),
                metadata=draw.choice([
                    {},
                    {"color": "yellow"},
                    {"color": "red", "distance_to_device": 151},
                    {"distance_to_device": 20.5, "occluded": True},
                    {"occluded": False, "truncated": True},
                ]),
                track=draw.choice([None, "track_1", "track_17"]),
                confidence=draw.choice([0.1, 0.29, 0.5, 0.95, None]) if predicted else None,
            )
        )
    if draw.random() < 0.4:
        found.append(
            Obj(
                first + len(found),
                "mask",
                None,
                segments=[draw.choice(["road", "car", "sky"]) for _ in range(draw.randint(0, 3))],
            )
        )
    for taxonomy in TAXONOMIES:
        if draw.random() < 0.5:
            found.append(
                Obj(
                    first + len(found),
                    "category",
                    draw.choice(["dress", "trousers"]),
                    taxonomy=taxonomy,
                )
            )
    if draw.random() < 0.2:
        chosen = draw.sample(["dress", "navy", "car"], 2)
        found.append(
            Obj(first + len(found), "multicategory", None, taxonomy="clothing_type", labels=chosen)
        )
    return found


def make(  # noqa: C901 - one story
    engine: Any, seed: int = 7, size: int = 150, *, plain: bool = False
) -> World:
    """Fill a workspace.

    The items of another dataset lie between, so that a forgotten condition shows. A plain
    workspace has no masks and no categories.
    """
    draw = random.Random(seed)
    with engine.store.write() as connection:

        def add(table: Any, rows: list[dict[str, Any]]) -> None:
            if rows:
                connection.execute(insert(table), rows)

        base = {"is_scene": False, "use_privacy_mode": False, "created_at": NOW}
        add(schema.dataset, [{"id": key, "name": "d", **base} for key in (1, 2)])
        names = sorted({*CLASSES, "sky", "dress", "trousers", "navy"})
        labels = {name: key for key, name in enumerate(names, 1)}
        add(schema.label, [{"id": k, "dataset_id": 1, "name": n} for n, k in labels.items()])
        add(schema.label, [{"id": 100 + k, "dataset_id": 2, "name": n} for n, k in labels.items()])
        taxonomies = {name: key for key, name in enumerate(TAXONOMIES, 1)}
        add(
            schema.taxonomy,
            [
                {"id": key, "dataset_id": 1, "name": name, "type": "category", "labels": "[]"}
                for name, key in taxonomies.items()
            ],
        )
        runs = {"cnn-v1": 1, "cnn-v2": 2}
        for name, key in runs.items():
            add(
                schema.model,
                [{"id": key, "reference_id": f"ref-{name}", "name": name, "created_at": NOW}],
            )
            run = {"id": key, "model_id": key, "dataset_id": 1, "name": "r", "created_at": NOW}
            add(schema.model_run, [run])
        slices = {name: key for key, name in enumerate(["train", "val", "hard negatives"], 1)}
        for name, key in slices.items():
            row = {"id": key, "dataset_id": 1, "name": name, "type": "dataset_item"}
            add(schema.slice_, [{**row, "created_at": NOW}])
        tags = {("image", "rain"): 1, ("object", "stop_sign"): 2}
        for (level, name), key in tags.items():
            row = {"id": key, "dataset_id": 1, "name": name, "level": level, "status": "completed"}
            add(schema.autotag, [row])
        add(
            schema.track,
            [
                {
                    "id": 10 * owner + key,
                    "dataset_id": owner,
                    "reference_id": name,
                    "metadata": known,
                }
                for owner in (1, 2)
                for key, name, known in ((1, "track_1", '{"fast": true}'), (2, "track_17", None))
            ],
        )
        evaluation = {"id": 1, "model_run_id": 1, "status": "succeeded", "change_seq": 0}
        add(schema.evaluation, [{**evaluation, "created_at": NOW}])

        items: list[Item] = []
        rows: dict[str, list[dict[str, Any]]] = {
            name: []
            for name in ("item", "annotation", "prediction", "member", "score", "match", "points")
        }
        for number in range(size):
            owner = 2 if number % 10 == 9 else 1
            folder = draw.choice(["/data/drive_07/", "s3://b/", "C:\\x\\", ""])
            item = Item(
                number + 1,
                f"{draw.choice(['drive_07/', 'other/'])}image_{number}",
                _metadata(draw, number),
                f"{folder}{draw.choice(['a_left_', 'A_Left_', 'b'])}{number}.png",
                draw.choice([640, 1920, 3840]),
            )
            rows["item"].append({
                "id": item.id,
                "dataset_id": owner,
                "reference_id": item.ref,
                "position": number,
                "kind": "image",
                "location": item.location,
                "width": item.width,
                "height": 480,
                "metadata": json.dumps(item.metadata),
                "created_at": NOW + number * DAY // 24,
            })
            item.annotations = _kept(_objects(draw, number * 100 + 1, predicted=False), plain)
            rows["points"] += [_points(o, item.id) for o in item.annotations if o.type == "cuboid"]
            for run, model in enumerate(runs):
                made = _kept(_objects(draw, number * 100 + 1 + 50 * run, predicted=True), plain)
                for each in made:
                    each.model = model
                item.predictions += made
            keys = labels if owner == 1 else {name: 100 + key for name, key in labels.items()}
            rows["annotation"] += [_row(o, item.id, keys, taxonomies) for o in item.annotations]
            rows["prediction"] += [
                {
                    **_row(o, item.id, keys, taxonomies),
                    "model_run_id": runs[o.model],
                    "confidence": o.confidence,
                }
                for o in item.predictions
            ]
            for name, key in slices.items():
                if draw.random() < 0.4:
                    item.slices.add(name)
                    row = {"slice_id": key, "member": "item", "member_id": item.id}
                    rows["member"].append({**row, "position": number})
            if draw.random() < 0.7:
                item.tags["rain"] = draw.choice([-0.9, -0.3, 0.0, 0.1, 0.8])
                row = {"autotag_id": 1, "member": "item", "member_id": item.id}
                rows["score"].append({**row, "item_id": item.id, "score": item.tags["rain"]})
            for each in item.annotations:
                if each.type == "box" and draw.random() < 0.2:
                    each.scores["stop_sign"] = draw.choice([-0.5, 0.2, 0.9])
                    row = {"autotag_id": 2, "member": "annotation", "member_id": each.id}
                    score = each.scores["stop_sign"]
                    rows["score"].append({**row, "item_id": item.id, "score": score})
            item.matches = _matches(draw, item)
            rows["match"] += [_match_row(m, item.id, keys) for m in item.matches]
            if owner == 1:
                items.append(item)
        add(schema.item, rows["item"])
        add(schema.annotation, rows["annotation"])
        add(schema.prediction, rows["prediction"])
        add(schema.slice_member, rows["member"])
        add(schema.autotag_score, rows["score"])
        add(schema.match, rows["match"])
        add(query_schema.cuboid_points, rows["points"])
    return World(1, items)


def _kept(objects: list[Obj], plain: bool) -> list[Obj]:
    """Leave out masks and categories."""
    other = {"mask", "category", "multicategory"} if plain else set()
    return [each for each in objects if each.type not in other]


def _points(o: Obj, item_id: int) -> dict[str, Any]:
    o.points = o.id % 20
    key = {"member": "annotation", "member_id": o.id, "item_id": item_id, "points": o.points}
    return {**key, "geometry": "{}", "location": "x"}


def _row(
    o: Obj, item_id: int, labels: dict[str, int], taxonomies: dict[str, int]
) -> dict[str, Any]:
    geometry: Any = None
    if o.type == "mask":
        segments = [{"label": name, "index": k} for k, name in enumerate(o.segments)]
        geometry = {"mask_url": "m.png", "annotations": segments}
    elif o.type == "polygon":
        x, y, w, h = o.x or 0, o.y or 0, o.width or 0, o.height or 0
        corners = [(x, y), (x + w, y), (x, y + h)]  # a triangle: half of its bounds
        geometry = {"vertices": [{"x": a, "y": b} for a, b in corners]}
    elif o.type == "cuboid":
        geometry = {
            "position": {"x": o.x, "y": o.y, "z": 1},
            "dimensions": {"x": o.width, "y": o.height, "z": 2.5},
            "yaw": 0,
        }
    elif o.type == "line":
        geometry = {"vertices": []}
    return {
        "id": o.id,
        "item_id": item_id,
        "scene_id": None,
        "annotation_id": f"a{o.id}",
        "type": CODE[o.type],
        "label_id": labels.get(o.label or ""),
        "taxonomy_id": taxonomies.get(o.taxonomy or ""),
        "x": o.x,
        "y": o.y,
        "width": o.width,
        "height": o.height,
        "geometry": json.dumps(geometry) if geometry else None,
        "metadata": json.dumps(o.metadata) if o.metadata else None,
        "track_reference_id": o.track,
        "extra": json.dumps({"labels": o.labels}) if o.labels else None,
    }


def _matches(draw: random.Random, item: Item) -> list[dict[str, Any]]:
    truths = [o for o in item.annotations if o.type == "box"]
    found = [o for o in item.of() if o.type == "box"]
    pairs = min(len(truths), len(found), draw.randint(0, 4))
    matches = [
        {"truth": t, "prediction": p, "iou": draw.choice([0.05, 0.4, 0.45, 0.8]), "flag": False}
        for t, p in zip(truths[:pairs], found[:pairs], strict=True)
    ]
    for match in matches:
        match["flag"] = match["truth"].label == match["prediction"].label or draw.random() < 0.1
    matches += [
        {"truth": t, "prediction": None, "iou": None, "flag": False} for t in truths[pairs:]
    ]
    matches += [{"truth": None, "prediction": p, "iou": None, "flag": False} for p in found[pairs:]]
    for match in matches:
        match["category"] = (
            "tp" if match["flag"] else "fp" if match["prediction"] is not None else "fn"
        )
        match["best"] = None
        if match["prediction"] is not None:
            alone = (0.0, 0.05, 0.3)[match["prediction"].id % 3]
            match["best"] = alone if match["truth"] is None else match["iou"]
    return matches


_next_match = iter(range(1, 10**9))


def _match_row(match: dict[str, Any], item_id: int, labels: dict[str, int]) -> dict[str, Any]:
    truth, found = match["truth"], match["prediction"]
    match["id"] = next(_next_match)
    return {
        "id": match["id"],
        "evaluation_id": 1,
        "item_id": item_id,
        "annotation_id": truth and truth.id,
        "prediction_id": found and found.id,
        "iou": match["iou"],
        "true_positive": match["flag"],
        "annotation_label_id": labels[truth.label] if truth else None,
        "prediction_label_id": labels[found.label] if found else None,
        "confidence": found.confidence if found else None,
        "best_iou": match["best"],
    }
