"""Reads COCO results: a list of detections that name pictures and categories by number.

The numbers mean something only together with the annotation file that the detector was run on, so
that file is looked for beside the results, or named by the caller.
"""

from __future__ import annotations

from pathlib import Path

from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.base import existing
from nucleus_lab.formats.coco import layout
from nucleus_lab.formats.coco.metadata import box_metadata
from nucleus_lab.formats.coco.records import Category, Dataset, Entry, Id, Picture, load
from nucleus_lab.formats.coco.shapes import shapes_of


def read_results(path: Path | str, ground_truth: Path | str | None = None) -> Collection:
    """Read detections.

    Args:
        path: Results file (a JSON list), a folder that holds one, or a dataset file whose
            annotations have a ``score``.
        ground_truth: The annotation file with the numbers of pictures and categories; looked for
            beside the results and one folder up when ``None``.

    Returns:
        Items named as the annotation file names its pictures (``file_name``), with boxes that
        have a confidence, and polygon and keypoint predictions.

    Raises:
        InvalidInputError: There is no results file, or several, or no annotation file.
    """
    given = existing(path)
    if given.is_dir():
        found = layout.result_files(given)
        if len(found) != 1:
            raise InvalidInputError(
                f"{given} holds {len(found)} COCO results files"
                f"{': name one of ' + ', '.join(file.name for file in found) if found else ''}; "
                "a results file is a JSON list of image_id, category_id, bbox and score",
                path=str(given),
            )
        given = found[0]
    with collector_paused():
        if layout.kind_of(given) == "dataset" and ground_truth is None:
            data = load(given, Dataset)
            entries = data.annotations
        else:
            entries = load(given, list[Entry])
            data = _numbers(given, entries, ground_truth)
        return _collect(given, entries, data)


def _numbers(path: Path, entries: list[Entry], ground_truth: Path | str | None) -> Dataset:
    """Find the annotation file that knows the pictures of the results."""
    if ground_truth is not None:
        return load(existing(ground_truth), Dataset)
    folders = (
        path.parent,
        path.parent / "annotations",
        path.parent.parent / "annotations",
        path.parent.parent,
    )
    files = [
        file
        for folder in dict.fromkeys(folders)
        for file in sorted(folder.glob("*.json"))
        if layout.kind_of(file) == "dataset"
    ]
    wanted = {entry.image_id for entry in entries}
    best: tuple[int, Dataset] | None = None
    for file in files:
        data = load(file, Dataset)
        known = len(wanted.intersection(image.id for image in data.images))
        if best is None or known > best[0]:
            best = (known, data)
        if known == len(wanted):
            break
    if best is None or (wanted and best[0] == 0):
        raise InvalidInputError(
            f"{path} names pictures and categories by number, and no annotation file beside it "
            "knows them: pass ground_truth=… with the COCO file that the detector was run on",
            path=str(path),
        )
    return best[1]


def _collect(path: Path, entries: list[Entry], data: Dataset) -> Collection:
    collection = Collection()
    images: dict[Id, int] = {}
    categories = {category.id: category for category in data.categories}
    _items(collection, data.images, images)
    owned: list[tuple[int, Entry, Category]] = []
    for number, entry in enumerate(entries):
        owner = images.get(entry.image_id, -1)
        category = categories.get(entry.category_id)  # type: ignore[arg-type]
        fault = _fault(entry, owner, category)
        if fault or category is None:
            collection.problems.append(f"{path.name}: entry {number} {fault}")
            continue
        entry.id = number if entry.id is None else entry.id
        owned.append((owner, entry, category))
    owned.sort(key=lambda row: row[0])
    boxed = [row for row in owned if row[1].bbox is not None]
    boxes = collection.boxes
    boxes.item = [owner for owner, _, _ in boxed]
    boxes.label = [category.name for _, _, category in boxed]
    boxes.annotation_id = [str(entry.id) for _, entry, _ in boxed]
    corners = [entry.bbox or (0.0, 0.0, 0.0, 0.0) for _, entry, _ in boxed]
    boxes.x, boxes.y, boxes.width, boxes.height = (
        [corner[axis] for corner in corners] for axis in range(4)
    )
    boxes.confidence = [entry.score or 0.0 for _, entry, _ in boxed]
    boxes.metadata = [box_metadata(entry) for _, entry, _ in boxed]
    for owner, entry, category in owned:
        if entry.segmentation or entry.keypoints:
            where = f"{path.name}: entry {entry.id} of image {entry.image_id}"
            try:
                collection.others += shapes_of(
                    entry, category, collection.items.reference_id[owner], where, predicted=True
                )
            except InvalidInputError as fault_of_shape:
                collection.problems.append(str(fault_of_shape))
    return collection


def _items(collection: Collection, rows: list[Picture], images: dict[Id, int]) -> None:
    for image in rows:
        images[image.id] = len(images)
    items = collection.items
    items.reference_id = [image.file_name for image in rows]
    items.location = list(items.reference_id)
    items.width = [image.width for image in rows]
    items.height = [image.height for image in rows]


def _fault(entry: Entry, owner: int, category: Category | None) -> str:
    if owner < 0:
        return f"names the image_id {entry.image_id!r}, which is not in the annotation file"
    if category is None:
        return f"names the category_id {entry.category_id}, which is not in the annotation file"
    if entry.score is None:
        return "has no score: every detection needs one between 0 and 1"
    if not 0 <= entry.score <= 1:
        return f"has the score {entry.score:g}: scores lie between 0 and 1; rescale them"
    if entry.bbox is not None and not (entry.bbox[2] >= 0 and entry.bbox[3] >= 0):
        return f"has the bbox {list(entry.bbox)}: width and height must be 0 or above"
    if entry.bbox is None and not entry.segmentation and not entry.keypoints:
        return "has neither bbox nor segmentation nor keypoints"
    return ""
