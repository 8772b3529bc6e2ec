"""Writes YOLO label files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.files import replace_file


def write_dataset(collection: Collection, path: Path) -> list[Path]:
    """Write ``data.yaml`` with the class names and one file an item below ``labels``.

    Args:
        collection: What to write. Boxes and polygons; others are left out and named in
            ``collection.problems``.
        path: The dataset folder; pictures belong into its ``images`` folder.

    Returns:
        The files written.

    Raises:
        InvalidInputError: An item that has annotations lacks its width or height.
    """
    items, boxes = collection.items, collection.boxes
    polygons = [value for value in collection.others if hasattr(value, "vertices")]
    if len(polygons) < len(collection.others):
        collection.problems.append(
            f"{len(collection.others) - len(polygons)} annotations that are neither boxes nor "
            "polygons have no place in YOLO and were left out"
        )
    labels = sorted({*boxes.label, *(value.label for value in polygons)})
    number_of = {label: number for number, label in enumerate(labels)}
    lines: list[list[str]] = [[] for _ in items.reference_id]
    scores: list[float] | list[None] = boxes.confidence or [None] * len(boxes)
    for at, label, x, y, w, h, score in zip(
        boxes.item, boxes.label, boxes.x, boxes.y, boxes.width, boxes.height,
        scores, strict=True,
    ):  # fmt: skip
        width, height = _size(collection, at)
        values = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
        confidence = "" if score is None else f" {score!r}"
        lines[at].append(f"{number_of[label]} {_text(values)}{confidence}")
    index = {name: at for at, name in enumerate(items.reference_id)}
    for value in polygons:
        at = index[value.reference_id]
        width, height = _size(collection, at)
        corners = [(point.x / width, point.y / height) for point in value.vertices]
        flat = [number for corner in corners for number in corner]
        lines[at].append(f"{number_of[value.label]} {_text(flat)}")
    written = [path / "data.yaml"]
    text = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(labels))}
    replace_file(written[0], msgspec.yaml.encode(text))
    for stem, rows in zip(pictures.stems(items.reference_id), lines, strict=True):
        target = path / "labels" / f"{stem}.txt"
        replace_file(target, "".join(f"{row}\n" for row in rows).encode())
        written.append(target)
    return written


def _size(collection: Collection, at: int) -> tuple[int, int]:
    width, height = collection.items.width[at], collection.items.height[at]
    if not width or not height:
        raise InvalidInputError(
            f"{collection.items.reference_id[at]} has no known size, and YOLO coordinates are "
            "fractions of it: export to coco or pascal_voc instead"
        )
    return width, height


def _text(values: tuple[float, ...] | list[float]) -> str:
    return " ".join(repr(float(value)) for value in values)
