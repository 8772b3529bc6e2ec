"""Datumaro JSON, which CVAT exchanges too: labels by number, shapes in pixels.

Boxes, polygons, polylines, points, skeletons and labels are read and written; ids are the numbers
of the file. What is no text, number or truth value in the metadata becomes text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nucleus_lab import wire
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.files import replace_file, text_of
from nucleus_lab.formats.losses import Keeps
from nucleus_lab.formats.sheets import Sheet, categories, collect, sheets_of, unwritable

_PEEK: Final = 1 << 16
_TAXONOMY: Final = "taxonomy"
_HIDDEN, _VISIBLE = 1, 2  # of a point; 0 is one that is not there


@register
class Datumaro:
    """Annotations in the JSON format of Datumaro."""

    name = "datumaro"
    keeps = Keeps(confidence=False)
    looks_for = 'a JSON file with "categories" and "items", or a folder with annotations/*.json'

    def detect(self, path: Path) -> Match | None:
        """Look at the first and the last bytes.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        files = _files(path)
        if not files or not all(map(_is_datumaro, files)):
            return None
        return Match(self.name, 0.9, f"Datumaro annotations in {files[0].name}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read items and annotations.

        Args:
            path: The JSON file, or the folder above it.
            options: ``images`` names the folder of the pictures.

        Returns:
            Items and annotations.

        Raises:
            InvalidInputError: A file is not of this form.
        """
        files = _files(path)
        if not files:
            raise InvalidInputError(
                f"{path} holds no Datumaro file: expected {self.looks_for}", path=str(path)
            )
        collection = Collection()
        sheets = []
        for file in files:
            data = wire.decode(text_of(file))
            if not isinstance(data, dict) or not isinstance(data.get("items"), list):
                raise InvalidInputError(
                    f"{file} is no Datumaro file: it has no list of items", path=str(file)
                )
            names = _Names(data.get("categories") or {})
            for number, entry in enumerate(data["items"]):
                where = f"{file.name}: items[{number}]"
                try:
                    sheet = _sheet(entry, where, number)
                except (InvalidInputError, TypeError, ValueError, AttributeError) as fault:
                    collection.problems.append(f"{where} cannot be read ({fault}): left out")
                    continue
                for text in _values(sheet, entry.get("annotations") or [], names):
                    collection.problems.append(f"{where} ({sheet.name}): {text}")
                sheets.append(sheet)
        root = path if path.is_dir() else files[0].parent
        sheets.sort(key=lambda sheet: sheet.name)
        collect(collection, sheets, root, options.images, files[0].name)
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one JSON file.

        Args:
            collection: What to write; masks and cuboids are left out and named in
                ``collection.problems``.
            path: A ``.json`` file, or a folder that gets ``annotations/default.json``.

        Returns:
            The file written.
        """
        folder = path / "annotations"
        target = path if path.suffix.lower() == ".json" else folder / "default.json"
        labels: dict[str, int] = {}
        points: dict[int, dict[str, Any]] = {}
        items = []
        for frame, (sheet, _) in enumerate(sheets_of(collection)):
            written: list[dict[str, Any]] = []
            for value in sheet.values:
                entries = _entries(value, labels, points)
                if not entries:
                    unwritable(collection, sheet, value, "Datumaro")
                written += [{"id": len(written) + at, **one} for at, one in enumerate(entries)]
            items.append({
                "id": str(PurePosixPath(sheet.name).with_suffix("")),
                "annotations": written,
                "attr": {"frame": frame} | sheet.metadata,
                "image": {"path": sheet.name, "size": [sheet.height or 0, sheet.width or 0]},
            })
        listed = [{"name": name, "parent": "", "attributes": []} for name in labels]
        document = {
            "info": {},
            "categories": {
                "label": {"labels": listed, "attributes": []},
                "points": {"items": list(points.values())},
            },
            "items": items,
        }
        replace_file(target, wire.encode(document))
        return [target]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return sorted((path / "annotations").glob("*.json"))


def _is_datumaro(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(_PEEK).removeprefix(b"\xef\xbb\xbf").lstrip()
        length = opened.seek(0, 2)
        opened.seek(max(0, length - _PEEK))
        both = head + opened.read()
    coco = b'"image_id"' in both or b'"file_name"' in both
    return head[:1] == b"{" and b'"categories"' in head and b'"items"' in both and not coco


class _Names:
    """The labels and keypoint names of a file."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.labels = [str(entry["name"]) for entry in (given.get("label") or {}).get("labels", [])]
        self.points = {
            int(entry["label_id"]): entry for entry in (given.get("points") or {}).get("items", [])
        }

    def label(self, entry: dict[str, Any]) -> str:
        key = entry.get("label_id")
        if not isinstance(key, int) or not 0 <= key < len(self.labels):
            raise ValueError(f"label_id {key!r} is not among the {len(self.labels)} labels")
        return self.labels[key]


def _sheet(entry: dict[str, Any], where: str, number: int) -> Sheet:
    image = entry.get("image") or {}
    name = pictures.safe_name(str(image.get("path") or entry.get("id") or ""), where)
    height, width = image.get("size") or (None, None)
    metadata = dict(entry.get("attr") or {})
    if metadata.get("frame") == number:  # what every writer of this format counts
        del metadata["frame"]
    return Sheet(name, width or None, height or None, metadata=metadata)


def _values(sheet: Sheet, given: list[Any], names: _Names) -> Iterator[str]:
    """Read the annotations of one picture; yields what is wrong with some."""
    chosen: dict[str | None, list[str]] = {}
    for number, entry in enumerate(given, 1):
        try:
            label = names.label(entry)
            if entry.get("type") == "label":
                taxonomy = (entry.get("attributes") or {}).get(_TAXONOMY)
                chosen.setdefault(taxonomy, []).append(label)
            else:
                sheet.values.append(_value(sheet.name, entry, label, str(number), names))
        except (ValueError, TypeError, KeyError, AttributeError, InvalidInputError) as fault:
            kind = entry.get("type") if isinstance(entry, dict) else entry
            yield f"annotation {number} ({kind}): {fault}: it was left out"
    sheet.values += categories(sheet.name, chosen)


def _value(name: str, entry: dict[str, Any], label: str, key: str, names: _Names) -> Any:
    from nucleus_lab.annotation import (
        BoxAnnotation,
        KeypointsAnnotation,
        LineAnnotation,
        Point,
        PolygonAnnotation,
    )

    metadata = dict(entry.get("attributes") or {})
    if metadata.get("occluded") is False:
        del metadata["occluded"]
    if entry.get("z_order"):
        metadata["z_order"] = entry["z_order"]
    kind = entry["type"]
    if kind == "bbox":
        x, y, width, height = entry["bbox"]
        if width <= 0 or height <= 0:
            raise ValueError(f"it is {width} x {height} pixels: a box needs an area")
        return BoxAnnotation(label, x, y, width, height, name, key, metadata)
    if kind in {"polygon", "polyline"}:
        vertices = [Point(x, y) for x, y in _pairs(entry["points"])]
        make = PolygonAnnotation if kind == "polygon" else LineAnnotation
        return make(label, vertices, name, key, metadata)
    if kind == "points":
        found = _joints(entry)
        known = names.points.get(entry["label_id"]) or {}
        titles = known.get("labels") or []
        if len(titles) != len(found):
            titles = [str(number) for number in range(1, len(found) + 1)]
            return KeypointsAnnotation(label, found, titles, None, name, key, metadata)
        skeleton = _skeleton(known.get("joints") or [])
        return KeypointsAnnotation(label, found, titles, skeleton, name, key, metadata)
    if kind == "skeleton":
        parts = entry["elements"]
        found = [_joints(part)[0] for part in parts]
        titles = [names.label(part) for part in parts]
        return KeypointsAnnotation(label, found, titles, None, name, key, metadata)
    raise ValueError("annotations of this kind cannot be read")


def _pairs(flat: list[float]) -> list[tuple[float, float]]:
    return list(zip(flat[0::2], flat[1::2], strict=True))


def _joints(entry: dict[str, Any]) -> list[Any]:
    from nucleus_lab.annotation import Keypoint

    pairs = _pairs(entry["points"])
    visibility = entry.get("visibility") or [_VISIBLE] * len(pairs)
    return [
        Keypoint(visible=False) if not seen else Keypoint(x, y, seen == _VISIBLE)
        for (x, y), seen in zip(pairs, visibility, strict=True)
    ]


def _skeleton(joints: list[list[int]]) -> list[list[int]] | None:
    """Joints count from 1, as in COCO; some writers count from 0."""
    origin = 0 if any(0 in pair for pair in joints) else 1
    return [[first - origin, second - origin] for first, second in joints] or None


def _entries(
    value: Any, labels: dict[str, int], points: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Describe one annotation; nothing where Datumaro has no place for it."""

    def label_id(label: str) -> int:
        return labels.setdefault(label, len(labels))

    metadata = dict(getattr(value, "metadata", None) or {})  # a mask has none
    z_order = metadata.pop("z_order", 0)
    attributes = {
        key: entry if isinstance(entry, (str, int, float, bool)) else wire.encode(entry).decode()
        for key, entry in metadata.items()
    }
    if value.TYPE in {"category", "multicategory"}:
        chosen = value.labels if value.TYPE == "multicategory" else [value.label]
        if value.taxonomy_name:
            attributes[_TAXONOMY] = value.taxonomy_name
        return [
            {"type": "label", "attributes": attributes, "group": 0, "label_id": label_id(label)}
            for label in chosen
        ]
    shape: dict[str, Any]
    if value.TYPE == "box":
        shape = {"type": "bbox", "bbox": [value.x, value.y, value.width, value.height]}
    elif value.TYPE in {"polygon", "line"}:
        flat = [number for point in value.vertices for number in (point.x, point.y)]
        shape = {"type": "polygon" if value.TYPE == "polygon" else "polyline", "points": flat}
    elif value.TYPE == "keypoints":
        key = label_id(value.label)
        joints = [[first + 1, second + 1] for first, second in value.skeleton or []]
        points.setdefault(key, {"label_id": key, "labels": value.names, "joints": joints})
        shape = {
            "type": "points",
            "points": [n for point in value.keypoints for n in (point.x or 0.0, point.y or 0.0)],
            "visibility": [
                0 if point.x is None else _VISIBLE if point.visible else _HIDDEN
                for point in value.keypoints
            ],
        }
    else:
        return []
    common = {"attributes": attributes, "group": 0, "label_id": label_id(value.label)}
    return [{**shape, **common, "z_order": z_order}]
