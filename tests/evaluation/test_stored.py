"""Evaluations end to end through the routes, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from seeding import Seeded, box, polygon, stored
from sqlalchemy import delete, update

from nucleus_lab import identifiers
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import datasets, evaluation_run
from nucleus_lab.engine.evaluation_run import evaluate
from nucleus_lab.engine.evaluations import EvaluationOptions
from nucleus_lab.engine.schema import evaluation, item, match, model_run
from nucleus_lab.errors import NotFoundError
from nucleus_lab.evaluation.report import EvaluationReport


@pytest.fixture(autouse=True)
def _jobs_in_this_thread(engine: Any) -> None:
    engine.settings = type(engine.settings)(inline_jobs=True)


def calculate(seeded: Seeded, **options: Any) -> dict[str, Any]:
    path = f"dataset/{seeded.ds}/model/{seeded.prj}/calculateEvaluationMetrics"
    handle = seeded.ask("POST", path, options)
    status = seeded.ask("GET", f"job/{handle['job_id']}")
    assert status["status"] == "Completed", status
    return status


def report(seeded: Seeded) -> EvaluationReport:
    path = f"lab/dataset/{seeded.ds}/model/{seeded.prj}/evaluation"
    return EvaluationReport.from_json(seeded.ask("GET", path))


def matches(seeded: Seeded, **body: Any) -> list[tuple[Any, ...]]:
    """Rows as (reference id, truth label, prediction label, IoU, TP?), in order."""
    path = f"lab/dataset/{seeded.ds}/model/{seeded.prj}/matches"
    answer = seeded.ask("POST", path, body)
    assert answer["nextPageToken"] is None
    return [
        (
            row["reference_id"],
            row["ground_truth_annotation_label"],
            row["model_prediction_label"],
            round(row["iou"], 6),
            row["true_positive"],
        )
        for row in answer["matches"]
    ]


A_RIGHT = ("a.jpg", "car", "car", 1.0, True)
A_WRONG = ("a.jpg", "bus", "car", 1.0, False)
B_FALSE = ("b.jpg", None, "car", 0.0, False)
B_MISSED = ("b.jpg", "dog", None, 0.0, False)
C_LOOSE = ("c.jpg", "car", "car", 0.25, True)
C_FALSE = ("c.jpg", None, "car", 0.0, False)
C_MISSED = ("c.jpg", "car", None, 0.0, False)


def test_the_job_says_what_it_found_and_the_report_holds_it(seeded: Seeded) -> None:
    status = calculate(seeded)

    found = report(seeded)
    assert status["job_type"] == "modelMetrics"
    assert status["completed_steps"] == status["total_steps"]
    assert status["message"] == {
        "evaluation_id": found.evaluation_id,
        "matches": 5,
        "annotations": 4,
        "predictions": 4,
        "precision": 0.25,
        "recall": 0.25,
        "mean_average_precision": found.overall.ap,
    }
    assert found.overall.ap == pytest.approx(51 / 101 / 3)
    assert found.confusion.count("bus", "car") == 1
    assert found.worst(1) == ["b.jpg"]
    assert (found.dataset_id, found.model_id, found.stale) == (seeded.ds, seeded.prj, False)
    assert found.model_run_id == identifiers.encode(identifiers.RUN, seeded.run_id)
    assert found.options == {
        "class_agnostic": True,
        "allowed_label_matches": [],
        "iou_threshold": 0.5,
        "confidence_threshold": 0.0,
    }


FILTERS: list[tuple[dict[str, Any], list[Any]]] = [
    ({}, [A_RIGHT, A_WRONG, B_FALSE, B_MISSED, C_LOOSE]),
    ({"match_type": "TP"}, [A_RIGHT, C_LOOSE]),
    ({"match_type": "false_positive"}, [A_WRONG, B_FALSE]),
    ({"match_type": "fn"}, [B_MISSED]),
    ({"iou_threshold": 0.5}, [A_RIGHT, A_WRONG, B_FALSE, B_MISSED, C_FALSE, C_MISSED]),
    ({"match_type": "tp", "iou_threshold": 0.5}, [A_RIGHT]),
    ({"match_type": "fp", "iou_threshold": 0.5}, [A_WRONG, B_FALSE, C_FALSE]),
    ({"match_type": "FN", "iou_threshold": 0.5}, [B_MISSED, C_MISSED]),
    ({"gt_label": "bus", "pred_label": "car"}, [A_WRONG]),
    ({"gt_label": "car"}, [A_RIGHT, C_LOOSE]),
    ({"gt_label": "car", "iou_threshold": 0.5}, [A_RIGHT, C_MISSED]),
    ({"gt_label": None}, [B_FALSE]),
    ({"gt_label": None, "iou_threshold": 0.5}, [B_FALSE, C_FALSE]),
    ({"gt_label": "car", "pred_label": None, "iou_threshold": 0.5}, [C_MISSED]),
    ({"pred_label": None}, [B_MISSED]),
    ({"gt_label": None, "pred_label": None}, []),
    ({"gt_label": "tree"}, []),
    ({"item_ids": []}, []),
]


def test_matches_are_filtered(seeded: Seeded) -> None:
    calculate(seeded)

    found = [(body, matches(seeded, **body)) for body, _ in FILTERS]

    assert found == FILTERS


def test_every_cell_of_the_confusion_matrix_lists_as_many_matches_as_it_counts(
    seeded: Seeded,
) -> None:
    calculate(seeded)
    found = report(seeded)

    for truth in [*found.confusion.labels, None]:
        for predicted in [*found.confusion.labels, None]:
            rows = matches(
                seeded, gt_label=truth, pred_label=predicted, iou_threshold=found.iou_threshold
            )
            assert len(rows) == found.confusion.count(truth, predicted)


def test_matches_of_some_items_and_page_by_page(seeded: Seeded) -> None:
    calculate(seeded)
    path = f"lab/dataset/{seeded.ds}/model/{seeded.prj}/matches"

    of_items = matches(seeded, item_ids=[seeded.item("b.jpg"), seeded.item("c.jpg")])
    pages, token = [], None
    while True:
        answer = seeded.ask("POST", path, {"pageSize": 2, "pageToken": token})
        pages.append([row["reference_id"] for row in answer["matches"]])
        token = answer["nextPageToken"]
        if token is None:
            break

    assert of_items == [B_FALSE, B_MISSED, C_LOOSE]
    assert pages == [["a.jpg", "a.jpg"], ["b.jpg", "b.jpg"], ["c.jpg"]]


def test_a_row_names_both_objects_as_published_clients_read_it(seeded: Seeded) -> None:
    truth = seeded.add("d.jpg", "dog", **box(0, 0, 4, 4))
    guess = seeded.add("d.jpg", "dog", score=0.5, **box(0, 0, 4, 4))
    calculate(seeded)
    path = f"lab/dataset/{seeded.ds}/model/{seeded.prj}/matches"

    answer = seeded.ask("POST", path, {"item_ids": [seeded.item("d.jpg")]})

    assert answer["matches"] == [
        {
            "model_run_id": identifiers.encode(identifiers.RUN, seeded.run_id),
            "iou": 1.0,
            "dataset_item_id": seeded.item("d.jpg"),
            "reference_id": "d.jpg",
            "true_positive": True,
            "model_prediction_id": identifiers.encode(identifiers.PREDICTION, guess),
            "ground_truth_annotation_id": identifiers.encode(identifiers.ANNOTATION, truth),
            "model_prediction_label": "dog",
            "ground_truth_annotation_label": "dog",
            "confidence": 0.5,
        }
    ]


@pytest.mark.parametrize(
    ("options", "pairs", "true_positives"),
    [
        ({}, {("car", "car"), ("bus", "car")}, 1),
        ({"class_agnostic": True}, {("car", "car"), ("bus", "car")}, 1),
        ({"class_agnostic": False}, {("car", "car")}, 1),
        (
            {
                "allowed_label_matches": [
                    {"ground_truth_label": "bus", "model_prediction_label": "car"}
                ]
            },
            {("car", "car"), ("bus", "car")},
            2,
        ),
        (
            {
                "class_agnostic": False,
                "allowed_label_matches": [
                    {"ground_truth_label": "car", "model_prediction_label": "bus"}
                ],
            },
            {("car", "car")},
            1,
        ),
    ],
    ids=["default", "agnostic", "sensitive", "allowed", "allowed the other way"],
)
def test_options_decide_what_pairs(
    seeded: Seeded, options: dict[str, Any], pairs: set[Any], true_positives: int
) -> None:
    calculate(seeded, **options)

    found = {(truth, guess) for _, truth, guess, iou, _ in matches(seeded) if iou > 0}
    assert found == pairs
    assert report(seeded).overall.true_positives == true_positives


def test_thresholds_can_be_chosen(seeded: Seeded) -> None:
    calculate(seeded, iou_threshold=0.2, confidence_threshold=0.65)

    found = report(seeded)

    assert (found.iou_threshold, found.confidence_threshold) == (0.2, 0.65)
    assert (found.overall.predictions, found.overall.true_positives) == (3, 1)
    assert C_MISSED in matches(seeded)


def test_a_label_that_does_not_exist_is_named_in_the_errors_of_the_job(seeded: Seeded) -> None:
    pair = {"ground_truth_label": "buss", "model_prediction_label": "car"}
    path = f"dataset/{seeded.ds}/model/{seeded.prj}/calculateEvaluationMetrics"

    handle = seeded.ask("POST", path, {"allowed_label_matches": [pair]})

    assert seeded.ask("GET", f"job/{handle['job_id']}/errors") == [
        "allowed_label_matches[0].ground_truth_label is 'buss', which is no label of this dataset"
    ]


def test_a_second_evaluation_takes_the_place_of_the_first(seeded: Seeded) -> None:
    calculate(seeded)
    first = report(seeded)
    seeded.add("b.jpg", "dog", score=0.9, **box(0, 0, 10, 10))
    assert report(seeded).stale

    calculate(seeded)

    second = report(seeded)
    assert not second.stale
    assert second.evaluation_id != first.evaluation_id
    assert second.for_class("dog").recall == 1.0
    assert len(stored(seeded.engine, evaluation, "id")) == 1
    assert len(stored(seeded.engine, match, "id")) == 5


def test_another_model_keeps_its_evaluation(
    seeded: Seeded, make_seeded: Callable[..., Seeded]
) -> None:
    other = make_seeded("other")
    other.add_items(["a.jpg"])
    other.add("a.jpg", "car", **box(0, 0, 4, 4))
    other.add("a.jpg", "car", score=1.0, **box(0, 0, 4, 4))
    calculate(other)

    calculate(seeded)

    assert report(other).overall.ap == pytest.approx(1)
    assert report(seeded).overall.annotations == 4


def test_items_of_two_datasets_in_turn_are_kept_apart(make_seeded: Callable[..., Seeded]) -> None:
    left, right = make_seeded("left"), make_seeded("right")
    for index in range(6):
        left.add_items([f"{index}"])
        right.add_items([f"{index}"])
        left.add(str(index), "car", **box(0, 0, 4, 4))
        right.add(str(index), "dog", **box(0, 0, 8, 8))
        left.add(str(index), "car", score=0.5, **box(0, 0, 4, 4))
    right.add("0", "dog", score=0.5, **box(0, 0, 8, 8))

    calculate(left)
    calculate(right)

    assert [entry.label for entry in report(left).classes] == ["car"]
    assert report(left).overall.true_positives == 6
    assert (report(right).overall.true_positives, report(right).overall.false_negatives) == (1, 5)


def test_the_items_of_a_report_stand_in_the_order_of_the_dataset(seeded: Seeded) -> None:
    with seeded.engine.store.write() as connection:
        change = update(item).where(item.c.id == seeded.items["a.jpg"])
        connection.execute(change.values(position=100))

    calculate(seeded)

    assert report(seeded).items.reference_id == ["b.jpg", "c.jpg", "a.jpg"]


def test_polygons_and_categories_are_compared_and_other_shapes_counted(
    seeded: Seeded, taxonomy_of: Callable[[Seeded, str], int]
) -> None:
    triangle = polygon((0, 0), (20, 0), (0, 20))
    seeded.add("d.jpg", "sign", **triangle)
    seeded.add("d.jpg", "sign", score=0.9, **triangle)
    seeded.add("d.jpg", "roof", **polygon((100, 100), (120, 100), (100, 120)))
    seeded.add("d.jpg", "roof", score=0.8, **box(100, 100, 20, 20))
    weather, light = taxonomy_of(seeded, "weather"), taxonomy_of(seeded, "light")
    category = ANNOTATION_TYPES["category"].code
    seeded.add("d.jpg", "fog", type=category, taxonomy_id=weather)
    seeded.add("d.jpg", "fog", score=0.7, type=category, taxonomy_id=weather)
    seeded.add("d.jpg", "night", type=category, taxonomy_id=light)
    seeded.add("d.jpg", "dusk", score=0.6, type=category, taxonomy_id=light)
    seeded.add("a.jpg", "face", type=ANNOTATION_TYPES["keypoints"].code, **box(0, 0, 1, 1))
    seeded.add("a.jpg", None, type=ANNOTATION_TYPES["mask"].code)
    seeded.add("a.jpg", None, score=1.0, type=ANNOTATION_TYPES["mask"].code)

    calculate(seeded)

    found = report(seeded)
    assert found.not_evaluated == {"keypoints": 1, "mask": 2}
    assert found.ap_protocol == "segm"
    assert found.for_class("sign").ap == pytest.approx(1)
    assert (found.for_class("fog").recall, found.for_class("fog").ap) == (1.0, None)
    assert found.confusion.count("night", "dusk") == 1
    rows = {row[1]: row for row in matches(seeded, item_ids=[seeded.item("d.jpg")])}
    assert rows["sign"][3:] == (1.0, True)
    assert rows["roof"][3:] == (0.5, True)
    assert rows["fog"][3:] == (1.0, True)
    assert rows["night"][2:] == ("dusk", 1.0, False)


def test_a_prediction_without_a_confidence_counts_as_certain(seeded: Seeded) -> None:
    from nucleus_lab.engine.schema import prediction

    with seeded.engine.store.write() as connection:
        connection.execute(update(prediction).values(confidence=None))

    calculate(seeded, confidence_threshold=1.0)

    assert report(seeded).overall.predictions == 4


def test_large_evaluations_move_the_bar_at_least_twenty_times(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded.add_items(f"more {index}" for index in range(60))
    monkeypatch.setattr(evaluation_run, "_LEAST_ITEMS", 1)
    steps: list[tuple[int, int, str]] = []

    evaluate(
        seeded.engine.store,
        seeded.dataset_id,
        seeded.run_id,
        EvaluationOptions(),
        progress=lambda *step: steps.append(step),
    )

    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert len(set(done)) >= 20
    assert steps[-1] == (100, 100, "done")
    assert {"reading and matching", "computing average precision"} <= {
        text.split(":")[0] for _, _, text in steps
    }
    assert len(stored(seeded.engine, match, "id")) == 5


def test_an_item_that_goes_while_its_matches_are_computed_leaves_none(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between reading and storing another process deletes an item.
    def summarise(*args: Any, **options: Any) -> EvaluationReport:
        with seeded.engine.store.write() as connection:
            datasets.lock(connection, seeded.dataset_id)
            connection.execute(delete(item).where(item.c.id == seeded.items["a.jpg"]))
        return original(*args, **options)

    original = evaluation_run.summarise
    monkeypatch.setattr(evaluation_run, "summarise", summarise)

    calculate(seeded)

    assert [row[0] for row in matches(seeded)] == ["b.jpg", "b.jpg", "c.jpg"]
    assert report(seeded).stale
    kept = {row[0] for row in stored(seeded.engine, match, "item_id")}
    assert kept == {seeded.items["b.jpg"], seeded.items["c.jpg"]}


def test_a_run_that_goes_meanwhile_stores_nothing(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def summarise(*args: Any, **options: Any) -> EvaluationReport:
        with seeded.engine.store.write() as connection:
            connection.execute(delete(model_run).where(model_run.c.id == seeded.run_id))
        return original(*args, **options)

    original = evaluation_run.summarise
    monkeypatch.setattr(evaluation_run, "summarise", summarise)

    with pytest.raises(NotFoundError, match="was deleted while it was evaluated"):
        evaluate(seeded.engine.store, seeded.dataset_id, seeded.run_id, EvaluationOptions())

    assert stored(seeded.engine, evaluation, "id") == stored(seeded.engine, match, "id") == []


def test_a_failure_while_storing_keeps_the_evaluation_before(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    calculate(seeded)
    before = report(seeded)

    def upsert(*_args: Any, **_options: Any) -> int:
        raise RuntimeError("the power fails")

    monkeypatch.setattr(seeded.engine.store, "upsert", upsert)
    with pytest.raises(RuntimeError):
        evaluate(seeded.engine.store, seeded.dataset_id, seeded.run_id, EvaluationOptions())

    assert report(seeded) == before
    assert len(matches(seeded)) == 5


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {
                "class_agnostic": True,
                "allowed_label_matches": [
                    {"ground_truth_label": "car", "model_prediction_label": "bus"}
                ],
            },
            "pass class_agnostic=False",
        ),
        ({"class_agnostic": "no"}, "$.class_agnostic"),
        ({"allowed_label_matches": [{"ground_truth_label": "car"}]}, "model_prediction_label"),
        ({"iou_threshold": 1.5}, "$.iou_threshold"),
        ({"confidence_threshold": -1}, "$.confidence_threshold"),
    ],
    ids=["both", "type", "half a pair", "iou", "confidence"],
)
def test_impossible_options_are_refused(seeded: Seeded, body: dict[str, Any], reason: str) -> None:
    path = f"dataset/{seeded.ds}/model/{seeded.prj}/calculateEvaluationMetrics"

    status, text = seeded.refusal("POST", path, body)

    assert status == 400
    assert reason in text


def test_what_cannot_be_evaluated_is_refused_with_the_remedy(
    seeded: Seeded, make_seeded: Callable[..., Seeded]
) -> None:
    empty = make_seeded("empty")
    empty.add_items(["a.jpg"])
    nothing = "calculateEvaluationMetrics"

    no_predictions = empty.refusal("POST", f"dataset/{empty.ds}/model/{empty.prj}/{nothing}")
    other_model = seeded.refusal("POST", f"dataset/{seeded.ds}/model/{empty.prj}/{nothing}")
    empty.add("a.jpg", "car", score=0.5, **box(0, 0, 1, 1))
    no_truth = empty.refusal("POST", f"dataset/{empty.ds}/model/{empty.prj}/{nothing}")
    no_model = seeded.refusal("POST", f"dataset/{seeded.ds}/model/prj_0000000000fff/{nothing}")
    no_dataset = seeded.refusal("POST", f"dataset/ds_0000000000fff/model/{seeded.prj}/{nothing}")
    early = seeded.refusal("GET", f"lab/dataset/{seeded.ds}/model/{seeded.prj}/evaluation")

    assert no_predictions[0] == other_model[0] == no_truth[0] == 400
    assert "dataset.upload_predictions" in no_predictions[1]
    assert f"model {empty.prj} has no predictions in dataset {seeded.ds}" in other_model[1]
    assert "dataset.annotate" in no_truth[1]
    assert no_model[0] == no_dataset[0] == early[0] == 404
    assert "call dataset.calculate_evaluation_metrics(model)" in early[1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"match_type": "maybe"}, "use TP, FP or FN"),
        ({"pageToken": "next"}, "nextPageToken"),
        ({"pageSize": 0}, "$.pageSize"),
        ({"item_ids": ["ds_1"]}, "there is no dataset item 'ds_1'"),
        ({"iou_threshold": 2}, "$.iou_threshold"),
    ],
    ids=["type", "token", "size", "item", "threshold"],
)
def test_impossible_filters_are_refused(seeded: Seeded, body: dict[str, Any], reason: str) -> None:
    calculate(seeded)

    status, text = seeded.refusal(
        "POST", f"lab/dataset/{seeded.ds}/model/{seeded.prj}/matches", body
    )

    assert status in {400, 404}
    assert reason in text
