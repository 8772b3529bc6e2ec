"""``info.labels`` in a request: what is said of each of its files, in their order.

The file is that of exported datasets. With it a client sends many samples at once that differ in
category, label or metadata, which headers can only say of all files of a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import FilePart, decode, refuse_nul

if TYPE_CHECKING:
    from nucleus_lab.engine.sample_ingest import Wishes

INFO: Final = "info.labels"


def read(parts: Sequence[FilePart], files: Sequence[FilePart]) -> Sequence[Any]:
    """Read what is said of the files of a request.

    Args:
        parts: All its parts.
        files: Those that are samples.

    Returns:
        One entry a file; ``None`` of each where the request has no ``info.labels``.

    Raises:
        InvalidInputError: It cannot be read, or names other files.
    """
    described = [part for part in parts if part.filename == INFO]
    if not described:
        return [None] * len(files)
    part = described[-1]
    content = part.content if part.content is not None else Path(part.path or "").read_bytes()
    try:
        refuse_nul(content)
        found = decode(content)
    except InvalidInputError as fault:
        raise InvalidInputError(f"{INFO}: {fault.message}", path=INFO) from fault
    entries = found.get("files") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise InvalidInputError(f'{INFO} needs a list "files" of objects', path=f"{INFO}.files")
    names = [each.get("path") for each in entries]
    if names != [file.filename for file in files]:
        raise InvalidInputError(
            f"{INFO} describes {len(names):,} files and the request has {len(files):,}: name each "
            "file of the request, in the order of its parts",
            path=f"{INFO}.files",
        )
    return entries


def said(entry: dict[str, Any], category: str, wishes: Wishes) -> tuple[str, Wishes, Any]:
    """Join what is said of a file with what holds for all.

    Args:
        entry: The file's entry of ``info.labels``.
        category: Category of the request.
        wishes: What the request says of all files.

    Returns:
        Category, wishes and structured labels of the file; ``None`` where it has no such labels.

    Raises:
        InvalidInputError: The entry has a value that is not possible.
    """
    from nucleus_lab.formats.samples import labels
    from nucleus_lab.formats.samples.recording import text_of

    category = entry.get("category") or category
    if not isinstance(category, str) or category not in {*labels.CATEGORIES, labels.SPLIT}:
        raise InvalidInputError(
            f"category is {category!r}: {', '.join([*labels.CATEGORIES, labels.SPLIT])} are "
            "possible",
            path="category",
        )
    label = entry.get("label")
    if label is not None and not isinstance(label, dict):
        raise InvalidInputError(
            f'label is {label!r:.60}: an object {{"type", "label"}} is needed', path="label"
        )
    segments = None
    if label is not None:
        if label.get("label") is not None:
            wishes = replace(wishes, label=text_of(label["label"], "label"))
        elif label.get("type") == "unlabeled":
            wishes = replace(wishes, label="")
        segments = label.get("labels")
    if entry.get("metadata") is not None:
        wishes = replace(wishes, metadata=labels.check_metadata(entry["metadata"], "metadata"))
    if entry.get("boundingBoxes"):
        boxes = labels.check_boxes(entry["boundingBoxes"], "boundingBoxes")
        wishes = replace(wishes, bounding_boxes=boxes)
    return category, wishes, segments
