"""What a reader of an evaluation or of a leaderboard may ask for.

Routes read their bodies with it, so it must stay free of arrays: every start would pay for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from nucleus_lab import wire
from nucleus_lab.engine.evaluation_config import fault_of_predicate
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation.limits import LEAST_IOU
from nucleus_lab.evaluation.predicates import Operator

Metric = Literal[
    "MAP_50", "MAP_50_95", "AP_SMALL", "AP_MEDIUM", "AP_LARGE", "PRECISION", "RECALL", "F1"
]
Scope = Literal["mine", "all"]
Collapse = Literal["bestPerModel", "allEvaluations", "allRuns"]

IOU_THRESHOLD: Final = 0.5
"""At which what is stored of an evaluation was counted."""

MOST_EXAMPLES: Final = 100
SORTS: Final = ("confidence", "iou", "dataset_item_id", "gt_area")


class Range(msgspec.Struct, forbid_unknown_fields=True):
    """Bounds, both inclusive; ``None`` for none."""

    min: float | None = None
    max: float | None = None


class Predicate(msgspec.Struct, forbid_unknown_fields=True):
    """A comparison of metadata."""

    key: str
    op: Operator
    value: Any = None


class Filters(msgspec.Struct, forbid_unknown_fields=True):
    """What a reader wants to see.

    Attributes:
        confidenceRange: Of predictions; one without a confidence counts as certain.
        iouRange: Of rows, as :class:`~nucleus_lab.evaluation.rows.Rows` has it.
        gtAreaRange: Area of the annotation in square pixels; rows without one are left out.
        predLabels: Classes, or labels as annotated, of the prediction.
        gtLabels: Classes, or labels as annotated, of the annotation.
        sliceIds: Items, scenes or objects of any of these slices.
        itemMetadata: Comparisons of the metadata of the item.
        predictionMetadata: Comparisons of the metadata of the prediction.
        labelEquality: Rows with both objects whose classes are equal (EQ) or not (NEQ).
        hasGroundTruth: Rows with an annotation, or without one.
        tideBackground: False positives that lie on background, or everything else.
    """

    confidenceRange: Range | None = None
    iouRange: Range | None = None
    gtAreaRange: Range | None = None
    predLabels: list[str] | None = None
    gtLabels: list[str] | None = None
    sliceIds: list[str] | None = None
    itemMetadata: list[Predicate] | None = None
    predictionMetadata: list[Predicate] | None = None
    labelEquality: Literal["EQ", "NEQ"] | None = None
    hasGroundTruth: bool | None = None
    tideBackground: bool | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__struct_fields__)


def check(filters: Filters) -> None:
    """Refuse filters that mean nothing.

    Args:
        filters: What the caller asks for.

    Raises:
        InvalidInputError: A range is empty, or a comparison is not possible.
    """
    for name in ("confidenceRange", "iouRange", "gtAreaRange"):
        bounds = getattr(filters, name)
        if bounds is None or bounds.min is None or bounds.max is None:
            continue
        if bounds.min > bounds.max:
            raise InvalidInputError(
                f"filters.{name} has min {bounds.min:g} above max {bounds.max:g}: swap them",
                path=f"filters.{name}",
            )
    for name in ("itemMetadata", "predictionMetadata"):
        for index, predicate in enumerate(getattr(filters, name) or ()):
            fault = fault_of_predicate(predicate.key, predicate.op, predicate.value)
            if fault:
                place = f"filters.{name}[{index}]"
                raise InvalidInputError(f"{place}: {fault}", path=place)


@dataclass(frozen=True, slots=True)
class View:
    """What a reader wants to see.

    Attributes:
        iou_threshold: IoU from which a pair counts.
        filters: Which rows.
        query: A query that the items have to pass.
    """

    iou_threshold: float = IOU_THRESHOLD
    filters: Filters = field(default_factory=Filters)
    query: str | None = None

    def __post_init__(self) -> None:
        if not LEAST_IOU <= self.iou_threshold <= 1:
            raise InvalidInputError(
                f"iouThreshold is {self.iou_threshold:g}: use {LEAST_IOU:g} to 1; what overlaps "
                "less is background",
                path="iouThreshold",
            )
        check(self.filters)


@dataclass(frozen=True, slots=True)
class Page:
    """Which examples.

    Attributes:
        match_type: ``TP``, ``FP`` or ``FN``; ``None`` for all.
        limit: Rows at most.
        offset: Rows to skip.
        sort_by: One of :data:`SORTS`; ``None`` for the order of the items.
        descending: The highest first.
    """

    match_type: str | None = None
    limit: int = 50
    offset: int = 0
    sort_by: str | None = None
    descending: bool = False


def decode_filters(text: str) -> Filters:
    """Read filters from the text of a query string.

    Args:
        text: JSON.

    Returns:
        The filters.

    Raises:
        InvalidInputError: It is no JSON, or no filters.
    """
    try:
        return wire.convert(wire.decode(text), Filters)
    except msgspec.ValidationError as fault:
        raise InvalidInputError(f"filters do not fit: {fault}", path="filters") from fault
