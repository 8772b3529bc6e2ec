"""Segments of masks as objects of an evaluation: each has a label, bounds and pixels."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, Table, bindparam, literal_column, select

from nucleus_lab import wire
from nucleus_lab.annotation.segmentation import MASK
from nucleus_lab.engine import datasets, labels, mask_sizes
from nucleus_lab.engine.media_references import mask_key
from nucleus_lab.engine.schema import annotation, dataset, item, prediction
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

CONFIDENCE: Final = "confidence"
"""Key in the metadata of a predicted segment that says how sure the model is of it."""

_EVERY: Final = 2**62


def _select(table: Table) -> Any:
    columns = [table.c.id, table.c.item_id, table.c.geometry, table.c.extra]
    columns += [item.c.reference_id, item.c.width, item.c.height, dataset.c.use_privacy_mode]
    statement = (
        select(*columns)
        .join(item, item.c.id == table.c.item_id)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(
            table.c.type == literal_column(str(MASK.code)),
            item.c.kind == literal_column("'image'"),
            item.c.dataset_id == bindparam("dataset"),
            table.c.item_id.between(bindparam("first"), bindparam("last")),
        )
        .order_by(table.c.id)
    )
    if "model_run_id" in table.c:
        statement = statement.where(table.c.model_run_id == bindparam("run"))
    return statement


def _select_geometry(table: Table) -> Any:
    statement = select(table.c.geometry).where(
        table.c.type == literal_column(str(MASK.code)), table.c.geometry.is_not(None)
    )
    if "model_run_id" in table.c:
        return statement.where(table.c.model_run_id == bindparam("run"))
    return statement.join(item, item.c.id == table.c.item_id).where(
        item.c.dataset_id == bindparam("dataset")
    )


_MASKS: Final = {
    table.name: Statement(partial(_select, table)) for table in (annotation, prediction)
}
_GEOMETRIES: Final = {
    table.name: Statement(partial(_select_geometry, table)) for table in (annotation, prediction)
}


@dataclass(slots=True)
class Segments:
    """The segments of some masks, one entry each.

    Attributes:
        item: Primary keys of the items.
        key: Primary keys of the rows of the masks.
        label: Names of the classes.
        bounds: ``x y width height`` in pixels.
        confidence: 0 to 1.
        runs: Pixels, run-length encoded.
        scored: Whether each says how sure the model is of it.
        read: How many masks they come from.
    """

    item: list[int] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    bounds: list[list[float]] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    scored: list[bool] = field(default_factory=list)
    read: int = 0

    def take(self, other: Segments, known: Container[str]) -> None:
        """Add the segments of others that have a known label.

        Args:
            other: Where from.
            known: The labels.
        """
        for at, name in enumerate(other.label):
            if name in known:
                for column in _COLUMNS:
                    getattr(self, column).append(getattr(other, column)[at])


_COLUMNS: Final = ("item", "key", "label", "bounds", "confidence", "runs", "scored")


class _Read(NamedTuple):
    """A mask as it was when its file was read.

    Attributes:
        geometry: JSON text of its row, to know it again by.
        extra: Likewise.
        segments: Its segments, or ``None`` where the mask cannot be evaluated.
    """

    geometry: str | None
    extra: str | None
    segments: Segments | None


class MaskObjects:
    """Reads masks for one evaluation.

    Files are read, and fetched from URLs, by :meth:`prepare` while no transaction is open: a slow
    host must not keep the database from tidying up. What an evaluation then reads in its
    transaction are the rows, and for each of them the segments that were prepared.

    Args:
        engine: The workspace.
        tell: Told of each mask that cannot be evaluated, and why.

    Attributes:
        scored: Keys of the rows of predictions whose segments say how sure the model is.
    """

    def __init__(self, engine: Engine, tell: Callable[[str], object]) -> None:
        self._engine = engine
        self._tell = tell
        # Of items whose size is not known: that of their first mask.
        self._sizes: dict[int, tuple[int, int]] = {}
        self._read: dict[tuple[str, int], _Read] = {}
        self._items: dict[int, frozenset[int] | None] = {}
        self.scored: set[int] = set()

    def prepare(
        self,
        dataset_id: int,
        run_id: int,
        items: Iterable[int] | None = None,
        progress: Callable[[int, int], object] = lambda *_: None,
    ) -> None:
        """Read the masks, and give the labels of segments numbers, where both sides have masks.

        Args:
            dataset_id: Primary key of the dataset.
            run_id: Primary key of the run.
            items: Primary keys of the items to evaluate; ``None`` for all.
            progress: Told how many masks were read, and how many there are.
        """
        chosen = None if items is None else frozenset(items)
        self._items[dataset_id] = chosen
        with self._engine.store.read() as connection:
            names = _names(_GEOMETRIES[prediction.name].rows(connection, run=run_id))
            if not names:  # most models predict no masks: spare the look at the annotations
                return
            others = _names(_GEOMETRIES[annotation.name].rows(connection, dataset=dataset_id))
            if not others:
                return
            where = {"dataset": dataset_id, "run": run_id, "first": 0, "last": _EVERY}
            rows = [
                (table, row)
                for table in (annotation, prediction)
                for row in _MASKS[table.name].rows(connection, **_only(table.name, where))
                if chosen is None or row[1] in chosen
            ]
        with self._engine.store.write() as connection:
            datasets.lock(connection, dataset_id, changes=False)
            labels.keys_of(connection, dataset_id, names | others)
        self._prepare(rows, progress)

    def _prepare(
        self, rows: Sequence[tuple[Table, Any]], progress: Callable[[int, int], object]
    ) -> None:
        from nucleus_lab.engine.media import in_threads

        threads = self._engine.settings.media_threads
        for start in range(0, len(rows), threads):
            progress(start, len(rows))
            some = rows[start : start + threads]
            contents = in_threads(self._content, [row for _, row in some], threads)
            for (table, row), content in zip(some, contents, strict=True):
                key, _, geometry, extra, *_ = row
                found = self._segments(row, content) if geometry is not None else None
                self._read[table.name, key] = _Read(geometry, extra, found)
                if found is not None and table is prediction and any(found.scored):
                    self.scored.add(key)

    def _content(self, row: Any) -> bytes | NucleusError:
        _, _, geometry, extra, *_, private = row
        try:
            return self._engine.media.thumbnails.original(_source(geometry, extra, private))
        except NucleusError as fault:
            return fault

    def _segments(self, row: Any, content: bytes | NucleusError) -> Segments | None:
        key, item_id, geometry, _, name, width, height, _ = row
        mask = wire.decode(geometry)
        try:
            if isinstance(content, NucleusError):
                raise content
            pixels = self._pixels(content, str(mask["mask_url"]), name, item_id, (width, height))
        except NucleusError as fault:
            self._tell(f"the mask of item {name!r} was not evaluated: {fault.message}")
            return None
        found = Segments()
        _add(found, pixels, mask.get("annotations", ()), item_id, key)
        return found

    def read(
        self, connection: Connection, table: Table, where: dict[str, int], known: Container[str]
    ) -> Segments:
        """Read the segments of a range of items.

        Args:
            connection: The open transaction.
            table: Annotations or predictions.
            where: ``dataset``, ``run``, ``first`` and ``last`` item.
            known: Labels that have numbers; one that came after :meth:`prepare` has none yet.

        Returns:
            The segments that have a pixel; masks that cannot be read, those that have not the size
            of their picture, and those that changed since :meth:`prepare` are told and left out.
        """
        found = Segments()
        chosen = self._items.get(where["dataset"])
        for row in _MASKS[table.name].rows(connection, **_only(table.name, where)):
            key, item_id, geometry, extra, name, *_ = row
            if geometry is None or (chosen is not None and item_id not in chosen):
                continue
            prepared = self._read.get((table.name, key))
            if prepared is None or (prepared.geometry, prepared.extra) != (geometry, extra):
                self._tell(
                    f"the mask of item {name!r} was not evaluated: it was uploaded while masks "
                    "were read; evaluate again"
                )
            elif prepared.segments is not None:
                found.take(prepared.segments, known)
                found.read += 1
        return found

    def _pixels(
        self, content: bytes, location: str, name: str, item_id: int, size: tuple[Any, Any]
    ) -> Any:
        from nucleus_lab.annotation import mask_pictures

        most = self._engine.settings.max_pixels
        pixels = mask_pictures.read(content, location, most)
        found = (pixels.shape[1], pixels.shape[0])
        wanted = self._sizes.setdefault(item_id, found) if None in size else size
        mask_sizes.check(found, wanted, location, name)
        return pixels


def _source(geometry: str | None, extra: str | None, private: Any) -> Source:
    location = str(wire.decode(geometry)["mask_url"]) if geometry else ""
    return Source(location, mask_key(geometry, extra), bool(private))


def _names(rows: Sequence[Any]) -> set[str]:
    return {
        str(segment["label"])
        for (geometry,) in rows
        for segment in wire.decode(geometry).get("annotations", ())
    }


def _only(table: str, where: dict[str, int]) -> dict[str, int]:
    return {key: value for key, value in where.items() if key != "run" or table == prediction.name}


def _add(
    found: Segments, pixels: Any, segments: Sequence[dict[str, Any]], item_id: int, key: int
) -> None:
    from hotcoco import mask as codec

    for segment in segments:
        shape = pixels == int(segment["index"])
        if not shape.any():
            continue
        runs = codec.encode(shape)
        found.item.append(item_id)
        found.key.append(key)
        found.label.append(str(segment["label"]))
        found.bounds.append(codec.to_bbox([runs])[0].tolist())
        sure = _confidence(segment)
        # As elsewhere, what says nothing of how sure it is counts as certain.
        found.confidence.append(1.0 if sure is None else sure)
        found.scored.append(sure is not None)
        found.runs.append(runs)


def _confidence(segment: dict[str, Any]) -> float | None:
    given = (segment.get("metadata") or {}).get(CONFIDENCE)
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1:
        return float(given)
    return None
