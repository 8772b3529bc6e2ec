"""Filters by number and by label that metrics apply themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from nucleus_lab.annotation import PredictionList
from nucleus_lab.metrics.polygon_utils import polygon_annotation_to_shape

Shape = TypeVar("Shape")


def confidence_filter(predictions: PredictionList, min_confidence: float) -> PredictionList:
    """Leave out predictions of low confidence.

    Args:
        predictions: Predictions of any types; they are not changed.
        min_confidence: 0 to 1.

    Returns:
        Another list. Predictions without a confidence stay.
    """
    return PredictionList(**{
        name: [
            entry
            for entry in group
            if getattr(entry, "confidence", None) is None or entry.confidence >= min_confidence
        ]
        for name, group in predictions.items()
    })


def polygon_area_filter(polygons: Sequence[Shape], min_area: float, max_area: float) -> list[Shape]:
    """Keep boxes and polygons whose area lies in a range.

    Args:
        polygons: Boxes and polygons.
        min_area: Square pixels, included.
        max_area: Square pixels, included.

    Returns:
        Those in the range.
    """
    return [
        entry
        for entry in polygons
        if min_area <= polygon_annotation_to_shape(entry).area <= max_area
    ]


def polygon_label_filter(polygons: Sequence[Any], label: str) -> list[Any]:
    """Keep boxes and polygons of one label.

    Args:
        polygons: Boxes and polygons.
        label: The label.

    Returns:
        Those of the label.
    """
    return [entry for entry in polygons if entry.label == label]
