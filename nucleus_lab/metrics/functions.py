"""The evaluation functions of scenario tests: each is a metric under a short name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.base import Metric
from nucleus_lab.metrics.categorization_metrics import CategorizationF1
from nucleus_lab.metrics.cuboid_metrics import CuboidIOU, CuboidPrecision, CuboidRecall
from nucleus_lab.metrics.polygon_metrics import (
    PolygonIOU,
    PolygonMAP,
    PolygonPrecision,
    PolygonRecall,
)
from nucleus_lab.metrics.segmentation_metrics import (
    SegmentationFWAVACC,
    SegmentationIOU,
    SegmentationMAP,
    SegmentationPrecision,
    SegmentationRecall,
)
from nucleus_lab.metrics.segmentation_to_poly_metrics import (
    SegmentationToPolyAveragePrecision,
    SegmentationToPolyIOU,
    SegmentationToPolyMAP,
    SegmentationToPolyPrecision,
    SegmentationToPolyRecall,
)


@dataclass(frozen=True, slots=True)
class EvalFunction:
    """One evaluation function.

    Attributes:
        metric: The metric that computes it.
        annotations: Types of annotations that it looks at, by the names of export groups.
        predictions: Types of predictions that it looks at, likewise.
        fixed: Arguments of the metric that the name decides.
    """

    metric: type[Metric]
    annotations: frozenset[str]
    predictions: frozenset[str]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def build(self, name: str, arguments: Mapping[str, Any]) -> Metric:
        """Make the metric.

        Args:
            name: Name of the function, for messages.
            arguments: Arguments of the metric; one that is ``None`` has its default.

        Returns:
            The metric.

        Raises:
            InvalidInputError: There is no such argument, or a value is not allowed.
        """
        known = inspect.signature(self.metric).parameters
        given = {key: value for key, value in arguments.items() if value is not None}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise InvalidInputError(
                f"{name} has no argument {unknown[0]!r}: it has {', '.join(known)}"
            )
        for key, value in self.fixed.items():
            if given.setdefault(key, value) != value:
                raise InvalidInputError(f"{name} has {key}={value!r}; {given[key]!r} was given")
        missing = [
            key
            for key, parameter in known.items()
            if parameter.default is inspect.Parameter.empty and key not in given
        ]
        if missing:
            raise InvalidInputError(f"{name} needs the argument {missing[0]!r}")
        for key in ("label", "f1_method"):
            if not isinstance(given.get(key, ""), str):
                raise InvalidInputError(f"{key} is {given[key]!r}: use text", path=key)
        return self.metric(**given)


def _same(metric: type[Metric], *groups: str, **fixed: Any) -> EvalFunction:
    return EvalFunction(metric, frozenset(groups), frozenset(groups), fixed)


def _of_mask(metric: type[Metric]) -> EvalFunction:
    return EvalFunction(metric, frozenset({"box", "polygon"}), frozenset({"segmentation"}))


EVAL_FUNCTIONS: Final[Mapping[str, EvalFunction]] = {
    "bbox_iou": _same(PolygonIOU, "box"),
    "bbox_precision": _same(PolygonPrecision, "box"),
    "bbox_recall": _same(PolygonRecall, "box"),
    "bbox_map": _same(PolygonMAP, "box"),
    "cat_f1": _same(CategorizationF1, "category"),
    "cuboid_iou_2d": _same(CuboidIOU, "cuboid", iou_2d=True),
    "cuboid_iou_3d": _same(CuboidIOU, "cuboid", iou_2d=False),
    "cuboid_precision": _same(CuboidPrecision, "cuboid"),
    "cuboid_recall": _same(CuboidRecall, "cuboid"),
    "poly_iou": _same(PolygonIOU, "box", "polygon"),
    "poly_precision": _same(PolygonPrecision, "box", "polygon"),
    "poly_recall": _same(PolygonRecall, "box", "polygon"),
    "poly_map": _same(PolygonMAP, "box", "polygon"),
    "segmentation_to_poly_iou": _of_mask(SegmentationToPolyIOU),
    "segmentation_to_poly_precision": _of_mask(SegmentationToPolyPrecision),
    "segmentation_to_poly_recall": _of_mask(SegmentationToPolyRecall),
    "segmentation_to_poly_map": _of_mask(SegmentationToPolyMAP),
    "segmentation_to_poly_ap": _of_mask(SegmentationToPolyAveragePrecision),
    "seg_iou": _same(SegmentationIOU, "segmentation"),
    "seg_recall": _same(SegmentationRecall, "segmentation"),
    "seg_map": _same(SegmentationMAP, "segmentation"),
    "seg_precision": _same(SegmentationPrecision, "segmentation"),
    "seg_fwavacc": _same(SegmentationFWAVACC, "segmentation"),
}
"""By name, as the published package names them; all are computed item by item."""
