"""Metrics of categories: how well the predicted class of a whole item fits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nucleus_lab.annotation import (
    AnnotationList,
    CategoryAnnotation,
    CategoryPrediction,
    PredictionList,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.base import Metric, MetricResult, ScalarResult, share
from nucleus_lab.metrics.filtering import Filters
from nucleus_lab.metrics.filters import confidence_filter
from nucleus_lab.metrics.optional_libraries import required

F1_METHODS: Final = frozenset({"micro", "macro", "samples", "weighted", "binary"})


def to_taxonomy_labels(anns_or_preds: Iterable[CategoryAnnotation]) -> set[str]:
    """Write categories so that labels of different taxonomies differ.

    Args:
        anns_or_preds: Categories.

    Returns:
        ``taxonomy->label``, or the label alone for the default taxonomy.
    """
    return {
        f"{entry.taxonomy_name}->{entry.label}" if entry.taxonomy_name else entry.label
        for entry in anns_or_preds
    }


@dataclass
class CategorizationResult(MetricResult):
    """The categories of one item in the taxonomies that both sides have.

    Attributes:
        annotations: Ground truth.
        predictions: Predictions.
    """

    annotations: list[CategoryAnnotation]
    predictions: list[CategoryPrediction]

    @property
    def weight(self) -> int:
        """Number of taxonomies that were compared."""
        return len(_by_taxonomy(self))

    @property
    def value(self) -> float:
        """Macro F1 of this item alone; 0 when nothing was compared."""
        return f1([self], "macro")


def _by_taxonomy(result: CategorizationResult) -> list[tuple[set[str], set[str]]]:
    found: dict[str | None, tuple[set[str], set[str]]] = {}
    sides: tuple[Sequence[CategoryAnnotation], ...] = (result.annotations, result.predictions)
    for side, entries in enumerate(sides):
        for entry in entries:
            labels = found.setdefault(entry.taxonomy_name or None, (set(), set()))
            labels[side].update(to_taxonomy_labels([entry]))
    return list(found.values())


def f1(results: Iterable[CategorizationResult], method: str) -> float:
    """Compute F1 over items: 2 · precision · recall / (precision + recall), by scikit-learn.

    Every taxonomy of every item is one sample. Where each has one label on both sides they are
    compared as classes, otherwise as sets of labels.

    Args:
        results: One an item.
        method: How classes are joined, one of :data:`F1_METHODS`. ``binary`` takes the label that
            comes last in the alphabet as the positive one.

    Returns:
        0 to 1; 0 when there is no sample.

    Raises:
        InvalidInputError: ``binary`` is asked for and there are more than two labels.
    """
    samples = [sample for result in results for sample in _by_taxonomy(result)]
    if not samples:
        return 0.0
    metrics = required("sklearn.metrics", "the F1 score")
    labels = sorted(set().union(*(side for sample in samples for side in sample)))
    single = all(len(side) == 1 for sample in samples for side in sample)
    if single and method != "samples":
        truth, found = ([next(iter(sample[side])) for sample in samples] for side in (0, 1))
    else:
        encode = required("sklearn.preprocessing", "the F1 score").MultiLabelBinarizer
        encoder = encode(classes=labels).fit([])
        truth, found = (encoder.transform([sample[side] for sample in samples]) for side in (0, 1))
    options: dict[str, Any] = {"average": method, "zero_division": 0.0}
    if method == "binary":
        if len(labels) > 2 or not single:
            raise InvalidInputError(
                f"f1_method is 'binary' and there are the labels {labels}: use it with two labels "
                "of which each item has one, else 'macro', 'micro' or 'weighted'"
            )
        options["pos_label"] = labels[-1]
    return float(metrics.f1_score(truth, found, **options))


class CategorizationMetric(Metric):
    """Base of the metrics of categories; other types are not looked at.

    Only the taxonomies that an item has on both sides are compared.

    Args:
        confidence_threshold: Predictions below it are left out, 0 to 1.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        super().__init__(annotation_filters, prediction_filters)
        self.confidence_threshold = share(confidence_threshold, "confidence_threshold")

    @abstractmethod
    def eval(
        self, annotations: list[CategoryAnnotation], predictions: list[CategoryPrediction]
    ) -> CategorizationResult:
        """Compare categories.

        Args:
            annotations: Ground truth in the taxonomies that both sides have.
            predictions: Predictions in the taxonomies that both sides have.

        Returns:
            The result.
        """

    def call_metric(
        self, annotations: AnnotationList, predictions: PredictionList
    ) -> CategorizationResult:
        """Compare one item.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            The result.
        """
        found = confidence_filter(predictions, self.confidence_threshold).category_predictions
        truths = annotations.category_annotations
        both = _taxonomies(truths) & _taxonomies(found)
        return self.eval(
            [entry for entry in truths if (entry.taxonomy_name or None) in both],
            [entry for entry in found if (entry.taxonomy_name or None) in both],
        )


def _taxonomies(entries: Sequence[CategoryAnnotation]) -> set[str | None]:
    return {entry.taxonomy_name or None for entry in entries}


class CategorizationF1(CategorizationMetric):
    """F1 of the predicted classes over all items.

    Args:
        confidence_threshold: Predictions below it are left out, 0 to 1.
        f1_method: How classes are joined: ``micro``, ``macro``, ``samples``, ``weighted`` or
            ``binary``, as ``average`` of ``sklearn.metrics.f1_score``.
        annotation_filters: Which annotations to look at.
        prediction_filters: Which predictions to look at.
    """

    def __init__(
        self,
        confidence_threshold: float = 0.0,
        f1_method: str = "macro",
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
    ) -> None:
        super().__init__(confidence_threshold, annotation_filters, prediction_filters)
        if f1_method not in F1_METHODS:
            raise InvalidInputError(
                f"f1_method is {f1_method!r}: use one of {', '.join(sorted(F1_METHODS))}",
                path="f1_method",
            )
        self.f1_method = f1_method

    def eval(
        self, annotations: list[CategoryAnnotation], predictions: list[CategoryPrediction]
    ) -> CategorizationResult:
        """Compare categories.

        Args:
            annotations: Ground truth.
            predictions: Predictions.

        Returns:
            Both sides; the score follows from all items together.
        """
        return CategorizationResult(annotations, predictions)

    def aggregate_score(self, results: list[CategorizationResult]) -> ScalarResult:
        """Compute F1 over items.

        Args:
            results: One an item.

        Returns:
            The score, weighted by the number of taxonomies that were compared.
        """
        weight = sum(result.weight for result in results)
        return ScalarResult(f1(results, self.f1_method), weight)
