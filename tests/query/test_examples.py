"""Every attested query of items, and what else compiles, against predicates written by hand."""
# ruff: noqa: ISC004 - queries longer than a line

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from predicates import (
    UTC,
    Predicate,
    after,
    area,
    at,
    audit,
    before,
    equals,
    number,
    sized,
    some,
    speed,
    taxonomy,
    within,
)
from query_world import NOW, Item, Obj, World

ITEMS: dict[int, tuple[str, Predicate]] = {
    1: ("annotations.count > 0", lambda i: i.count() > 0),
    2: ("annotations.count > 3", lambda i: i.count() > 3),
    3: ("annotations.count > 6", lambda i: i.count() > 6),
    4: (
        'annotations."traffic light" >= 1 AND annotations.truck = 1',
        lambda i: i.count("traffic light") >= 1 and i.count("truck") == 1,
    ),
    5: (
        'annotations."traffic light".color = "yellow"',
        lambda i: some(
            i.annotations,
            lambda o: o.label == "traffic light" and o.metadata.get("color") == "yellow",
        ),
    ),
    6: (
        'annotations.metadata.color = "yellow"',
        lambda i: some(i.annotations, lambda o: o.metadata.get("color") == "yellow"),
    ),
    7: ("annotations.segmentation.count > 0", lambda i: i.count(None, "mask") > 0),
    8: (
        "annotations.truck + annotations.bus >= 2",
        lambda i: i.count("truck") + i.count("bus") >= 2,
    ),
    9: ('annotations."stop sign" % 2 = 0', lambda i: i.count("stop sign") % 2 == 0),
    10: (
        "annotations.clothing_type = dress",
        lambda i: taxonomy(i.annotations, "clothing_type", "dress"),
    ),
    11: (
        "annotations.clothing_type != trousers",
        lambda i: not taxonomy(i.annotations, "clothing_type", "trousers"),
    ),
    12: (
        "annotations.dimensions.x < 6 AND annotations.dimensions.y < 4",
        lambda i: some(i.annotations, lambda o: sized(o) and o.width < 6 and o.height < 4),
    ),
    13: (
        "annotations.dimensions.x > 500 AND annotations.dimensions.y > 500",
        lambda i: some(i.annotations, lambda o: sized(o) and o.width > 500 and o.height > 500),
    ),
    14: ("annotations.”stop sign” > 0", lambda i: i.count("stop sign") > 0),
    15: ("annotations.truck > 0", lambda i: i.count("truck") > 0),
    16: ("predictions.count > 0", lambda i: i.predicted() > 0),
    17: ("predictions.pedestrian >= 2", lambda i: i.predicted("pedestrian") >= 2),
    18: (
        'metadata.camera = "rear" AND metadata.timeofday = "night" AND metadata.speed_mph >= 50 '
        "AND metadata.speed_mph <= 75",
        lambda i: (
            at(i, "camera") == "rear" and at(i, "timeofday") == "night" and within(speed(i), 50, 75)
        ),
    ),
    19: (
        'metadata.sequence_id = "abcdef" AND metadata.frame_number % 5 = 0',
        lambda i: at(i, "sequence_id") == "abcdef" and at(i, "frame_number") % 5 == 0,
    ),
    20: ("metadata.frame_number % 5 = 0", lambda i: at(i, "frame_number") % 5 == 0),
    21: ('metadata.review_status = "rejected"', lambda i: at(i, "review_status") == "rejected"),
    22: (
        'metadata.review_status != "rejected" AND metadata.review_status != "accepted"',
        lambda i: at(i, "review_status") not in {"rejected", "accepted"},
    ),
    23: ('metadata.animal = "dog"', lambda i: at(i, "animal") == "dog"),
    24: (
        'scale_metadata.project_name = "Test Project"',
        lambda i: at(i, "scale_metadata", "project_name") == "Test Project",
    ),
    25: (
        'scale_metadata.task_status = "pending"',
        lambda i: at(i, "scale_metadata", "task_status") == "pending",
    ),
    26: (
        'scale_metadata.task_id = "abcdef"',
        lambda i: at(i, "scale_metadata", "task_id") == "abcdef",
    ),
    27: (
        "scale_metadata.completed_at > 2021-01-01",
        lambda i: after(at(i, "scale_metadata", "completed_at"), "2021-01-01"),
    ),
    28: ("scale_metadata.audit_status = rejected", lambda i: audit(i, "rejected")),
    29: (
        "scale_metadata.audit_status = accepted AND scale_metadata.completed_at > 2021-06-01",
        lambda i: (
            audit(i, "accepted") and after(at(i, "scale_metadata", "completed_at"), "2021-06-01")
        ),
    ),
    30: ("scale_metadata.task_audit_status = accepted", lambda i: audit(i, "accepted")),
    31: ("autotag.image = rain", lambda i: i.tags.get("rain", -1) > 0),
    32: ("autotag.image.rain > 0", lambda i: i.tags.get("rain", -1) > 0),
    33: ("autotag.image.rain > -0.5", lambda i: i.tags.get("rain", -1) > -0.5),
    34: (
        "autotag.object = stop_sign",
        lambda i: some(i.annotations, lambda o: o.scores.get("stop_sign", -1) > 0),
    ),
    37: (
        "annotations.position.x > 500 AND annotations.position.y > 500",
        lambda i: some(i.annotations, lambda o: sized(o) and o.x > 500 and o.y > 500),
    ),
    38: ("predictions.box.count > 3", lambda i: i.predicted(None, "box") > 3),
    39: ("predictions.polygon.car > 0", lambda i: i.predicted("car", "polygon") > 0),
    40: ("predictions.clothing_type = dress", lambda i: taxonomy(i.of(), "clothing_type", "dress")),
    41: (
        "autotag.object.stop_sign > 0.3",
        lambda i: some(i.annotations, lambda o: o.scores.get("stop_sign", -1) > 0.3),
    ),
    42: (
        "(annotations.truck > 0 OR annotations.bus > 0) AND metadata.timeofday = night",
        lambda i: i.count("truck") + i.count("bus") > 0 and at(i, "timeofday") == "night",
    ),
    43: (
        "scale_metadata.created_at < 2021-03-15",
        lambda i: before(at(i, "scale_metadata", "created_at"), "2021-03-15"),
    ),
    44: ('reference_id = "other/image_1"', lambda i: i.ref == "other/image_1"),
    45: (
        'ref_id IN ("other/image_1", "drive_07/image_2")',
        lambda i: i.ref in {"other/image_1", "drive_07/image_2"},
    ),
    46: ('ref_id STARTS WITH "drive_07/"', lambda i: i.ref.startswith("drive_07/")),
    47: (
        'filename LIKE "%_left_%.png"',
        lambda i: "_left_" in i.location.replace("\\", "/").rpartition("/")[2],
    ),
    49: (
        'metadata.notes CONTAINS "wet road"',
        lambda i: "wet road" in (at(i, "notes") or "").lower(),
    ),
    50: (
        "metadata.camera IN (front, rear) AND NOT metadata.timeofday = night",
        lambda i: at(i, "camera") in {"front", "rear"} and at(i, "timeofday") != "night",
    ),
    51: (
        'metadata.camera NOT IN ["front", "rear"]',
        lambda i: at(i, "camera") not in {"front", "rear"},
    ),
    52: ("metadata.speed_mph BETWEEN 50 AND 75", lambda i: within(speed(i), 50, 75)),
    53: ("50 <= metadata.speed_mph <= 75", lambda i: within(speed(i), 50, 75)),
    54: ("metadata.weather IS NULL", lambda i: at(i, "weather") is None),
    55: (
        "EXISTS metadata.lat AND metadata.weather IS NOT NULL",
        lambda i: at(i, "lat") is not None and at(i, "weather") is not None,
    ),
    56: (
        "metadata.captured_at >= 2024-05-01T18:00 AND metadata.captured_at < 2024-05-02",
        lambda i: at(i, "captured_at") == "2024-05-01T18:00:00",
    ),
    58: (
        'metadata."Recording Date" = 2019-09-15',
        lambda i: at(i, "Recording Date") == "2019-09-15T08:00:00",
    ),
    59: (
        'metadata.sensor.lidar.firmware = "2.1"',
        lambda i: at(i, "sensor", "lidar", "firmware") in {"2.1", 2.1},
    ),
    60: ('metadata.tags = "construction"', lambda i: equals(at(i, "tags"), "construction")),
    61: (
        "metadata.is_keyframe = true",
        lambda i: at(i, "is_keyframe") is True or at(i, "is_keyframe") == "true",
    ),
    62: (
        "item.metadata.camera = rear AND item.width >= 1920",
        lambda i: at(i, "camera") == "rear" and i.width >= 1920,
    ),
    63: ('slice = "hard negatives"', lambda i: "hard negatives" in i.slices),
    64: ("slice = train AND slice != val", lambda i: "train" in i.slices and "val" not in i.slices),
    65: ("slice IS NULL", lambda i: not i.slices),
    66: (
        "autotag.image.rain BETWEEN -0.3 AND 0.2",
        lambda i: "rain" in i.tags and -0.3 <= i.tags["rain"] <= 0.2,
    ),
    67: (
        'annotations.label = "car"',
        lambda i: some(i.annotations, lambda o: "car" in {o.label, *o.segments, *o.labels}),
    ),
    68: ('annotations."box" > 0', lambda i: i.count("box") > 0),
    69: (
        'annotations[label = "car" AND metadata.occluded = true].count >= 1',
        lambda i: some(
            i.annotations, lambda o: o.label == "car" and o.metadata.get("occluded") is True
        ),
    ),
    70: (
        "annotations[label = car AND dimensions.x < 20]",
        lambda i: some(i.annotations, lambda o: o.label == "car" and sized(o) and o.width < 20),
    ),
    71: (
        "annotations.dog > 0 AND NOT annotations[type = box AND label != dog]",
        lambda i: (
            i.count("dog") > 0
            and not some(i.annotations, lambda o: o.type == "box" and o.label != "dog")
        ),
    ),
    72: (
        "annotations.car > 0 AND annotations.truck > 0",
        lambda i: i.count("car") > 0 and i.count("truck") > 0,
    ),
    73: ("predictions.count > annotations.count", lambda i: i.predicted() > i.count()),
    74: ("predictions.car != annotations.car", lambda i: i.predicted("car") != i.count("car")),
    75: (
        "predictions.confidence < 0.3",
        lambda i: some(i.of(), lambda o: o.confidence is not None and o.confidence < 0.3),
    ),
    76: (
        "predictions[label = car AND confidence > 0.9].count = 0 AND annotations.car > 0",
        lambda i: (
            i.count("car") > 0
            and not some(i.of(), lambda o: o.label == "car" and (o.confidence or 0) > 0.9)
        ),
    ),
    77: (
        "max(predictions.confidence) < 0.96",
        lambda i: max((o.confidence for o in i.of() if o.confidence is not None), default=9) < 0.96,
    ),
    79: ("matches.fp > 1", lambda i: sum(m["category"] == "fp" for m in i.matches) > 1),
    80: (
        "matches[category = fp AND label = car].count > 0",
        lambda i: any(
            m["category"] == "fp" and (m["truth"] or m["prediction"]).label == "car"
            for m in i.matches
        ),
    ),
    81: (
        "matches[category = tp AND iou < 0.5]",
        lambda i: any(m["category"] == "tp" and m["iou"] < 0.5 for m in i.matches),
    ),
    82: (
        "matches.fn > 0 AND metadata.timeofday = night",
        lambda i: any(m["category"] == "fn" for m in i.matches) and at(i, "timeofday") == "night",
    ),
    84: (
        'predictions[model = "cnn-v2" AND label = car].count > '
        'predictions[model = "cnn-v1" AND label = car].count',
        lambda i: (
            sum("car" in {o.label, *o.segments, *o.labels} for o in i.of("cnn-v2"))
            > sum("car" in {o.label, *o.segments, *o.labels} for o in i.of())
        ),
    ),
    85: (
        "predictions.metadata.truncated = true",
        lambda i: some(i.of(), lambda o: o.metadata.get("truncated") is True),
    ),
    95: (
        "metadata.`Recording Date` = 2019-09-15",
        lambda i: at(i, "Recording Date") == "2019-09-15T08:00:00",
    ),
    96: (
        '# rear camera only\nmetadata.camera = "rear"\nAND annotations.count > 0',
        lambda i: at(i, "camera") == "rear" and i.count() > 0,
    ),
}


@pytest.mark.parametrize("row", ITEMS, ids=lambda row: f"{row}: {ITEMS[row][0][:60]}")
def test_items_are_those_that_the_predicate_selects(row: int, ask: Any, world: World) -> None:
    text, predicate = ITEMS[row]

    found = ask(text)

    assert found == world.ids(predicate)
    if row not in {12, 44, 45}:
        assert found, "the example selects nothing and so tests nothing"


def test_aggregates_fold_the_values_of_objects(ask: Any, world: World) -> None:
    def mean(item: Item) -> bool:
        areas = [a for o in item.annotations if o.label == "car" and (a := area(o)) is not None]
        return bool(areas) and sum(areas) / len(areas) > 96 * 96

    assert ask("avg(annotations[label = car].area) > 96 * 96") == world.ids(mean)
    total = "sum(annotations[type = polygon].area) = 0"
    assert ask(total) == world.ids(
        lambda i: sum(area(o) or 0 for o in i.annotations if o.type == "polygon") == 0
    )


def test_objects_of_two_collections_are_compared_pair_by_pair(ask: Any, world: World) -> None:
    def pairs(test: Callable[[Obj, Obj], Any]) -> Predicate:
        return lambda i: any(test(a, p) for a in i.annotations for p in i.of())

    assert ask("predictions.confidence * 10 > annotations.dimensions.x") == world.ids(
        pairs(lambda a, p: sized(a) and p.confidence is not None and p.confidence * 10 > a.width)
    )
    assert ask("annotations.track = predictions.track") == world.ids(
        pairs(lambda a, p: a.track is not None and a.track == p.track)
    )
    assert ask("annotations.dimensions.x < metadata.speed_mph") == world.ids(
        lambda i: some(
            i.annotations,
            lambda o: (
                sized(o) and number(at(i, "speed_mph")) is not None and o.width < at(i, "speed_mph")
            ),
        )
    )


def test_parameters_are_bound_never_pasted(ask: Any, world: World) -> None:
    evil = 'x" OR 1 = 1 --'

    assert ask("metadata.camera = {cam}", parameters={"cam": "rear"}) == world.ids(
        lambda i: at(i, "camera") == "rear"
    )
    assert ask("metadata.camera = :cam", parameters={"cam": evil}) == []
    assert ask("metadata.weather = @w", parameters={"w": 'qu"ote'}) == world.ids(
        lambda i: at(i, "weather") == 'qu"ote'
    )
    wanted = [item.ref for item in world.items][::3]
    assert ask("ref_id IN {ids}", parameters={"ids": wanted * 400}) == world.ids(
        lambda i: i.ref in wanted
    )
    date = datetime.datetime.fromtimestamp(NOW / 1e6, UTC) + datetime.timedelta(hours=10)
    assert ask("created_at < {t}", parameters={"t": date}) == world.ids(lambda i: i.id <= 10)


def test_recent_items_by_arithmetic_on_dates(ask: Any, world: World) -> None:
    assert ask("created_at > now() - 7d") == []
    assert ask("created_at + 3650w > now()") == world.ids(lambda _: True)
    assert ask("metadata.captured_at - 1d < 2024-05-01") == world.ids(
        lambda i: at(i, "captured_at") in {"2024-05-01T18:00:00", "2024-05-01T17:59:59.5Z"}
    )


def test_order_limit_offset(ask: Any, world: World) -> None:
    worst = sorted(
        world.items, key=lambda i: (-sum(m["category"] == "fn" for m in i.matches), i.ref)
    )

    assert ask("ORDER BY matches.fn DESC, ref_id LIMIT 50") == [item.id for item in worst[:50]]
    speeds = [item for item in world.items if number(at(item, "speed_mph")) is not None]
    ordered = ask("metadata.speed_mph > 9 ORDER BY metadata.speed_mph DESC")
    assert ordered == [
        item.id for item in sorted(speeds, key=lambda i: (-number(at(i, "speed_mph")), i.id))
    ]
    assert ask("LIMIT 5 OFFSET 3") == [item.id for item in world.items[3:8]]


def test_recall_of_an_item(ask: Any, world: World) -> None:
    def recall(item: Item) -> bool:
        truths = [m for m in item.matches if m["truth"]]
        right = sum(m["category"] == "tp" for m in truths)
        return bool(truths) and right / len(truths) < 0.5

    assert ask("matches.recall < 0.5") == world.ids(recall)


def test_a_sample_is_the_same_for_the_same_seed(ask: Any, world: World) -> None:
    first = ask("metadata.camera = rear SAMPLE 10 SEED 7")

    assert first == ask("metadata.camera = rear SAMPLE 10 SEED 7")
    assert len(first) == 10
    assert set(first) <= set(world.ids(lambda i: at(i, "camera") == "rear"))
    assert first == sorted(first)
    assert first != ask("metadata.camera = rear SAMPLE 10 SEED 8")
    assert len(ask("SAMPLE 1000")) == len(world.items)
