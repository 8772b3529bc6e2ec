"""CVAT for images 1.1: one XML file with a list of pictures and their shapes in pixels.

Boxes (turned ones become polygons), polygons, polylines, points, skeletons and tags are read and
written. CVAT keeps no ids: shapes are numbered on their picture. A tag of a taxonomy carries its
name in the attribute ``taxonomy``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.files import replace_file, text_of
from nucleus_lab.formats.losses import Keeps
from nucleus_lab.formats.sheets import (
    Sheet,
    categories,
    collect,
    near,
    rotated,
    sheets_of,
    unwritable,
)

_PEEK: Final = 1 << 13
_TAXONOMY: Final = "taxonomy"


@register
class Cvat:
    """Annotations of CVAT in its XML format for images."""

    name = "cvat"
    keeps = Keeps(
        items=(),
        typed=False,
        typed_anyway=("occluded", "z_order"),
        confidence=False,
        skeletons=False,
    )
    looks_for = "an XML file with an <annotations> element, or a folder with annotations.xml"

    def detect(self, path: Path) -> Match | None:
        """Look at the first bytes.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        file = _file(path)
        if not file.is_file() or file.suffix.lower() != ".xml":
            return None
        with file.open("rb") as opened:
            head = opened.read(_PEEK)
        if b"<annotations" not in head:
            return None
        return Match(self.name, 0.9, f"CVAT annotations in {file.name}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read pictures and shapes.

        Args:
            path: The XML file, or the folder of ``annotations.xml``.
            options: ``images`` names the folder of the pictures.

        Returns:
            Items and annotations.

        Raises:
            InvalidInputError: The file is no XML of CVAT for images.
        """
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        file = _file(path)
        try:
            tree = fromstring(text_of(file), forbid_dtd=True)
        except ParseError as fault:
            raise InvalidInputError(f"{file}: no valid XML ({fault}): export it again") from fault
        except DefusedXmlException as fault:
            raise InvalidInputError(
                f"{file}: declares entities or a document type, which is refused: remove them"
            ) from fault
        if tree.tag != "annotations":
            raise InvalidInputError(f"{file}: holds <{tree.tag}> where <annotations> is expected")
        if tree.find("track") is not None:
            raise InvalidInputError(
                f"{file} is of CVAT for video (it holds tracks): export as CVAT for images 1.1"
            )
        collection = Collection()
        sheets = []
        for number, image in enumerate(tree.iter("image")):
            where = f"{file.name}: image {image.get('id', number)}"
            try:
                sheet = Sheet(
                    pictures.safe_name(image.get("name", ""), where),
                    _pixels(image, "width"),
                    _pixels(image, "height"),
                )
            except InvalidInputError as fault:
                collection.problems.append(str(fault))
                continue
            for text in _shapes(sheet, image):
                collection.problems.append(f"{where} ({sheet.name}): {text}")
            sheets.append(sheet)
        sheets.sort(key=lambda sheet: sheet.name)
        collect(collection, sheets, file.parent, options.images, file.name)
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one XML file; CVAT takes it for a task that has the same pictures.

        Args:
            collection: What to write; masks and cuboids are left out and named in
                ``collection.problems``.
            path: An ``.xml`` file, or a folder that gets ``annotations.xml``.

        Returns:
            The file written.
        """
        target = path if path.suffix.lower() == ".xml" else path / "annotations.xml"
        root = Element("annotations")
        SubElement(root, "version").text = "1.1"
        labels = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
        known: dict[str, set[str]] = {}
        for number, (sheet, _) in enumerate(sheets_of(collection)):
            image = SubElement(root, "image", id=str(number), name=sheet.name)
            image.set("width", str(sheet.width or 0))
            image.set("height", str(sheet.height or 0))
            for value in sheet.values:
                if not _write_value(image, value, known):
                    unwritable(collection, sheet, value, "CVAT for images")
        for name, attributes in sorted(known.items()):
            label = SubElement(labels, "label")
            SubElement(label, "name").text = name
            listed = SubElement(label, "attributes")
            for key in sorted(attributes):
                attribute = SubElement(listed, "attribute")
                for tag, text in (("name", key), ("mutable", "False"), ("input_type", "text")):
                    SubElement(attribute, tag).text = text
        indent(root)
        replace_file(target, tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
        return [target]


def _file(path: Path) -> Path:
    return path / "annotations.xml" if path.is_dir() else path


def _pixels(image: Element, name: str) -> int | None:
    text = image.get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def _shapes(sheet: Sheet, image: Element) -> Iterator[str]:
    """Read the shapes of one picture; yields what is wrong with some."""
    chosen: dict[str | None, list[str]] = {}
    for number, shape in enumerate(image, 1):
        label = shape.get("label", "").strip()
        if not label:
            yield f"shape {number} ({shape.tag}) has no label and was left out"
            continue
        metadata = _metadata(shape)
        if shape.tag == "tag":
            chosen.setdefault(metadata.get(_TAXONOMY), []).append(label)
            continue
        try:
            sheet.values.append(_shape(sheet, shape, label, str(number), metadata))
        except (ValueError, InvalidInputError) as fault:
            yield f"shape {number} ({shape.tag}, {label}): {fault}: it was left out"
    sheet.values += categories(sheet.name, chosen)


def _metadata(shape: Element) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        attribute.get("name", ""): attribute.text or "" for attribute in shape.findall("attribute")
    }
    if shape.get("occluded") == "1":
        metadata["occluded"] = True
    if shape.get("z_order", "0") not in {"0", ""}:
        metadata["z_order"] = int(shape.get("z_order", "0"))
    return metadata


def _shape(sheet: Sheet, shape: Element, label: str, key: str, metadata: dict[str, Any]) -> Any:
    from nucleus_lab.annotation import (
        BoxAnnotation,
        Keypoint,
        KeypointsAnnotation,
        LineAnnotation,
        Point,
        PolygonAnnotation,
    )

    name = sheet.name
    if shape.tag == "box":
        left, top, right, bottom = (_number(shape, side) for side in ("xtl", "ytl", "xbr", "ybr"))
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            raise ValueError("the corners are the wrong way round or enclose nothing")
        turn = float(shape.get("rotation") or 0)
        if turn:  # around the middle
            middle = (left + width / 2, top + height / 2)
            corners = rotated(left, top, width, height, turn, middle)
            points = [Point(near(x), near(y)) for x, y in corners]
            return PolygonAnnotation(label, points, name, key, metadata)
        return BoxAnnotation(label, left, top, near(width), near(height), name, key, metadata)
    if shape.tag == "polygon":
        return PolygonAnnotation(label, [Point(*p) for p in _points(shape)], name, key, metadata)
    if shape.tag == "polyline":
        return LineAnnotation(label, [Point(*p) for p in _points(shape)], name, key, metadata)
    if shape.tag == "points":
        found = [Keypoint(*p) for p in _points(shape)]
        names = [str(number) for number in range(1, len(found) + 1)]
        return KeypointsAnnotation(label, found, names, None, name, key, metadata)
    if shape.tag == "skeleton":
        parts = shape.findall("points")
        found = [_joint(part) for part in parts]
        names = [part.get("label", "") for part in parts]
        return KeypointsAnnotation(label, found, names, None, name, key, metadata)
    raise ValueError("shapes of this kind cannot be read")


def _joint(part: Element) -> Any:
    from nucleus_lab.annotation import Keypoint

    if part.get("outside") == "1":
        return Keypoint(visible=False)
    x, y = _points(part)[0]
    return Keypoint(x, y, part.get("occluded") != "1")


def _number(shape: Element, name: str) -> float:
    value = float(shape.get(name, ""))
    if value - value != 0.0:
        raise ValueError(f"{name} is {value}, a finite number is expected")
    return value


def _points(shape: Element) -> list[tuple[float, float]]:
    points = []
    for pair in shape.get("points", "").split(";"):
        x, _, y = pair.partition(",")
        points.append((float(x), float(y)))
    return points


def _write_value(image: Element, value: Any, known: dict[str, set[str]]) -> bool:
    """Write one annotation; False when CVAT has no place for it."""
    metadata = dict(getattr(value, "metadata", None) or {})  # a mask has none
    common = {"source": "manual", "occluded": "1" if metadata.get("occluded") is True else "0"}
    if value.TYPE == "box":
        corners = (value.x, value.y, value.x + value.width, value.y + value.height)
        sides = zip(("xtl", "ytl", "xbr", "ybr"), map(_text, corners), strict=True)
        shape = SubElement(image, "box", {"label": value.label, **common, **dict(sides)})
    elif value.TYPE in {"polygon", "line"}:
        tag = "polygon" if value.TYPE == "polygon" else "polyline"
        points = ";".join(f"{_text(point.x)},{_text(point.y)}" for point in value.vertices)
        shape = SubElement(image, tag, {"label": value.label, **common, "points": points})
    elif value.TYPE == "keypoints":
        shape = SubElement(image, "skeleton", {"label": value.label, "source": "manual"})
        for name, point in zip(value.names, value.keypoints, strict=True):
            _write_joint(shape, name, point)
    elif value.TYPE in {"category", "multicategory"}:
        chosen = value.labels if value.TYPE == "multicategory" else [value.label]
        if value.taxonomy_name:
            metadata[_TAXONOMY] = value.taxonomy_name
        for label in chosen:
            _write_attributes(
                SubElement(image, "tag", {"label": label, "source": "manual"}),
                metadata,
                known.setdefault(label, set()),
            )
        return True
    else:
        return False
    shape.set("z_order", str(metadata.get("z_order", 0)))
    rest = {key: entry for key, entry in metadata.items() if key not in {"occluded", "z_order"}}
    _write_attributes(shape, rest, known.setdefault(value.label, set()))
    return True


def _write_joint(shape: Element, name: str, point: Any) -> None:
    part = SubElement(shape, "points", {"label": name, "source": "manual"})
    placed = point.x is not None and point.y is not None
    part.set("outside", "0" if placed else "1")
    part.set("occluded", "0" if point.visible else "1")
    part.set("points", f"{_text(point.x or 0.0)},{_text(point.y or 0.0)}")


def _write_attributes(shape: Element, metadata: dict[str, Any], known: set[str]) -> None:
    for key, entry in metadata.items():
        known.add(key)
        text = entry if isinstance(entry, str) else str(entry)
        SubElement(shape, "attribute", name=key).text = text


def _text(value: float) -> str:
    return f"{value:.2f}" if round(value, 2) == value else repr(float(value))
