"""Evaluation as a person meets it, over both transports and with real worker processes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
)
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.evaluation.report import EvaluationReport
from nucleus_lab.evaluation_match import ConfusionCategory, EvaluationMatch


@pytest.fixture
def evaluated(client: Any) -> tuple[Any, Any]:
    """A dataset and a model: a car found, a bus taken for a car, a dog missed."""
    dataset = client.create_dataset("street")
    dataset.append([
        DatasetItem(image_location=f"https://example.org/{name}", reference_id=name)
        for name in ("a", "b")
    ])
    dataset.annotate([
        BoxAnnotation("car", 0, 0, 10, 10, "a"),
        BoxAnnotation("bus", 50, 0, 10, 10, "a"),
        BoxAnnotation("dog", 0, 0, 10, 10, "b"),
    ])
    model = client.create_model("Detector", "detector-1")
    dataset.upload_predictions(
        model,
        [
            BoxPrediction("car", 0, 0, 10, 10, "a", confidence=0.9),
            BoxPrediction("car", 50, 0, 10, 8, "a", confidence=0.8),
        ],
    )
    return dataset, model


def test_from_predictions_to_the_worst_images(evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated

    job = dataset.calculate_evaluation_metrics(model)
    job.sleep_until_complete(verbose_std_out=False)
    report = dataset.evaluation(model)

    assert job.job_type == "modelMetrics"
    assert job.status()["message"]["matches"] == 3
    assert isinstance(report, EvaluationReport)
    assert (report.overall.true_positives, report.overall.precision) == (1, 0.5)
    assert report.overall.ap == pytest.approx(1 / 3)
    assert report.confusion.count("bus", "car") == 1
    assert report.worst() == ["b", "a"]
    assert not report.stale
    assert EvaluationReport.from_json(report.to_json()) == report
    chosen = dataset.create_slice("worst", report.worst(1))
    assert [item.reference_id for item in chosen.items] == ["b"]


def test_matches_are_browsed_as_values(evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated
    dataset.calculate_evaluation_metrics(model.id).sleep_until_complete(verbose_std_out=False)

    everything = list(dataset.evaluation_matches(model))
    [mistake] = dataset.evaluation_matches(
        model, ground_truth_label="bus", prediction_label="car", iou_threshold=0.5
    )
    [missed] = dataset.evaluation_matches(model, prediction_label=None)
    [found] = dataset.evaluation_matches(model, match_type="TP")

    assert [match.confusion_category for match in everything] == [
        ConfusionCategory.TRUE_POSITIVE,
        ConfusionCategory.FALSE_POSITIVE,
        ConfusionCategory.FALSE_NEGATIVE,
    ]
    assert isinstance(mistake, EvaluationMatch)
    assert (mistake.iou, mistake.confusion_category) == (pytest.approx(0.8), "FP")
    assert (missed.ground_truth_annotation_label, missed.model_prediction_id) == ("dog", None)
    assert found.iou == 1.0
    assert list(dataset.evaluation_matches(model, item_ids=[found.dataset_item_id])) == [
        match for match in everything if match.dataset_item_id == found.dataset_item_id
    ]


def test_the_published_example_of_allowed_pairs_works(evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated
    options = {
        "allowed_label_matches": [{"ground_truth_label": "bus", "model_prediction_label": "car"}]
    }

    job = dataset.calculate_evaluation_metrics(model, options=options)
    job.sleep_until_complete(verbose_std_out=False)

    assert dataset.evaluation(model).overall.true_positives == 2


def test_a_report_says_that_the_data_moved_on(evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)

    dataset.upload_predictions(model, [BoxPrediction("dog", 0, 0, 10, 10, "b", confidence=0.7)])

    assert dataset.evaluation(model).stale
    assert dataset.evaluation(model).overall.predictions == 2


def test_making_a_slice_leaves_the_report_fresh(evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)

    dataset.create_slice("some", ["a"])

    assert not dataset.evaluation(model).stale


def test_refusals_reach_the_caller(client: Any, evaluated: tuple[Any, Any]) -> None:
    dataset, model = evaluated
    idle = client.create_model("Idle", "idle")

    with pytest.raises(InvalidInputError, match="has no predictions in dataset"):
        dataset.calculate_evaluation_metrics(idle)
    with pytest.raises(InvalidInputError, match="pass class_agnostic=False"):
        dataset.calculate_evaluation_metrics(
            model,
            {
                "class_agnostic": True,
                "allowed_label_matches": [
                    {"ground_truth_label": "bus", "model_prediction_label": "car"}
                ],
            },
        )
    with pytest.raises(NotFoundError, match="has not been evaluated"):
        dataset.evaluation(model)
    with pytest.raises(NotFoundError, match="has not been evaluated"):
        list(dataset.evaluation_matches(model))


@pytest.mark.shared_data
def test_the_blood_cells_and_their_real_detections(
    shared_data: Any, blood_cells: tuple[Any, Any, Any]
) -> None:
    from nucleus_lab.evaluation.coco import coco_metrics
    from nucleus_lab.evaluation.objects import Objects

    _, dataset, model = blood_cells
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)
    report = dataset.evaluation(model)
    rows = sum(1 for _ in dataset.evaluation_matches(model))
    mistaken = sum(
        1
        for _ in dataset.evaluation_matches(
            model,
            ground_truth_label="Platelets",
            prediction_label="WBC",
            iou_threshold=report.iou_threshold,
        )
    )

    folder = shared_data / "bccd" / "predictions"
    # Two of the 4,888 hand-drawn boxes have no area; the import names and leaves them out.
    truths = [
        entry
        for entry in json.loads((folder / "gt_coco.json").read_text())["annotations"]
        if entry["bbox"][2] and entry["bbox"][3]
    ]
    results = json.loads((folder / "classical_detector_results.json").read_text())
    expected = coco_metrics(
        *(
            Objects.of(
                [entry["image_id"] for entry in side],
                [entry["category_id"] for entry in side],
                [entry["bbox"] for entry in side],
                confidence=[entry.get("score", 1) for entry in side],
            )
            for side in (truths, results)
        )
    )
    overall = report.overall
    assert (overall.annotations, overall.predictions) == (4886, 4181)
    assert overall.ap == pytest.approx(expected.ap, abs=1e-6)
    assert overall.ap50 == pytest.approx(expected.ap50, abs=1e-6)
    assert sum(report.items.true_positives) == overall.true_positives
    assert rows == 6082
    assert mistaken == report.confusion.count("Platelets", "WBC") == 2
    assert set(report.worst(5)) <= set(report.items.reference_id)
