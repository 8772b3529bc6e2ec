"""Gallery: the pictures of a dataset in the notebook."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import traitlets

from nucleus_lab.errors import InvalidInputError, NucleusError
from nucleus_lab.widgets.base import Answer, answers, bundle
from nucleus_lab.widgets.gallery import rows as page_rows
from nucleus_lab.widgets.gallery.masks import page_mask
from nucleus_lab.widgets.gallery.selection import Selectable
from nucleus_lab.widgets.gallery.snapshot import contact_sheet

if TYPE_CHECKING:
    from nucleus_lab.dataset import Dataset
    from nucleus_lab.model import Model
    from nucleus_lab.slice import Slice

PAGE: Final = 32
"""Items of one answer: a screenful, and a few hundred kilobytes."""

LARGE: Final = 50_000
"""Items of a dataset from which the first page is shown before the rest is found and counted."""

_THUMBNAIL: Final = 256
_START_SECONDS: Final = 0.5
_GLANCE_SECONDS: Final = 0.1
_AT_ONCE: Final = 8
_SIZES: Final = (128, 256, 512)
_ARGUMENTS: Final = (
    "dataset", "query", "slice", "model", "labels", "min_confidence", "thumbnail_size", "columns",
    "height", "params",
)  # fmt: skip


class Gallery(Selectable):
    """The pictures of a dataset with their annotations and predictions, in a notebook cell.

    ::

        gallery = Gallery(dataset, query="annotations.count > 5", model=model)
        gallery                      # as the last line of a cell
        gallery.selected             # reference ids of what was ticked
        dataset.create_slice("to check", gallery.selected)

    Scroll, toggle labels, filter by confidence, type a query; a click or Enter opens the full
    picture, the tick or Space selects, Shift selects a range. Python holds only ids: pages of rows
    and thumbnails are read as they are scrolled to, also while a cell runs.

    Args:
        dataset: The dataset.
        query: Only items that match.
        slice: Only items of this slice (or its id), in its order.
        model: Draw the predictions of this model (or its id) too.
        labels: Only these labels are drawn at first; ``None`` for all.
        min_confidence: Predictions below are not drawn at first; 0 to 1.
        thumbnail_size: Width of a tile in pixels, 96 to 360.
        columns: Tiles of a row; ``None`` for as many as fit.
        height: Height of the widget in pixels, 260 to 2000.
        params: Values of ``{name}`` in the query, also in those that are typed into the page.
        **unknown: Refused, with a hint.

    Attributes:
        selected: Reference ids of the selected items; assign to select from Python.
        labels: Labels that are drawn; ``None`` for all.
        min_confidence: As given; follows the slider.
        show_ground_truth: Whether ground truth is drawn.
        show_predictions: Whether predictions are drawn.
        show_labels: Whether label texts are drawn.
        thumbnail_size: As given; follows the slider.
        columns: As given.
        height: As given.

    Raises:
        InvalidInputError: A value is out of its range.
        QueryError: The query cannot be read.
        TypeError: An unknown keyword.
    """

    _esm, _css = bundle("gallery")

    _listing = traitlets.Dict().tag(sync=True)
    _pictures = traitlets.List(traitlets.Bytes()).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode(), default_value=None, allow_none=True).tag(sync=True)
    min_confidence = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    show_ground_truth = traitlets.Bool(default_value=True).tag(sync=True)
    show_predictions = traitlets.Bool(default_value=True).tag(sync=True)
    show_labels = traitlets.Bool(default_value=True).tag(sync=True)
    thumbnail_size = traitlets.Int(180, min=96, max=360).tag(sync=True)
    columns = traitlets.Int(default_value=None, allow_none=True, min=1, max=50).tag(sync=True)
    height = traitlets.Int(560, min=260, max=2000).tag(sync=True)

    _ranges: ClassVar[dict[str, str]] = {
        "min_confidence": "a number from 0 to 1",
        "thumbnail_size": "a whole number of pixels from 96 to 360",
        "columns": "a whole number from 1 to 50, or None",
        "height": "a whole number of pixels from 260 to 2000",
        "labels": "a list of labels, or None for all",
    }

    def __init__(  # noqa: PLR0913 - the options of a widget, by name
        self,
        dataset: Dataset,
        query: str | None = None,
        slice: Slice | str | None = None,  # noqa: A002 - the name that users know
        model: Model | str | None = None,
        labels: Iterable[str] | None = None,
        *,
        min_confidence: float = 0.0,
        thumbnail_size: int = 180,
        columns: int | None = None,
        height: int = 560,
        params: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(_refusal(next(iter(unknown))))
        if not hasattr(dataset, "item_ids"):
            raise InvalidInputError(
                f"dataset={dataset!r} is no Dataset: pass client.get_dataset(dataset_id)"
            )
        if isinstance(labels, str):
            labels = [labels]
        self._dataset = dataset
        self._slice_id = slice if slice is None or isinstance(slice, str) else slice.id
        self._slice_name = None if slice is None else str(getattr(slice, "name", slice))
        self._model = model
        # In privacy mode nothing is fetched here: the browser loads the URLs itself.
        self._private = bool(dataset.use_privacy_mode)
        self._params = dict(params or {})
        self._state = threading.RLock()
        self._completing = threading.RLock()
        self._query = ""
        self._seconds = 0.0
        self._ids: list[str] = []
        self._glanced: list[str] | None = None
        self._epoch = 0
        traits = {
            "labels": None if labels is None else list(labels),
            "min_confidence": min_confidence,
            "thumbnail_size": thumbnail_size,
            "columns": columns,
            "height": height,
        }
        self._partial = self._is_slow(query or "")
        start = self._glance(query or "") if self._partial else self._read(query or "")
        try:
            super().__init__(**traits, _listing=start[0], _pictures=start[1])
        except traitlets.TraitError as fault:
            raise InvalidInputError(self._explain(traits, fault)) from fault

    @property
    def query(self) -> str:
        """The query that the shown items match; ``""`` for none. Assign to show others."""
        return self._query

    @query.setter
    def query(self, text: str | None) -> None:
        self._show(*self._read(text or ""))

    def _show(self, listing: dict[str, Any], pictures: list[bytes]) -> None:
        self._partial, self._glanced = False, None
        with self.hold_sync():  # one message: the page never sees one without the other
            self._pictures = pictures
            self._listing = listing

    def refresh(self) -> None:
        """Read the dataset again, after items or annotations were added."""
        self.query = self._query

    @property
    def ids(self) -> list[str]:
        """Ids of all items that match, in their order."""
        self.complete()
        return list(self._ids)

    @property
    def seconds(self) -> float:
        """How long finding the items took."""
        return self._seconds

    @property
    def empty(self) -> bool:
        """Whether no item matches."""
        return not self._ids

    def complete(self) -> None:
        """Find and count all items, where only the first page was read so far.

        On a large dataset that takes a moment, in which the first pictures are seen already. It
        happens by itself when the gallery is shown.
        """
        with self._completing:
            if self._partial:
                self._show(*self._read(self._query, self._glanced))
                self.renew_snapshot()

    def _ipython_display_(self) -> None:
        super()._ipython_display_()
        self.complete()

    @answers("hello")
    def _hello(self, _body: dict[str, Any]) -> Answer:
        # Where it is part of another widget, which displays itself. Else a cell is at it: waiting
        # here would keep the pictures waiting too.
        if self._completing.acquire(blocking=False):
            try:
                self.complete()
            finally:
                self._completing.release()
        return {}

    def snapshot(self) -> str:
        """Return a contact sheet of the first items.

        Returns:
            Self-contained HTML.
        """
        return contact_sheet(
            self._listing, self._pictures, visible=self._visible, mask=self._dataset.mask_bytes
        )

    def __repr__(self) -> str:
        listing = self._listing
        count = listing.get("count", 0)
        least = "at least " if listing.get("more") else ""
        noun = "item" if count == 1 else "items"
        return f"Gallery of {listing.get('name', '')!r}: {least}{count:,} {noun}"

    # -- lists and pages -----------------------------------------------------------------------

    def _read(self, query: str, ids: list[str] | None = None) -> tuple[dict[str, Any], list[bytes]]:
        """List the items that match, and read the first page within the time of a glance."""
        dataset, model = self._dataset, self._model
        if ids is None:
            ids = self._found(query)
        total = None
        if query:
            total = (
                dataset.count()
                if self._slice_id is None
                else len(dataset.item_ids(slice_id=self._slice_id))
            )
        labels = page_rows.label_list(dataset.label_counts(model))
        return self._listed(query, ids, total=total, labels=labels)

    def _found(self, query: str, limit: int | None = None) -> list[str]:
        """Find the items that match."""
        started = time.perf_counter()
        ids = self._dataset.item_ids(
            query or None,
            slice_id=self._slice_id,
            model=self._model,
            params=self._params if query else None,
            limit=limit,
        )
        self._seconds = time.perf_counter() - started
        return list(ids)

    def _is_slow(self, query: str) -> bool:
        """Whether finding all items takes long. A sample would be another one each time."""
        sampled = "SAMPLE" in query.upper()
        return self._slice_id is None and not sampled and self._dataset.size >= LARGE

    def _glance(self, query: str) -> tuple[dict[str, Any], list[bytes]]:
        """List the first items alone, uncounted."""
        ids = self._found(query, PAGE)
        # Fewer than a page are all, and all of the dataset was looked at to know it.
        self._glanced = ids if len(ids) < PAGE else None
        return self._listed(query, ids, more=True)

    def _listed(
        self,
        query: str,
        ids: list[str],
        *,
        total: int | None = None,
        labels: Sequence[Mapping[str, Any]] = (),
        more: bool = False,
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Make the list the one that is shown."""
        dataset = self._dataset
        with self._state:
            self._ids, self._query = ids, query
            self._epoch += 1
            epoch = self._epoch
        first = ids[:PAGE]
        listing = {
            "epoch": epoch,
            "count": len(ids),
            "more": more,
            "total": total,
            "name": dataset.name,
            "slice": self._slice_name,
            "model": self._model is not None,
            "query": query,
            "page": PAGE,
            "labels": list(labels),
            "rows": self._rows(first),
        }
        pictures: list[bytes] = []
        deadline = time.monotonic() + (_GLANCE_SECONDS if more else _START_SECONDS)
        while not self._private and len(pictures) < len(first) and time.monotonic() < deadline:
            pictures += dataset.thumbnails(
                first[len(pictures) : len(pictures) + _AT_ONCE], size=_THUMBNAIL
            )
        return listing, pictures

    def _rows(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        if not ids:
            return []
        found = {row["id"]: row for row in self._dataset.rows(ids, model=self._model)}
        gone = {"reference_id": "(deleted)", "width": None, "height": None}
        return [
            page_rows.thin(found.get(one) or {"id": one, **gone}, linked=self._private)
            for one in ids
        ]

    @answers("page")
    def _page(self, body: Mapping[str, Any]) -> Answer:
        ids = self._some(body)
        if self._private:
            return {"rows": self._rows(ids)}, []
        size = body.get("pixels")
        pictures = self._dataset.thumbnails(ids, size=size if size in _SIZES else _THUMBNAIL)
        return {"rows": self._rows(ids)}, pictures

    def _some(self, body: Mapping[str, Any]) -> list[str]:
        """Ids of a page; none when the page asks about a list that was replaced meanwhile."""
        with self._state:
            if body.get("epoch") != self._epoch:
                return []
            first = int(body["first"])
            return self._ids[first : first + min(int(body["count"]), 4 * PAGE)]

    def _span(self, epoch: object, first: int, last: int) -> list[str]:
        with self._state:
            return self._ids[first : last + 1] if epoch == self._epoch else []

    @answers("query")
    def _ask_query(self, body: Mapping[str, Any]) -> Answer:
        self.query = str(body.get("query") or "").strip()
        return {}

    @answers("item")
    def _item(self, body: Mapping[str, Any]) -> Answer:
        ids = self._some({**body, "first": body["index"], "count": 1})
        rows = self._dataset.rows(ids, model=self._model) if ids else []
        if not rows:
            raise InvalidInputError("this item is no longer in the dataset: refresh the gallery")
        try:
            picture, problem = (
                (b"", None) if self._private else (self._dataset.image_bytes(ids[0]), None)
            )
        except NucleusError as fault:
            picture, problem = b"", fault.message
        return {
            **page_rows.full(rows[0], linked=self._private),
            "media_type": _media_type(picture),
            "problem": problem,
        }, [picture]

    @answers("masks")
    def _masks(self, body: Mapping[str, Any]) -> Answer:
        pixels = max(16, min(int(body["pixels"]), 4096))
        found = []
        for mask in body["masks"]:
            try:
                png = self._dataset.mask_bytes(mask["id"])
                found.append(page_mask(png, mask["indexes"], pixels))
            except NucleusError:
                found.append(b"")  # the picture is shown without it
        return {}, found

    # -- what is drawn -------------------------------------------------------------------------

    def _visible(self, shape: Mapping[str, Any]) -> bool:
        if shape["prediction"]:
            confidence = shape.get("confidence")
            if (
                not self.show_predictions
                or (1 if confidence is None else confidence) < self.min_confidence
            ):
                return False
        elif not self.show_ground_truth:
            return False
        if self.labels is None:
            return True
        segments = [segment["label"] for segment in shape.get("segments") or ()]
        names = shape.get("labels") or segments or [shape["label"]]
        return any(name in self.labels for name in names)

    def _explain(self, traits: Mapping[str, Any], fault: traitlets.TraitError) -> str:
        for name, wanted in self._ranges.items():
            if f"'{name}'" in str(fault):
                return f"{name}={traits[name]!r} is not possible: use {wanted}"
        return str(fault)


def _refusal(name: str) -> str:
    near = difflib.get_close_matches(name, _ARGUMENTS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(_ARGUMENTS)}"
    return f"Gallery takes no argument {name!r}: {hint}"


def _media_type(picture: bytes) -> str:
    if picture.startswith(b"\x89PNG"):
        return "image/png"
    if picture.startswith(b"GIF8"):
        return "image/gif"
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    if picture.startswith(b"BM"):
        return "image/bmp"
    return "image/jpeg"
