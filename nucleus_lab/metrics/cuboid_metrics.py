"""Metrics of cuboids: IoU in space or from above, precision, recall.

Which prediction belongs to which annotation is chosen so that the sum of the overlaps in space is
highest; two cuboids that do not overlap never belong together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from nucleus_lab.annotation import (
    AnnotationList,
    CuboidAnnotation,
    CuboidPrediction,
    PredictionList,
)
from nucleus_lab.metrics.base import AveragedMetric, ScalarResult, by_label, flag, share
from nucleus_lab.metrics.cuboid_utils import cuboid_iou
from nucleus_lab.metrics.filtering import Filters
from nucleus_lab.metrics.filters import confidence_filter
from nucleus_lab.metrics.polygon_utils import assign


class CuboidMetric(AveragedMetric):
    """Base of the metrics of cuboids; other types are not looked at.

    Args:
        enforce_label_match: Compare each label apart, and join the labels by their weights.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        enforce_label_match: bool = False,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        super().__init__(annotation_filters, prediction_filters)
        self.enforce_label_match = flag(enforce_label_match, "enforce_label_match")
        self.confidence_threshold = share(confidence_threshold, "confidence_threshold")

    @abstractmethod
    def eval(
        self, annotations: Sequence[CuboidAnnotation], predictions: Sequence[CuboidPrediction]
    ) -> ScalarResult:
        """Compare cuboids.

        Args:
            annotations: Ground truth.
            predictions: Predictions of enough confidence.

        Returns:
            The result.
        """

    def call_metric(self, annotations: AnnotationList, predictions: PredictionList) -> ScalarResult:
        """Compare one item.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The result.
        """
        found = confidence_filter(predictions, self.confidence_threshold).cuboid_predictions
        truths = annotations.cuboid_annotations
        if not self.enforce_label_match:
            return self.eval(truths, found)
        return ScalarResult.aggregate(
            self.eval(*group) for group in by_label(truths, found).values()
        )


class _Thresholded(CuboidMetric):
    """A metric with an overlap from which two cuboids belong together."""

    def __init__(
        self,
        enforce_label_match: bool = True,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        super().__init__(
            enforce_label_match, confidence_threshold, annotation_filters, prediction_filters
        )

    def _pairs(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> int:
        return len(assign(cuboid_iou(annotations, predictions)[0], self.iou_threshold))


class CuboidIOU(_Thresholded):
    """Mean overlap: the overlaps of all pairs, over the number of the side that has more.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap in space from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        iou_2d: Take the overlap of the footprints in place of the overlap in space.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        enforce_label_match: bool = True,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        iou_2d: bool = False,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        self.iou_2d = flag(iou_2d, "iou_2d")
        super().__init__(
            enforce_label_match,
            iou_threshold,
            confidence_threshold,
            annotation_filters,
            prediction_filters,
        )

    def eval(
        self, annotations: Sequence[CuboidAnnotation], predictions: Sequence[CuboidPrediction]
    ) -> ScalarResult:
        """Compare cuboids.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The mean overlap, weighted by the number of the side that has more.
        """
        in_space, from_above = cuboid_iou(annotations, predictions)
        pairs = assign(in_space, self.iou_threshold)
        overlaps = from_above[pairs.annotation, pairs.prediction] if self.iou_2d else pairs.iou
        weight = max(len(annotations), len(predictions))
        return ScalarResult(float(overlaps.sum()) / weight if weight else 0.0, weight)


class CuboidPrecision(_Thresholded):
    """Share of the predictions that belong to an annotation.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap in space from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def eval(
        self, annotations: Sequence[CuboidAnnotation], predictions: Sequence[CuboidPrediction]
    ) -> ScalarResult:
        """Compare cuboids.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The precision, weighted by the number of predictions.
        """
        weight = len(predictions)
        found = self._pairs(annotations, predictions)
        return ScalarResult(found / weight if weight else 0.0, weight)


class CuboidRecall(_Thresholded):
    """Share of the annotations to which a prediction belongs.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap in space from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def eval(
        self, annotations: Sequence[CuboidAnnotation], predictions: Sequence[CuboidPrediction]
    ) -> ScalarResult:
        """Compare cuboids.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The recall, weighted by the number of annotations.
        """
        weight = len(annotations)
        found = self._pairs(annotations, predictions)
        return ScalarResult(found / weight if weight else 0.0, weight)
