"""Evaluation V2 of a real detector on real pictures, held against pycocotools and the paper."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from definition_of_errors import causes_by_definition, errors_of_rows

from nucleus_lab.data_transfer_object.evaluation_v2 import TotalCounts
from nucleus_lab.evaluation.candidates import candidates
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Objects

CLASSES = ["Platelets", "RBC", "WBC"]


@pytest.fixture(scope="module")
def blood(shared_data: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Annotations and detections; two boxes without an area, which the import names, left out."""
    folder = shared_data / "bccd" / "predictions"
    truths = json.loads((folder / "gt_coco.json").read_text())
    truths["annotations"] = [
        entry for entry in truths["annotations"] if entry["bbox"][2] and entry["bbox"][3]
    ]
    return truths, json.loads((folder / "classical_detector_results.json").read_text())


def by_pycocotools(
    truths: dict[str, Any], results: list[dict[str, Any]]
) -> tuple[list[float], list[int]]:
    """AP, AP50, AP75, small, medium and large; and the true positives at IoU 0.5 and 0.75."""
    pycocotools = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    ground = pycocotools.COCO()
    ground.dataset = {
        **truths,
        "annotations": [
            {**entry, "area": entry["bbox"][2] * entry["bbox"][3], "iscrowd": 0}
            for entry in truths["annotations"]
        ],
    }
    ground.createIndex()
    judge = COCOeval(ground, ground.loadRes(results), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    every = judge.params.areaRng[0]  # of all sizes
    whole = [image for image in judge.evalImgs if image and image["aRng"] == every]
    found = [sum(int((image["dtMatches"][at] > 0).sum()) for image in whole) for at in (0, 5)]
    return judge.stats[:6].tolist(), found


def frames_of(truths: dict[str, Any], results: list[dict[str, Any]]) -> Iterator[tuple[str, Frame]]:
    """The pictures one by one, by the names of their files."""
    names = {entry["id"]: CLASSES.index(entry["name"]) for entry in truths["categories"]}
    for image in truths["images"]:
        drawn, made = (
            [entry for entry in side if entry["image_id"] == image["id"]]
            for side in (truths["annotations"], results)
        )
        sides = [
            Objects.of(
                [0] * len(side),
                [names[entry["category_id"]] for entry in side],
                [entry["bbox"] for entry in side],
                confidence=[entry.get("score", 1.0) for entry in side],
            )
            for side in (drawn, made)
        ]
        yield image["file_name"], Frame(
            np.zeros(1, np.int64), CLASSES, CLASSES, *sides, sides[0].label, sides[1].label,
            np.ones(len(made), np.bool_), candidates(*sides),
        )  # fmt: skip


def causes_of(truths: dict[str, Any], results: list[dict[str, Any]]) -> Counter[str]:
    """The causes by definition, picture by picture."""
    counted: Counter[str] = Counter()
    for _, frame in frames_of(truths, results):
        causes, missed = causes_by_definition(frame, 0.5)
        counted.update(causes)
        counted["missed"] += missed
    return counted


@pytest.mark.shared_data
@pytest.mark.timeout(300)
def test_the_blood_cells_and_their_real_detections(
    blood_cells: tuple[Any, Any, Any], blood: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    client, _, model = blood_cells
    made = client.create_evaluation_v2(model_id=model).wait_for_completion(poll_interval=0.5)
    charts = made.charts()
    strict = made.charts(0.75)
    cells = made.charts(filters={"gtLabels": ["RBC"]})
    page = made.examples("FP", sort_by="confidence", sort_order="DESC", limit=100)

    stats, found = by_pycocotools(*blood)
    summary, sizes = charts.mapSummary, charts.apBySize
    assert [
        summary.mapAt5095, summary.mapAt50, summary.mapAt75, sizes.small, sizes.medium, sizes.large,
    ] == pytest.approx(stats, abs=1e-6)  # fmt: skip
    assert charts.totalCounts == TotalCounts(found[0], 4181 - found[0], 4886 - found[0], 4181)
    assert strict.totalCounts == TotalCounts(found[1], 4181 - found[1], 4886 - found[1], 4181)
    assert charts.tideAttribution.to_payload() == {
        name: causes_of(*blood)[name] for name in charts.tideAttribution.to_payload()
    }
    drawn = Counter(entry["category_id"] for entry in blood[0]["annotations"])
    assert cells.totalCounts.tp + cells.totalCounts.fn == max(drawn.values())
    assert page.total == charts.totalCounts.fp
    confidences = [row.confidence or 0 for row in page.rows]
    assert confidences == sorted(confidences, reverse=True)
    assert {row.cause for row in page.rows} <= set(charts.tideAttribution.to_payload())


ERRORS = ["localization", "classification", "both", "duplicate", "background", "missed"]


@pytest.mark.shared_data
@pytest.mark.timeout(300)
def test_a_query_finds_the_errors_of_real_detections(
    blood_cells: tuple[Any, Any, Any], blood: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    _, dataset, model = blood_cells
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)
    items = [item.reference_id for item in dataset.query_items("")]
    names = dict(zip(dataset.item_ids(), items, strict=True))
    for threshold in (0.3, 0.5, 0.75):
        found = {
            error: Counter(
                names[row.dataset_item_id]
                for kind in ("false_positive", "false_negative")
                for row in dataset.query_objects(
                    f"tide = {error}", kind, model.id, iou_threshold=threshold
                )
            )
            for error in ERRORS
        }
        expected: dict[str, Counter[str]] = {error: Counter() for error in ERRORS}
        for name, frame in frames_of(*blood):
            causes, missed = errors_of_rows(frame, threshold)
            expected["missed"][name] = missed
            for error in ERRORS[:-1]:
                expected[error][name] = causes.count(error)

        assert {error: +counted for error, counted in expected.items()} == found
        wrong = "EXISTS matches[tide != missed AND tide IS NOT NULL AND category != fp]"
        assert dataset.count(wrong, model=model, iou_threshold=threshold) == 0
    assert dataset.count("matches[tide = background].count > 3", model=model) == sum(
        errors_of_rows(frame, 0.5)[0].count("background") > 3 for _, frame in frames_of(*blood)
    )
