"""Predictions: annotations made by a model, each defined beside its annotation."""

from __future__ import annotations

from nucleus_lab.annotation import (
    BoxPrediction,
    CategoryPrediction,
    CuboidPrediction,
    KeypointsPrediction,
    LinePrediction,
    MultiCategoryPrediction,
    PolygonPrediction,
    Prediction,
    PredictionList,
    SceneCategoryPrediction,
    SegmentationPrediction,
)

__all__ = [
    "BoxPrediction",
    "CategoryPrediction",
    "CuboidPrediction",
    "KeypointsPrediction",
    "LinePrediction",
    "MultiCategoryPrediction",
    "PolygonPrediction",
    "Prediction",
    "PredictionList",
    "SceneCategoryPrediction",
    "SegmentationPrediction",
]
