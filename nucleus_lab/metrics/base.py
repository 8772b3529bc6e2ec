"""What every metric is: filters, a result for one item, and a result over many."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from nucleus_lab.annotation import AnnotationList, PredictionList
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.errors import EverythingFilteredError
from nucleus_lab.metrics.filtering import (
    Filters,
    compose_helpful_filtering_error,
    ensureDNFFilters,
    filter_annotation_list,
    filter_prediction_list,
)


class MetricResult(ABC):  # noqa: B024 - a name to tell results by, as published
    """What a metric finds on one item."""


@dataclass
class ScalarResult(MetricResult):
    """A number, and how much it counts when numbers of several items are joined.

    Attributes:
        value: The number.
        weight: How much it counts, such as the number of annotations; 0 for an item on which
            there was nothing to compare.
    """

    value: float
    weight: float = 1.0

    @staticmethod
    def aggregate(results: Iterable[ScalarResult]) -> ScalarResult:
        """Join results: the mean of the values, weighted.

        Args:
            results: Any number; those of weight 0 do not count.

        Returns:
            The mean and the sum of the weights; 0 and 0 without any weight.

        Example:
            >>> ScalarResult.aggregate([ScalarResult(1.0, 3), ScalarResult(0.0, 1)])
            ScalarResult(value=0.75, weight=4)
        """
        counted = [result for result in results if result.weight != 0]
        weight = sum(result.weight for result in counted)
        total = sum(result.value * result.weight for result in counted)
        return ScalarResult(total / weight if weight else 0.0, weight)


class Metric(ABC):
    """A comparison of the predictions on one item with its ground truth.

    A metric of your own says how one item is compared and how items are joined::

        class CountError(Metric):
            def call_metric(self, annotations, predictions):
                return ScalarResult(abs(len(annotations) - len(predictions)))

            def aggregate_score(self, results):
                return ScalarResult.aggregate(results)

        CountError()(annotations, predictions)

    Args:
        annotation_filters: Which annotations to look at: a list of filters that must all hold, or
            a list of such lists of which one must hold. All when left out.
        prediction_filters: Which predictions to look at, likewise.

    Attributes:
        annotation_filters: As given.
        prediction_filters: As given.
    """

    def __init__(
        self, annotation_filters: Filters = None, prediction_filters: Filters = None
    ) -> None:
        ensureDNFFilters(annotation_filters)
        ensureDNFFilters(prediction_filters)
        self.annotation_filters = annotation_filters
        self.prediction_filters = prediction_filters

    @abstractmethod
    def call_metric(self, annotations: AnnotationList, predictions: PredictionList) -> Any:
        """Compare one item; filters have been applied.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The result.
        """

    @abstractmethod
    def aggregate_score(self, results: list[Any]) -> ScalarResult:
        """Join the results of items.

        Args:
            results: What :meth:`call_metric` returned for each.

        Returns:
            One number.
        """

    def filtered(
        self, annotations: AnnotationList, predictions: PredictionList
    ) -> tuple[AnnotationList, PredictionList]:
        """Apply the filters.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            What is left of both.
        """
        return (
            filter_annotation_list(annotations, self.annotation_filters),
            filter_prediction_list(predictions, self.prediction_filters),
        )

    def __call__(self, annotations: AnnotationList, predictions: PredictionList) -> Any:
        """Compare one item.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The result.

        Raises:
            EverythingFilteredError: The filters left none of the annotations, or none of the
                predictions, that were given. Lists that were empty from the start are compared.
        """
        kept_annotations, kept_predictions = self.filtered(annotations, predictions)
        lines: list[str] = []
        if len(annotations) and not len(kept_annotations):
            lines += compose_helpful_filtering_error(annotations, self.annotation_filters)
        if len(predictions) and not len(kept_predictions):
            lines += compose_helpful_filtering_error(predictions, self.prediction_filters)
        if lines:
            raise EverythingFilteredError("\n".join(lines))
        return self.call_metric(kept_annotations, kept_predictions)


class AveragedMetric(Metric):
    """A metric whose results are numbers, of which the mean by weight is the number of many items.

    Args:
        annotation_filters: As for every metric.
        prediction_filters: As for every metric.
    """

    def aggregate_score(self, results: list[Any]) -> ScalarResult:
        """Join the results of items.

        Args:
            results: One an item.

        Returns:
            Their mean by weight.
        """
        return ScalarResult.aggregate(results)


def share(value: Any, name: str) -> float:
    """Check a threshold.

    Args:
        value: As given by a caller.
        name: Name of the argument.

    Returns:
        The threshold.

    Raises:
        InvalidInputError: It is no number from 0 to 1.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not isfinite(value) or not 0 <= value <= 1:
        raise InvalidInputError(f"{name} is {value!r}: use a number from 0 to 1", path=name)
    return float(value)


def flag(value: Any, name: str) -> bool:
    """Check a switch.

    Args:
        value: As given by a caller.
        name: Name of the argument.

    Returns:
        The switch.

    Raises:
        InvalidInputError: It is neither true nor false.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(f"{name} is {value!r}: use True or False", path=name)
    return value


def by_label(
    annotations: Sequence[Any], predictions: Sequence[Any]
) -> dict[str, tuple[list[Any], list[Any]]]:
    """Group both sides by label.

    Args:
        annotations: Ground truth.
        predictions: Predictions.

    Returns:
        Annotations and predictions of every label that either side has, in order of appearance.
    """
    grouped: dict[str, tuple[list[Any], list[Any]]] = {}
    for side, things in enumerate((annotations, predictions)):
        for thing in things:
            grouped.setdefault(thing.label, ([], []))[side].append(thing)
    return grouped
