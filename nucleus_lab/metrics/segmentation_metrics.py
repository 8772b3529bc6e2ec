"""Metrics of masks: IoU, precision, recall, mean average precision, frequency-weighted IoU.

Masks are compared pixel by pixel, class by class; a class is a label. Segments of one label are
told apart, so that masks of classes and masks of instances are compared alike: pixels are right
where the annotated segment belongs to the predicted one, which their overlap decides. The mean
goes over the classes of the ground truth; pixels that no segment declares are one class more.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from nucleus_lab.annotation import AnnotationList, PredictionList, SegmentationAnnotation
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.base import AveragedMetric, ScalarResult, share
from nucleus_lab.metrics.filtering import Filters
from nucleus_lab.metrics.segmentation_loader import (
    DummyLoader,
    SegmentationMaskLoader,
    first_channel,
)
from nucleus_lab.metrics.segmentation_utils import Floats, Ints, MaskPixels, setup_iou_thresholds


def mean(values: Floats) -> float:
    """Return the mean of what counts.

    Args:
        values: One a class, NaN for those that do not count.

    Returns:
        The mean; 0 when nothing counts.
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


class SegmentationMaskMetric(AveragedMetric):
    """Base of the metrics of masks; other types are not looked at.

    The masks are read by ``loader``; without another one they are files on this machine.

    Args:
        annotation_filters: Which annotated segments to look at; pixels of others do not count.
        prediction_filters: Which predicted segments to look at; pixels of others count as
            background.
        iou_threshold: Overlap from which two segments belong together, 0 to 1.

    Attributes:
        loader: Reads the masks.
    """

    def __init__(
        self,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        iou_threshold: float = 0.5,
    ) -> None:
        super().__init__(annotation_filters, prediction_filters)
        self.loader: SegmentationMaskLoader = DummyLoader()
        self.iou_threshold = share(iou_threshold, "iou_threshold")

    @abstractmethod
    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The value.
        """

    def call_metric(self, annotations: AnnotationList, predictions: PredictionList) -> ScalarResult:
        """Compare one item.

        Args:
            annotations: Ground truth with one mask at most.
            predictions: Predictions with one mask at most.

        Returns:
            The value, weighted by the number of pixels compared. Without an annotated segment the
            weight is 0; without a predicted one the value is.
        """
        truth = _only(annotations.segmentation_annotations)
        found = _only(predictions.segmentation_predictions)
        if truth is None or not truth.annotations:
            return ScalarResult(0.0, 0)
        annotated = self.get_mask_channel(truth)
        if found is None or not found.annotations:
            return ScalarResult(0.0, annotated.size)
        pixels = MaskPixels.of(
            (annotated, truth.annotations),
            (self.get_mask_channel(found), found.annotations),
            background=not self.annotation_filters,
        )
        return ScalarResult(self.measure(pixels), int(pixels.counts.sum()))

    def get_mask_channel(self, ann_or_pred: SegmentationAnnotation) -> Ints:
        """Read the pixels of a mask.

        Args:
            ann_or_pred: The mask.

        Returns:
            Class or instance number of each pixel.
        """
        return first_channel(np.asarray(self.loader.fetch(ann_or_pred.mask_url)))


def _only(masks: list[Any]) -> Any:
    if len(masks) > 1:
        raise InvalidInputError(
            f"an item has {len(masks)} masks of {masks[0].reference_id!r}: give one at most"
        )
    return masks[0] if masks else None


class SegmentationIOU(SegmentationMaskMetric):
    """Mean IoU of the classes; a class whose segments do not belong together has 0.

    Args:
        annotation_filters: Which annotated segments to look at.
        prediction_filters: Which predicted segments to look at.
        iou_threshold: Overlap from which two segments belong together, 0 to 1.
    """

    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The mean IoU.
        """
        return mean(pixels.confusion(self.iou_threshold).iou())


class SegmentationPrecision(SegmentationMaskMetric):
    """Mean precision of the classes: the share of the predicted pixels that are right.

    Args:
        annotation_filters: Which annotated segments to look at.
        prediction_filters: Which predicted segments to look at.
        iou_threshold: Overlap from which two segments belong together, 0 to 1.
    """

    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The mean precision.
        """
        return mean(pixels.confusion(self.iou_threshold).precision())


class SegmentationRecall(SegmentationMaskMetric):
    """Mean recall of the classes: the share of the annotated pixels that are right.

    Args:
        annotation_filters: Which annotated segments to look at.
        prediction_filters: Which predicted segments to look at.
        iou_threshold: Overlap from which two segments belong together, 0 to 1.
    """

    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The mean recall.
        """
        return mean(pixels.confusion(self.iou_threshold).recall())


class SegmentationMAP(SegmentationMaskMetric):
    """Mean of the mean precisions at several thresholds, by default those of COCO.

    Args:
        annotation_filters: Which annotated segments to look at.
        prediction_filters: Which predicted segments to look at.
        iou_thresholds: Numbers from 0 to 1, or ``coco`` for 0.50, 0.55 … 0.95.
    """

    def __init__(
        self,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        iou_thresholds: list[float] | str = "coco",
    ) -> None:
        super().__init__(annotation_filters, prediction_filters)
        self.iou_thresholds = setup_iou_thresholds(iou_thresholds)

    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The mean.
        """
        values = [
            mean(pixels.confusion(threshold).precision())
            for threshold in self.iou_thresholds.tolist()
        ]
        return float(np.mean(values))


class SegmentationFWAVACC(SegmentationMaskMetric):
    """Frequency-weighted IoU: the IoU of each class, weighted by its share of the annotated pixels.

    Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR
    2015, section 5.

    Args:
        annotation_filters: Which annotated segments to look at.
        prediction_filters: Which predicted segments to look at.
        iou_threshold: Overlap from which two segments belong together, 0 to 1.
    """

    def measure(self, pixels: MaskPixels) -> float:
        """Compute the metric of one item.

        Args:
            pixels: Pixels by annotated and by predicted segment.

        Returns:
            The weighted IoU.
        """
        found = pixels.confusion(self.iou_threshold)
        total = found.pixels
        return float((np.nan_to_num(found.iou()) * found.annotated).sum() / total) if total else 0.0
