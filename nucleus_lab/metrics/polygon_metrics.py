"""Metrics of boxes and polygons: IoU, precision, recall, average precision.

The overlap of two shapes is the area that they share over the area that they cover together
(Jaccard 1912). Which prediction belongs to which annotation is chosen so that the sum of the
overlaps is highest; two shapes that do not overlap never belong together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from nucleus_lab.annotation import AnnotationList, PredictionList
from nucleus_lab.metrics.base import AveragedMetric, ScalarResult, by_label, flag, share
from nucleus_lab.metrics.filtering import Filters
from nucleus_lab.metrics.filters import confidence_filter, polygon_label_filter
from nucleus_lab.metrics.metric_utils import compute_average_precision
from nucleus_lab.metrics.polygon_utils import matched


class PolygonMetric(AveragedMetric):
    """Base of the metrics of boxes and polygons; other types are not looked at.

    A metric of your own overrides :meth:`eval`::

        class CountError(PolygonMetric):
            def eval(self, annotations, predictions):
                return ScalarResult(abs(len(annotations) - len(predictions)))

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
    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

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
        predictions = confidence_filter(predictions, self.confidence_threshold)
        truths = [*annotations.box_annotations, *annotations.polygon_annotations]
        found = [*predictions.box_predictions, *predictions.polygon_predictions]
        if not self.enforce_label_match:
            return self.eval(truths, found)
        return ScalarResult.aggregate(
            self.eval(*group) for group in by_label(truths, found).values()
        )


class _Thresholded(PolygonMetric):
    """A metric with an overlap from which two shapes belong together."""

    def __init__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.5,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        super().__init__(
            enforce_label_match, confidence_threshold, annotation_filters, prediction_filters
        )


class PolygonIOU(_Thresholded):
    """Mean overlap: the overlaps of all pairs, over the number of the side that has more.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.

    Example:
        >>> from nucleus_lab import BoxAnnotation, BoxPrediction
        >>> truth = AnnotationList([BoxAnnotation("car", 0, 0, 10, 10, "a")])
        >>> found = PredictionList([BoxPrediction("car", 0, 0, 10, 5, "a")])
        >>> PolygonIOU()(truth, found)
        ScalarResult(value=0.5, weight=1)
    """

    def __init__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        super().__init__(
            enforce_label_match,
            iou_threshold,
            confidence_threshold,
            annotation_filters,
            prediction_filters,
        )

    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The mean overlap, weighted by the number of the side that has more.
        """
        pairs = matched(annotations, predictions, self.iou_threshold)
        weight = max(len(annotations), len(predictions))
        return ScalarResult(float(pairs.iou.sum()) / weight if weight else 0.0, weight)


class PolygonPrecision(_Thresholded):
    """Share of the predictions that belong to an annotation.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The precision, weighted by the number of predictions.
        """
        pairs, weight = matched(annotations, predictions, self.iou_threshold), len(predictions)
        return ScalarResult(len(pairs) / weight if weight else 0.0, weight)


class PolygonRecall(_Thresholded):
    """Share of the annotations to which a prediction belongs.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The recall, weighted by the number of annotations.
        """
        pairs, weight = matched(annotations, predictions, self.iou_threshold), len(annotations)
        return ScalarResult(len(pairs) / weight if weight else 0.0, weight)


class PolygonAveragePrecision(PolygonMetric):
    """Area below the precision-recall curve of one label, by PASCAL VOC with all points.

    Args:
        label: The label.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        label: str,
        iou_threshold: float = 0.5,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        self.label = label
        super().__init__(False, 0.0, annotation_filters, prediction_filters)

    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The average precision, of weight 1; 0 of weight 0 when neither side has the label.
        """
        truths = polygon_label_filter(annotations, self.label)
        found = polygon_label_filter(predictions, self.label)
        if not truths and not found:
            return ScalarResult(0.0, 0)
        if not truths or not found:
            return ScalarResult(0.0, 1)
        right = np.zeros(len(found), np.bool_)
        right[matched(truths, found, self.iou_threshold).prediction] = True
        # A prediction without a confidence is taken as certain.
        surest = np.argsort(
            [-1.0 if entry.confidence is None else -entry.confidence for entry in found],
            kind="stable",
        )
        hits = np.cumsum(right[surest])
        precision = hits / np.arange(1, len(found) + 1)
        return ScalarResult(compute_average_precision(hits / len(truths), precision), 1)


class PolygonMAP(PolygonMetric):
    """Mean of the average precisions of all labels that the item has on either side.

    Args:
        iou_threshold: Overlap from which two belong together, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        iou_threshold: float = 0.5,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        super().__init__(False, 0.0, annotation_filters, prediction_filters)

    def eval(self, annotations: Sequence[Any], predictions: Sequence[Any]) -> ScalarResult:
        """Compare boxes and polygons.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The mean, weighted by the number of labels.
        """
        return ScalarResult.aggregate(
            PolygonAveragePrecision(label, self.iou_threshold).eval(*group)
            for label, group in by_label(annotations, predictions).items()
        )
