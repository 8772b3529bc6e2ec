"""AnnotationList and PredictionList: the objects of an item by their type, as metrics take them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Final

from nucleus_lab.annotation.base import Annotation
from nucleus_lab.annotation.box import BoxAnnotation, BoxPrediction
from nucleus_lab.annotation.category import CategoryAnnotation, CategoryPrediction
from nucleus_lab.annotation.cuboid import CuboidAnnotation, CuboidPrediction
from nucleus_lab.annotation.keypoints import KeypointsAnnotation, KeypointsPrediction
from nucleus_lab.annotation.line import LineAnnotation, LinePrediction
from nucleus_lab.annotation.multicategory import MultiCategoryAnnotation, MultiCategoryPrediction
from nucleus_lab.annotation.polygon import PolygonAnnotation, PolygonPrediction
from nucleus_lab.annotation.scene_category import SceneCategoryAnnotation, SceneCategoryPrediction
from nucleus_lab.annotation.segmentation import SegmentationAnnotation, SegmentationPrediction
from nucleus_lab.errors import InvalidInputError


class _Lists:
    """What both lists do alike: sort objects in, count, and go over the groups."""

    def items(self) -> ItemsView[str, list[Any]]:
        """Go over the groups.

        Returns:
            Name of the field and its objects, for every type.
        """
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}.items()  # type: ignore[arg-type]

    def __len__(self) -> int:
        return sum(map(len, vars(self).values()))

    def _sort_in(self, given: Iterable[Any], places: dict[type[Any], str]) -> None:
        chosen = []
        for index, value in enumerate(given):
            place = next((places[kind] for kind in type(value).__mro__ if kind in places), None)
            if place is None:
                known = ", ".join(kind.__name__ for kind in places)
                raise InvalidInputError(
                    f"object {index} is of type {type(value).__name__}: use one of {known}"
                )
            chosen.append((place, value))
        for place, value in chosen:
            getattr(self, place).append(value)


@dataclass
class AnnotationList(_Lists):
    """Ground truth by type; the metrics of :mod:`nucleus_lab.metrics` take one.

    Attributes:
        box_annotations: Boxes.
        line_annotations: Lines.
        polygon_annotations: Polygons.
        keypoints_annotations: Keypoints.
        cuboid_annotations: Cuboids.
        category_annotations: Categories of an item.
        multi_category_annotations: Multicategories of an item.
        scene_category_annotations: Categories of a scene.
        segmentation_annotations: Masks.

    Example:
        >>> made = AnnotationList()
        >>> made.add_annotations([BoxAnnotation("car", 1, 2, 3, 4, "image_1")])
        >>> len(made), made.box_annotations[0].label
        (1, 'car')
    """

    box_annotations: list[BoxAnnotation] = field(default_factory=list)
    line_annotations: list[LineAnnotation] = field(default_factory=list)
    polygon_annotations: list[PolygonAnnotation] = field(default_factory=list)
    keypoints_annotations: list[KeypointsAnnotation] = field(default_factory=list)
    cuboid_annotations: list[CuboidAnnotation] = field(default_factory=list)
    category_annotations: list[CategoryAnnotation] = field(default_factory=list)
    multi_category_annotations: list[MultiCategoryAnnotation] = field(default_factory=list)
    scene_category_annotations: list[SceneCategoryAnnotation] = field(default_factory=list)
    segmentation_annotations: list[SegmentationAnnotation] = field(default_factory=list)

    def add_annotations(self, annotations: Iterable[Annotation]) -> None:
        """Sort annotations into the groups of their types.

        Args:
            annotations: Of any types.

        Raises:
            InvalidInputError: One of them is no annotation; none was added.
        """
        self._sort_in(annotations, _ANNOTATIONS)


@dataclass
class PredictionList(_Lists):
    """Predictions by type; the metrics of :mod:`nucleus_lab.metrics` take one.

    Attributes:
        box_predictions: Boxes.
        line_predictions: Lines.
        polygon_predictions: Polygons.
        keypoints_predictions: Keypoints.
        cuboid_predictions: Cuboids.
        category_predictions: Categories of an item.
        scene_category_predictions: Categories of a scene.
        segmentation_predictions: Masks.
        multi_category_predictions: Multicategories of an item.
    """

    box_predictions: list[BoxPrediction] = field(default_factory=list)
    line_predictions: list[LinePrediction] = field(default_factory=list)
    polygon_predictions: list[PolygonPrediction] = field(default_factory=list)
    keypoints_predictions: list[KeypointsPrediction] = field(default_factory=list)
    cuboid_predictions: list[CuboidPrediction] = field(default_factory=list)
    category_predictions: list[CategoryPrediction] = field(default_factory=list)
    scene_category_predictions: list[SceneCategoryPrediction] = field(default_factory=list)
    segmentation_predictions: list[SegmentationPrediction] = field(default_factory=list)
    multi_category_predictions: list[MultiCategoryPrediction] = field(default_factory=list)

    def add_predictions(self, predictions: Iterable[Annotation]) -> None:
        """Sort predictions into the groups of their types.

        Args:
            predictions: Of any types.

        Raises:
            InvalidInputError: One of them is no prediction; none was added.
        """
        self._sort_in(predictions, _PREDICTIONS)


_ANNOTATIONS: Final[dict[type[Any], str]] = {
    BoxAnnotation: "box_annotations",
    LineAnnotation: "line_annotations",
    PolygonAnnotation: "polygon_annotations",
    KeypointsAnnotation: "keypoints_annotations",
    CuboidAnnotation: "cuboid_annotations",
    CategoryAnnotation: "category_annotations",
    MultiCategoryAnnotation: "multi_category_annotations",
    SceneCategoryAnnotation: "scene_category_annotations",
    SegmentationAnnotation: "segmentation_annotations",
}
_PREDICTIONS: Final[dict[type[Any], str]] = {
    BoxPrediction: "box_predictions",
    LinePrediction: "line_predictions",
    PolygonPrediction: "polygon_predictions",
    KeypointsPrediction: "keypoints_predictions",
    CuboidPrediction: "cuboid_predictions",
    CategoryPrediction: "category_predictions",
    SceneCategoryPrediction: "scene_category_predictions",
    SegmentationPrediction: "segmentation_predictions",
    MultiCategoryPrediction: "multi_category_predictions",
}
