"""Writes COCO datasets, and results when the boxes have a confidence."""

from __future__ import annotations

from itertools import repeat
from operator import mul
from pathlib import Path
from typing import Any

import msgspec

from nucleus_lab import wire
from nucleus_lab.annotation import SegmentationAnnotation
from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError, NucleusError
from nucleus_lab.formats.files import replace_file


class _Image(msgspec.Struct, omit_defaults=True, gc=False):
    id: Any
    file_name: str
    width: int | None = None
    height: int | None = None
    license: Any = None
    coco_url: str | None = None
    flickr_url: str | None = None
    date_captured: Any = None
    split: str | None = None
    metadata: dict[str, Any] | None = None


class _Annotation(msgspec.Struct, omit_defaults=True, gc=False):
    id: Any
    image_id: Any
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float
    iscrowd: int
    score: float | None = None
    segmentation: list[list[float]] | dict[str, Any] = []
    keypoints: list[float] | None = None
    num_keypoints: int | None = None
    attributes: dict[str, Any] | None = None


_OF_IMAGE = ("license", "coco_url", "flickr_url", "date_captured", "split")


def write_dataset(collection: Collection, path: Path) -> list[Path]:
    """Write a COCO dataset file; boxes with a confidence get a ``score``.

    Args:
        collection: What to write. Boxes, polygons and keypoints whose ids belong together (``7``,
            ``7/polygon``, ``7/keypoints``) become one annotation; an outline that was read from
            runs becomes those runs again, unless it was changed. Each segment of a mask becomes
            an annotation in runs. Other types, and masks whose pictures cannot be read here, are
            left out and named in ``collection.problems``.
        path: A ``.json`` file, or a folder that gets ``annotations.json``.

    Returns:
        The file written.
    """
    target = path if path.suffix.lower() == ".json" else path / "annotations.json"
    with collector_paused():
        images, image_ids = image_rows(collection.items)
        names, parts = _labels(collection)
        annotations = _annotations(collection, image_ids, names)
        data = {
            "info": {"description": "written by Nucleus Lab"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": [
                {"id": number, "name": name, **parts.get(name, {})}
                for name, number in names.items()
            ],
        }
        text = msgspec.json.encode(data)
    replace_file(target, text)
    return [target]


def image_rows(items: ItemColumns) -> tuple[list[_Image], list[Any]]:
    """Describe the pictures of a dataset.

    Args:
        items: Its items.

    Returns:
        The entries of ``images``, and the id of each: the one it was read with, where all differ.
    """
    metadata = items.metadata or [None] * len(items)
    ids: list[Any] = [(known or {}).get("coco_image_id") for known in metadata]
    if None in ids or len(set(map(str, ids))) < len(ids):
        ids = list(range(1, len(items) + 1))
    rows = []
    for number, name, width, height, known in zip(
        ids, items.reference_id, items.width, items.height, metadata, strict=True
    ):
        image = _Image(number, name, width, height)
        if known and known.keys() != {"coco_image_id"}:
            for key in _OF_IMAGE:
                if key in known:
                    setattr(image, key, known[key])
            rest = {k: v for k, v in known.items() if k not in _OF_IMAGE and k != "coco_image_id"}
            image.metadata = rest or None
        rows.append(image)
    return rows, ids


def _labels(collection: Collection) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
    """Number the labels from 1 in order of name, and gather the keypoints of each."""
    labels = set(collection.boxes.label)
    parts: dict[str, dict[str, Any]] = {}
    for value in collection.others:
        if hasattr(value, "vertices") or hasattr(value, "keypoints"):
            labels.add(value.label)
        if isinstance(value, SegmentationAnnotation):
            labels.update(segment.label for segment in value.annotations)
        if hasattr(value, "keypoints") and value.label not in parts:
            skeleton = [[a + 1, b + 1] for a, b in value.skeleton or ()]
            parts[value.label] = {"keypoints": list(value.names), "skeleton": skeleton}
    return {name: number for number, name in enumerate(sorted(labels), 1)}, parts


def _annotations(
    collection: Collection, image_ids: list[Any], names: dict[str, int]
) -> list[_Annotation]:
    boxes = collection.boxes
    scores: list[float] | list[None] = boxes.confidence or [None] * len(boxes)
    ids = _own_ids(boxes.annotation_id) or range(1, len(boxes) + 1)
    rows = list(
        map(
            _Annotation,
            ids,
            map(image_ids.__getitem__, boxes.item),
            map(names.__getitem__, boxes.label),
            zip(boxes.x, boxes.y, boxes.width, boxes.height, strict=True),
            map(mul, boxes.width, boxes.height),
            repeat(0),
            scores,
        )
    )
    for row, known in zip(rows, boxes.metadata, strict=False):  # empty when no box has any
        if known:
            row.iscrowd = int(bool(known.get("iscrowd")))
            row.area = known.get("area", row.area)
            rest = {k: v for k, v in known.items() if k not in {"iscrowd", "area"}}
            row.attributes = rest or None
    if collection.others:
        _add_shapes(collection, image_ids, names, rows)
    return rows


def _own_ids(texts: list[str]) -> list[int] | None:
    """The ids as numbers, if all are numbers and no two are the same."""
    joined = ",".join(texts).encode()
    try:
        numbers: list[int] = wire.decoder_of(list[int]).decode(b"[%b]" % joined)
    except msgspec.DecodeError:
        return None
    # As many numbers as texts, and written the same: then each text is one of them.
    same = len(numbers) == len(texts) and msgspec.json.encode(numbers) == b"[%b]" % joined
    return numbers if same and len(set(numbers)) == len(numbers) else None


def _add_shapes(
    collection: Collection, image_ids: list[Any], names: dict[str, int], rows: list[_Annotation]
) -> None:
    boxes = collection.boxes
    by_key = {
        (item, own): row
        for item, own, row in zip(boxes.item, boxes.annotation_id, rows, strict=True)
    }
    items = {name: at for at, name in enumerate(collection.items.reference_id)}
    runs: dict[int, dict[str, Any]] = {}
    last = max((row.id for row in rows if isinstance(row.id, int)), default=0)
    for value in collection.others:
        if isinstance(value, SegmentationAnnotation):
            at = items[value.reference_id]
            found = _segments(value, image_ids[at], names, last, collection.problems)
            rows += found
            last += len(found)
            continue
        ring = [number for point in getattr(value, "vertices", ()) for number in (point.x, point.y)]
        points = getattr(value, "keypoints", None)
        if not ring and points is None:
            collection.problems.append(
                f"{value.reference_id}: a {type(value).__name__} has no place in COCO, left out"
            )
            continue
        item = items[value.reference_id]
        own = str(value.annotation_id).partition("/")[0]
        row = by_key.get((item, own))
        if row is None or names[value.label] != row.category_id:
            last += 1
            row = _Annotation(last, image_ids[item], names[value.label], (0, 0, 0, 0), 0.0, 0)
            row.score = getattr(value, "confidence", None)
            row.iscrowd = int(bool((value.metadata or {}).get("iscrowd")))
            by_key[item, own] = row
            rows.append(row)
        if ring:
            own_runs = (value.metadata or {}).get("rle")
            if isinstance(own_runs, dict):
                runs[id(row)] = own_runs
            row.segmentation = [*row.segmentation, ring]
        else:
            row.keypoints = [
                number
                for point in points or ()
                for number in (
                    (point.x, point.y, 1 + point.visible) if point.x is not None else (0, 0, 0)
                )
            ]
            row.num_keypoints = sum(point.x is not None for point in points or ())
        if not row.bbox[2]:
            _enclose(row)
    for row in rows:
        if id(row) in runs:
            _restore_runs(row, runs[id(row)])


def _restore_runs(row: _Annotation, rle: dict[str, Any]) -> None:
    """Write the runs that the outlines were read from, where the outlines are still those."""
    from nucleus_lab.formats.coco.masks import outlines
    from nucleus_lab.formats.coco.records import Rle

    try:
        rings, _ = outlines(Rle(tuple(rle["size"]), rle["counts"]), "metadata")
    except (InvalidInputError, KeyError, TypeError, ValueError):
        return  # not what reading left there
    if [[number for point in ring for number in point] for ring in rings] == row.segmentation:
        row.segmentation = {"size": list(rle["size"]), "counts": rle["counts"]}


def _segments(
    mask: SegmentationAnnotation,
    image_id: Any,
    names: dict[str, int],
    last: int,
    problems: list[str],
) -> list[_Annotation]:
    from hotcoco import mask as codec

    draw = getattr(mask, "content", None)
    try:
        segments = mask.to_rle(draw() if draw else None)
    except NucleusError as fault:
        problems.append(f"{mask.reference_id}: the mask was left out: {fault.message}")
        return []
    rows: list[_Annotation] = []
    for segment in segments:
        rle = {"size": segment["size"], "counts": segment["counts"]}
        area = float(codec.area(rle))
        if not area:
            continue
        known = segment.get("metadata") or {}
        x, y, width, height = (float(side) for side in codec.to_bbox(rle))
        box = (x, y, width, height)
        row = _Annotation(
            last + len(rows) + 1, image_id, names[segment["label"]], box, area,
            int(bool(known.get("iscrowd"))), segmentation=rle,
        )  # fmt: skip
        row.attributes = {k: v for k, v in known.items() if k != "iscrowd"} or None
        rows.append(row)
    return rows


def _enclose(row: _Annotation) -> None:
    """Give an annotation without a box the one around its outlines or keypoints."""
    if row.segmentation and isinstance(row.segmentation, list):
        xs = [x for ring in row.segmentation for x in ring[0::2]]
        ys = [y for ring in row.segmentation for y in ring[1::2]]
        row.area = sum(map(_area, row.segmentation))
    else:
        flat = row.keypoints or [0.0, 0.0, 0.0]
        xs = [x for x, mark in zip(flat[0::3], flat[2::3], strict=True) if mark] or [0.0]
        ys = [y for y, mark in zip(flat[1::3], flat[2::3], strict=True) if mark] or [0.0]
    row.bbox = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    row.area = row.area or row.bbox[2] * row.bbox[3]


def _area(ring: list[float]) -> float:
    """Area of a ring by the shoelace formula."""
    xs, ys = ring[0::2], ring[1::2]
    return abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))) / 2
