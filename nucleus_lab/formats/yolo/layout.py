"""Where the parts of a YOLO dataset lie: pictures, label files, class names, splits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.files import text_of

_NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "names.txt")
SPLITS = ("train", "val", "valid", "test")


@dataclass(frozen=True, slots=True)
class Pair:
    """A folder of pictures and the folder of label files that mirrors it."""

    images: Path
    labels: Path


def root_of(path: Path) -> tuple[Path, Path | None]:
    """Find the dataset folder.

    Args:
        path: The dataset folder, a file in it, or one of its label folders.

    Returns:
        The dataset folder, and the label folder when the path is one.
    """
    if path.is_file():
        return path.parent, None
    beside = path.parent / "images"
    if path.name.startswith("labels") and beside.is_dir():
        return path.parent, path
    return path, None


def pairs(root: Path, labels: Path | None = None) -> list[Pair]:
    """Find pictures and labels.

    Args:
        root: The dataset folder.
        labels: The label folder to use; the usual places when ``None``.

    Returns:
        One pair, one for each split (``train/images`` and ``train/labels``), or none.
    """
    if labels is not None:
        return [Pair(root / "images", labels)]
    found = _beside(root)
    if found:
        return [found]
    splits = [pair for name in SPLITS if (pair := _beside(root / name))]
    if splits:
        return splits
    flat = [root, root / "obj_train_data"]
    found_flat = [Pair(folder, folder) for folder in flat if _has_label_beside_picture(folder)]
    if not found_flat and flat[1].is_dir():
        found_flat = [Pair(flat[1], flat[1])]
    return found_flat[:1]


def _beside(folder: Path) -> Pair | None:
    images = folder / "images"
    if not images.is_dir():
        return None
    labels = sorted(entry for entry in folder.glob("labels*") if entry.is_dir())
    for entry in labels:  # sorted: ``labels`` itself comes first
        if next(entry.rglob("*.txt"), None):
            return Pair(images, entry)
    return None


def _has_label_beside_picture(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    names = pictures.Folder(folder).files(str(folder))
    stems = {name[:-4] for name in names if name.endswith(".txt")}
    return any(
        name.rpartition(".")[0] in stems
        for name in names
        if Path(name).suffix.lower() in pictures.SUFFIXES
    )


def name_files(root: Path) -> list[Path]:
    """Find files that may hold class names.

    Args:
        root: The dataset folder.

    Returns:
        Existing files, the usual names first.
    """
    found = [root / name for name in _NAME_FILES if (root / name).is_file()]
    found += sorted(root.glob("*.names"))
    found += [file for file in sorted(root.glob("*.y*ml")) if _yaml_names(file)]
    for pattern in (
        "labels/classes.txt",
        "class_names/*.yaml",
        "class_names/*.txt",
        "*/classes.txt",
    ):
        found += sorted(root.glob(pattern))
    return list(dict.fromkeys(found))


def _yaml_names(file: Path) -> bool:
    return bool(re.search(r"^names\s*:", text_of(file), re.MULTILINE))


def yaml_of(file: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Args:
        file: The file.

    Returns:
        The mapping.

    Raises:
        InvalidInputError: It is no YAML, or no mapping.
    """
    import yaml

    try:
        value = yaml.safe_load(text_of(file))
    except yaml.YAMLError as fault:
        where = getattr(fault, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise InvalidInputError(
            f"{file} is no valid YAML{line}: repair it", path=str(file)
        ) from fault
    if not isinstance(value, dict):
        raise InvalidInputError(f"{file} holds no mapping: 'names: …' is expected", path=str(file))
    return value


def names_in(file: Path) -> dict[int, str]:
    """Read class names.

    Args:
        file: YAML with ``names`` (a list or a mapping from number to name), or a text file with
            one name a line.

    Returns:
        Names by class number.

    Raises:
        InvalidInputError: ``names`` has another shape.
    """
    if file.suffix.lower() not in {".yaml", ".yml"}:
        lines = [line.strip() for line in text_of(file).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return dict(enumerate(lines))
    mapping = yaml_of(file)
    names = mapping.get("names", mapping.get("classes"))
    if isinstance(names, list):
        return {number: str(name) for number, name in enumerate(names)}
    if isinstance(names, dict) and all(isinstance(number, int) for number in names):
        return {number: str(name) for number, name in names.items()}
    raise InvalidInputError(
        f"{file} has no class names: 'names' must be a list, or a mapping from number to name",
        path=str(file),
    )


def choose_names(
    root: Path, labels: Path, used: set[int], given: Path | None
) -> tuple[dict[int, str], Path]:
    """Choose the class names that fit the numbers in use.

    Args:
        root: The dataset folder.
        labels: The label folder.
        used: Class numbers that occur.
        given: The file that the caller named.

    Returns:
        Names by class number, and their file.

    Raises:
        InvalidInputError: There is no file of names, or several that differ fit.
    """
    files = [given] if given else name_files(root)
    if not files:
        raise InvalidInputError(
            f"{root} has no class names: add data.yaml (names: [...]) or classes.txt, "
            "or pass the file as names=…",
            path=str(root),
        )
    known = [(names_in(file), file) for file in files]
    fitting = [entry for entry in known if used <= entry[0].keys()]
    if not fitting:  # the reader names each line with an unknown number
        return known[0]
    if len(fitting) > 1:
        words = set(re.split(r"[^a-z]+", labels.name.lower())) - {"labels", "yolo", ""}
        hinted = [entry for entry in fitting if any(word in entry[1].stem for word in words)]
        fitting = hinted or fitting
    first = {number: fitting[0][0][number] for number in used}
    for names, file in fitting[1:]:
        if {number: names[number] for number in used} != first:
            raise InvalidInputError(
                f"{fitting[0][1]} and {file} name the classes of {labels} differently: "
                "pass the right one as names=…",
                path=str(file),
            )
    return fitting[0]


def split_of(name: str, folder: str) -> str:
    """Read the split from a path.

    Args:
        name: Path of the picture below its images folder.
        folder: Name of the folder above ``images``.

    Returns:
        ``train``, ``val`` or ``test``; ``""`` when no folder is named so.
    """
    for part in (name.partition("/")[0] if "/" in name else "", folder):
        if part.rstrip("0123456789") in SPLITS:
            return part
    return ""
