"""Filters: which annotations and predictions a metric looks at.

A filter compares one field, or one key of the metadata, with a value. Filters come as a list that
must all hold, or as a list of such lists of which one must hold (disjunctive normal form)::

    [FieldFilter("label", "in", ["cat", "dog"]), MetadataFilter("indoors", "==", True)]
    [[FieldFilter("label", "==", "cat")], [FieldFilter("label", "==", "dog")]]

Over the wire a filter is the list of its values. Segments of a mask have filters of their own.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, TypeVar

from nucleus_lab.annotation import AnnotationList, PredictionList, SegmentationAnnotation
from nucleus_lab.errors import InvalidInputError

Lists = TypeVar("Lists", AnnotationList, PredictionList)


class FilterOp(str, Enum):  # noqa: UP042 - scripts compare members with text
    """How a filter compares."""

    GT = ">"
    GTE = ">="
    LT = "<"
    LTE = "<="
    EQ = "="
    EQEQ = "=="
    NEQ = "!="
    IN = "in"
    NOT_IN = "not in"


class FilterType(str, Enum):  # noqa: UP042 - as above
    """What a filter looks at."""

    FIELD = "field"
    METADATA = "metadata"
    SEGMENT_FIELD = "segment_field"
    SEGMENT_METADATA = "segment_metadata"


class AnnotationOrPredictionFilter(NamedTuple):
    """A filter of any type, as it comes over the wire.

    Attributes:
        key: Field, or key of the metadata.
        op: How to compare.
        value: What with; a collection for ``in`` and ``not in``.
        allow_missing: Objects without the field do not hold; otherwise they are an error.
        type: What it looks at.
    """

    key: str
    op: FilterOp | str
    value: Any
    allow_missing: bool
    type: FilterType


class FieldFilter(NamedTuple):
    """Compares a field of the object, such as ``label``.

    Attributes:
        key: Field.
        op: How to compare.
        value: What with; a collection for ``in`` and ``not in``.
        allow_missing: Objects without the field do not hold; otherwise they are an error.
        type: Leave it as it is.
    """

    key: str
    op: FilterOp | str
    value: Any
    allow_missing: bool = False
    type: FilterType = FilterType.FIELD


class MetadataFilter(NamedTuple):
    """Compares a key of the metadata of the object.

    Attributes:
        key: Key of the metadata.
        op: How to compare.
        value: What with; a collection for ``in`` and ``not in``.
        allow_missing: Objects without the key do not hold; otherwise they are an error.
        type: Leave it as it is.
    """

    key: str
    op: FilterOp | str
    value: Any
    allow_missing: bool = False
    type: FilterType = FilterType.METADATA


class SegmentFieldFilter(NamedTuple):
    """Compares a field of each segment of a mask.

    Attributes:
        key: ``label`` or ``index``.
        op: How to compare.
        value: What with; a collection for ``in`` and ``not in``.
        allow_missing: Segments without the field do not hold; otherwise they are an error.
        type: Leave it as it is.
    """

    key: str
    op: FilterOp | str
    value: Any
    allow_missing: bool = False
    type: FilterType = FilterType.SEGMENT_FIELD


class SegmentMetadataFilter(NamedTuple):
    """Compares a key of the metadata of each segment of a mask.

    Attributes:
        key: Key of the metadata.
        op: How to compare.
        value: What with; a collection for ``in`` and ``not in``.
        allow_missing: Segments without the key do not hold; otherwise they are an error.
        type: Leave it as it is.
    """

    key: str
    op: FilterOp | str
    value: Any
    allow_missing: bool = False
    type: FilterType = FilterType.SEGMENT_METADATA


Filter = (
    FieldFilter
    | MetadataFilter
    | SegmentFieldFilter
    | SegmentMetadataFilter
    | AnnotationOrPredictionFilter
)
OrAndDNFFilters = list[list[Filter]]
ListOfOrAndFilters = Sequence[Sequence[Filter]] | Sequence[Sequence[Sequence[Any]]]
ListOfAndFilters = Sequence[Filter] | Sequence[Sequence[Any]]
Filters = ListOfOrAndFilters | ListOfAndFilters | None

_KINDS: Final[dict[FilterType, Any]] = {
    FilterType.FIELD: FieldFilter,
    FilterType.METADATA: MetadataFilter,
    FilterType.SEGMENT_FIELD: SegmentFieldFilter,
    FilterType.SEGMENT_METADATA: SegmentMetadataFilter,
}
_COMPARE: Final[dict[FilterOp, Callable[[Any, Any], Any]]] = {
    FilterOp.GT: operator.gt,
    FilterOp.GTE: operator.ge,
    FilterOp.LT: operator.lt,
    FilterOp.LTE: operator.le,
    FilterOp.EQ: operator.eq,
    FilterOp.EQEQ: operator.eq,
    FilterOp.NEQ: operator.ne,
    FilterOp.IN: lambda found, wanted: found in wanted,
    FilterOp.NOT_IN: lambda found, wanted: found not in wanted,
}
_SEGMENT_TYPES: Final = frozenset({FilterType.SEGMENT_FIELD, FilterType.SEGMENT_METADATA})
_METADATA_TYPES: Final = frozenset({FilterType.METADATA, FilterType.SEGMENT_METADATA})
_MISSING: Final = object()


def ensureDNFFilters(filters: Filters) -> OrAndDNFFilters:  # noqa: N802 - the published name
    """Read filters in any of the accepted forms.

    Args:
        filters: A list of filters, a list of lists of filters, or either with each filter written
            as the list of its values.

    Returns:
        Lists of which one must hold, each of filters that must all hold; empty without filters.

    Raises:
        InvalidInputError: Something in it is no filter.
    """
    if filters is None or len(filters) == 0:
        return []
    if not isinstance(filters, (list, tuple)):
        raise InvalidInputError(f"filters are {filters!r}: use a list of filters")
    first = filters[0]
    single = isinstance(first, (list, tuple)) and bool(first) and isinstance(first[0], str)
    branches: Any = [filters] if single else filters
    return [[_read(entry) for entry in _listed(branch)] for branch in branches]


def _listed(branch: Any) -> Any:
    if isinstance(branch, (list, tuple)) and branch and not isinstance(branch[0], str):
        return branch
    raise InvalidInputError(
        f"{branch!r} is no list of filters: use [filter, ...] or [[filter, ...], ...], "
        "all of one form"
    )


def _read(entry: Any) -> Filter:
    if not isinstance(entry, (list, tuple)) or not 3 <= len(entry) <= 5:
        raise InvalidInputError(
            f"{entry!r} is no filter: use FieldFilter(key, op, value) or one of its kin, or the "
            "list [key, op, value, allow_missing, type]"
        )
    parts: list[Any] = [*entry, *(False, FilterType.FIELD)[len(entry) - 3 :]]
    key, given_op, value, allow_missing, given_kind = parts
    if not isinstance(key, str):
        raise InvalidInputError(f"a filter has the key {key!r}: use text")
    try:
        op, kind = FilterOp(given_op), FilterType(given_kind)
    except (ValueError, TypeError):
        ops = ", ".join(repr(entry.value) for entry in FilterOp)
        kinds = ", ".join(repr(entry.value) for entry in FilterType)
        raise InvalidInputError(
            f"the filter on {key!r} has the op {given_op!r} and the type {given_kind!r}: "
            f"use one of the ops {ops} and one of the types {kinds}"
        ) from None
    if op in {FilterOp.IN, FilterOp.NOT_IN}:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise InvalidInputError(
                f"the filter on {key!r} compares {op.value!r} with {value!r}: use a list of values"
            )
        value = list(value)
    made: Filter = _KINDS[kind](key, op, value, bool(allow_missing))
    return made


def _holds(condition: Filter, thing: Any) -> bool:
    if condition.type in _METADATA_TYPES:
        found = (getattr(thing, "metadata", None) or {}).get(condition.key, _MISSING)
    else:
        found = getattr(thing, condition.key, _MISSING)
    if found is _MISSING:
        if condition.allow_missing:
            return False
        place = "metadata" if condition.type in _METADATA_TYPES else "fields"
        raise InvalidInputError(
            f"a {type(thing).__name__} has no {condition.key!r} among its {place}: correct the "
            "filter, or pass allow_missing=True to leave such objects out"
        )
    try:
        return bool(_COMPARE[FilterOp(condition.op)](found, condition.value))
    except TypeError as fault:
        raise InvalidInputError(
            f"{condition.key!r} is {found!r} and cannot be compared with {condition.value!r} by "
            f"{FilterOp(condition.op).value!r}: {fault}"
        ) from fault


def apply_filters(ann_or_pred: Sequence[Any], filters: Filters) -> list[Any]:
    """Return the objects for which the filters hold.

    A mask keeps the segments for which they hold; nothing that was given is changed. Objects that
    are no mask never hold where a segment is asked for.

    Args:
        ann_or_pred: Annotations or predictions.
        filters: In any of the forms of :func:`ensureDNFFilters`; ``None`` or empty for all.

    Returns:
        The objects, in their order.

    Example:
        >>> from nucleus_lab import BoxAnnotation
        >>> boxes = [BoxAnnotation(label, 0, 0, 1, 1, "a") for label in ("cat", "dog")]
        >>> [box.label for box in apply_filters(boxes, [FieldFilter("label", "!=", "cat")])]
        ['dog']
    """
    branches = ensureDNFFilters(filters)
    if not branches:
        return list(ann_or_pred)
    split = [
        (
            [entry for entry in branch if entry.type not in _SEGMENT_TYPES],
            [entry for entry in branch if entry.type in _SEGMENT_TYPES],
        )
        for branch in branches
    ]
    kept = []
    for thing in ann_or_pred:
        of_segments = [
            inner for plain, inner in split if all(_holds(entry, thing) for entry in plain)
        ]
        if [] in of_segments:
            kept.append(thing)
        elif of_segments and isinstance(thing, SegmentationAnnotation):
            part = copy.copy(thing)
            part.annotations = [
                segment
                for segment in thing.annotations
                if any(all(_holds(entry, segment) for entry in inner) for inner in of_segments)
            ]
            kept.append(part)
    return kept


def _filter_lists(given: Lists, filters: Filters) -> Lists:
    return type(given)(**{name: apply_filters(group, filters) for name, group in given.items()})


def filter_annotation_list(
    annotations: AnnotationList, annotation_filters: Filters
) -> AnnotationList:
    """Return the annotations for which the filters hold.

    Args:
        annotations: Annotations of any types; they are not changed.
        annotation_filters: The filters.

    Returns:
        Another list.
    """
    return _filter_lists(annotations, annotation_filters)


def filter_prediction_list(
    predictions: PredictionList, prediction_filters: Filters
) -> PredictionList:
    """Return the predictions for which the filters hold.

    Args:
        predictions: Predictions of any types; they are not changed.
        prediction_filters: The filters.

    Returns:
        Another list.
    """
    return _filter_lists(predictions, prediction_filters)


def pretty_format_filters_with_or_and(filters: Filters) -> str:
    """Write filters as one line.

    Args:
        filters: In any of the accepted forms.

    Returns:
        Such as ``FieldFilter("label", "==", "cat") or MetadataFilter("indoors", "==", True)``.
    """
    branches = ensureDNFFilters(filters)
    if not branches:
        return "no filters"
    written = []
    for branch in branches:
        conditions = [
            f'{type(entry).__name__}("{entry.key}", "{FilterOp(entry.op).value}", {entry.value!r})'
            for entry in branch
        ]
        text = " and ".join(conditions)
        written.append(f"({text})" if len(branches) > 1 and len(conditions) > 1 else text)
    return " or ".join(written)


def compose_helpful_filtering_error(
    ann_or_pred_list: AnnotationList | PredictionList, filters: Filters
) -> list[str]:
    """Say what the filters took away.

    Args:
        ann_or_pred_list: What there was before.
        filters: The filters.

    Returns:
        Lines of text: the filters, then number and labels of each type.
    """
    side = "annotations" if isinstance(ann_or_pred_list, AnnotationList) else "predictions"
    lines = [f"no {side} are left by {pretty_format_filters_with_or_and(filters)}; there were:"]
    for name, group in ann_or_pred_list.items():
        if group:
            lines.append(f"  {name}: {len(group)}, labels {sorted(_labels(group))}")
    return lines


def _labels(group: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for thing in group:
        if isinstance(thing, SegmentationAnnotation):
            found.update(segment.label for segment in thing.annotations)
        else:
            labels = getattr(thing, "labels", None)
            found.update([thing.label] if labels is None else labels)
    return found
