"""How much two objects overlap: intersection over union (IoU), for boxes, polygons and masks.

Boxes are compared as arrays. Where a polygon takes part, the bounds decide first which pairs can
overlap at all, and shapely computes the exact areas of those that are left; of two masks their runs
are compared, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects, Ring, Runs

PAIRS_AT_ONCE = 1_000_000
"""Pairs that are held in memory together: about 100 MB of temporary arrays."""


def box_iou(first: Floats, second: Floats) -> Floats:
    """Return the IoU of boxes, pair by pair.

    Args:
        first: ``x y width height``, ``(n, 4)`` or broadcastable against ``second``.
        second: Likewise.

    Returns:
        ``(n,)`` values from 0 to 1. A pair with an empty, negative or NaN box overlaps by 0.

    Example:
        >>> box_iou(np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 5, 5, 5]]))
        array([0.25])
    """
    first, second = np.broadcast_arrays(
        np.asarray(first, np.float64).reshape(-1, 4), np.asarray(second, np.float64).reshape(-1, 4)
    )
    return _iou(
        _corners(np.ascontiguousarray(first)),
        _corners(np.ascontiguousarray(second)),
        slice(None),
        slice(None),
    )


def box_iou_matrix(first: Floats, second: Floats) -> Floats:
    """Return the IoU of every box with every other.

    Args:
        first: ``x y width height``, ``(n, 4)``.
        second: Likewise, ``(m, 4)``.

    Returns:
        ``(n, m)`` values from 0 to 1.
    """
    rows, columns = np.divmod(np.arange(len(first) * len(second)), max(len(second), 1))
    return box_iou(first[rows], second[columns]).reshape(len(first), len(second))


def overlapping(truths: Objects, predictions: Objects) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Find every pair of one group that overlaps.

    Args:
        truths: Ground truth, in any order.
        predictions: Predictions, in any order; pairs come out in this order.

    Yields:
        Index of the truth, index of the prediction, and their IoU (above 0), in blocks that fit
        in memory. Within a prediction, truths come in their own order.
    """
    shapes = _shapes(truths.polygons), _shapes(predictions.polygons)
    corners = _corners(truths.boxes), _corners(predictions.boxes)
    for truth, prediction in pairs_of_groups(truths.group, predictions.group):
        touching = _touching(*corners, truth, prediction)
        left, right = truth[touching], prediction[touching]
        iou = _iou(*corners, left, right)
        if any(shapes):
            iou = _with_polygons(iou, left, right, (truths.boxes, predictions.boxes), shapes)
        if truths.masks and predictions.masks:
            iou = _with_masks(iou, left, right, truths.masks, predictions.masks)
        kept = iou > 0
        if kept.all():
            yield left, right, iou
        else:
            yield left[kept], right[kept], iou[kept]


def pairs_of_groups(first: Ints, second: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Pair everything of a group with everything else of it.

    The cost follows the number of pairs, never the square of the number of groups.

    Args:
        first: Group of each object on one side.
        second: Group of each object on the other side.

    Yields:
        Indexes into ``first`` and ``second``, ordered by ``second``, in blocks of about
        :data:`PAIRS_AT_ONCE` pairs.
    """
    order = np.argsort(first, kind="stable")
    ordered = first[order]
    start = np.searchsorted(ordered, second, "left")
    count = np.searchsorted(ordered, second, "right") - start
    total = np.cumsum(count)
    at = 0
    while at < len(second):
        done = total[at - 1] if at else 0
        # At least one row, however many pairs it has.
        end = max(at + 1, int(np.searchsorted(total, done + PAIRS_AT_ONCE, "right")))
        sizes = count[at:end]
        if (size := int(sizes.sum())) > 0:
            begin = np.repeat(start[at:end] - (np.cumsum(sizes) - sizes), sizes)
            yield order[begin + np.arange(size)], np.repeat(np.arange(at, end), sizes)
        at = end


Corners = tuple[Floats, Floats, Floats, Floats, Floats]


def _corners(boxes: Floats) -> Corners:
    """Left, top, right, bottom and area, each contiguous: gathers from rows of 4 cost twice."""
    left, top, width, height = (np.ascontiguousarray(boxes[:, side]) for side in range(4))
    right, bottom = left + width, top + height
    # The area of the rounded corners, so that a box overlaps itself by exactly 1.
    return left, top, right, bottom, (right - left) * (bottom - top)


def _touching(first: Corners, second: Corners, left: Ints, right: Ints) -> Flags:
    across: Flags = np.minimum(first[2][left], second[2][right]) > np.maximum(
        first[0][left], second[0][right]
    )
    down: Flags = np.minimum(first[3][left], second[3][right]) > np.maximum(
        first[1][left], second[1][right]
    )
    return across & down


def _iou(first: Corners, second: Corners, left: Ints | slice, right: Ints | slice) -> Floats:
    width = np.minimum(first[2][left], second[2][right]) - np.maximum(
        first[0][left], second[0][right]
    )
    height = np.minimum(first[3][left], second[3][right]) - np.maximum(
        first[1][left], second[1][right]
    )
    inside = width * height
    inside[~((width > 0) & (height > 0))] = 0.0
    union = first[4][left] + second[4][right] - inside
    iou: Floats = np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)
    return np.minimum(iou, 1.0)


Shapes = dict[int, object]


def _shapes(polygons: Mapping[int, Ring]) -> Shapes:
    """Build shapely polygons; a ring that crosses itself is mended, one of two corners is empty."""
    if not polygons:
        return {}
    import shapely

    built = [
        shapely.Polygon(ring) if len(ring) > 2 else shapely.Polygon() for ring in polygons.values()
    ]
    shapes = np.array(built, dtype=object)
    shapes = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    return dict(zip(polygons, shapes, strict=True))


def _with_polygons(
    iou: Floats,
    left: Ints,
    right: Ints,
    boxes: tuple[Floats, Floats],
    shapes: tuple[Shapes, Shapes],
) -> Floats:
    """Replace the IoU of bounds where one of the two is a polygon."""
    exact = np.isin(left, list(shapes[0])) | np.isin(right, list(shapes[1]))
    if not exact.any():
        return iou
    import shapely

    sides = [
        np.array([_shape(known, of, index) for index in indexes[exact].tolist()], dtype=object)
        for known, of, indexes in zip(shapes, boxes, (left, right), strict=True)
    ]
    inside = shapely.area(shapely.intersection(*sides))
    union = shapely.area(sides[0]) + shapely.area(sides[1]) - inside
    replaced = iou.copy()
    replaced[exact] = np.clip(
        np.divide(inside, union, out=np.zeros_like(inside), where=union > 0), 0.0, 1.0
    )
    return replaced


def _with_masks(
    iou: Floats,
    left: Ints,
    right: Ints,
    truths: Mapping[int, Runs],
    predictions: Mapping[int, Runs],
) -> Floats:
    """Replace the IoU of bounds where both are masks."""
    from hotcoco import mask as codec

    both = np.isin(left, list(truths)) & np.isin(right, list(predictions))
    replaced = iou.copy()
    for at in np.flatnonzero(both).tolist():
        found = codec.iou([predictions[int(right[at])]], [truths[int(left[at])]], [False])
        replaced[at] = float(found[0][0])
    return replaced


def _shape(known: Shapes, boxes: Floats, index: int) -> object:
    """Return the polygon of an object, or its box as a polygon."""
    if index not in known:
        import shapely

        x, y, width, height = boxes[index].tolist()
        return shapely.box(x, y, x + width, y + height)
    return known[index]
