"""Writing tasks for Label Studio."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from nucleus_lab import wire
from nucleus_lab.columns import Collection
from nucleus_lab.formats.files import replace_file
from nucleus_lab.formats.label_studio.config import CHOICE, CONTROLS, PICTURE
from nucleus_lab.formats.sheets import Sheet, sheets_of, unwritable


def write_tasks(collection: Collection, path: Path) -> list[Path]:
    """Write one JSON file, ready to be imported.

    Args:
        collection: What to write.
        path: A ``.json`` file, or a folder that gets ``tasks.json``.

    Returns:
        The file written.
    """
    target = path if path.suffix.lower() == ".json" else path / "tasks.json"
    tasks = []
    for number, (sheet, _) in enumerate(sheets_of(collection), 1):
        # Label Studio serves local files by this address, below the folder it was told of.
        place = sheet.url or f"/data/local-files/?d={quote(sheet.name)}"
        data: dict[str, Any] = {PICTURE: place, "reference_id": sheet.name}
        if sheet.width and sheet.height:
            data |= {"width": sheet.width, "height": sheet.height}
        if sheet.metadata:
            data["metadata"] = sheet.metadata
        task: dict[str, Any] = {"id": number, "data": data}
        results = _results(collection, sheet)
        if collection.finished is None or sheet.name in collection.finished:
            task["annotations"] = [{"result": results, "was_cancelled": False}]
        elif results:
            task["predictions"] = [{"result": results}]
        tasks.append(task)
    replace_file(target, wire.encode(tasks))
    return [target]


def _results(collection: Collection, sheet: Sheet) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for number, value in enumerate(sheet.values):
        if value.TYPE in {"category", "multicategory"}:
            chosen = value.labels if value.TYPE == "multicategory" else [value.label]
            results.append({
                "id": f"choice-{number}",
                "type": "choices",
                "from_name": value.taxonomy_name or CHOICE,
                "to_name": PICTURE,
                "value": {"choices": chosen},
            })
        elif value.TYPE not in CONTROLS:
            unwritable(collection, sheet, value, "Label Studio")
        elif not sheet.width or not sheet.height:
            collection.problems.append(
                f"{sheet.name}: the size of the picture is not known, so its {value.TYPE} cannot "
                "be written in per cent and was left out"
            )
        else:
            results += _regions(sheet, value, value.annotation_id or f"region-{number}")
    return results


def _regions(sheet: Sheet, value: Any, key: str) -> list[dict[str, Any]]:
    ours: dict[str, Any] = {"metadata": value.metadata} if value.metadata else {}
    if value.TYPE == "box":
        return [_rectangle(sheet, key, value.label, _box(value), ours)]
    if value.TYPE == "polygon":
        points = [[_x(sheet, point.x), _y(sheet, point.y)] for point in value.vertices]
        return [
            _region(sheet, key, "polygon", value.label, {"points": points, "closed": True}, ours)
        ]
    placed = [
        (name, point)
        for name, point in zip(value.names, value.keypoints, strict=True)
        if point.x is not None and point.y is not None
    ]
    # One region holds the points together; it carries the label and the ids.
    ours |= {"names": value.names, "skeleton": value.skeleton}
    ours["hidden"] = [name for name, point in placed if not point.visible]
    across = [point.x for _, point in placed] or [0.0]
    down = [point.y for _, point in placed] or [0.0]
    around = (min(across), min(down), max(across) - min(across), max(down) - min(down))
    regions = [_rectangle(sheet, key, value.label, around, ours)]
    for name, point in placed:
        value_of = {"x": _x(sheet, point.x), "y": _y(sheet, point.y), "width": 0.5}
        region = _region(sheet, f"{key}:{name}", "keypoints", name, value_of, {})
        regions.append({**region, "parentID": key})
    return regions


def _box(value: Any) -> tuple[float, float, float, float]:
    return value.x, value.y, value.width, value.height


def _rectangle(
    sheet: Sheet,
    key: str,
    label: str,
    box: tuple[float, float, float, float],
    ours: dict[str, Any],
) -> dict[str, Any]:
    x, y, width, height = box
    value = {
        "x": _x(sheet, x),
        "y": _y(sheet, y),
        "width": _x(sheet, width),
        "height": _y(sheet, height),
        "rotation": 0,
    }
    return _region(sheet, key, "box", label, value, ours)


def _region(
    sheet: Sheet, key: str, kind: str, label: str, value: dict[str, Any], ours: dict[str, Any]
) -> dict[str, Any]:
    control = CONTROLS[kind][1]
    region: dict[str, Any] = {
        "id": key,
        "type": control,
        "from_name": kind,
        "to_name": PICTURE,
        "original_width": sheet.width,
        "original_height": sheet.height,
        "image_rotation": 0,
        "value": {**value, control: [label]},
    }
    if ours:
        region["meta"] = {"nucleus": ours}
    return region


def _x(sheet: Sheet, pixels: float) -> float:
    return pixels / (sheet.width or 1) * 100


def _y(sheet: Sheet, pixels: float) -> float:
    return pixels / (sheet.height or 1) * 100
