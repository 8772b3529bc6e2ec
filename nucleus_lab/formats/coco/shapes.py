"""Turns the polygons, masks and keypoints of one COCO annotation into annotation values.

An instance has a box named by its id; its outlines are named ``<id>/polygon``, ``<id>/polygon/2``
and so on, its keypoints ``<id>/keypoints``, so that writing can put the instance together again.
"""

from __future__ import annotations

from typing import Any

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.coco.masks import outlines
from nucleus_lab.formats.coco.records import Category, Entry, Rle


def shapes_of(
    entry: Entry, category: Category, reference_id: str, where: str, *, predicted: bool = False
) -> list[Any]:
    """Build the values.

    Args:
        entry: The COCO annotation, or a detection.
        category: Its category.
        reference_id: Item that the values belong to.
        where: File and entry, for messages.
        predicted: Build predictions with the score as confidence.

    Returns:
        Polygons, then keypoints.

    Raises:
        InvalidInputError: A polygon has fewer than three corners or an odd number of values, a
            mask does not fit its size, or keypoints do not fit the category.
    """
    extra: dict[str, Any] = {"confidence": entry.score} if predicted else {}
    values = _polygons(entry, category.name, reference_id, where, extra)
    if entry.keypoints:
        values.append(_keypoints(entry, category, reference_id, where, extra))
    return values


def _polygons(
    entry: Entry, label: str, reference_id: str, where: str, extra: dict[str, Any]
) -> list[Any]:
    if not entry.segmentation:
        return []
    from nucleus_lab.annotation import Point, PolygonAnnotation
    from nucleus_lab.prediction import PolygonPrediction

    metadata: dict[str, Any] = {}
    first: dict[str, Any] = {}
    if isinstance(entry.segmentation, Rle):
        rings, holes = outlines(entry.segmentation, where)
        metadata["mask"] = "rle"
        # An outline can neither leave holes out nor be turned into the same runs again.
        first["rle"] = _compressed(entry.segmentation)
        if holes:
            metadata["hole_area"] = holes
    else:
        rings = [_ring(flat, where) for flat in entry.segmentation]
    if entry.iscrowd:
        metadata["iscrowd"] = 1
    kind: Any = PolygonPrediction if extra else PolygonAnnotation
    return [
        kind(
            label=label,
            vertices=[Point(x, y) for x, y in ring],
            reference_id=reference_id,
            annotation_id=f"{entry.id}/polygon" + (f"/{part}" if part > 1 else ""),
            metadata=metadata | (first if part == 1 else {}),
            **extra,
        )
        for part, ring in enumerate(rings, 1)
    ]


def _compressed(mask: Rle) -> dict[str, Any]:
    if isinstance(mask.counts, str):
        return {"size": list(mask.size), "counts": mask.counts}
    from nucleus_lab.annotation import run_length

    return run_length.encode(run_length.decode({"size": mask.size, "counts": mask.counts}))


def _ring(flat: list[float], where: str) -> list[tuple[float, float]]:
    if len(flat) < 6 or len(flat) % 2:
        raise InvalidInputError(
            f"{where} has a polygon of {len(flat)} numbers: at least 6 are needed, "
            "x and y in turn; correct or remove it"
        )
    return list(zip(flat[0::2], flat[1::2], strict=True))


def _keypoints(
    entry: Entry, category: Category, reference_id: str, where: str, extra: dict[str, Any]
) -> Any:
    from nucleus_lab.annotation import Keypoint, KeypointsAnnotation
    from nucleus_lab.prediction import KeypointsPrediction

    flat = entry.keypoints or []
    names = category.keypoints
    if names is None or len(flat) != 3 * len(names):
        expected = "no keypoints" if names is None else f"{len(names)} keypoints"
        raise InvalidInputError(
            f"{where} has {len(flat)} keypoint numbers, and its category {category.name!r} names "
            f"{expected}: three numbers are needed for each"
        )
    # 0: not labelled, 1: labelled but hidden, 2: labelled and visible. Results files put a score
    # or 1 in the third place, and mean all of them.
    points = [
        Keypoint(x, y, visible=bool(extra) or mark >= 2)
        if extra or mark
        else Keypoint(visible=False)
        for x, y, mark in zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
    ]
    kind: Any = KeypointsPrediction if extra else KeypointsAnnotation
    return kind(
        label=category.name,
        keypoints=points,
        names=list(names),
        skeleton=[[a - 1, b - 1] for a, b in category.skeleton or ()],
        reference_id=reference_id,
        annotation_id=f"{entry.id}/keypoints",
        metadata={},
        **extra,
    )
