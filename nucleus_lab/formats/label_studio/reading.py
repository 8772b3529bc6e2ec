"""Reading tasks of Label Studio."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from nucleus_lab import wire
from nucleus_lab.annotation import (
    BoxAnnotation,
    Keypoint,
    KeypointsAnnotation,
    Point,
    PolygonAnnotation,
)
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import ReadOptions
from nucleus_lab.formats.files import text_of
from nucleus_lab.formats.label_studio.config import CHOICE
from nucleus_lab.formats.sheets import Sheet, categories, collect, near, rotated
from nucleus_lab.location import REMOTE_SCHEMES

_UPLOADED: Final = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before an uploaded file
_REGIONS: Final = {
    "rectanglelabels": "rectangle",
    "rectangle": "rectangle",
    "polygonlabels": "polygon",
    "polygon": "polygon",
    "keypointlabels": "keypoint",
    "keypoint": "keypoint",
}
_NOTES: Final = {"choices": "choices", "textarea": "text", "rating": "rating", "number": "number"}


class _FaultError(ValueError):
    """Something in a result that cannot be read."""


def read_tasks(path: Path, options: ReadOptions) -> Collection:
    """Read a file of tasks.

    Args:
        path: The JSON file.
        options: ``images`` names the folder of the pictures.

    Returns:
        Items, annotations, and which items are finished.

    Raises:
        InvalidInputError: The file is no list of tasks.
    """
    if not path.is_file():
        raise InvalidInputError(
            f"{path} is a folder: name the JSON file that Label Studio exported", path=str(path)
        )
    tasks = wire.decode(text_of(path))
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise InvalidInputError(
            f"{path} holds no list of tasks: export as JSON from Label Studio", path=str(path)
        )
    if tasks and not any("data" in task for task in tasks):
        raise InvalidInputError(
            f"{path} holds tasks without data, as the export JSON_MIN writes them: export as JSON",
            path=str(path),
        )
    finished: set[str] = set()
    collection = Collection(finished=finished)
    sheets = []
    for number, task in enumerate(tasks):
        where = f"{path.name}: task {task.get('id', number)}"
        try:
            sheet = _sheet(task, where)
        except (InvalidInputError, _FaultError) as fault:
            collection.problems.append(f"{where}: {fault}: the task was left out")
            continue
        answer = _answer(task)
        if answer is not None:
            finished.add(sheet.name)
            results = [one for one in answer.get("result") or [] if isinstance(one, dict)]
            for text in _read_results(sheet, results):
                collection.problems.append(f"{where} ({sheet.name}): {text}")
        sheets.append(sheet)
    collect(collection, sheets, path.parent, options.images, path.name)
    return collection


def _answer(task: dict[str, Any]) -> dict[str, Any] | None:
    """The last annotation of a task that was not cancelled."""
    given = task.get("annotations", task.get("completions")) or []
    kept = [one for one in given if isinstance(one, dict) and not one.get("was_cancelled")]
    return kept[-1] if kept else None


def _sheet(task: dict[str, Any], where: str) -> Sheet:
    data = task.get("data")
    if not isinstance(data, dict):
        raise _FaultError("it has no data")
    place = data.get("image") or next(
        (
            value
            for value in data.values()
            if isinstance(value, str) and Path(urlsplit(value).path).suffix in pictures.SUFFIXES
        ),
        None,
    )
    if not isinstance(place, str):
        raise _FaultError("its data names no picture")
    name = data.get("reference_id")
    remote = place.partition("://")[0] in REMOTE_SCHEMES and "://" in place
    if not isinstance(name, str):
        name = _name(place)
    name = pictures.safe_name(name, where)
    metadata = _mapping(data.get("metadata"))
    return Sheet(name, data.get("width"), data.get("height"), place if remote else None, metadata)


def _name(place: str) -> str:
    """Find the name of a picture in what Label Studio calls its address."""
    parts = urlsplit(place)
    if parts.path.endswith("/data/local-files/"):
        return (parse_qs(parts.query).get("d") or [""])[0]
    path = unquote(parts.path)
    if "/data/upload/" in path:
        return _UPLOADED.sub("", path.rpartition("/")[2])
    return path.rpartition("/")[2] if parts.scheme else path.removeprefix("/")


def _read_results(sheet: Sheet, results: list[dict[str, Any]]) -> Iterator[str]:
    """Read the results of one annotation into a sheet; yields what is wrong with some."""
    regions = {
        str(one.get("id")): one
        for one in results
        if _REGIONS.get(str(one.get("type"))) and isinstance(one.get("value"), dict)
    }
    notes: dict[str, dict[str, Any]] = {}
    labels: dict[str, str] = {}
    chosen: dict[str | None, list[str]] = {}
    for one in results:
        kind, key, value = str(one.get("type")), str(one.get("id")), one.get("value")
        if kind in _REGIONS and isinstance(value, dict):
            continue
        if kind == "labels" and isinstance(value, dict) and value.get("labels"):
            labels[key] = str(value["labels"][0])
        elif kind in _NOTES and isinstance(value, dict):
            given: Any = value.get(_NOTES[kind])
            source = str(one.get("from_name") or kind)
            if key in regions:
                single = isinstance(given, list) and len(given) == 1
                notes.setdefault(key, {})[source] = given[0] if single else given
            elif kind == "choices" and isinstance(given, list):
                taxonomy = None if source == CHOICE else source
                chosen.setdefault(taxonomy, []).extend(map(str, given))
        else:
            yield f"a result of type {kind!r} cannot be read and was left out"
    children: dict[str, list[dict[str, Any]]] = {}
    for one in regions.values():
        if _REGIONS[str(one["type"])] == "keypoint" and str(one.get("parentID")) in regions:
            children.setdefault(str(one["parentID"]), []).append(one)
    nested = {str(one.get("id")) for group in children.values() for one in group}
    for key, one in regions.items():
        if key in nested:
            continue
        try:
            label = _label(one, labels.get(key))
            sheet.values.append(_region(sheet, one, label, children.get(key), notes.get(key)))
        except (_FaultError, InvalidInputError) as fault:
            yield f"region {key}: {fault}: it was left out"
    sheet.values += categories(sheet.name, chosen)


def _label(one: dict[str, Any], given: str | None) -> str:
    value = one["value"]
    found: Any = value.get(str(one["type"])) if str(one["type"]).endswith("labels") else None
    if isinstance(found, list) and found:
        return str(found[0])
    if given is None:
        raise _FaultError("it has no label")
    return given


def _region(
    sheet: Sheet,
    one: dict[str, Any],
    label: str,
    children: list[dict[str, Any]] | None,
    notes: dict[str, Any] | None,
) -> Any:
    width, height = _size(sheet, one)
    value, key = one["value"], str(one.get("id"))
    meta = _mapping(one.get("meta"))
    ours = _mapping(meta.get("nucleus"))
    metadata = {**(ours.get("metadata") or {}), **(notes or {})}
    if meta.get("text"):
        text = meta["text"]
        metadata["text"] = text[0] if isinstance(text, list) and len(text) == 1 else text
    kind = _REGIONS[str(one["type"])]
    if kind == "keypoint" or children or "names" in ours:
        points = children or ([one] if kind == "keypoint" else [])
        return _keypoints(sheet, one, label, points, ours, metadata)
    if kind == "polygon":
        corners = [
            (near(_number(x) / 100 * width), near(_number(y) / 100 * height))
            for x, y in value.get("points") or []
        ]
        return _polygon(label, corners, sheet.name, key, metadata)
    x, y = _number(value.get("x")) / 100 * width, _number(value.get("y")) / 100 * height
    wide, high = (
        _number(value.get("width")) / 100 * width,
        _number(value.get("height")) / 100 * height,
    )
    turn = _number(value.get("rotation") or 0)
    if turn:  # around the top left corner
        return _polygon(label, rotated(x, y, wide, high, turn, (x, y)), sheet.name, key, metadata)
    if wide <= 0 or high <= 0:
        raise _FaultError(f"it is {near(wide):g} x {near(high):g} pixels: a box needs an area")
    return BoxAnnotation(label, near(x), near(y), near(wide), near(high), sheet.name, key, metadata)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _polygon(
    label: str, corners: list[tuple[float, float]], name: str, key: str, metadata: dict[str, Any]
) -> PolygonAnnotation:
    if len(corners) < 3:
        raise _FaultError(f"a polygon needs three points, it has {len(corners)}")
    return PolygonAnnotation(
        label, [Point(near(x), near(y)) for x, y in corners], name, key, metadata
    )


def _keypoints(
    sheet: Sheet,
    one: dict[str, Any],
    label: str,
    points: list[dict[str, Any]],
    ours: dict[str, Any],
    metadata: dict[str, Any],
) -> KeypointsAnnotation:
    found: dict[str, Keypoint] = {}
    for point in points:
        width, height = _size(sheet, point)
        name = _label(point, "point")
        while name in found:
            name = f"{name} 2" if not name[-1].isdigit() else f"{name}+"
        x = near(_number(point["value"].get("x")) / 100 * width)
        y = near(_number(point["value"].get("y")) / 100 * height)
        found[name] = Keypoint(x, y, name not in (ours.get("hidden") or ()))
    names = ours.get("names")
    if not isinstance(names, list) or not set(found) <= set(names):
        names = list(found)
    return KeypointsAnnotation(
        label,
        [found.get(name) or Keypoint(visible=False) for name in names],
        names,
        ours.get("skeleton") if len(names) >= len(found) else None,
        sheet.name,
        str(one.get("id")),
        metadata,
    )


def _size(sheet: Sheet, one: dict[str, Any]) -> tuple[int, int]:
    width, height = one.get("original_width"), one.get("original_height")
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        width, height = sheet.width, sheet.height
    if not width or not height:
        raise _FaultError("the size of its picture is not known (original_width, original_height)")
    sheet.width, sheet.height = sheet.width or width, sheet.height or height
    return width, height


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _FaultError(f"{value!r} is no number")
    return float(value)
