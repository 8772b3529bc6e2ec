"""How boxes and polygons overlap, and which of them belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nucleus_lab.annotation import BoxAnnotation, PolygonAnnotation
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.evaluation.overlap import box_iou_matrix, overlapping
from nucleus_lab.metrics.custom_types import (
    BoxOrPolygonAnnoOrPred,
    BoxOrPolygonAnnotation,
    BoxOrPolygonPrediction,
)
from nucleus_lab.metrics.errors import PolygonAnnotationTypeError
from nucleus_lab.metrics.optional_libraries import required

__all__ = [
    "BoxOrPolygonAnnoOrPred",
    "BoxOrPolygonAnnotation",
    "BoxOrPolygonPrediction",
    "Pairs",
    "assign",
    "matched",
    "polygon_annotation_to_shape",
]


def polygon_annotation_to_shape(annotation: Any) -> Any:
    """Return a box or a polygon as a shape of shapely.

    Args:
        annotation: Annotation or prediction; ``x`` and ``y`` of a box are its top left corner.

    Returns:
        A ``shapely.Polygon``.

    Raises:
        PolygonAnnotationTypeError: It is neither a box nor a polygon.
    """
    import shapely

    if isinstance(annotation, BoxAnnotation):
        x, y = annotation.x, annotation.y
        return shapely.box(x, y, x + annotation.width, y + annotation.height)
    if isinstance(annotation, PolygonAnnotation):
        return shapely.Polygon([(point.x, point.y) for point in annotation.vertices])
    raise _no_shape(annotation)


def _no_shape(value: Any) -> PolygonAnnotationTypeError:
    return PolygonAnnotationTypeError(
        f"a {type(value).__name__} was given: use boxes and polygons, as annotations or predictions"
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which annotation belongs to which prediction.

    Attributes:
        annotation: Index of the annotation of each pair.
        prediction: Index of the prediction of each pair.
        iou: Overlap of each pair, above 0.
    """

    annotation: npt.NDArray[np.int64]
    prediction: npt.NDArray[np.int64]
    iou: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.iou)


def assign(iou: npt.NDArray[np.float64], threshold: float) -> Pairs:
    """Choose pairs so that the sum of their overlaps is highest.

    This is the assignment problem, as Kuhn 1955 and Munkres 1957 solve it.

    Args:
        iou: Overlap of every annotation (row) with every prediction (column).
        threshold: Overlap from which two may belong together; two that do not overlap never do.

    Returns:
        The pairs; everything is in one at most.
    """
    rows, columns = np.nonzero((iou >= threshold) & (iou > 0))
    counts = np.bincount(rows, minlength=1), np.bincount(columns, minlength=1)
    if max(counts[0].max(), counts[1].max()) > 1:
        optimize = required("scipy.optimize", "pairing objects that overlap more than one other")
        allowed = np.where(iou >= threshold, iou, 0.0)
        rows, columns = optimize.linear_sum_assignment(allowed, maximize=True)
        kept = allowed[rows, columns] > 0
        rows, columns = rows[kept], columns[kept]
    return Pairs(rows.astype(np.int64), columns.astype(np.int64), iou[rows, columns])


def matched(annotations: Sequence[Any], predictions: Sequence[Any], iou_threshold: float) -> Pairs:
    """Find which annotation belongs to which prediction of the same item.

    Args:
        annotations: Boxes and polygons.
        predictions: Boxes and polygons.
        iou_threshold: Overlap from which two may belong together.

    Returns:
        The pairs.
    """
    places: dict[str, int] = {}
    for thing in (*annotations, *predictions):
        places.setdefault(thing.reference_id, len(places))
    truths, found = (_objects(things, places) for things in (annotations, predictions))
    if len(places) == 1 and not truths.polygons and not found.polygons:
        # Boxes of one picture, which is what metrics mostly compare: one array, no grouping.
        return assign(box_iou_matrix(truths.boxes, found.boxes), iou_threshold)
    blocks = list(overlapping(truths, found))
    parts = []
    for place in range(len(places)):
        own = np.flatnonzero(truths.group == place), np.flatnonzero(found.group == place)
        iou = np.zeros((len(own[0]), len(own[1])))
        for left, right, values in blocks:
            here = truths.group[left] == place
            iou[np.searchsorted(own[0], left[here]), np.searchsorted(own[1], right[here])] = values[
                here
            ]
        pairs = assign(iou, iou_threshold)
        parts.append((own[0][pairs.annotation], own[1][pairs.prediction], pairs.iou))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0))
    return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _objects(things: Sequence[Any], places: dict[str, int]) -> Objects:
    rows: list[tuple[float, ...]] = []
    polygons: dict[int, Any] = {}
    for index, thing in enumerate(things):
        if isinstance(thing, BoxAnnotation):
            rows.append((thing.x, thing.y, thing.width, thing.height))
        elif isinstance(thing, PolygonAnnotation):
            ring = np.array([(point.x, point.y) for point in thing.vertices], np.float64)
            polygons[index] = ring = ring.reshape(-1, 2)
            low, high = (ring.min(axis=0), ring.max(axis=0)) if len(ring) else np.zeros((2, 2))
            rows.append((*low.tolist(), *(high - low).tolist()))
        else:
            raise _no_shape(thing)
    groups = [places[thing.reference_id] for thing in things]
    return Objects.of(groups, np.zeros(len(things)), rows, polygons=polygons)
