"""Cuts photographs into tiles, which inherit the clipped ground truth."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from nucleus_lab.columns import Collection
from nucleus_lab.demo.sources import PHOTOGRAPHS, Photograph

_VISIBLE = 0.3
"""Least part of an object that a tile must show to inherit it."""

_SMALLEST = 6.0
"""Least width and height of an inherited box, in pixels of the tile."""

_CORNERS = 32
"""Corners of an ellipse as a polygon."""

_NAMES = ("right eye", "left eye", "nose", "right mouth corner", "left mouth corner")
_SKELETON = [[0, 1], [0, 2], [1, 2], [2, 3], [2, 4], [3, 4]]


@dataclass(frozen=True, slots=True)
class _Window:
    """Part of a photograph that a tile shows; ``zoom`` pixels of the tile for each of it."""

    name: str
    x: float
    y: float
    width: float
    height: float
    zoom: float


def write_tiles(folder: Path) -> Collection:
    """Write all tiles as JPEG files and return what they show.

    The same tiles and ids come out every time.

    Args:
        folder: Folder that gets ``images``.

    Returns:
        About a hundred items with boxes, polygons and keypoints.
    """
    from PIL import Image

    collection = Collection()
    target = folder / "images"
    target.mkdir(parents=True, exist_ok=True)
    cuts = []
    for photo in PHOTOGRAPHS:
        with Image.open(photo.path()) as opened:
            picture = opened.convert("L" if opened.mode == "L" else "RGB")
        windows = _windows(photo, picture.width, picture.height)
        cuts += [(turn, photo, picture, window) for turn, window in enumerate(windows)]
    # In turns, so that the first screen of a gallery shows every photograph.
    for _, photo, picture, window in sorted(cuts, key=lambda cut: cut[0]):
        edges = (window.x, window.y, window.x + window.width, window.y + window.height)
        tile = picture.resize(
            (round(window.width * window.zoom), round(window.height * window.zoom)),
            Image.Resampling.LANCZOS,
            box=edges,
        )
        file = target / f"{window.name}.jpg"
        tile.save(file, quality=90)
        _add_item(collection, photo, window, tile, file)
    return collection


def _windows(photo: Photograph, width: int, height: int) -> Iterator[_Window]:
    cut = photo.cut
    if cut.whole:
        yield _Window(f"{photo.name}-whole", 0, 0, width, height, cut.whole)
    left, top, wide, high = cut.area or (0, 0, width, height)
    for row in range(cut.rows):
        for column in range(cut.columns):
            x = left + _start(column, cut.columns, wide - cut.width)
            y = top + _start(row, cut.rows, high - cut.height)
            yield _Window(f"{photo.name}-{row}{column}", x, y, cut.width, cut.height, cut.zoom)


def _start(number: int, count: int, room: int) -> int:
    return round(number * room / (count - 1)) if count > 1 else 0


def _add_item(
    collection: Collection, photo: Photograph, window: _Window, tile: Any, file: Path
) -> None:
    from PIL import ImageStat

    items = collection.items
    at = len(items)
    items.reference_id.append(file.name)
    items.location.append(str(file))
    items.width.append(tile.width)
    items.height.append(tile.height)
    items.metadata.append({
        "photograph": photo.name,
        "subject": photo.subject,
        "colour": tile.mode == "RGB",
        "brightness": round(ImageStat.Stat(tile.convert("L")).mean[0]),
        "zoom": window.zoom,
        "author": photo.author,
        "licence": photo.licence,
    })
    for number, entry in enumerate(_truth().get(photo.name, ()), 1):
        _add_object(collection, at, window, entry, f"{photo.name}-{number}")


@cache
def _truth() -> dict[str, list[dict[str, Any]]]:
    """Hand-drawn objects of each photograph, in its pixels."""
    text = files("nucleus_lab.demo").joinpath("truth.json").read_text("utf-8")
    loaded: dict[str, list[dict[str, Any]]] = json.loads(text)
    return loaded


def _add_object(
    collection: Collection, at: int, window: _Window, entry: dict[str, Any], name: str
) -> None:
    import shapely

    shape = shapely.Polygon(_outline(entry))
    frame = shapely.box(window.x, window.y, window.x + window.width, window.y + window.height)
    shown = shapely.get_parts(shape.intersection(frame)).tolist()
    shown = [part for part in shown if part.geom_type == "Polygon"]
    visible = sum(part.area for part in shown) / shape.area
    if visible < _VISIBLE:
        return
    part = max(shown, key=lambda part: part.area)
    left, top, right, bottom = part.bounds
    x, y = (left - window.x) * window.zoom, (top - window.y) * window.zoom
    width, height = (right - left) * window.zoom, (bottom - top) * window.zoom
    if min(width, height) < _SMALLEST:
        return
    boxes = collection.boxes
    boxes.item.append(at)
    boxes.label.append(entry["label"])
    boxes.annotation_id.append(name)
    boxes.x.append(round(x, 2))
    boxes.y.append(round(y, 2))
    boxes.width.append(round(width, 2))
    boxes.height.append(round(height, 2))
    boxes.metadata.append({"visible": round(visible, 2), "truncated": visible < 0.99})
    if "box" not in entry:
        _add_polygon(collection, at, window, entry["label"], part, name)
    if "keypoints" in entry:
        _add_keypoints(collection, at, window, entry, name)


def _outline(entry: dict[str, Any]) -> list[tuple[float, float]]:
    if "polygon" in entry:
        return [(x, y) for x, y in entry["polygon"]]
    if "box" in entry:
        x, y, width, height = entry["box"]
        return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    centre_x, centre_y, radius_x, radius_y, *turned = entry["ellipse"]
    turn = math.radians(turned[0] if turned else 0.0)
    corners = []
    for number in range(_CORNERS):
        angle = 2 * math.pi * number / _CORNERS
        across, down = radius_x * math.cos(angle), radius_y * math.sin(angle)
        corners.append((
            centre_x + across * math.cos(turn) - down * math.sin(turn),
            centre_y + across * math.sin(turn) + down * math.cos(turn),
        ))
    return corners


def _add_polygon(
    collection: Collection, at: int, window: _Window, label: str, part: Any, name: str
) -> None:
    from nucleus_lab.annotation import Point, PolygonAnnotation

    corners = part.exterior.coords[:-1]
    collection.others.append(
        PolygonAnnotation(
            label=label,
            vertices=[Point(*_on_tile(window, x, y)) for x, y in corners],
            reference_id=collection.items.reference_id[at],
            annotation_id=f"{name}/polygon",
        )
    )


def _add_keypoints(
    collection: Collection, at: int, window: _Window, entry: dict[str, Any], name: str
) -> None:
    from nucleus_lab.annotation import Keypoint, KeypointsAnnotation

    points = []
    for part in _NAMES:
        place = entry["keypoints"].get(part)
        x, y = _on_tile(window, *place) if place else (-1.0, -1.0)
        inside = 0 <= x <= window.width * window.zoom and 0 <= y <= window.height * window.zoom
        points.append(Keypoint(x, y) if inside else Keypoint(visible=False))
    if sum(point.visible for point in points) < 2:
        return
    collection.others.append(
        KeypointsAnnotation(
            label=entry["label"],
            keypoints=points,
            names=list(_NAMES),
            skeleton=_SKELETON,
            reference_id=collection.items.reference_id[at],
            annotation_id=f"{name}/keypoints",
        )
    )


def _on_tile(window: _Window, x: float, y: float) -> tuple[float, float]:
    return round((x - window.x) * window.zoom, 2), round((y - window.y) * window.zoom, 2)
