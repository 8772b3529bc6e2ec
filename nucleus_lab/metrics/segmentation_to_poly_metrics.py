"""Metrics of predicted masks against annotated boxes and polygons.

Either the polygons are drawn into a mask and masks are compared, or the predicted mask is traced
and polygons are compared.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from enum import Enum
from typing import Any

import numpy as np

from nucleus_lab.annotation import (
    AnnotationList,
    Point,
    PolygonPrediction,
    PredictionList,
    SegmentationAnnotation,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.base import AveragedMetric, Metric, ScalarResult, flag, share
from nucleus_lab.metrics.filtering import Filters
from nucleus_lab.metrics.polygon_metrics import (
    PolygonAveragePrecision,
    PolygonIOU,
    PolygonMAP,
    PolygonPrecision,
    PolygonRecall,
)
from nucleus_lab.metrics.segmentation_loader import (
    DummyLoader,
    InMemoryLoader,
    SegmentationMaskLoader,
    first_channel,
)
from nucleus_lab.metrics.segmentation_metrics import (
    SegmentationIOU,
    SegmentationMAP,
    SegmentationPrecision,
    SegmentationRecall,
    mean,
)
from nucleus_lab.metrics.segmentation_utils import (
    Ints,
    MaskPixels,
    instance_mask_to_polys,
    rasterize_polygons_to_segmentation_mask,
    setup_iou_thresholds,
)

_DRAWN = "drawn:annotations"


class SegToPolyMode(str, Enum):  # noqa: UP042 - scripts compare members with text
    """What is made alike."""

    GENERATE_GT_FROM_POLY = "gt_from_poly"
    GENERATE_PRED_POLYS_FROM_MASK = "pred_polys_from_mask"


class SegmentationMaskToPolyMetric(AveragedMetric):
    """Base of the metrics of predicted masks against annotated boxes and polygons.

    Args:
        enforce_label_match: When polygons are compared, compare each label apart. Classes of masks
            are always compared apart.
        confidence_threshold: 0 to 1; masks have no confidence, so none is left out.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.

    Attributes:
        loader: Reads the masks.
    """

    def __init__(
        self,
        enforce_label_match: bool = False,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        mode: SegToPolyMode = SegToPolyMode.GENERATE_GT_FROM_POLY,
    ) -> None:
        super().__init__(annotation_filters, prediction_filters)
        self.enforce_label_match = flag(enforce_label_match, "enforce_label_match")
        self.confidence_threshold = share(confidence_threshold, "confidence_threshold")
        self.loader: SegmentationMaskLoader = DummyLoader()
        try:
            self.mode = SegToPolyMode(mode)
        except ValueError:
            known = ", ".join(repr(entry.value) for entry in SegToPolyMode)
            raise InvalidInputError(f"mode is {mode!r}: use one of {known}", path="mode") from None

    @abstractmethod
    def configure_metric(self) -> Metric:
        """Make the metric that compares what was made alike.

        Returns:
            A metric of masks or of polygons, by the mode.
        """

    def call_metric(self, annotations: AnnotationList, predictions: PredictionList) -> Any:
        """Compare one item.

        Args:
            annotations: Ground truth; boxes and polygons are looked at.
            predictions: Predictions with one mask at most.

        Returns:
            The result; of weight 0 without a mask, whose size is not known then, or without a box
            or polygon.

        Raises:
            InvalidInputError: There is more than one mask.
        """
        masks = predictions.segmentation_predictions
        if len(masks) > 1:
            raise InvalidInputError(
                f"an item has {len(masks)} masks of {masks[0].reference_id!r}: give one at most"
            )
        truths = [*annotations.polygon_annotations, *annotations.box_annotations]
        if not masks or not truths:
            return ScalarResult(0.0, 0)
        pixels = first_channel(np.asarray(self.loader.fetch(masks[0].mask_url)))
        metric = self.configure_metric()
        if self.mode is SegToPolyMode.GENERATE_PRED_POLYS_FROM_MASK:
            traced = PredictionList(polygon_predictions=_traced(masks[0], pixels))
            return metric.call_metric(annotations, traced)
        drawn, segments = rasterize_polygons_to_segmentation_mask(truths, pixels.shape)
        metric.loader = InMemoryLoader({  # type: ignore[attr-defined]
            _DRAWN: drawn,
            masks[0].mask_url: pixels,
        })
        truth = SegmentationAnnotation(_DRAWN, segments, truths[0].reference_id)
        return metric.call_metric(AnnotationList(segmentation_annotations=[truth]), predictions)


def _traced(mask: SegmentationAnnotation, pixels: Ints) -> list[PolygonPrediction]:
    labels = {int(segment.index): segment.label for segment in mask.annotations}
    return [
        PolygonPrediction(
            labels[value],
            # A shapely ring repeats its first point at the end; ours do not.
            [Point(x, y) for x, y in outline.exterior.coords[:-1]],
            mask.reference_id,
        )
        for value, outline in zip(*instance_mask_to_polys(pixels), strict=True)
        if value in labels
    ]


class _Thresholded(SegmentationMaskToPolyMetric):
    """A metric with an overlap from which two segments or shapes belong together."""

    OF_MASKS: type[Any]
    OF_POLYGONS: type[Any]

    def __init__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.5,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        mode: SegToPolyMode = SegToPolyMode.GENERATE_GT_FROM_POLY,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        super().__init__(
            enforce_label_match, confidence_threshold, annotation_filters, prediction_filters, mode
        )

    def configure_metric(self) -> Metric:
        """Make the metric that compares what was made alike.

        Returns:
            A metric of masks or of polygons, by the mode.
        """
        made: Metric
        if self.mode is SegToPolyMode.GENERATE_GT_FROM_POLY:
            made = self.OF_MASKS(iou_threshold=self.iou_threshold)
        else:
            made = self.OF_POLYGONS(
                self.enforce_label_match, self.iou_threshold, self.confidence_threshold
            )
        return made


class SegmentationToPolyIOU(_Thresholded):
    """Mean overlap of a predicted mask with boxes and polygons.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: 0 to 1; masks have no confidence.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.
    """

    OF_MASKS, OF_POLYGONS = SegmentationIOU, PolygonIOU

    def __init__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        mode: SegToPolyMode = SegToPolyMode.GENERATE_GT_FROM_POLY,
    ) -> None:
        super().__init__(
            enforce_label_match,
            iou_threshold,
            confidence_threshold,
            annotation_filters,
            prediction_filters,
            mode,
        )


class SegmentationToPolyPrecision(_Thresholded):
    """Precision of a predicted mask against boxes and polygons.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: 0 to 1; masks have no confidence.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.
    """

    OF_MASKS, OF_POLYGONS = SegmentationPrecision, PolygonPrecision


class SegmentationToPolyRecall(_Thresholded):
    """Recall of a predicted mask against boxes and polygons.

    Args:
        enforce_label_match: Compare each label apart.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        confidence_threshold: 0 to 1; masks have no confidence.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.
    """

    OF_MASKS, OF_POLYGONS = SegmentationRecall, PolygonRecall


class _LabelPrecision(SegmentationPrecision):
    """Precision of one class."""

    def __init__(self, label: str, iou_threshold: float) -> None:
        super().__init__(iou_threshold=iou_threshold)
        self._label = label

    def measure(self, pixels: MaskPixels) -> float:
        found = pixels.confusion(self.iou_threshold)
        chosen = np.array([label == self._label for label in found.labels])
        return mean(found.precision()[chosen])


class SegmentationToPolyAveragePrecision(SegmentationMaskToPolyMetric):
    """Precision of one label of a predicted mask; average precision when the mask is traced.

    Args:
        label: The label.
        iou_threshold: Overlap from which two belong together, 0 to 1.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.
    """

    def __init__(
        self,
        label: str,
        iou_threshold: float = 0.5,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        mode: SegToPolyMode = SegToPolyMode.GENERATE_GT_FROM_POLY,
    ) -> None:
        self.iou_threshold = share(iou_threshold, "iou_threshold")
        self.label = label
        super().__init__(False, 0.0, annotation_filters, prediction_filters, mode)

    def configure_metric(self) -> Metric:
        """Make the metric that compares what was made alike.

        Returns:
            A metric of masks or of polygons, by the mode.
        """
        if self.mode is SegToPolyMode.GENERATE_GT_FROM_POLY:
            return _LabelPrecision(self.label, self.iou_threshold)
        return PolygonAveragePrecision(self.label, self.iou_threshold)


class _PolygonMAPs(PolygonMAP):
    """Mean over several thresholds."""

    def __init__(self, thresholds: list[float]) -> None:
        super().__init__()
        self._at = [PolygonMAP(threshold) for threshold in thresholds]

    def eval(self, annotations: Any, predictions: Any) -> ScalarResult:
        return ScalarResult.aggregate(metric.eval(annotations, predictions) for metric in self._at)


class SegmentationToPolyMAP(SegmentationMaskToPolyMetric):
    """Mean average precision of a predicted mask against boxes and polygons.

    Args:
        iou_threshold: No longer used; give ``iou_thresholds``.
        iou_thresholds: Numbers from 0 to 1, or ``coco`` for 0.50, 0.55 … 0.95.
        annotation_filters: Which boxes and polygons to look at.
        prediction_filters: Which predicted segments to look at.
        mode: Whether polygons are drawn or the mask is traced.
    """

    def __init__(
        self,
        iou_threshold: float = -1,
        iou_thresholds: list[float] | str = "coco",
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        mode: SegToPolyMode = SegToPolyMode.GENERATE_GT_FROM_POLY,
    ) -> None:
        if iou_threshold != -1:
            warnings.warn(
                "iou_threshold is not used: give iou_thresholds, such as [0.5]",
                DeprecationWarning,
                stacklevel=2,
            )
        self.iou_thresholds = setup_iou_thresholds(iou_thresholds)
        super().__init__(False, 0.0, annotation_filters, prediction_filters, mode)

    def configure_metric(self) -> Metric:
        """Make the metric that compares what was made alike.

        Returns:
            A metric of masks or of polygons, by the mode.
        """
        thresholds: list[float] = self.iou_thresholds.tolist()
        if self.mode is SegToPolyMode.GENERATE_GT_FROM_POLY:
            return SegmentationMAP(iou_thresholds=thresholds)
        return _PolygonMAPs(thresholds)
