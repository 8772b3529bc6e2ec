"""Pascal VOC: one XML file a picture, corners in pixels counted from 1.

``xmin=1, xmax=W`` covers the whole width, so the left edge is ``xmin - 1`` and the right edge
``xmax``. Source: VOC2012 development kit, section 4.2 (annotation pixel coordinates start at 1).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.files import replace_file, text_of
from nucleus_lab.formats.losses import Keeps

_XML_FOLDERS = ("annotations", "Annotations", "labels", "xml", "")
_IMAGE_FOLDERS = ("images", "JPEGImages", "imgs", "")
_SPLITS = ("train", "val", "valid", "test", "trainval")
_SIGNED = "Nucleus Lab, corners counted from 1"


@dataclass(slots=True)
class _Object:
    label: str
    corners: tuple[float, float, float, float]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Page:
    """What one XML file says."""

    file: Path
    filename: str
    width: int | None
    height: int | None
    signed: bool
    objects: list[_Object]


@register
class PascalVoc:
    """Pascal VOC annotations with their pictures and splits."""

    name = "pascal_voc"
    keeps = Keeps(
        items=("split",),
        boxes=("difficult", "truncated", "occluded", "pose"),
        shapes=None,  # no other annotation is written at all
        confidence=False,
    )
    looks_for = (
        "XML files with an <annotation> element in PATH, PATH/annotations or PATH/Annotations"
    )

    def detect(self, path: Path) -> Match | None:
        """Look into the first XML file.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        files = _xml_files(path)
        if not files or not _is_voc(files[0]):
            return None
        return Match(self.name, 0.85, f"{len(files)} Pascal VOC files in {files[0].parent}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read boxes; ``difficult``, ``truncated``, ``occluded`` and ``pose`` become metadata.

        Args:
            path: An XML file, a folder of them, or the dataset folder.
            options: ``images`` names the folder of the pictures, ``one_based`` how corners count.

        Returns:
            Items named by their path below the folder of the pictures.

        Raises:
            InvalidInputError: There is no XML file, or none can be read.
        """
        files = _xml_files(path)
        if not files:
            raise InvalidInputError(
                f"{path} holds no Pascal VOC annotations: expected {self.looks_for}", path=str(path)
            )
        collection = Collection()
        pages = []
        for file in files:
            try:
                pages.append(_page(file, collection.problems))
            except InvalidInputError as fault:
                collection.problems.append(str(fault))
        if not pages:
            raise InvalidInputError(
                f"none of the {len(files)} XML files of {path} can be read. The first fault: "
                f"{collection.problems[0]}",
                path=str(path),
            )
        _collect(collection, pages, _root(path, files[0]), options)
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one XML file an item into ``annotations`` and the splits into ``splits``.

        Args:
            collection: What to write; annotations other than boxes are left out and named in
                ``collection.problems``.
            path: Folder.

        Returns:
            The files written.
        """
        return _write(collection, path)


def _xml_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".xml" else []
    for name in _XML_FOLDERS:
        found = sorted((path / name).rglob("*.xml") if name else path.glob("*.xml"))
        if found:
            return found
    return []


def _is_voc(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(2048)
            return b"<annotation>" in head or b"<annotation " in head
    except OSError:
        return False


def _root(path: Path, first: Path) -> Path:
    if path.is_dir() and path != first.parent:
        return path
    named = first.parent.name.lower() in {"annotations", "labels", "xml"}
    return first.parent.parent if named else first.parent


def _page(file: Path, problems: list[str]) -> _Page:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        tree = fromstring(text_of(file), forbid_dtd=True)
    except ParseError as fault:
        raise InvalidInputError(f"{file}: no valid XML ({fault}): repair or remove it") from fault
    except DefusedXmlException as fault:
        raise InvalidInputError(
            f"{file}: declares entities or a document type, which is refused: remove them"
        ) from fault
    if tree.tag != "annotation":
        raise InvalidInputError(f"{file}: holds <{tree.tag}> where <annotation> is expected")
    objects = []
    for number, element in enumerate(tree.findall("object"), 1):
        try:
            objects.append(_object(element))
        except ValueError as fault:
            problems.append(f"{file}: object {number}: {fault}: correct or remove it")
    return _Page(
        file,
        pictures.safe_name(tree.findtext("filename", "").strip() or file.stem, str(file)),
        _pixels(tree, "width"),
        _pixels(tree, "height"),
        tree.findtext("source/annotation", "") == _SIGNED,
        objects,
    )


def _pixels(tree: Any, name: str) -> int | None:
    text = tree.findtext(f"size/{name}", "").strip()
    return int(text) if text.isdigit() and int(text) > 0 else None


def _object(element: Any) -> _Object:
    label = element.findtext("name", "").strip()
    if not label:
        raise ValueError("there is no <name>")
    values = []
    for name in ("xmin", "ymin", "xmax", "ymax"):
        text = element.findtext(f"bndbox/{name}")
        try:
            value = float(text if text is not None else "")
        except ValueError:
            raise ValueError(f"<{name}> is {text!r}, a number is expected") from None
        if value - value != 0.0:
            raise ValueError(f"<{name}> is {text}, a finite number is expected")
        values.append(value)
    metadata: dict[str, Any] = {
        name: True
        for name in ("difficult", "truncated", "occluded")
        if element.findtext(name, "0").strip() not in {"0", "", "false"}
    }
    pose = element.findtext("pose", "").strip()
    if pose and pose.lower() != "unspecified":
        metadata["pose"] = pose
    for attribute in element.findall("attributes/attribute"):
        metadata.setdefault(attribute.findtext("name", ""), attribute.findtext("value", ""))
    return _Object(label, (values[0], values[1], values[2], values[3]), metadata)


def _collect(collection: Collection, pages: list[_Page], root: Path, options: ReadOptions) -> None:
    top = options.images or root
    folder = pictures.Folder(top)
    base, names = _place(pages, top, folder, options)
    twice = pictures.repeated(names)
    if twice:
        raise InvalidInputError(
            f"the picture {twice[0]!r} is named by several XML files of {pages[0].file.parent}: "
            "keep one file for each picture",
            path=str(pages[0].file.parent),
        )
    one_based = options.one_based
    if one_based is None:
        one_based = any(page.signed for page in pages) or not any(
            0.0 in entry.corners[:2] for page in pages for entry in page.objects
        )
    splits = _splits(root)
    items = collection.items
    for page, name in sorted(zip(pages, names, strict=True), key=lambda pair: pair[1]):
        head, _, tail = name.rpartition("/")
        location = os.path.join(base, name)  # noqa: PTH118 - hot
        if tail not in folder.files(os.path.join(base, head)):  # noqa: PTH118 - hot
            collection.missing.append(location)
        elif page.width is None or page.height is None:
            page.width, page.height = pictures.size(location)
        at = len(items)
        items.reference_id.append(name)
        items.location.append(location)
        items.width.append(page.width)
        items.height.append(page.height)
        split = splits.get(page.file.stem) or splits.get(tail.rpartition(".")[0])
        items.metadata.append({"split": split} if split else None)
        _boxes(collection, page, at, 1.0 if one_based else 0.0)


def _place(
    pages: list[_Page], top: Path, folder: pictures.Folder, options: ReadOptions
) -> tuple[Path, list[str]]:
    """Find the pictures: by the name in the file, else by the name of the file."""
    bases = [top] if options.images else [top / name for name in _IMAGE_FOLDERS]
    names = [page.filename for page in pages]
    base, missing = pictures.place(names, bases, folder)
    if missing:
        stems = [page.file.stem for page in pages]
        for other in [base, *bases]:
            by_stem = {}
            for name in folder.files(str(other)):
                stem, suffix = os.path.splitext(name)  # noqa: PTH122 - hot
                if suffix.lower() in pictures.SUFFIXES:
                    by_stem[stem] = name
            if any(stem in by_stem for stem in stems):
                lost = set(missing)
                names = [
                    by_stem.get(stem, name) if name in lost else name
                    for name, stem in zip(names, stems, strict=True)
                ]
                return other, names
    return base, names


def _splits(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in reversed(_SPLITS):
        for folder in ("splits", "ImageSets/Main", ""):
            file = root / folder / f"{name}.txt"
            if file.is_file():
                for line in text_of(file).split("\n"):
                    stem = line.split(" ")[0].strip()
                    if stem:
                        found[stem.rpartition("/")[2].removesuffix(".jpg")] = name
    return found


def _boxes(collection: Collection, page: _Page, at: int, origin: float) -> None:
    boxes = collection.boxes
    for number, entry in enumerate(page.objects, 1):
        left, top, right, bottom = entry.corners
        x, y = left - origin, top - origin
        fault = ""
        if right <= x or bottom <= y:
            fault = "the corners are the wrong way round or enclose nothing"
        elif (page.width and x >= page.width) or (page.height and y >= page.height):
            fault = f"it lies outside its picture of {page.width} x {page.height} pixels"
        elif right <= 0 or bottom <= 0:
            fault = "it lies outside its picture, left of it or above it"
        if fault:
            collection.problems.append(
                f"{page.file}: object {number} ({entry.label}, xmin {left:g}, ymin {top:g}, "
                f"xmax {right:g}, ymax {bottom:g}): {fault}: correct or remove it"
            )
            continue
        boxes.item.append(at)
        boxes.label.append(entry.label)
        boxes.annotation_id.append(str(number))
        boxes.x.append(x)
        boxes.y.append(y)
        boxes.width.append(right - x)
        boxes.height.append(bottom - y)
        boxes.metadata.append(entry.metadata or None)


def _write(collection: Collection, path: Path) -> list[Path]:
    items, boxes = collection.items, collection.boxes
    if collection.others:
        collection.problems.append(
            f"{len(collection.others)} annotations that are no boxes have no place in Pascal VOC "
            "and were left out"
        )
    trees = []
    for at, name in enumerate(items.reference_id):
        tree = Element("annotation")
        _fill(tree, (("folder", "images"), ("filename", name)))
        _fill(SubElement(tree, "source"), (("annotation", _SIGNED),))
        size = (("width", items.width[at] or 0), ("height", items.height[at] or 0), ("depth", 3))
        _fill(SubElement(tree, "size"), size)
        trees.append(tree)
    for number, at in enumerate(boxes.item):
        known = (boxes.metadata[number] if boxes.metadata else None) or {}
        element = SubElement(trees[at], "object")
        _fill(element, (("name", boxes.label[number]), ("pose", known.get("pose", "Unspecified"))))
        flags = ("truncated", "difficult", "occluded")
        _fill(element, ((flag, int(bool(known.get(flag)))) for flag in flags))
        x, y = boxes.x[number], boxes.y[number]
        corners = (x + 1, y + 1, x + boxes.width[number], y + boxes.height[number])
        names = ("xmin", "ymin", "xmax", "ymax")
        _fill(
            SubElement(element, "bndbox"),
            ((name, _number(value)) for name, value in zip(names, corners, strict=True)),
        )
    written = []
    splits: dict[str, list[str]] = {}
    strange: Counter[str] = Counter()
    stems_of = pictures.stems(items.reference_id)
    for at, (tree, name) in enumerate(zip(trees, items.reference_id, strict=True)):
        target = path / "annotations" / f"{stems_of[at]}.xml"
        indent(tree)
        replace_file(target, tostring(tree, encoding="utf-8") + b"\n")
        written.append(target)
        split = ((items.metadata[at] if items.metadata else None) or {}).get("split")
        if isinstance(split, str) and split in _SPLITS:
            splits.setdefault(split, []).append(Path(name).stem)
        elif split is not None:
            strange[repr(split)] += 1
    collection.problems += [
        f"the split {split} of {count:,} items was left out: {', '.join(_SPLITS)} are possible"
        for split, count in strange.items()
    ]
    for split, stems in splits.items():
        target = path / "splits" / f"{split}.txt"
        replace_file(target, ("\n".join(stems) + "\n").encode())
        written.append(target)
    return written


def _fill(parent: Element, rows: Iterable[tuple[str, Any]]) -> None:
    for tag, value in rows:
        SubElement(parent, tag).text = str(value)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
