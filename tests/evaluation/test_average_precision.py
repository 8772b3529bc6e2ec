"""COCO metrics against pycocotools, on made-up and on real data."""

from __future__ import annotations

import contextlib
import io
import json
import math

import numpy as np
import pytest

from nucleus_lab.evaluation.coco import CocoMetrics, coco_metrics
from nucleus_lab.evaluation.objects import Objects

pytest.importorskip("pycocotools")


def reference(truths: Objects, predictions: Objects, kind: str = "bbox") -> dict[str, object]:
    """What pycocotools says."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def ring(objects: Objects, index: int) -> list[float]:
        if index in objects.polygons:
            return objects.polygons[index].reshape(-1).tolist()
        x, y, w, h = objects.boxes[index].tolist()
        return [x, y, x + w, y, x + w, y + h, x, y + h]

    def area(objects: Objects, index: int) -> float:
        x, y = np.array(ring(objects, index)).reshape(-1, 2).T
        return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

    images = sorted({*truths.group.tolist(), *predictions.group.tolist()})
    labels = sorted({*truths.label.tolist(), *predictions.label.tolist()})
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO()
        ground.dataset = {
            "images": [{"id": group + 1, "width": 2000, "height": 2000} for group in images],
            "categories": [{"id": label + 1, "name": str(label)} for label in labels],
            "annotations": [
                {
                    "id": index + 1,
                    "image_id": int(truths.group[index]) + 1,
                    "category_id": int(truths.label[index]) + 1,
                    "bbox": truths.boxes[index].tolist(),
                    "segmentation": [ring(truths, index)],
                    "area": area(truths, index),
                    "iscrowd": 0,
                }
                for index in range(len(truths))
            ],
        }
        ground.createIndex()
        found = [
            {
                "image_id": int(predictions.group[index]) + 1,
                "category_id": int(predictions.label[index]) + 1,
                "score": float(predictions.confidence[index]),
                **(
                    {"bbox": predictions.boxes[index].tolist()}
                    if kind == "bbox"
                    else {"segmentation": [ring(predictions, index)]}
                ),
            }
            for index in range(len(predictions))
        ]
        if kind == "segm":
            from pycocotools import mask

            for entry in found:
                rle = mask.merge(mask.frPyObjects(entry["segmentation"], 2000, 2000))
                entry["segmentation"] = rle
        evaluation = COCOeval(ground, ground.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"]
    answer: dict[str, object] = dict(zip(names, evaluation.stats[:6].tolist(), strict=True))
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    for place, label in enumerate(labels):
        own = precision[:, :, place]
        if (own > -1).any():
            answer[f"class {label}"] = float(own[own > -1].mean())
            answer[f"curve {label}"] = precision[0, :, place].tolist()
    return answer


def ours(metrics: CocoMetrics) -> dict[str, object]:
    names = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"]
    answer: dict[str, object] = {
        name: -1.0 if math.isnan(getattr(metrics, name)) else getattr(metrics, name)
        for name in names
    }
    for place, label in enumerate(metrics.labels.tolist()):
        answer[f"class {label}"] = metrics.class_ap[place]
        answer[f"curve {label}"] = metrics.curves[place].tolist()
    return answer


def agrees(truths: Objects, predictions: Objects, kind: str = "bbox") -> None:
    metrics = coco_metrics(truths, predictions)
    found, expected = ours(metrics), reference(truths, predictions, kind)

    assert metrics.protocol == kind
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-6), name


def noisy(seed: int, images: int = 40, *, crowded: bool = False) -> tuple[Objects, Objects]:
    """Truths and predictions that miss, double, mislabel and shift them."""
    random = np.random.default_rng(seed)
    size = images * (150 if crowded else 8)
    group = np.sort(random.integers(0, images, size))
    boxes = np.column_stack([random.uniform(0, 500, (size, 2)), random.uniform(4, 180, (size, 2))])
    label = random.integers(0, 4, size)
    kept = np.concatenate([
        np.flatnonzero(random.random(size) < 0.8),
        random.integers(0, size, size // 5),
    ])
    moved = boxes[kept] + random.normal(0, 4, (len(kept), 4))
    moved[:, 2:] = np.maximum(moved[:, 2:], 1)
    wrong = random.random(len(kept)) < 0.2
    labels = np.where(wrong, random.integers(0, 6, len(kept)), label[kept])
    # Equal confidences are frequent in real detections.
    confidence = random.random(len(kept)).round(2)
    return (
        Objects.of(group, label, boxes),
        Objects.of(group[kept], labels, moved, confidence=confidence),
    )


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_agrees_with_pycocotools(seed) -> None:
    agrees(*noisy(seed))


def test_it_agrees_where_an_image_has_more_than_a_hundred_predictions_of_a_class() -> None:
    agrees(*noisy(9, 3, crowded=True))


def test_it_agrees_on_polygons() -> None:
    random = np.random.default_rng(3)
    group = np.repeat(np.arange(20), 3)
    corner = random.uniform(0, 300, (60, 2)).round()
    size = random.uniform(30, 120, (60, 2)).round()
    boxes = np.column_stack([corner, size])

    def star(index: int, shift: float) -> list[tuple[float, float]]:
        x, y, w, h = boxes[index] + [shift, shift, 0, 0]
        return [(x, y + h / 2), (x + w / 2, y), (x + w, y + h / 2), (x + w / 2, y + h)]

    shifted = boxes + np.array([6, 6, 0, 0])
    # Ground truth: two in three are polygons, the rest boxes.
    truths = Objects.of(
        group, group % 2, boxes, polygons={i: star(i, 0) for i in range(60) if i % 3}
    )
    predictions = Objects.of(
        group,
        group % 2,
        shifted,
        confidence=random.random(60),
        polygons={i: star(i, 6) for i in range(60) if i % 3},
    )

    agrees(truths, predictions, "segm")


@pytest.mark.parametrize("empty", ["predictions", "overlap"])
def test_without_a_hit_it_is_0(empty) -> None:
    truths = Objects.of([0], [0], [[0, 0, 10, 10]])
    predictions = (
        Objects.of([], [], [])
        if empty == "predictions"
        else Objects.of([0], [0], [[50, 50, 5, 5]], confidence=[1.0])
    )

    found = coco_metrics(truths, predictions)

    assert (found.ap, found.ap50, found.class_ap.tolist()) == (0, 0, [0])


def test_without_annotations_there_is_none() -> None:
    found = coco_metrics(Objects.of([], [], []), Objects.of([0], [0], [[0, 0, 1, 1]]))

    assert math.isnan(found.ap)
    assert found.labels.tolist() == []


def test_predictions_of_a_class_without_annotations_change_nothing() -> None:
    truths, predictions = noisy(5)
    strange = np.where(predictions.label < 4, predictions.label, 99)

    found = coco_metrics(truths, predictions)
    again = coco_metrics(
        truths,
        Objects.of(
            predictions.group, strange, predictions.boxes, confidence=predictions.confidence
        ),
    )

    assert found.ap == again.ap


def from_coco(ground: dict, results: list[dict]) -> tuple[Objects, Objects]:
    def read(entries: list[dict], *, score: bool) -> Objects:
        return Objects.of(
            [entry["image_id"] for entry in entries],
            [entry["category_id"] for entry in entries],
            [entry["bbox"] for entry in entries],
            confidence=[entry["score"] for entry in entries] if score else None,
        )

    return read(ground["annotations"], score=False), read(results, score=True)


@pytest.mark.shared_data
def test_it_agrees_on_the_blood_cells_and_their_real_detections(shared_data) -> None:
    folder = shared_data / "bccd" / "predictions"
    ground = json.loads((folder / "gt_coco.json").read_text())
    results = json.loads((folder / "classical_detector_results.json").read_text())

    truths, predictions = from_coco(ground, results)

    assert (len(truths), len(predictions)) == (4888, 4181)
    agrees(truths, predictions)


@pytest.mark.shared_data
def test_it_agrees_on_the_voc_images_and_their_detections(shared_data) -> None:
    folder = shared_data / "voc100_formats"
    ground = json.loads((folder / "gts/coco_format_v1/instances_default.json").read_text())
    detections = json.loads((folder / "dets/coco_format/coco_dets.json").read_text())
    # The two files number images and classes differently; the names agree.
    class_of = {entry["id"]: entry["name"] for entry in detections["categories"]}
    image_of = {entry["id"]: entry["file_name"] for entry in detections["images"]}
    classes = {entry["name"]: entry["id"] for entry in ground["categories"]}
    images = {entry["file_name"]: entry["id"] for entry in ground["images"]}
    results = [
        {
            **entry,
            "image_id": images[image_of[entry["image_id"]]],
            "category_id": classes[class_of[entry["category_id"]]],
        }
        for entry in detections["annotations"]
    ]

    truths, predictions = from_coco(ground, results)

    assert (len(truths), len(predictions)) == (273, 452)
    agrees(truths, predictions)
