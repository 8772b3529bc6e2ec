"""Computes metrics on values, and prints the results as JSON.

Runs in any environment that has a client: ``python measure.py nucleus`` computes those of the
published package, ``python measure.py nucleus_lab`` ours. The values are the same in both.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

CASES: dict[str, Callable[[Any], Any]] = {}


def case(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[work.__name__] = work
    return work


class Package:
    """The names of one package, and values made with them."""

    def __init__(self, name: str) -> None:
        self.root = importlib.import_module(name)
        self.metrics = importlib.import_module(f"{name}.metrics")
        self.annotation = importlib.import_module(f"{name}.annotation")
        self.prediction = importlib.import_module(f"{name}.prediction")
        self.loader = importlib.import_module(f"{name}.metrics.segmentation_loader")

    def boxes(self, *given: tuple[Any, ...]) -> Any:
        """Ground truth: label, x, y, width, height."""
        return self.annotation.AnnotationList(
            box_annotations=[
                self.root.BoxAnnotation(*entry, reference_id="a", annotation_id=str(place))
                for place, entry in enumerate(given)
            ]
        )

    def found_boxes(self, *given: tuple[Any, ...]) -> Any:
        """Predictions: label, x, y, width, height, confidence."""
        return self.prediction.PredictionList(
            box_predictions=[
                self.root.BoxPrediction(
                    *entry[:5], reference_id="a", confidence=entry[5], annotation_id=str(place)
                )
                for place, entry in enumerate(given)
            ]
        )

    def polygon(self, kind: str, label: str, corners: Any, **more: Any) -> Any:
        made = getattr(self.root, f"Polygon{kind}")
        return made(label, [self.root.Point(x, y) for x, y in corners], "a", **more)

    def cuboid(self, kind: str, label: str, numbers: Any, **more: Any) -> Any:
        made, point = getattr(self.root, f"Cuboid{kind}"), self.root.Point3D
        return made(label, point(*numbers[:3]), point(*numbers[3:6]), numbers[6], "a", **more)

    def masks(self, metric: Any, truth: Any, found: Any, names: Any, predicted: Any = None) -> Any:
        """Compare two masks."""
        import numpy as np

        metric.loader = self.loader.InMemoryLoader({
            "truth": np.array(truth, np.uint8),
            "found": np.array(found, np.uint8),
        })
        segment = self.root.Segment
        return scalar(
            metric(
                self.annotation.AnnotationList(
                    segmentation_annotations=[
                        self.root.SegmentationAnnotation(
                            "truth", [segment(label, index) for index, label in names], "a"
                        )
                    ]
                ),
                self.prediction.PredictionList(
                    segmentation_predictions=[
                        self.root.SegmentationPrediction(
                            "found",
                            [segment(label, index) for index, label in predicted or names],
                            "a",
                        )
                    ]
                ),
            )
        )


def scalar(result: Any) -> list[float]:
    return [round(float(result.value), 9), round(float(result.weight), 6)]


# -- what both compute alike ---------------------------------------------------------------------


@case
def boxes_of_one_size(package: Package) -> Any:
    """With one size it does not matter which point of a box x and y are."""
    pick, metrics = random.Random(3), package.metrics
    seen = []
    for _ in range(12):
        truths = [(pick.choice("ab"), pick.randrange(40), pick.randrange(8), 10, 10) for _ in "abc"]
        found = [
            (pick.choice("ab"), pick.randrange(40), pick.randrange(8), 10, 10, pick.random())
            for _ in range(pick.randint(1, 5))
        ]
        values = package.boxes(*truths), package.found_boxes(*found)
        for kind in ("PolygonIOU", "PolygonPrecision", "PolygonRecall"):
            for match in (False, True):
                made = getattr(metrics, kind)(match, iou_threshold=0.3, confidence_threshold=0.1)
                seen.append(scalar(made(*values)))
    return seen


@case
def polygons(package: Package) -> Any:
    triangle, square = [(0, 0), (10, 0), (0, 10)], [(1, 1), (9, 1), (9, 9), (1, 9)]
    truth = package.annotation.AnnotationList(
        polygon_annotations=[package.polygon("Annotation", "x", triangle, annotation_id="1")]
    )
    found = package.prediction.PredictionList(
        polygon_predictions=[
            package.polygon("Prediction", "x", square, confidence=0.5, annotation_id="2")
        ]
    )
    return [scalar(package.metrics.PolygonIOU()(truth, found))]


@case
def filtered(package: Package) -> Any:
    metrics = package.metrics
    values = (
        package.boxes(("a", 0, 0, 9, 9), ("b", 20, 0, 9, 9), ("c", 40, 0, 9, 9)),
        package.found_boxes(("a", 0, 0, 9, 9, 0.9), ("c", 40, 0, 9, 9, 0.2)),
    )
    either = [[metrics.FieldFilter("label", "==", "a")], [metrics.FieldFilter("x", ">=", 40)]]
    sure = [metrics.FieldFilter("confidence", ">", 0.5)]
    plain = [["label", "in", ["b", "c"], False, "field"]]
    return [
        scalar(metrics.PolygonRecall(annotation_filters=one, prediction_filters=two)(*values))
        for one, two in ((either, None), (None, sure), (either, sure), (plain, None))
    ]


@case
def cuboids(package: Package) -> Any:
    numbers = [(0, 0, 0, 4, 2, 2, 0.3), (9, 1, 0, 5, 2, 1.5, 1.2), (20, 0, 1, 4, 2, 2, 2.0)]
    moved = [(0.4, 0.1, 0.2, 4, 2, 2, 0.5), (9, 1.5, 0, 4, 2, 2, 1.0)]
    truth = package.annotation.AnnotationList(
        cuboid_annotations=[package.cuboid("Annotation", "car", entry) for entry in numbers]
    )
    found = package.prediction.PredictionList(
        cuboid_predictions=[
            package.cuboid("Prediction", "car", entry, confidence=0.5) for entry in moved
        ]
    )
    metrics = package.metrics
    return [
        [round(number, 6) for number in scalar(metric(truth, found))]
        for metric in (
            metrics.CuboidIOU(iou_threshold=0.1),
            metrics.CuboidIOU(iou_threshold=0.1, iou_2d=True),
            metrics.CuboidPrecision(iou_threshold=0.1),
            metrics.CuboidRecall(iou_threshold=0.1),
            metrics.CuboidRecall(iou_threshold=0.6),
        )
    ]


@case
def categories(package: Package) -> Any:
    pairs = [("cat", "cat"), ("cat", "dog"), ("dog", "dog"), ("cow", "cat")]
    seen = []
    for method in ("macro", "micro", "weighted"):
        metric = package.metrics.CategorizationF1(f1_method=method)
        results = [
            metric(
                package.annotation.AnnotationList(
                    category_annotations=[package.root.CategoryAnnotation(truth, "a", "animal")]
                ),
                package.prediction.PredictionList(
                    category_predictions=[
                        package.root.CategoryPrediction(found, "a", "animal", confidence=0.5)
                    ]
                ),
            )
            for truth, found in pairs
        ]
        seen.append(round(float(metric.aggregate_score(results).value), 9))
    return seen


TRUTH = [[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 3, 3]]
FOUND = [[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 1, 1], [3, 3, 3, 3]]
NAMES = ((1, "road"), (2, "car"), (3, "sky"))


@case
def masks_of_classes(package: Package) -> Any:
    metrics = package.metrics
    return [
        package.masks(getattr(metrics, kind)(), TRUTH, FOUND, NAMES)
        for kind in ("SegmentationIOU", "SegmentationPrecision", "SegmentationRecall")
    ]


@case
def masks_that_agree(package: Package) -> Any:
    metrics = package.metrics
    kinds = ("IOU", "Precision", "Recall", "MAP", "FWAVACC")
    return [
        package.masks(getattr(metrics, f"Segmentation{kind}")(), TRUTH, TRUTH, NAMES)[0]
        for kind in kinds
    ]


@case
def joined(package: Package) -> Any:
    made = package.metrics.ScalarResult
    return scalar(made.aggregate([made(0.5, 2), made(1.0, 1), made(7.0, 0)]))


# -- where they differ ---------------------------------------------------------------------------


@case
def differs_boxes_of_two_sizes(package: Package) -> Any:
    values = package.boxes(("x", 0, 0, 10, 10)), package.found_boxes(("x", 5, 5, 5, 5, 0.5))
    return scalar(package.metrics.PolygonIOU()(*values))


@case
def differs_no_overlap_at_threshold_0(package: Package) -> Any:
    values = package.boxes(("x", 0, 0, 5, 5)), package.found_boxes(("x", 50, 0, 5, 5, 0.5))
    return scalar(package.metrics.PolygonPrecision(iou_threshold=0)(*values))


@case
def differs_average_precision(package: Package) -> Any:
    values = (
        package.boxes(("x", 0, 0, 9, 9), ("x", 20, 0, 9, 9), ("y", 40, 0, 9, 9)),
        package.found_boxes(
            ("x", 20, 0, 9, 9, 0.5), ("x", 0, 0, 9, 9, 0.9), ("x", 70, 0, 9, 9, 0.7)
        ),
    )
    return scalar(package.metrics.PolygonAveragePrecision("x")(*values))


@case
def differs_threshold_of_the_mean(package: Package) -> Any:
    values = package.boxes(("x", 0, 0, 10, 10)), package.found_boxes(("x", 3, 0, 10, 10, 0.5))
    return scalar(package.metrics.PolygonMAP(iou_threshold=0.9)(*values))


@case
def differs_one_prediction_for_two_cuboids(package: Package) -> Any:
    truth = package.annotation.AnnotationList(
        cuboid_annotations=[
            package.cuboid("Annotation", "car", (x, 0, 0, 4, 2, 2, 0)) for x in (0, 1)
        ]
    )
    found = package.prediction.PredictionList(
        cuboid_predictions=[
            package.cuboid("Prediction", "car", (0, 0, 0, 4, 2, 2, 0), confidence=0.5)
        ]
    )
    return scalar(package.metrics.CuboidIOU()(truth, found))


@case
def differs_a_class_below_the_threshold(package: Package) -> Any:
    metric = package.metrics.SegmentationIOU(iou_threshold=0.7)
    return package.masks(metric, TRUTH, FOUND, NAMES)


@case
def differs_numbers_of_classes(package: Package) -> Any:
    turned = [[4 - number for number in row] for row in FOUND]
    names = tuple((4 - index, label) for index, label in NAMES)
    return package.masks(package.metrics.SegmentationIOU(), TRUTH, turned, NAMES, names)


@case
def differs_mean_over_thresholds(package: Package) -> Any:
    return package.masks(package.metrics.SegmentationMAP(), TRUTH, FOUND, NAMES)[0]


@case
def differs_frequencies(package: Package) -> Any:
    return package.masks(package.metrics.SegmentationFWAVACC(), TRUTH, FOUND, NAMES)[0]


@case
def differs_nothing_predicted(package: Package) -> Any:
    values = package.boxes(("x", 0, 0, 5, 5)), package.prediction.PredictionList()
    return scalar(package.metrics.PolygonRecall()(*values))


@case
def differs_areas(package: Package) -> Any:
    filters = importlib.import_module(f"{package.root.__name__}.metrics.filters")
    boxes = package.boxes(("a", 0, 0, 1, 1), ("b", 0, 0, 2, 3)).box_annotations
    return [box.label for box in filters.polygon_area_filter(boxes, 2, 9)]


def main(name: str) -> None:
    warnings.simplefilter("ignore")
    package = Package(name)
    results: dict[str, Any] = {}
    for title, work in CASES.items():
        try:
            results[title] = work(package)
        except Exception as fault:  # noqa: BLE001 - an error is a result too
            results[title] = f"{type(fault).__name__}: {str(fault)[:80]}"
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
