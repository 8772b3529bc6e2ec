"""Metrics on values: predictions against ground truth, here and now, without a workspace.

::

    from nucleus_lab.annotation import AnnotationList
    from nucleus_lab.metrics import FieldFilter, PolygonPrecision
    from nucleus_lab.prediction import PredictionList

    cars = [FieldFilter("label", "==", "car")]
    metric = PolygonPrecision(iou_threshold=0.5, annotation_filters=cars, prediction_filters=cars)
    results = [metric(annotations, predictions) for annotations, predictions in items]
    metric.aggregate_score(results).value

Scenario tests compute the same metrics on the items of a slice (:mod:`nucleus_lab.validate`).

Names and arguments are those of the published package. Where its numbers do not follow from the
definitions, ours differ:

- ``x`` and ``y`` of a box are its top left corner; there they are taken as its centre, which
  changes the overlap of boxes of different sizes, and of boxes with polygons.
- Two things that do not overlap never belong together; there they do at a threshold of 0.
- Average precision: there precision and recall change places, the recall is divided by the
  annotations of all labels, one confidence of 0 stops the sorting, and ``PolygonMAP`` ignores its
  threshold.
- Cuboids are assigned one to one; there a prediction may count for several annotations.
- F1: items are compared taxonomy by taxonomy; there by the order of a set, which changes from run
  to run when an item has several labels.
- Masks: classes are labels, also when the two sides number them differently; a threshold applies
  to instances too; a class that was never predicted counts as missed, one that was never
  annotated is a false prediction; a class below the threshold does not lower the others. The mean
  over thresholds has equal weights, as COCO's; frequencies are those of the ground truth.
- Polygons are compared with masks whichever of the two modes is asked for; there both modes have
  the same value, and filters on segments are not applied.
- An item without annotations or without predictions is a result like any other; there it is an
  error. Filters that leave nothing are an error in both.
"""

from nucleus_lab.metrics.base import Metric, MetricResult, ScalarResult
from nucleus_lab.metrics.categorization_metrics import (
    CategorizationF1,
    CategorizationMetric,
    CategorizationResult,
)
from nucleus_lab.metrics.cuboid_metrics import (
    CuboidIOU,
    CuboidMetric,
    CuboidPrecision,
    CuboidRecall,
)
from nucleus_lab.metrics.errors import EverythingFilteredError, PolygonAnnotationTypeError
from nucleus_lab.metrics.filtering import (
    FieldFilter,
    FilterOp,
    FilterType,
    ListOfAndFilters,
    ListOfOrAndFilters,
    MetadataFilter,
    SegmentFieldFilter,
    SegmentMetadataFilter,
    apply_filters,
)
from nucleus_lab.metrics.polygon_metrics import (
    PolygonAveragePrecision,
    PolygonIOU,
    PolygonMAP,
    PolygonMetric,
    PolygonPrecision,
    PolygonRecall,
)
from nucleus_lab.metrics.segmentation_metrics import (
    SegmentationFWAVACC,
    SegmentationIOU,
    SegmentationMAP,
    SegmentationMaskMetric,
    SegmentationPrecision,
    SegmentationRecall,
)
from nucleus_lab.metrics.segmentation_to_poly_metrics import (
    SegmentationMaskToPolyMetric,
    SegmentationToPolyAveragePrecision,
    SegmentationToPolyIOU,
    SegmentationToPolyMAP,
    SegmentationToPolyPrecision,
    SegmentationToPolyRecall,
    SegToPolyMode,
)

__all__ = [
    "CategorizationF1",
    "CategorizationMetric",
    "CategorizationResult",
    "CuboidIOU",
    "CuboidMetric",
    "CuboidPrecision",
    "CuboidRecall",
    "EverythingFilteredError",
    "FieldFilter",
    "FilterOp",
    "FilterType",
    "ListOfAndFilters",
    "ListOfOrAndFilters",
    "MetadataFilter",
    "Metric",
    "MetricResult",
    "PolygonAnnotationTypeError",
    "PolygonAveragePrecision",
    "PolygonIOU",
    "PolygonMAP",
    "PolygonMetric",
    "PolygonPrecision",
    "PolygonRecall",
    "ScalarResult",
    "SegToPolyMode",
    "SegmentFieldFilter",
    "SegmentMetadataFilter",
    "SegmentationFWAVACC",
    "SegmentationIOU",
    "SegmentationMAP",
    "SegmentationMaskMetric",
    "SegmentationMaskToPolyMetric",
    "SegmentationPrecision",
    "SegmentationRecall",
    "SegmentationToPolyAveragePrecision",
    "SegmentationToPolyIOU",
    "SegmentationToPolyMAP",
    "SegmentationToPolyPrecision",
    "SegmentationToPolyRecall",
    "apply_filters",
]
