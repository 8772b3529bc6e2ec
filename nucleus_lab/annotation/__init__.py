"""Annotations: what is in a picture and where, one module per type.

A new type is one module beside these, closed by a call of :func:`annotation_type`, and its line
below. Each module holds the annotation, the prediction, the structs that validate their payloads,
and the way into a database row and back.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from nucleus_lab.annotation.base import (
    ANNOTATION_TYPES,
    TYPES_BY_CODE,
    Annotation,
    AnnotationType,
    ObjectWire,
    Prediction,
    PredictionWire,
    annotation_type,
)
from nucleus_lab.annotation.box import BoxAnnotation, BoxPrediction
from nucleus_lab.annotation.category import CategoryAnnotation, CategoryPrediction
from nucleus_lab.annotation.cuboid import CuboidAnnotation, CuboidPrediction
from nucleus_lab.annotation.keypoints import Keypoint, KeypointsAnnotation, KeypointsPrediction
from nucleus_lab.annotation.line import LineAnnotation, LinePrediction
from nucleus_lab.annotation.lists import AnnotationList, PredictionList
from nucleus_lab.annotation.multicategory import MultiCategoryAnnotation, MultiCategoryPrediction
from nucleus_lab.annotation.points import LidarPoint, Point, Point3D
from nucleus_lab.annotation.polygon import PolygonAnnotation, PolygonPrediction
from nucleus_lab.annotation.rows import ObjectRow
from nucleus_lab.annotation.scene_category import SceneCategoryAnnotation, SceneCategoryPrediction
from nucleus_lab.annotation.segment import Segment
from nucleus_lab.annotation.segmentation import SegmentationAnnotation, SegmentationPrediction

__all__ = [
    "ANNOTATION_TYPES",
    "ANNOTATION_WIRE",
    "PREDICTION_WIRE",
    "TYPES_BY_CODE",
    "Annotation",
    "AnnotationList",
    "AnnotationType",
    "BoxAnnotation",
    "BoxPrediction",
    "CategoryAnnotation",
    "CategoryPrediction",
    "CuboidAnnotation",
    "CuboidPrediction",
    "Keypoint",
    "KeypointsAnnotation",
    "KeypointsPrediction",
    "LidarPoint",
    "LineAnnotation",
    "LinePrediction",
    "MultiCategoryAnnotation",
    "MultiCategoryPrediction",
    "ObjectRow",
    "Point",
    "Point3D",
    "PolygonAnnotation",
    "PolygonPrediction",
    "Prediction",
    "PredictionList",
    "SceneCategoryAnnotation",
    "SceneCategoryPrediction",
    "Segment",
    "SegmentationAnnotation",
    "SegmentationPrediction",
    "annotation_type",
]

if TYPE_CHECKING:
    ANNOTATION_WIRE = ObjectWire
    PREDICTION_WIRE = PredictionWire
else:
    # Payloads of any type, told apart by ``type``: the element type of an upload.
    ANNOTATION_WIRE = reduce(or_, (entry.wire for entry in ANNOTATION_TYPES.values()))
    PREDICTION_WIRE = reduce(or_, (entry.prediction_wire for entry in ANNOTATION_TYPES.values()))
