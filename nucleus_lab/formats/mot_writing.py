"""Writes video scenes as MOTChallenge folders, and reads the detections that come with them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.base import existing
from nucleus_lab.formats.files import replace_file, text_of
from nucleus_lab.formats.mot import CLASSES, INFO, sequence_items, sequence_of
from nucleus_lab.formats.pictures import safe_name
from nucleus_lab.formats.scene_files import put_file

_DETECTION_FIELDS: Final = 7


def write_sequences(collection: Collection, path: Path) -> list[Path]:
    """Write each video scene with its pictures and tracked boxes.

    Args:
        collection: Scenes, and boxes in ``others``. What MOT has no place for (lidar scenes, other
            types, boxes of other classes) is named in ``collection.problems``.
        path: Folder that gets a folder a scene.

    Returns:
        The files written, pictures apart.

    Raises:
        InvalidInputError: There is no video scene, or the id of one leads out of the folder.
        MediaError: A picture is not on this machine.
    """
    from nucleus_lab.scene import VideoScene

    videos = [scene for scene in collection.scenes if isinstance(scene, VideoScene)]
    if not videos:
        raise InvalidInputError(
            f"nothing was written to {path}: MOT holds video scenes, and there is none"
        )
    by_item: dict[str, list[Any]] = defaultdict(list)
    for value in collection.others:
        by_item[value.reference_id].append(value)
    collection.problems += [
        f"scene {scene.reference_id!r} is no video: MOT has no place for it"
        for scene in collection.scenes
        if not isinstance(scene, VideoScene)
    ]
    written = []
    for scene in videos:
        folder = path / safe_name(scene.reference_id, "reference_id of a scene")
        written += _write_sequence(scene, folder, by_item, collection)
    return written


def _write_sequence(
    scene: Any, folder: Path, by_item: dict[str, list[Any]], collection: Collection
) -> list[Path]:
    items = scene.get_items()
    suffix = Path(items[0].location.partition("#")[0]).suffix.lower() if items else ".jpg"
    suffix = suffix if suffix in {".jpg", ".jpeg", ".png"} else ".png"
    tracks: dict[str, int] = {}
    lines = []
    for number, item in enumerate(items, 1):
        put_file(item, folder / "img1" / f"{number:06}{suffix}", collection)
        for value in by_item.get(str(item.reference_id), ()):
            line = _line(number, value, tracks, collection.problems)
            if line:
                lines.append(line)
    width, height = next(
        ((item.width, item.height) for item in items if item.width and item.height), (0, 0)
    )
    info = {
        "name": folder.name,
        "imDir": "img1",
        "frameRate": f"{scene.frame_rate:g}",
        "seqLength": len(items),
        "imWidth": width,
        "imHeight": height,
        "imExt": suffix,
    }
    text = "[Sequence]\n" + "".join(f"{key}={value}\n" for key, value in info.items())
    truth = folder / "gt" / "gt.txt"
    replace_file(folder / INFO, text.encode())
    replace_file(truth, "".join(f"{line}\n" for line in lines).encode())
    return [folder / INFO, truth]


def _line(number: int, value: Any, tracks: dict[str, int], problems: list[str]) -> str:
    if not hasattr(value, "track_reference_id") or type(value).__name__ != "BoxAnnotation":
        problems.append(
            f"{value.reference_id}: a {type(value).__name__} has no place in MOT, left out"
        )
        return ""
    label = _class_of(value.label)
    if label is None:
        problems.append(
            f"{value.reference_id}: the label {value.label!r} is no class of MOT "
            f"({', '.join(CLASSES)}, or class N); the box was left out"
        )
        return ""
    name = value.track_reference_id or f"{value.reference_id}#{value.annotation_id}"
    track = tracks.get(name)
    if track is None:
        own = name.rpartition("/")[2]
        taken = set(tracks.values())
        track = int(own) if own.isdecimal() and int(own) not in taken else None
        track = track or max(taken, default=0) + 1
        tracks[name] = track
    known = value.metadata or {}
    corner = ",".join(
        f"{number:.10g}" for number in (value.x + 1, value.y + 1, value.width, value.height)
    )
    considered = int(bool(known.get("considered", True)))
    visible = known.get("visibility", 1)
    visible = visible if isinstance(visible, (int, float)) else 1
    return f"{number},{track},{corner},{considered},{label},{visible:.10g}"


def _class_of(label: str) -> int | None:
    if label in CLASSES:
        return CLASSES.index(label) + 1
    word, _, number = label.rpartition(" ")
    return int(number) if word == "class" and number.isdecimal() else None


def read_detections(path: Path | str) -> Collection:
    """Read the detections of a sequence.

    Args:
        path: The folder of a sequence, or its ``det/det.txt``.

    Returns:
        The pictures as items, and boxes with a confidence, all of them pedestrians.

    Raises:
        InvalidInputError: There are no detections, or they lie outside a sequence.
    """
    given = existing(path)
    file = given if given.is_file() else given / "det" / "det.txt"
    folder = file.parent.parent
    if not file.is_file() or not (folder / INFO).is_file():
        raise InvalidInputError(
            f"{given} holds no MOT detections: name the folder of a sequence with {INFO} and "
            "det/det.txt, or that file",
            path=str(given),
        )
    collection = Collection()
    found = sequence_items(folder, sequence_of(folder))
    collection.items.reference_id = [str(item.reference_id) for item in found]
    collection.items.location = [item.location for item in found]
    collection.items.width = [None] * len(found)
    collection.items.height = [None] * len(found)
    rows: list[tuple[Any, ...]] = []
    beyond = 0
    for number, line in enumerate(text_of(file).splitlines(), 1):
        if not line.strip():
            continue
        try:
            frame, *box = _detection(line)
        except ValueError as fault:
            collection.problems.append(
                f"{file}, line {number}: {fault}; the detection was left out; a line is frame, -1, "
                "left, top, width, height, confidence"
            )
            continue
        if frame > len(found):
            beyond += 1
            continue
        rows.append((int(frame) - 1, str(number), *box))
    if beyond:
        collection.problems.append(
            f"{file}: {beyond} detections are of frames without a picture; left out"
        )
    rows.sort(key=lambda row: row[0])
    boxes = collection.boxes
    boxes.label = [CLASSES[0]] * len(rows)
    if rows:
        names = ("item", "annotation_id", "x", "y", "width", "height", "confidence")
        for name, column in zip(names, zip(*rows, strict=True), strict=True):
            setattr(boxes, name, list(column))
    return collection


def _detection(line: str) -> list[float]:
    """Read a line; pixels count from 1 there."""
    words = [float(word) for word in line.split(",")]
    if len(words) < _DETECTION_FIELDS:
        raise ValueError(f"{len(words)} values")
    frame, _, left, top, width, height, confidence = words[:_DETECTION_FIELDS]
    if frame < 1 or frame != int(frame):
        raise ValueError(f"the frame is {frame:g}: frames count from 1")
    if not (width >= 0 and height >= 0):
        raise ValueError(f"a box of {width:g} x {height:g} pixels")
    if not 0 <= confidence <= 1:
        raise ValueError(f"the confidence is {confidence:g}: rescale it to 0 to 1")
    return [frame, left - 1, top - 1, width, height, confidence]
