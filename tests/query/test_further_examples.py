"""Examples that need more than a predicate over an item; no number of the list is left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import test_examples
import test_object_examples
import test_whole_queries
from predicates import area
from query_examples import EXAMPLES
from query_world import CODE, NOW, Item, Obj, World
from sqlalchemy import insert

from nucleus_lab.engine import queries, query_rows, schema
from nucleus_lab.query.readings import stored

Match = dict[str, Any]
TEXT = {number: text for number, text, _ in EXAMPLES}


def labels(o: Obj) -> set[str]:
    return {o.label or "", *o.segments, *o.labels}


def length(world: World, track: str) -> int:
    return sum(any(o.track == track for o in item.annotations) for item in world.items)


def of_track(world: World, track: str) -> set[str]:
    found = [o for item in world.items for o in item.annotations if o.track == track]
    return {o.label for o in found if o.label}


def test_every_example_is_checked_by_its_result() -> None:
    written = {*test_object_examples.OBJECTS, *test_object_examples.MATCHES}
    written |= test_object_examples.PREDICTIONS
    written |= {text for text, _ in test_examples.ITEMS.values()}
    checked = {number for number, text, _ in EXAMPLES if text in written}
    checked |= {*ITEMS, *OBJECTS, *MATCHES, *SCENES}
    checked |= {*test_whole_queries.CHECKS, *test_whole_queries.RARE}

    assert checked == set(TEXT)


def cars_are_large(item: Item, _: World) -> bool:
    areas = [area(o) for o in item.annotations if "car" in labels(o)]
    known = [area for area in areas if area is not None]
    return bool(known) and sum(known) / len(known) > 96 * 96


def is_fast_rear(item: Item, _: World) -> bool:
    speed = item.metadata.get("speed_mph")
    known = isinstance(speed, int | float) and not isinstance(speed, bool)
    return item.metadata.get("camera") == "rear" and known and speed > 50


def is_rear(item: Item, _: World) -> bool:
    return item.metadata.get("camera") == "rear"


def shows_long_car(item: Item, world: World) -> bool:
    return any(
        "car" in of_track(world, o.track) and length(world, o.track) > 30
        for o in item.annotations
        if o.track
    )


GIVEN = {"cam": "rear", "limit": 50, "ids": ["other/image_1", "drive_07/image_2", "other/image_3"]}
ITEMS: dict[int, Callable[[Item, World], Any]] = {
    48: lambda i, _: re.search(r"cam[0-4]_\d+\.jpg$", i.location),
    78: cars_are_large,
    86: lambda i, _: str(i.metadata.get("phase", "")).startswith("warm"),
    90: is_fast_rear,
    91: lambda i, _: i.ref in GIVEN["ids"],
    92: is_rear,
    93: is_rear,
    97: shows_long_car,
}


@pytest.mark.parametrize("number", ITEMS)
def test_items_are_found_as_written(number: int, ask: Any, world: World) -> None:
    expected = world.ids(lambda item: ITEMS[number](item, world))

    assert ask(TEXT[number], parameters=GIVEN) == expected


OBJECTS: dict[int, Callable[[Obj, Item], Any]] = {
    100: lambda o, i: (area(o) or 1e9) < 1024 and i.count() > 20,
    101: lambda o, _: o.type == "cuboid" and o.points is not None and o.points < 10,
}


@pytest.mark.parametrize("number", OBJECTS)
def test_objects_are_found_as_written(number: int, ask: Any, world: World) -> None:
    assert ask(TEXT[number], "annotations") == world.objects(OBJECTS[number])


MATCHES: dict[int, Callable[[Match], Any]] = {
    106: lambda m: (
        bool(m["truth"] and m["prediction"])
        and (m["truth"].label, m["prediction"].label) == ("car", "truck")
    ),
    108: lambda m: m["category"] == "tp" and (m["prediction"].confidence or 1) < 0.3,
    110: lambda m: m["category"] == "fp" and m["best"] < 0.1,
    111: lambda m: m["category"] == "fp" and m["iou"] is None,
}


def rows(world: World, test: Callable[[Match], Any]) -> list[Match]:
    return [m for item in world.items for m in item.matches if test(m)]


@pytest.mark.parametrize("number", MATCHES)
def test_matches_are_found_as_written(number: int, ask: Any, world: World) -> None:
    found = rows(world, MATCHES[number])
    if "ORDER BY iou" in TEXT[number]:
        found.sort(key=lambda m: (m["iou"] is None, m["iou"]))

    assert ask(TEXT[number], "matches") == [m["id"] for m in found]


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("tracks.count > 1", lambda world, i: len({o.track for o in i.annotations} - {None}) > 1),
        ("tracks", lambda world, i: any(o.track for o in i.annotations)),
        (
            "tracks.label = bus AND tracks.metadata.fast = true",
            lambda world, i: (
                "bus" in of_track(world, "track_1")
                and any(o.track == "track_1" for o in i.annotations)
            ),
        ),
        (
            "NOT tracks[id = track_17]",
            lambda world, i: not any(o.track == "track_17" for o in i.annotations),
        ),
        (
            "sum(tracks.length) > 40",
            lambda world, i: (
                sum(length(world, t) for t in {o.track for o in i.annotations if o.track}) > 40
            ),
        ),
        (
            "annotations[type = cuboid AND points >= 10].count > 1",
            lambda world, i: sum((o.points or 0) >= 10 for o in i.annotations) > 1,
        ),
        ("annotations.confidence IS NOT NULL", lambda world, i: False),
        (
            "max(matches.best_iou) < 0.3",
            lambda world, i: (
                max((m["best"] for m in i.matches if m["best"] is not None), default=9) < 0.3
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tracks_points_and_best_overlaps(text: str, test: Any, ask: Any, world: World) -> None:
    assert ask(text) == world.ids(lambda item: test(world, item))


def at_threshold(match: Match, threshold: float) -> list[tuple[int, str, float | None]]:
    """What a threshold makes of a match: part, category and best overlap of each row."""
    if match["iou"] is None or match["iou"] >= threshold:
        return [(0, match["category"], match["best"])]
    return [(1, "fp", match["iou"]), (2, "fn", None)]


@pytest.mark.parametrize("threshold", [0.0, 0.42, 0.5, 1.0])
def test_a_threshold_makes_two_rows_of_a_loose_pair(
    threshold: float, ask: Any, world: World
) -> None:
    for kind in ("tp", "fp", "fn"):
        found = ask(f"category = {kind}", "matches", iou_threshold=threshold)
        assert sorted(stored(key) for key in found) == sorted(
            (m["id"], part)
            for m in rows(world, lambda _: True)
            for part, category, _ in at_threshold(m, threshold)
            if category == kind
        )
        if kind != "tp":
            long = {"fp": "false_positive", "fn": "false_negative"}[kind]
            assert ask("", "matches", match_type=long, iou_threshold=threshold) == found
    assert ask("matches.fp > 1 AND matches.best_iou > 0.01", iou_threshold=threshold) == world.ids(
        lambda item: (
            sum(c == "fp" for m in item.matches for _, c, _ in at_threshold(m, threshold)) > 1
            and any((b or 0) > 0.01 for m in item.matches for _, _, b in at_threshold(m, threshold))
        )
    )


def test_rejected_pairs_are_shown_as_a_prediction_and_a_miss(filled: Any) -> None:
    engine, world = filled
    loose = rows(world, lambda m: m["iou"] is not None and m["iou"] < 0.42)
    with engine.store.read() as connection:
        found = queries.select_rows(
            connection, 1, "iou IS NULL", "matches", run_id=1, iou_threshold=0.42
        )
        keys = [key for key in queries.keys_of(connection, found) if stored(key)[1]]
        shown = query_rows.payloads(connection, 1, "matches", keys, rejected=True)

    assert len(shown) == 2 * len(loose) > 0
    for payload in shown:
        one, other = "ground_truth_annotation", "model_prediction"
        present = {side for side in (one, other) if payload[f"{side}_id"]}
        assert len(present) == 1
        assert {side for side in (one, other) if payload[f"{side}_label"]} == present
        assert (payload["iou"], payload["true_positive"]) == (0.0, False)


SCENES: dict[int, list[int]] = {36: [1], 112: [1], 113: [1, 2], 114: [1], 115: [1], 116: [1]}


@pytest.fixture
def long_scenes(engine: Any) -> Any:
    """A scene of 101 frames with 21 tracks, one with two frames, and an item of neither."""
    with engine.store.write() as connection:

        def add(table: Any, *values: dict[str, Any]) -> None:
            connection.execute(insert(table), list(values))

        base = {"dataset_id": 1, "created_at": NOW}
        add(
            schema.dataset,
            {"id": 1, "name": "s", "is_scene": True, "use_privacy_mode": False, "created_at": NOW},
        )
        names = ("pedestrian", "cyclist")
        add(schema.label, *({"id": n, "dataset_id": 1, "name": x} for n, x in enumerate(names, 1)))
        kept = [(1, '{"foo": "baz", "weather": "rain"}'), (2, "{}")]
        shape = {**base, "type": "lidar"}
        add(
            schema.scene,
            *(
                {**shape, "id": k, "reference_id": f"s{k}", "position": k, "metadata": text}
                for k, text in kept
            ),
        )
        frames = [(1, frame) for frame in range(101)] + [(2, 0), (2, 1), (None, None)]
        add(
            schema.item,
            *(
                {
                    **base,
                    "id": key + 1,
                    "reference_id": f"i{key}",
                    "position": key,
                    "kind": "pointcloud",
                    "location": "x",
                    "scene_id": scene,
                    "frame": frame,
                    "metadata": '{"camera": "front"}' if frame == 0 else "{}",
                }
                for key, (scene, frame) in enumerate(frames)
            ),
        )
        tracks = [*(f"t{number:02}" for number in range(20)), "rider"]
        add(schema.track, *({"dataset_id": 1, "reference_id": name} for name in tracks))
        found = [(1, name, 1) for name in tracks[:-1]]
        found += [(frame, "rider", 2) for frame in range(1, 11)] + [(102, "rider", 2)]
        add(
            schema.annotation,
            *(
                {
                    "item_id": item,
                    "annotation_id": f"a{number}",
                    "type": CODE["cuboid" if label == 1 else "box"],
                    "label_id": label,
                    "track_reference_id": track,
                }
                for number, (item, track, label) in enumerate(found)
            ),
        )
    return engine


@pytest.mark.parametrize("number", SCENES)
def test_scenes_are_found_as_written(number: int, long_scenes: Any) -> None:
    with long_scenes.store.read() as connection:
        found = queries.select_rows(connection, 1, TEXT[number], "scenes")

        expected = [1, 2] if number == 116 else SCENES[number]
        assert queries.keys_of(connection, found) == expected


def test_a_scene_has_the_tracks_that_it_was_uploaded_with(long_scenes: Any) -> None:
    with long_scenes.store.write() as connection:
        connection.execute(insert(schema.track), [{"id": 99, "dataset_id": 1, "reference_id": "z"}])
        connection.execute(insert(schema.scene_track), [{"scene_id": 2, "track_id": 99}])
    with long_scenes.store.read() as connection:
        found = queries.select_rows(connection, 1, "tracks[id = z]", "scenes")
        both = queries.select_rows(connection, 1, "tracks.count = 2", "scenes")

        assert queries.keys_of(connection, found) == [2] == queries.keys_of(connection, both)
