"""Files in and out: imports of COCO, Pascal VOC, YOLO and plain folders, exports of the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.annotation import SegmentationAnnotation
from nucleus_lab.bulk import batches, collector_paused
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.dataset.export_report import ExportReport
from nucleus_lab.dataset.import_report import ImportReport
from nucleus_lab.dataset.scene_imports import SceneImportMethods
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.location import is_local

if TYPE_CHECKING:
    from nucleus_lab.formats.base import ReadOptions
    from nucleus_lab.model import Model

Progress = Callable[[int, int], object]

_MOST_ROWS: Final = 10_000
_MOST_BOXES: Final = 100_000
_MOST_PAGE: Final = 5_000
_MOST_FILES: Final = 500
_MOST_BYTES: Final = 64_000_000
_OBJECTS: Final = 20_000


class ImportMethods(SceneImportMethods):
    """Import files and folders, export files."""

    def import_from(
        self,
        path: Path | str,
        format: str = "auto",  # noqa: A002 - the word users know
        update: bool = False,
        *,
        images: Path | str | None = None,
        names: Path | str | None = None,
        folder_labels: bool = False,
        one_based: bool | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Add the pictures and annotations of a file or folder.

        Everything is read and held against its rules before anything is sent. An entry that breaks
        one (an unknown category, a box outside its picture, a picture that is missing) is left out
        and named in the report; a fault of the whole source refuses it. The reference id of an item
        is its path below the folder of the pictures, so importing again adds nothing twice.

        Args:
            path: A COCO JSON file, or a folder in COCO, Pascal VOC or YOLO form, of CVAT, Datumaro
                or Label Studio, or of pictures; for a dataset of scenes a folder in KITTI or MOT
                form.
            format: ``coco``, ``coco_panoptic``, ``cvat``, ``datumaro``, ``label_studio``,
                ``pascal_voc``, ``yolo``, ``images``, ``kitti``, ``mot``, or ``auto`` to detect it.
            update: Replace items and annotations that exist.
            images: Folder of the pictures, where the layout does not tell; ``"url"`` to use the
                addresses that a COCO file gives instead of local files.
            names: File of the class names, for YOLO where the layout does not tell.
            folder_labels: With ``images``: make the first folder a category.
            one_based: With ``pascal_voc``: whether corners count from 1; decided by the files
                when ``None``.
            progress: Called with items done and items in all.

        Returns:
            Counts, and what was left out.

        Raises:
            InvalidInputError: The source as a whole cannot be read; nothing was added.
            MediaError: None of its pictures exist; nothing was added.
        """
        from nucleus_lab import formats

        chosen = formats.detect(path).format if format == "auto" else format
        options = formats.ReadOptions(
            images=None if images is None or images == "url" else Path(images).absolute(),
            names=None if names is None else Path(names).absolute(),
            folder_labels=folder_labels,
            one_based=one_based,
            remote=images == "url",
        )
        # All that was read is gone again at the end, and the collector need not see it; a function
        # of the caller's must not run meanwhile.
        with collector_paused() if progress is None else nullcontext():
            return self._import(path, chosen, options, update, progress)

    def _import(
        self,
        path: Path | str,
        chosen: str,
        options: ReadOptions,
        update: bool,
        progress: Progress | None,
    ) -> ImportReport:
        from nucleus_lab import formats
        from nucleus_lab.formats.portions import without

        with collector_paused():
            collection = formats.read(path, chosen, options)
        if collection.boxes.confidence:
            raise InvalidInputError(
                f"{path} holds detections with a confidence, which are no ground truth: "
                "use import_predictions_from",
                path=str(path),
            )
        if collection.scenes:
            report = ImportReport(str(path), chosen, problems=collection.problems)
            self._import_scenes(collection, report, update, progress)
            return report
        lost = set(collection.missing)
        names = collection.items.location if lost else ()
        dropped = {at for at, name in enumerate(names) if name in lost}
        if dropped and len(dropped) == len(collection.items):
            raise MediaError(
                f"none of the {len(dropped)} pictures that {path} names exist, such as "
                f"{collection.items.location[0]}: pass their folder as images=…",
                path=str(path),
            )
        report = ImportReport(str(path), chosen, problems=collection.problems)
        report.problems += [
            f"{collection.items.location[at]} does not exist: its item and annotations were left "
            "out; add the picture, or pass its folder as images=…"
            for at in sorted(dropped)
        ]
        self._send(without(collection, dropped), report, update, progress)
        return report

    def _send(
        self, collection: Collection, report: ImportReport, update: bool, progress: Progress | None
    ) -> None:
        from nucleus_lab.formats.portions import portions
        from nucleus_lab.wire import FilePart

        total = len(collection.items)
        # A format names pictures either by local paths or by addresses, never by both.
        local = any(is_local(location) for location in collection.items.location[:1])
        done = 0
        for items, boxes in portions(
            collection,
            most_items=_MOST_FILES if local else _MOST_ROWS,
            most_boxes=_MOST_BOXES,
            most_bytes=_MOST_BYTES if local else None,
        ):
            files = [FilePart("image", place, path=place) for place in items.location if local]
            body = {"items": items, "boxes": boxes, "update": update, "model_id": None}
            report.add_columns_answer(self._ask_lab(body, "columns", files=files))
            done += len(items)
            if progress:
                progress(done, total)
        for values in batches(collection.others, _OBJECTS):
            report.add_objects_answer(self.annotate(values, update=update))

    def import_predictions_from(
        self,
        model: Model | str,
        path: Path | str,
        format: str = "auto",  # noqa: A002 - the word users know
        update: bool = False,
        *,
        ground_truth: Path | str | None = None,
        images: Path | str | None = None,
        names: Path | str | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Add the detections of a file or folder as predictions of a model.

        Args:
            model: The model, or its id.
            path: A COCO results file (a JSON list), a folder that holds one, or a YOLO folder whose
                label files have a confidence in the last place, or a MOT sequence (``det.txt``).
            format: ``coco``, ``yolo``, ``mot``, or ``auto``: COCO unless there is no results file.
            update: Replace predictions that exist.
            ground_truth: With ``coco``: the annotation file that says which picture and category
                each number means; looked for beside the results when ``None``.
            images: With ``yolo``: folder of the pictures.
            names: With ``yolo``: file of the class names.
            progress: Called with items done and items in all.

        Returns:
            Counts, and what was left out: entries that break a rule, and detections on pictures
            that the dataset does not hold.

        Raises:
            InvalidInputError: There are no detections, or the numbers cannot be resolved.
        """
        from nucleus_lab import formats
        from nucleus_lab.formats.coco.layout import result_files
        from nucleus_lab.formats.portions import portions, without

        chosen = format
        if chosen == "auto":
            given = Path(path)
            chosen = "coco" if given.is_file() or result_files(given) else "yolo"
            if given.name == "det.txt" or (given / "det" / "det.txt").is_file():
                chosen = "mot"
        if chosen == "coco":
            collection = formats.read_results(path, ground_truth)
        elif chosen == "mot":
            collection = formats.read_detections(path)
        else:
            options = formats.ReadOptions(
                images=None if images is None else Path(images).absolute(),
                names=None if names is None else Path(names).absolute(),
            )
            collection = formats.read(path, chosen, options)
        if len(collection.boxes) and not collection.boxes.confidence:
            raise InvalidInputError(
                f"{path} holds boxes without a confidence, which are no detections: "
                "use import_from for ground truth",
                path=str(path),
            )
        report = ImportReport(str(path), chosen, problems=collection.problems)
        collection = without(collection, self._resolve(collection, report))
        total, done = len(collection.items), 0
        for items, boxes in portions(collection, most_items=_MOST_ROWS, most_boxes=_MOST_BOXES):
            items.metadata = []
            body = {"items": items, "boxes": boxes, "update": update, "model_id": _id(model)}
            answer = self._ask_lab(body, "columns")
            report.add_columns_answer({**answer, "ignored_items": 0})
            done += len(items)
            if progress:
                progress(done, total)
        for values in batches(collection.others, _OBJECTS):
            report.add_objects_answer(self.upload_predictions(model, values, update=update))
        return report

    def _resolve(self, collection: Collection, report: ImportReport) -> set[int]:
        """Give items the names that the dataset has; returns those it does not hold."""
        known = set(self._reference_ids())
        by_tail: dict[str, str | None] = {}
        for name in known:
            tail = name.rpartition("/")[2]
            by_tail[tail] = None if tail in by_tail else name
        items = collection.items
        touched = {
            *(items.reference_id[at] for at in collection.boxes.item),
            *(value.reference_id for value in collection.others),
        }
        renamed: dict[str, str] = {}
        dropped: set[int] = set()
        for at, name in enumerate(items.reference_id):
            if name in known:
                continue
            found = by_tail.get(name.rpartition("/")[2])
            if found is None:
                dropped.add(at)
                if name in touched:
                    report.problems.append(
                        f"{name}: the dataset has no item of this name: import its picture first"
                    )
            else:
                renamed[name] = items.reference_id[at] = found
        for value in collection.others:
            value.reference_id = renamed.get(value.reference_id, value.reference_id)
        return dropped

    def _reference_ids(self) -> Iterator[str]:
        token: str | None = None
        while True:
            page = self._ask({"pageToken": token, "pageSize": 100_000}, "itemsPage")
            for row in page["items"]:
                yield row["reference_id"]
            token = page["nextPageToken"]
            if not token:
                return

    def export_to(
        self,
        path: Path | str,
        format: str = "coco",  # noqa: A002 - the word users know
        model: Model | str | None = None,
        *,
        progress: Progress | None = None,
    ) -> ExportReport:
        """Write the items with their ground truth, or with the predictions of a model.

        Pictures stay where they are: annotation files name them by reference id. What the format
        has no place for is left out and told, as a warning and in the report. Ids of annotations
        stay in ``label_studio``, and in ``coco`` where all are numbers and no two the same; the
        other formats number them anew, so that an import into the same dataset adds them again.

        ::

            dataset.export_to("street.json")
            dataset.export_to("street_yolo", "yolo").problems

        Args:
            path: A ``.json`` file or a folder for ``coco`` and ``coco_panoptic``, whose masks go
                into a folder of its name; a folder for ``pascal_voc`` and ``yolo``; a file or a
                folder for ``cvat``, ``datumaro`` and ``label_studio``; of scenes a folder for
                ``kitti`` and ``mot``, which get the files of the scenes too. Files of the same
                names are replaced.
            format: ``coco``, ``coco_panoptic`` (masks alone), ``cvat``, ``datumaro``,
                ``label_studio``, ``pascal_voc`` or ``yolo``; of scenes ``kitti`` or ``mot``, ground
                truth only.
            model: Write the predictions of this model instead of the ground truth.
            progress: Called with items done and items in all.

        Returns:
            The files written, as a list, with what was left out in its ``problems``.
        """
        from nucleus_lab import formats

        kind = formats.named(format)  # before anything is read
        if getattr(kind, "holds_scenes", False):
            collection = self._scene_collection()
        else:
            collection = self._collection(model, progress)
        files = formats.write(collection, path, format)
        report = ExportReport(files, format, collection.problems)
        if report.problems:
            import warnings

            warnings.warn(report.told(), stacklevel=2)
        return report

    def _collection(self, model: Model | str | None, progress: Progress | None) -> Collection:
        total = int(self._ask(None, "size", "GET")["count"]) if progress else 0
        collection = Collection()
        for page in self._column_pages(model):
            _add_page(collection, page, self.mask_bytes, predicted=model is not None)
            if progress:
                progress(len(collection.items), total)
        return collection

    def _column_pages(self, model: Model | str | None) -> Iterator[dict[str, Any]]:
        token: str | None = None
        while True:
            body = {"pageToken": token, "pageSize": _MOST_PAGE}
            if model is not None:
                body["model_id"] = _id(model)
            page = self._ask_lab(body, "exportColumns")
            yield page
            token = page["nextPageToken"]
            if not token:
                return


@dataclass(slots=True)
class StoredMask(SegmentationAnnotation):
    """A mask whose picture the workspace has.

    Args:
        mask_url: URL or path, as it was uploaded.
        annotations: What the numbers stand for.
        reference_id: Item that carries the mask.
        annotation_id: The caller's name of it.
        content: Reads the picture.
    """

    content: Callable[[], bytes] | None = None


def _id(model: Model | str) -> str:
    return model if isinstance(model, str) else model.id


def _add_page(
    collection: Collection,
    page: dict[str, Any],
    mask_bytes: Callable[[str], bytes],
    *,
    predicted: bool,
) -> None:
    from nucleus_lab.annotation import ANNOTATION_TYPES

    start = len(collection.items)
    items, boxes = page["items"], page["boxes"] or {}
    count = len(items["reference_id"])
    for name in ItemColumns.__slots__:
        # An empty column stands for "none of them"; other pages may have some.
        getattr(collection.items, name).extend(items.get(name) or [None] * count)
    owners = boxes.get("item") or ()
    collection.boxes.item += [at + start for at in owners]
    for name in BoxColumns.__slots__[1:]:
        column = boxes.get(name) or ([] if name == "confidence" else [None] * len(owners))
        getattr(collection.boxes, name).extend(column)
    for payload in page.get("objects") or ():
        entry = ANNOTATION_TYPES[payload["type"]]
        kind = entry.prediction if predicted else entry.annotation
        value = kind.from_json(payload)
        if isinstance(value, SegmentationAnnotation):
            value = StoredMask(
                value.mask_url,
                value.annotations,
                value.reference_id,
                value.annotation_id,
                partial(mask_bytes, payload["id"]),
            )
        collection.others.append(value)


__all__ = ["ImportMethods", "ImportReport"]
