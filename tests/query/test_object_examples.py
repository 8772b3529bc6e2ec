"""Queries of annotations, predictions and matches, against predicates written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from predicates import (
    area,
    at,
)
from query_world import Item, Obj, World

from nucleus_lab.errors import QueryError

OBJECTS: dict[str, Callable[[Obj, Item], Any]] = {
    "annotations.metadata.distance_to_device > 150": lambda o, _: (
        o.metadata.get("distance_to_device", 0) > 150
    ),
    "annotations.label = car AND metadata.timeofday = night": lambda o, i: (
        "car" in {o.label, *o.segments, *o.labels} and at(i, "timeofday") == "night"
    ),
    "annotations.area < 32 * 32 AND annotations.count > 5": lambda o, i: (
        (area(o) if area(o) is not None else 1e9) < 1024 and i.count() > 5
    ),
    "annotations.truck > 0": lambda _, i: i.count("truck") > 0,
    "autotag.object.stop_sign > 0": lambda o, _: o.scores.get("stop_sign", -1) > 0,
    'track = "track_17"': lambda o, _: o.track == "track_17",
    "type = cuboid": lambda o, _: o.type == "cuboid",
    "type != box AND dimensions.z = 2.5": lambda o, _: o.type == "cuboid",
    'slice = "train"': lambda _, i: "train" in i.slices,
    "annotations.track IS NULL": lambda o, _: o.track is None,
}


@pytest.mark.parametrize("text", OBJECTS)
def test_annotations_are_those_that_the_predicate_selects(
    text: str, ask: Any, world: World
) -> None:
    found = ask(text, "annotations")

    assert found == world.objects(OBJECTS[text])
    assert found


PREDICTIONS = {'label = "car" AND confidence < 0.4'}


@pytest.mark.parametrize("text", PREDICTIONS)
def test_predictions_are_of_the_chosen_run(text: str, ask: Any, world: World) -> None:
    for run, name in ((1, "cnn-v1"), (2, "cnn-v2")):
        found = ask(text, "predictions", run_id=run)
        assert found == [
            o.id
            for item in world.items
            for o in item.of(name)
            if "car" in {o.label, *o.segments, *o.labels} and (o.confidence or 1) < 0.4
        ]


def area_of(match: dict[str, Any]) -> float | None:
    sides = [side for side in (match["truth"], match["prediction"]) if side]
    return next((found for side in sides if (found := area(side)) is not None), None)


MATCHES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "iou > 0.5": lambda m: (m["iou"] or 0) > 0.5,
    "0.3 < iou < 0.5": lambda m: 0.3 < (m["iou"] or 0) < 0.5,
    "gt_label != pred_label AND iou > 0.7": lambda m: (
        (m["iou"] or 0) > 0.7 and m["truth"].label != m["prediction"].label
    ),
    "category = tp AND confidence < 0.3": lambda m: (
        m["category"] == "tp" and (m["prediction"].confidence or 1) < 0.3
    ),
    "predictions.confidence > 0.9 AND annotations.metadata.occluded = true": lambda m: (
        bool(m["prediction"] and m["truth"])
        and (m["prediction"].confidence or 0) > 0.9
        and m["truth"].metadata.get("occluded") is True
    ),
    "category = FP AND iou IS NULL": lambda m: m["category"] == "fp" and m["iou"] is None,
    "area > 400": lambda m: (area_of(m) or 0) > 400,
    "area IS NULL": lambda m: area_of(m) is None,
    "category IN (fn)": lambda m: m["category"] == "fn",
    "annotations.label IS NULL": lambda m: m["truth"] is None,
}


@pytest.mark.parametrize("text", MATCHES)
def test_matches_are_those_that_the_predicate_selects(text: str, ask: Any, world: World) -> None:
    assert ask(text, "matches") == [
        m["id"] for item in world.items for m in item.matches if MATCHES[text](m)
    ]


def test_match_types_choose_rows(ask: Any, world: World) -> None:
    def ids(test: Callable[[dict[str, Any]], Any]) -> list[int]:
        return [m["id"] for item in world.items for m in item.matches if test(m)]

    assert ask("", "matches", match_type="iou") == ids(lambda m: m["iou"] is not None)
    assert ask("", "matches", match_type="false_positive") == ids(lambda m: m["category"] == "fp")
    assert ask("", "matches", match_type="false_negative") == ids(lambda m: m["category"] == "fn")


def test_predictions_need_a_model_run(ask: Any) -> None:
    with pytest.raises(QueryError, match="has 2: cnn-v1, cnn-v2"):
        ask("predictions.count > 0", run_id=None)
    with pytest.raises(QueryError, match="Q022"):
        ask("", "predictions", run_id=None)
