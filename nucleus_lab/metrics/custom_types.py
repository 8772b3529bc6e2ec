"""Names of the types that metrics of boxes and polygons take."""

from __future__ import annotations

from typing import TypeVar

from nucleus_lab.annotation import (
    BoxAnnotation,
    BoxPrediction,
    PolygonAnnotation,
    PolygonPrediction,
)

BoxOrPolygonAnnotation = TypeVar("BoxOrPolygonAnnotation", BoxAnnotation, PolygonAnnotation)
BoxOrPolygonPrediction = TypeVar("BoxOrPolygonPrediction", BoxPrediction, PolygonPrediction)
BoxOrPolygonAnnoOrPred = TypeVar(
    "BoxOrPolygonAnnoOrPred", BoxAnnotation, PolygonAnnotation, BoxPrediction, PolygonPrediction
)
