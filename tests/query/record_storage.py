"""Plain records into the tables of a workspace."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from plain_records import Item, Match, Records, Scene, Thing
from sqlalchemy import insert

from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import Engine, embedding_schema, query_schema, schema

CODES = {name: entry.code for name, entry in ANNOTATION_TYPES.items()}


def store(engine: Engine, records: Records) -> None:
    """Write a dataset; its keys must be free."""
    with engine.store.write() as connection:
        for table, rows in _rows(records):
            if rows:
                connection.execute(insert(table), rows)


def _rows(records: Records) -> Iterable[tuple[Any, list[dict[str, Any]]]]:
    key = records.id
    names = {"dataset_id": key}
    labels = {name: key * 100 + at for at, name in enumerate(records.classes, 1)}
    taxonomies = {name: key * 100 + at for at, name in enumerate(records.taxonomies, 1)}
    flags = {"is_scene": bool(records.scenes), "use_privacy_mode": False, "created_at": 0}
    yield schema.dataset, [{"id": key, "name": "d", **flags}]
    yield schema.label, [{**names, "id": at, "name": name} for name, at in labels.items()]
    yield (
        schema.taxonomy,
        [
            {**names, "id": at, "name": name, "type": "category", "labels": "[]"}
            for name, at in taxonomies.items()
        ],
    )
    for run in records.runs:
        reference, name, run_name = run.names
        yield schema.model, [{"id": run.id, "reference_id": reference, "name": name, **_NEW}]
        row = {**names, "id": run.id, "model_id": run.id, "name": run_name, **_NEW}
        yield schema.model_run, [row]
    evaluations = [{"id": run, "model_run_id": run, "change_seq": 0} for run in records.evaluated]
    yield schema.evaluation, [{**row, "status": "succeeded", **_NEW} for row in evaluations]
    yield (
        schema.slice_,
        [
            {**names, "id": at, "name": name, "type": "dataset_item", **_NEW}
            for name, at in records.slices.items()
        ],
    )
    yield (
        schema.autotag,
        [
            {**names, "id": at, "name": name, "level": level, "status": "completed"}
            for (level, name), at in records.tags.items()
        ],
    )
    yield (
        schema.saved_query,
        [
            {**names, "name": name, "query": text, "level": "items", **_NEW}
            for name, text in records.saved.items()
        ],
    )
    yield (
        schema.track,
        [
            {**names, "id": each.id, "reference_id": each.ref, "metadata": _json(each.metadata)}
            for each in records.tracks
        ],
    )
    yield schema.scene, [{**names, **_scene(each)} for each in records.scenes]
    listed = {each.ref: each.id for each in records.tracks}
    yield (
        schema.scene_track,
        [
            {"scene_id": scene.id, "track_id": listed[name]}
            for scene in records.scenes
            for name in scene.tracks
        ],
    )
    yield schema.item, [{**names, **_item(each)} for each in records.items]
    owners: list[Item | Scene] = [*records.items, *records.scenes]
    truths = [(owner, each) for owner in owners for each in owner.annotations]
    found = [(owner, each) for owner in owners for each in owner.predictions]
    yield schema.annotation, [_thing(*each, labels, taxonomies) for each in truths]
    yield (
        schema.prediction,
        [
            {
                **_thing(owner, each, labels, taxonomies),
                "model_run_id": each.run,
                "confidence": each.confidence,
            }
            for owner, each in found
        ],
    )
    yield (
        schema.match,
        [_match(each, labels, records.evaluated) for i in records.items for each in i.matches],
    )
    members = [("annotation", each) for _, each in truths] + [("prediction", e) for _, e in found]
    counted = [(kind, each) for kind, each in members if each.points is not None]
    yield (
        query_schema.cuboid_points,
        [
            {
                "member": kind,
                "member_id": each.id,
                "item_id": each.item.id,
                "points": each.points,
                "geometry": "{}",
                "location": "x",
            }
            for kind, each in counted
            if each.item is not None
        ],
    )
    yield from _memberships(records, members)


_NEW = {"created_at": 0}


def _memberships(
    records: Records, objects: list[tuple[str, Thing]]
) -> Iterable[tuple[Any, list[dict[str, Any]]]]:
    slices: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    examples: list[dict[str, Any]] = []
    owners: list[tuple[str, Any, Any]] = [("item", each, each) for each in records.items]
    owners += [("scene", each, None) for each in records.scenes]
    owners += [(kind, each, each.item) for kind, each in objects]
    for member, each, item in owners:
        row = {"member": member, "member_id": each.id}
        slices += [
            {**row, "slice_id": records.slices[name], "position": each.id} for name in each.slices
        ]
        if item is None:
            continue
        level = "image" if member == "item" else "object"
        scores += [
            {**row, "item_id": item.id, "autotag_id": records.tags[level, name], "score": score}
            for name, score in each.scores.items()
        ]
        examples += [
            {**row, "item_id": item.id, "autotag_id": records.tags[level, name], "positive": good}
            for name, good in each.examples.items()
        ]
    yield schema.slice_member, slices
    yield schema.autotag_score, scores
    yield embedding_schema.autotag_example, examples


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


def _scene(each: Scene) -> dict[str, Any]:
    return {
        "id": each.id,
        "reference_id": each.ref,
        "type": each.type,
        "position": each.index,
        "metadata": _json(each.metadata),
        "frame_rate": each.frame_rate,
        "created_at": each.created_at,
    }


def _item(each: Item) -> dict[str, Any]:
    return {
        "id": each.id,
        "reference_id": each.ref,
        "position": each.index,
        "kind": each.kind,
        "location": each.location,
        "width": each.width,
        "height": each.height,
        "phash": each.phash,
        "metadata": _json(each.metadata),
        "scene_id": each.scene and each.scene.id,
        "frame": each.frame,
        "sensor": each.sensor,
        "created_at": each.created_at,
    }


def _thing(
    owner: Item | Scene, each: Thing, labels: dict[str, int], taxonomies: dict[str, int]
) -> dict[str, Any]:
    geometry: Any = None
    if each.type == "mask":
        parts = [{"label": name, "index": at} for at, name in enumerate(each.labels)]
        geometry = {"mask_url": "m.png", "annotations": parts}
    elif each.type in {"polygon", "line"}:
        geometry = {"vertices": [{"x": x, "y": y} for x, y in each.vertices]}
    elif each.type == "cuboid":
        geometry = {
            "position": {"x": each.x, "y": each.y, "z": 1},
            "dimensions": {"x": each.width, "y": each.height, "z": 2.5},
            "yaw": 0,
        }
    return {
        "id": each.id,
        "item_id": owner.id if isinstance(owner, Item) else None,
        "scene_id": None if isinstance(owner, Item) else owner.id,
        "annotation_id": each.name,
        "type": CODES[each.type],
        "label_id": None if each.label is None else labels[each.label],
        "taxonomy_id": None if each.taxonomy is None else taxonomies[each.taxonomy],
        "x": each.x,
        "y": each.y,
        "width": each.width,
        "height": each.height,
        "geometry": _json(geometry),
        "metadata": _json(each.metadata),
        "track_reference_id": each.track,
        "extra": json.dumps({"labels": each.labels}) if each.type == "multicategory" else None,
    }


def _match(each: Match, labels: dict[str, int], evaluated: list[int]) -> dict[str, Any]:
    def label_of(side: Thing | None) -> int | None:
        return None if side is None or side.label is None else labels[side.label]

    return {
        "id": each.id,
        "evaluation_id": evaluated[0],
        "item_id": each.item.id,
        "annotation_id": each.truth and each.truth.id,
        "prediction_id": each.prediction and each.prediction.id,
        "iou": each.iou,
        "true_positive": each.flag,
        "annotation_label_id": label_of(each.truth),
        "prediction_label_id": label_of(each.prediction),
        "confidence": each.confidence,
        "best_iou": each.best,
        "right_iou": each.right and each.right[0],
        "right_annotation_id": each.right and each.right[1].id,
        "wrong_iou": each.wrong and each.wrong[0],
        "wrong_annotation_id": each.wrong and each.wrong[1].id,
    }
