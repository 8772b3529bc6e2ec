"""Reads YOLO label files."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import ReadOptions
from nucleus_lab.formats.files import text_of
from nucleus_lab.formats.yolo import layout

_EDGE = 1e-3
"""How far a coordinate may lie outside 0 to 1: label files round to a few digits."""


@dataclass(slots=True)
class _Line:
    number: int
    label: int
    values: list[float]


def read_dataset(path: Path, options: ReadOptions) -> Collection:
    """Read a YOLO dataset.

    Args:
        path: The dataset folder, its ``data.yaml``, or one of its label folders.
        options: ``names`` names the file of the class names, ``images`` the pictures.

    Returns:
        One item a picture, also for pictures without a label file (they show nothing).

    Raises:
        InvalidInputError: There are no pictures with labels, or no class names.
    """
    root, labels = layout.root_of(path)
    if path.is_file() and path in layout.name_files(root):
        options = ReadOptions(images=options.images, names=options.names or path)
    found = layout.pairs(root, labels)
    if options.images:
        usual = root / "labels" if (root / "labels").is_dir() else root
        found = [layout.Pair(options.images, labels or (found[0].labels if found else usual))]
    if not found:
        raise InvalidInputError(
            f"{root} has no pictures with YOLO labels: expected images/ beside labels/, "
            "<split>/images beside <split>/labels, or pictures with .txt files of the same name",
            path=str(root),
        )
    _hold_inside(root)
    collection = Collection()
    with collector_paused():
        for pair in found:
            _Reader(root, pair, options, collection, prefixed=len(found) > 1).read()
    return collection


def _hold_inside(root: Path) -> None:
    """Refuse a data.yaml that sends the reader out of its folder.

    Roboflow writes ``train: ../train/images`` into a folder that holds ``train/images``; the
    training code drops the ``../`` then, and so does this.
    """
    for file in (root / "data.yaml", root / "data.yml", root / "dataset.yaml"):
        if not file.is_file():
            continue
        mapping = layout.yaml_of(file)
        base = str(mapping.get("path", "") or "")
        for key in ("train", "val", "test"):
            value = mapping.get(key)
            for entry in value if isinstance(value, list) else [value]:
                if not isinstance(entry, str):
                    continue
                real = Path(os.path.realpath(root / base / entry))
                top = Path(os.path.realpath(root))
                dropped = root / entry.removeprefix("../")
                if real != top and top not in real.parents and not dropped.exists():
                    raise InvalidInputError(
                        f"{file}: {key}: {entry!r} (path: {base!r}) lies outside {root}: "
                        "name the folder that holds everything, or write paths relative to it",
                        path=str(file),
                    )


class _Reader:
    """Reads one pair of folders into a collection."""

    def __init__(
        self,
        root: Path,
        pair: layout.Pair,
        options: ReadOptions,
        collection: Collection,
        *,
        prefixed: bool,
    ) -> None:
        self.root = root
        self.pair = pair
        self.options = options
        self.collection = collection
        self.prefix = f"{pair.images.parent.name}/" if prefixed else ""

    def read(self) -> None:
        names = pictures.listed(self.pair.images)
        if not names:
            raise MediaError(
                f"{self.pair.images} holds no pictures: YOLO labels are fractions of the size of "
                "their picture, so the pictures are needed; pass their folder as images=…",
                path=str(self.pair.images),
            )
        stems = pictures.repeated(name.rpartition(".")[0] for name in names)
        if stems:
            raise InvalidInputError(
                f"{self.pair.images} holds several pictures named {stems[0]!r} that differ only in "
                "their ending, so their label file is the same: rename one",
                path=str(self.pair.images),
            )
        self._report_orphans(names)
        pages = [(name, self._lines(name)) for name in names]
        used = {line.label for _, lines in pages for line in lines}
        classes, file = layout.choose_names(self.root, self.pair.labels, used, self.options.names)
        for name, lines in pages:
            self._item(name, lines, classes, file)

    def _label_file(self, name: str) -> Path:
        return self.pair.labels / f"{name.rpartition('.')[0]}.txt"

    def _report_orphans(self, names: list[str]) -> None:
        """Name label files that have no picture."""
        if self.pair.labels == self.pair.images:
            return
        known = {self._label_file(name) for name in names}
        for file in sorted(self.pair.labels.rglob("*.txt")):
            if file not in known and file.name != "classes.txt":
                self.collection.missing.append(str(file))
                self.collection.problems.append(
                    f"{file}: there is no picture of this name in {self.pair.images}: "
                    "add it or remove the file"
                )

    def _lines(self, name: str) -> list[_Line]:
        file = self._label_file(name)
        if not file.is_file():
            return []
        lines = []
        for number, text in enumerate(text_of(file).split("\n"), 1):
            if not text.strip():
                continue
            try:
                lines.append(_line(number, text))
            except ValueError as fault:
                self.collection.problems.append(f"{file}: line {number}: {fault}")
        return lines

    def _item(self, name: str, lines: list[_Line], classes: dict[int, str], file: Path) -> None:
        items = self.collection.items
        location = str(self.pair.images / name)
        try:
            width, height = pictures.size(location)
        except MediaError as fault:
            self.collection.problems.append(f"{fault} (with {len(lines)} labels)")
            return
        at = len(items)
        items.reference_id.append(self.prefix + name)
        items.location.append(location)
        items.width.append(width)
        items.height.append(height)
        split = layout.split_of(name, self.pair.images.parent.name)
        items.metadata.append({"split": split} if split else None)
        for line in lines:
            label = classes.get(line.label)
            where = f"{self._label_file(name)}: line {line.number}"
            if label is None:
                self.collection.problems.append(
                    f"{where}: class {line.label} has no name in {file.name}: "
                    "add it or correct the line"
                )
            elif len(line.values) in {4, 5}:
                self._box(at, label, line, width, height, where)
            else:
                self._polygon(at, label, line, width, height)

    def _box(self, at: int, label: str, line: _Line, width: int, height: int, where: str) -> None:
        x, y, w, h = line.values[:4]
        if w <= 0 or h <= 0 or x - w / 2 >= 1 or y - h / 2 >= 1 or x + w / 2 <= 0 or y + h / 2 <= 0:
            self.collection.problems.append(
                f"{where}: the box {line.values[:4]} has no size or lies outside the picture"
            )
            return
        boxes = self.collection.boxes
        if len(boxes) and (len(line.values) == 5) != bool(boxes.confidence):
            self.collection.problems.append(
                f"{where}: some boxes have a confidence and some have none: "
                "keep labels and detections in separate folders"
            )
            return
        boxes.item.append(at)
        boxes.label.append(label)
        boxes.annotation_id.append(str(line.number))
        boxes.x.append((x - w / 2) * width)
        boxes.y.append((y - h / 2) * height)
        boxes.width.append(w * width)
        boxes.height.append(h * height)
        if len(line.values) == 5:
            boxes.confidence.append(line.values[4])

    def _polygon(self, at: int, label: str, line: _Line, width: int, height: int) -> None:
        from nucleus_lab.annotation import Point, PolygonAnnotation

        xs, ys = line.values[0::2], line.values[1::2]
        self.collection.others.append(
            PolygonAnnotation(
                label=label,
                vertices=[Point(x * width, y * height) for x, y in zip(xs, ys, strict=True)],
                reference_id=self.collection.items.reference_id[at],
                annotation_id=f"{line.number}/polygon",
            )
        )


def _line(number: int, text: str) -> _Line:
    words = text.split()
    try:
        label = int(words[0])
    except ValueError:
        raise ValueError(
            f"{words[0]!r} is no class number: a whole number must come first"
        ) from None
    try:
        values = [float(word) for word in words[1:]]
    except ValueError:
        raise ValueError(f"not all of {words[1:6]} are numbers: correct the line") from None
    if len(values) not in {4, 5} and (len(values) < 6 or len(values) % 2):
        raise ValueError(
            f"{len(values)} numbers after the class: 4 make a box (centre x, centre y, width, "
            "height), 5 a box with confidence, an even number from 6 a polygon"
        )
    if not all(-_EDGE <= value <= 1 + _EDGE for value in values):  # NaN fails too
        worst = next(v for v in values if not -_EDGE <= v <= 1 + _EDGE)
        hint = "divide pixels by the size of the picture" if math.isfinite(worst) else "correct it"
        raise ValueError(f"{worst:g} is not between 0 and 1: {hint}")
    return _Line(number, label, values)


__all__ = ["read_dataset"]
