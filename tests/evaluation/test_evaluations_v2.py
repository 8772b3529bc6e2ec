"""Evaluations V2 through the routes, on both databases: charts, filters, examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asking_v2 import evaluated, finished, totals
from seeding import Seeded, polygon
from sqlalchemy import select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine.schema import annotation, item, prediction
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

pytestmark = pytest.mark.usefixtures("inline_jobs")


def metadata(of: Seeded, table: Any, values: dict[int, Any]) -> None:
    with of.engine.store.write() as connection:
        for key, value in values.items():
            text = wire.encode(value).decode()
            connection.execute(update(table).where(table.c.id == key).values(metadata=text))


def rows(of: Seeded, ev: str, **body: Any) -> list[tuple[Any, ...]]:
    page = of.ask("POST", f"evaluationsV2/{ev}/examples", body)
    names = "match_type reference_id gt_raw_label pred_raw_label cause"
    return [tuple(row[name] for name in names.split()) for row in page["rows"]]


ALL = [
    ("TP", "a.jpg", "car", "car", "truePositive"),
    ("FP", "a.jpg", "bus", "car", "classification"),
    ("FN", "a.jpg", "bus", None, None),
    ("FP", "b.jpg", None, "car", "background"),
    ("FN", "b.jpg", "dog", None, None),
    ("FP", "c.jpg", None, "car", "localization"),
    ("FN", "c.jpg", "car", None, None),
]


def test_an_evaluation_is_described_and_charted_as_computed_by_hand(seeded: Seeded) -> None:
    ev = evaluated(seeded, name="first")

    described = seeded.ask("GET", f"evaluationsV2/{ev}")
    created = described.pop("created_at")
    work = described.pop("job_id")
    assert (created[-1], work[:4]) == ("Z", "job_")
    assert described == {
        "id": ev,
        "model_id": seeded.prj,
        "model_run_id": None,
        "dataset_id": seeded.ds,
        "benchmark_id": None,
        "slice_id": None,
        "status": "succeeded",
        "name": "first",
        "temporal_workflow_id": work,
        "error_message": None,
        "rollup_groups": None,
        "class_agnostic": False,
        "allowed_label_matches": [],
        "exclusion_rules": None,
        "exclusion_stats": {
            "excluded_items": 0,
            "excluded_annotations": 0,
            "excluded_predictions": 0,
            "rules": [],
            "not_evaluated": {},
        },
    }
    charts = seeded.ask("POST", f"evaluationsV2/{ev}/charts", {})
    assert charts["totalCounts"] == {"tp": 1, "fp": 3, "fn": 3, "predsWithConfidence": 4}
    # One of two cars is found first, neither bus nor dog: (51 / 101 + 0 + 0) / 3.
    assert charts["mapSummary"] == dict.fromkeys(
        ("mapAt50", "mapAt75", "mapAt5095"), pytest.approx(51 / 303)
    )
    assert charts["tideAttribution"] == {
        "truePositive": 1, "localization": 1, "classification": 1, "both": 0, "duplicate": 0,
        "background": 1, "missed": 1,
    }  # fmt: skip
    assert rows(seeded, ev) == ALL
    assert seeded.ask("GET", f"evaluationsV2/{ev}/charts") == charts


def test_the_stored_charts_are_those_that_are_computed_anew(seeded: Seeded) -> None:
    ev = evaluated(seeded)
    everything = {"iouRange": {"min": 0}}

    stored = seeded.ask("POST", f"evaluationsV2/{ev}/charts", {})

    assert seeded.ask("POST", f"evaluationsV2/{ev}/charts", {"filters": everything}) == stored


def test_the_iou_threshold_is_chosen_when_looking(seeded: Seeded) -> None:
    ev = evaluated(seeded)

    assert totals(seeded, ev, iouThreshold=0.2) == (2, 2, 2)  # the loose car: 25 / 100
    assert totals(seeded, ev, iouThreshold=0.5) == (1, 3, 3)
    query = {"iouThreshold": "0.2", "filters": '{"gtLabels":["car"]}'}
    answer = dispatch(
        seeded.engine, Request("GET", f"evaluationsV2/{ev}/charts", None, query)
    ).payload
    assert answer["totalCounts"]["tp"] == 2
    status, text = seeded.refusal("POST", f"evaluationsV2/{ev}/charts", {"iouThreshold": 0.05})
    assert (status, "0.1 to 1" in text) == (400, True)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"gtLabels": ["car"]}, [0, 6]),
        ({"predLabels": ["car"]}, [0, 1, 3, 5]),
        ({"gtLabels": ["cow"]}, []),
        ({"labelEquality": "EQ"}, [0]),
        ({"labelEquality": "NEQ"}, [1]),
        ({"hasGroundTruth": True}, [0, 1, 2, 4, 6]),
        ({"hasGroundTruth": False}, [3, 5]),
        ({"tideBackground": True}, [3]),
        ({"tideBackground": False}, [0, 1, 2, 4, 5, 6]),
        ({"iouRange": {"min": 0.2, "max": 0.3}}, [5, 6]),
        ({"gtAreaRange": {"min": 100}}, [0, 1, 2, 4, 6]),
        ({"gtAreaRange": {"max": 99}}, []),
        ({"itemMetadata": [{"key": "night", "op": "EQ", "value": True}]}, [3, 4]),
        ({"itemMetadata": [{"key": "n", "op": "GT", "value": 1}]}, [5, 6]),
        ({"itemMetadata": [{"key": "n", "op": "IN", "value": [0, "2"]}]}, [0, 1, 2, 5, 6]),
        ({"predictionMetadata": [{"key": "head", "op": "EQ", "value": "b"}]}, [1]),
        ({"gtLabels": ["car"], "predLabels": ["car"]}, [0]),
    ],
)
def test_filters_choose_rows(seeded: Seeded, filters: dict[str, Any], kept: list[int]) -> None:
    keys = list(seeded.items.values())
    metadata(seeded, item, {keys[0]: {"n": 0}, keys[1]: {"n": 1, "night": True}, keys[2]: {"n": 2}})
    with seeded.engine.store.read() as connection:
        made = sorted(connection.scalars(select(prediction.c.id)))
    metadata(seeded, prediction, {made[1]: {"head": "b"}, made[2]: {"head": "c"}})
    ev = evaluated(seeded)

    assert rows(seeded, ev, filters=filters) == [ALL[place] for place in kept]
    for kind, number in zip(("TP", "FP", "FN"), totals(seeded, ev, filters=filters), strict=True):
        page = seeded.ask(
            "POST", f"evaluationsV2/{ev}/examples", {"filters": filters, "match_type": kind}
        )
        assert page["total"] == number


def test_a_range_of_confidences_is_an_operating_point(seeded: Seeded) -> None:
    ev = evaluated(seeded)

    high = {"confidenceRange": {"min": 0.85}}
    low = {"confidenceRange": {"max": 0.85}}

    assert totals(seeded, ev, filters=high) == (1, 0, 3)
    assert totals(seeded, ev, filters=low) == (0, 3, 4)


def test_slices_and_queries_choose_items_and_objects(seeded: Seeded) -> None:
    ev = evaluated(seeded)
    some = seeded.ask(
        "POST", f"dataset/{seeded.ds}/create_slice", {"name": "s", "reference_ids": ["b.jpg"]}
    )
    example = seeded.ask("POST", f"evaluationsV2/{ev}/examples", {"match_type": "FN"})["rows"][0]
    objects = seeded.ask(
        "POST",
        f"dataset/{seeded.ds}/create_slice",
        {"name": "o", "object_ids": [example["ground_truth_annotation_id"]]},
    )

    assert rows(seeded, ev, filters={"sliceIds": [some["slice_id"]]}) == ALL[3:5]
    assert rows(seeded, ev, filters={"sliceIds": [objects["slice_id"]]}) == ALL[1:3]
    assert rows(seeded, ev, query='reference_id = "c.jpg"') == ALL[5:]
    status, _ = seeded.refusal("POST", f"evaluationsV2/{ev}/examples", {"query": "nonsense ="})
    assert status == 400
    part = evaluated(seeded, slice_id=some["slice_id"])
    assert rows(seeded, part) == ALL[3:5]


def test_examples_are_paged_and_sorted_with_empty_values_last(seeded: Seeded) -> None:
    ev = evaluated(seeded)

    def confidences(**body: Any) -> list[float | None]:
        answer = seeded.ask("POST", f"evaluationsV2/{ev}/examples", body)
        return [row["confidence"] for row in answer["rows"]]

    up = confidences(sort_by="confidence", sort_order="ASC")
    down = confidences(sort_by="confidence", sort_order="DESC")
    assert (up[:4], down[:4]) == ([0.6, 0.7, 0.8, 0.9], [0.9, 0.8, 0.7, 0.6])
    assert up[4:] == down[4:] == [None, None, None]
    assert confidences(sort_by="confidence", limit=2, offset=1) == [0.7, 0.8]
    everything = rows(seeded, ev, limit=3), rows(seeded, ev, limit=100, offset=3)
    assert [*everything[0], *everything[1]] == ALL
    for sort in ("iou", "gt_area", "dataset_item_id"):
        assert sorted(map(str, rows(seeded, ev, sort_by=sort))) == sorted(map(str, ALL))


def test_an_example_holds_its_objects_and_metadata(seeded: Seeded) -> None:
    metadata(seeded, item, {seeded.items["a.jpg"]: {"n": 0}})
    ev = evaluated(seeded)

    row = seeded.ask("POST", f"evaluationsV2/{ev}/examples", {"match_type": "FP"})["rows"][0]

    with seeded.engine.store.read() as connection:
        bus = connection.scalar(select(annotation.c.id).where(annotation.c.x == 50))
        guess = connection.scalar(select(prediction.c.id).where(prediction.c.x == 50))
    drawn, made = row.pop("annotation_row"), row.pop("prediction_row")
    guess_id = identifiers.encode(identifiers.PREDICTION, guess)
    assert (drawn["label"], made["label"], made["geometry"]["x"]) == ("bus", "car", 50)
    assert row == {
        "id": f"{ev}.{guess_id}",
        "evaluation_id": ev,
        "dataset_item_id": seeded.item("a.jpg"),
        "reference_id": "a.jpg",
        "true_positive": False,
        "match_type": "FP",
        "iou": 1.0,
        "confidence": 0.8,
        "item_metadata": {"n": 0},
        "ground_truth_annotation_id": identifiers.encode(identifiers.ANNOTATION, bus),
        "gt_canonical_label": "bus",
        "gt_raw_label": "bus",
        "gt_area": 100.0,
        "model_prediction_id": guess_id,
        "pred_canonical_label": "car",
        "pred_raw_label": "car",
        "prediction_metadata": {},
        "cause": "classification",
    }


@pytest.mark.parametrize(
    ("rule", "stats", "counts"),
    [
        (
            {"type": "labels", "scope": "annotation", "target": "groundTruth", "labels": ["dog"]},
            (0, 1, 0),
            (1, 3, 2),
        ),
        (
            {"type": "labels", "scope": "item", "target": "groundTruth", "labels": ["dog"]},
            (1, 1, 1),
            (1, 2, 2),
        ),
        (
            {"type": "labels", "scope": "annotation", "target": "prediction", "labels": ["car"]},
            (0, 0, 4),
            (0, 0, 4),
        ),
        (
            {"type": "boxArea", "scope": "annotation", "target": "prediction", "min": 26},
            (0, 0, 2),
            (1, 1, 3),
        ),
        (
            {"type": "boxArea", "scope": "item", "target": "prediction", "min": 26, "max": 1000},
            (2, 2, 2),
            (1, 1, 1),
        ),
        ({"type": "metadata", "key": "night", "op": "EQ", "value": True}, (1, 1, 1), (1, 2, 2)),
    ],
)
def test_exclusion_rules_leave_out_and_say_how_much(
    seeded: Seeded,
    rule: dict[str, Any],
    stats: tuple[int, int, int],
    counts: tuple[int, int, int],
) -> None:
    metadata(seeded, item, {seeded.items["b.jpg"]: {"night": True}})

    ev = evaluated(seeded, exclusionRules=[rule])

    found = seeded.ask("GET", f"evaluationsV2/{ev}")["exclusion_stats"]
    names = ("excluded_items", "excluded_annotations", "excluded_predictions")
    assert tuple(found[name] for name in names) == stats
    assert found["rules"][0]["rule"] == {"scope": "item", **rule}
    assert totals(seeded, ev) == counts


def test_labels_are_rolled_up_allowed_or_ignored(seeded: Seeded) -> None:
    groups = [{"class_name": "vehicle", "labels": ["car", "bus"]}]
    pair = {"ground_truth_label": "bus", "model_prediction_label": "car"}
    stored = seeded.ask("POST", "lab/allowedLabelMatches", {"name": "v", "rollup_groups": groups})

    rolled = evaluated(seeded, rollupGroups=groups)
    by_id = evaluated(seeded, allowed_label_matches_id=stored["id"])
    allowed = evaluated(seeded, allowed_label_matches=[pair])
    agnostic = evaluated(seeded, class_agnostic=True)

    for ev in (rolled, by_id, allowed, agnostic):
        assert totals(seeded, ev) == (2, 2, 2)
    (row, *_) = seeded.ask("POST", f"evaluationsV2/{rolled}/examples", {"match_type": "TP"})["rows"]
    assert (row["gt_canonical_label"], row["gt_raw_label"]) == ("vehicle", "car")
    charts = seeded.ask("POST", f"evaluationsV2/{agnostic}/charts", {})
    assert [entry["classLabel"] for entry in charts["perClassAp"]] == ["object"]
    # Two vehicles of three are found before anything wrong: 67 of 101 recalls; no dog.
    charts = seeded.ask("POST", f"evaluationsV2/{rolled}/charts", {})
    assert charts["mapSummary"]["mapAt50"] == pytest.approx(67 / 202)
    listed = seeded.ask("GET", "lab/allowedLabelMatches")
    assert [entry["rollup_groups"] for entry in listed] == [groups]
    seeded.ask("DELETE", f"lab/allowedLabelMatches/{stored['id']}")
    assert seeded.ask("GET", f"evaluationsV2/{by_id}")["rollup_groups"] == groups


def test_polygons_and_predictions_without_confidence_are_measured(
    make_seeded: Callable[..., Seeded],
) -> None:
    of = make_seeded("shapes")
    of.add_items(["a.jpg"])
    triangle = polygon((0, 0), (40, 0), (0, 40))
    of.add("a.jpg", "sail", **triangle)
    of.add("a.jpg", "sail", score=0.5, **triangle)
    of.add("a.jpg", "sail", score=0.4, **polygon((60, 60), (70, 60), (60, 70)))
    with of.engine.store.write() as connection:
        connection.execute(
            update(prediction).where(prediction.c.confidence == 0.4).values(confidence=None)
        )

    ev = evaluated(of)

    charts = of.ask("POST", f"evaluationsV2/{ev}/charts", {})
    assert charts["totalCounts"] == {"tp": 1, "fp": 1, "fn": 0, "predsWithConfidence": 1}
    page = of.ask("POST", f"evaluationsV2/{ev}/examples", {"match_type": "TP"})
    assert page["rows"][0]["gt_area"] == 800.0


def test_a_filter_schema_and_a_label_schema_list_what_there_is(seeded: Seeded) -> None:
    keys = list(seeded.items.values())
    values = [{"n": 10, "night": True, "mix": 1}, {"n": 9.5, "mix": "x", "deep": {"a": 1}}]
    metadata(seeded, item, dict(zip(keys, values, strict=False)))
    ev = evaluated(seeded)

    assert seeded.ask("GET", f"evaluationsV2/{ev}/filterSchema") == {
        "gt_labels": ["bus", "car", "dog"],
        "pred_labels": ["car"],
        "metadata_fields": [
            {"key": "mix", "value_type": "string", "values": ["1", "x"]},
            {"key": "n", "value_type": "number", "values": ["9.5", "10"]},
            {"key": "night", "value_type": "boolean", "values": ["true"]},
        ],
    }
    assert seeded.ask("GET", f"dataset/{seeded.ds}/labelSchema") == {
        "gt_labels": ["bus", "car", "dog"],
        "prediction_labels": ["car"],
    }


def test_what_was_measured_stays_when_the_dataset_changes(seeded: Seeded) -> None:
    ev = evaluated(seeded)
    before = seeded.ask("POST", f"evaluationsV2/{ev}/charts", {"iouThreshold": 0.3})

    seeded.ask("DELETE", f"dataset/{seeded.ds}/refloc/a.jpg")

    assert seeded.ask("POST", f"evaluationsV2/{ev}/charts", {"iouThreshold": 0.3}) == before
    page = seeded.ask("POST", f"evaluationsV2/{ev}/examples", {"limit": 1})
    (row,) = page["rows"]
    assert (page["total"], row["reference_id"], row["annotation_row"]) == (7, None, None)


def test_evaluations_of_a_model_and_of_its_runs_are_listed_apart(seeded: Seeded) -> None:
    run = identifiers.encode(identifiers.RUN, seeded.run_id)
    first, second = evaluated(seeded), evaluated(seeded)
    of_run = seeded.ask("POST", f"modelRun/{run}/evaluationsV2", {"name": "r"})["evaluation_id"]
    finished(seeded, of_run)

    listed = seeded.ask("GET", f"model/{seeded.prj}/evaluationsV2")
    assert [entry["id"] for entry in listed] == [second, first]
    listed = seeded.ask("GET", f"modelRun/{run}/evaluationsV2")
    assert [(entry["id"], entry["model_run_id"]) for entry in listed] == [(of_run, run)]
    seeded.ask("DELETE", f"evaluationsV2/{first}")
    assert seeded.refusal("GET", f"evaluationsV2/{first}")[0] == 404
