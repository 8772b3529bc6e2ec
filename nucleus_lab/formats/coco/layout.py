"""Where COCO files lie in a folder, told apart by their first and last bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from nucleus_lab.errors import InvalidInputError

_PEEK = 1 << 16
_BESIDE = frozenset(("annotations", "labels", "predictions", "results", "detections"))
_SPLIT = re.compile(
    r"(?:^|[_-])(train|val|valid|validation|test|trainval|minival)(\d{4})?(?=$|[_-])"
)


def kind_of(path: Path) -> str:
    """Tell what a JSON file holds without decoding it.

    Args:
        path: File.

    Returns:
        ``dataset``, ``results``, ``panoptic``, ``captions`` or ``""``.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_PEEK)
            length = file.seek(0, 2)
            file.seek(max(0, length - _PEEK))
            tail = file.read()
    except OSError:
        return ""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    both = head + tail
    if start == b"[" and b'"image_id"' in head:
        return "results"
    if start != b"{" or (b'"images"' not in both and b'"file_name"' not in both):
        return ""
    if b'"segments_info"' in both:
        return "panoptic"
    if b'"caption"' in both and b'"bbox"' not in both:
        return "captions"
    coco = b'"annotations"' in both or b'"image_id"' in both or b'"categories"' in both
    return "dataset" if coco else ""


def _json_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.json") if file.is_file())


def _of_kind(files: Iterable[Path], kind: str) -> list[Path]:
    return [file for file in files if kind_of(file) == kind]


def dataset_files(path: Path) -> list[Path]:
    """Find the annotation files below a path.

    Args:
        path: A file, or a dataset folder.

    Returns:
        One file; several when each is named for a split; all candidates when it is unclear
        which is meant (:func:`chosen` refuses those); none when nothing fits.
    """
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" and kind_of(path) == "dataset" else []
    for folder in (path / "annotations", path):
        found = _of_kind(_json_files(folder), "dataset")
        instances = [file for file in found if file.name.startswith("instances")]
        if found:
            return instances or found
    return _of_kind(sorted(path.glob("*/_annotations.coco.json")), "dataset")


def split_of(file: Path) -> str:
    """Read the split from the name of a file, or of its folder for ``_annotations.coco.json``.

    Args:
        file: Annotation file.

    Returns:
        Such as ``train2017`` or ``val``; ``""`` when the name says nothing.
    """
    text = file.parent.name if file.name.startswith("_annotations") else file.stem
    found = _SPLIT.search(text)
    return "" if found is None else "".join(part or "" for part in found.groups())


def chosen(path: Path) -> list[Path]:
    """Find the annotation files to read.

    Args:
        path: A file, or a dataset folder.

    Returns:
        One file, or one for each split.

    Raises:
        InvalidInputError: There is none, or several that are not splits of one dataset.
    """
    if path.is_file():
        kind = kind_of(path)
        if kind in {"captions", "results"}:
            hint = {
                "captions": "a captions file: name the instances file of the same pictures",
                "results": "a results file: import it as predictions of a model",
            }[kind]
            raise InvalidInputError(f"{path} is {hint}", path=str(path))
        return [path]
    found = dataset_files(path)
    if not found:
        raise InvalidInputError(
            f"{path} holds no COCO annotations: expected *.json, annotations/*.json or "
            "<split>/_annotations.coco.json with images and annotations. Name the file itself.",
            path=str(path),
        )
    splits = [split_of(file) for file in found]
    if len(found) > 1 and (len(set(splits)) < len(found) or "" in splits):
        raise InvalidInputError(
            f"{path} holds several COCO files that are not splits of one dataset: "
            f"name one of {', '.join(file.name for file in found)}",
            path=str(path),
        )
    return found


def result_files(path: Path) -> list[Path]:
    """Find results files below a dataset folder.

    Args:
        path: A file, or a dataset folder.

    Returns:
        Files that hold a list of detections, sorted.
    """
    if path.is_file():
        path = path.parent
    folders = (
        path,
        *(path / name for name in ("predictions", "results", "detections", "annotations")),
    )
    return [file for folder in folders for file in _of_kind(_json_files(folder), "results")]


def root_of(path: Path, files: list[Path]) -> Path:
    """Find the folder that a dataset may not leave.

    Args:
        path: What the caller named.
        files: The annotation files.

    Returns:
        The named folder; for a file, its folder, or the one above when that only holds
        annotations.
    """
    if path.is_dir():
        return path
    folder = files[0].parent
    return folder.parent if folder.name.lower() in _BESIDE else folder


def picture_folders(root: Path, file: Path) -> list[Path]:
    """Folders in which the pictures of an annotation file may lie, best first.

    Args:
        root: The dataset folder.
        file: The annotation file.

    Returns:
        Folders, existing or not.
    """
    split = split_of(file)
    bases = [root / "images", root, file.parent, root / "data"]
    if split:
        bases += [root / "images" / split, root / split, root / split / "images"]
    return bases
