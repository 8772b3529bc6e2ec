"""Objects of a dataset as arrays, read in parts of a few thousand items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Table, bindparam, func, literal_column, select

from nucleus_lab import wire
from nucleus_lab.annotation import ANNOTATION_TYPES, TYPES_BY_CODE
from nucleus_lab.engine.mask_objects import MaskObjects, Segments
from nucleus_lab.engine.schema import annotation, item, label, prediction
from nucleus_lab.engine.statements import Statement
from nucleus_lab.evaluation.objects import Ints, Objects, Ring

_BOX: Final = ANNOTATION_TYPES["box"].code
_POLYGON: Final = ANNOTATION_TYPES["polygon"].code
_CATEGORY: Final = ANNOTATION_TYPES["category"].code
_MASK: Final = ANNOTATION_TYPES["mask"].code
_MASKS_BLOCK: Final = -1  # no key of a taxonomy

_Field = tuple[str, type[np.number[Any]]]
_ANY: Final[list[_Field]] = [("item", np.int64), ("key", np.int64), ("label", np.int64)]
_BOUNDS: Final[list[_Field]] = [(name, np.float64) for name in ("x", "y", "width", "height")]
_SCORE: Final[list[_Field]] = [("confidence", np.float64)]
_KIND: Final[list[_Field]] = [("type", np.int64), ("taxonomy", np.int64)]


def _or(column: Any, number: int) -> Any:
    # In the text of the statement: a compiled statement has no parameters but the named ones.
    return func.coalesce(column, literal_column(str(number)))


def _select_boxes(table: Table, *, dense: bool) -> Any:
    """Boxes alone, since they are the bulk and every column costs a tenth of the reading."""
    columns = table.c
    wanted = [columns.item_id, columns.id, columns.label_id]
    wanted += [columns.x, columns.y, columns.width, columns.height]
    statement = select(*wanted, *_confidence(table)).where(columns.type == _literal(_BOX))
    return _within(statement, table, dense=dense)


def _select_others(table: Table, *, dense: bool) -> Any:
    columns = table.c
    wanted = [columns.item_id, columns.id, _or(columns.label_id, -1)]
    wanted += [_or(columns[name], 0) for name in ("x", "y", "width", "height")]
    kind = [columns.type, _or(columns.taxonomy_id, 0)]
    statement = select(*wanted, *_confidence(table), *kind).where(columns.type != _literal(_BOX))
    return _within(statement, table, dense=dense)


def _select_polygons(table: Table, *, dense: bool) -> Any:
    statement = select(table.c.id, table.c.geometry).where(table.c.type == _literal(_POLYGON))
    return _within(statement, table, dense=dense)


def _literal(number: int) -> Any:
    return literal_column(str(number))


def _confidence(table: Table) -> list[Any]:
    # A prediction without a confidence counts as certain.
    return [_or(table.c.confidence, 1)] if "confidence" in table.c else []


def _fields(table: Table, *more: list[_Field]) -> np.dtype[Any]:
    score = _SCORE if "confidence" in table.c else []
    return np.dtype([*_ANY, *_BOUNDS, *score, *(field for fields in more for field in fields)])


def _within(statement: Any, table: Table, *, dense: bool) -> Any:
    """Keep the rows of a range of items, and of our dataset where others lie in between."""
    first: Any = bindparam("first")
    last: Any = bindparam("last")
    statement = statement.where(table.c.item_id.between(first, last))
    if "model_run_id" in table.c:
        statement = statement.where(table.c.model_run_id == bindparam("run"))
    if not dense:
        ours = select(item.c.id).where(
            item.c.dataset_id == bindparam("dataset"), item.c.id.between(first, last)
        )
        statement = statement.where(table.c.item_id.in_(ours))
    return statement


def _statements(build: Callable[..., Any]) -> dict[tuple[str, bool], Statement]:
    return {
        (table.name, dense): Statement(partial(build, table, dense=dense))
        for table in (annotation, prediction)
        for dense in (True, False)
    }


_BOXES: Final = _statements(_select_boxes)
_OTHERS: Final = _statements(_select_others)
_POLYGONS: Final = _statements(_select_polygons)
_KINDS: Final = {
    annotation.name: Statement(
        lambda: (
            select(annotation.c.type)
            .join(item, item.c.id == annotation.c.item_id)
            .where(item.c.dataset_id == bindparam("dataset"))
            .distinct()
        )
    ),
    prediction.name: Statement(
        lambda: (
            select(prediction.c.type)
            .where(prediction.c.model_run_id == bindparam("run"))
            .distinct()
        )
    ),
}
_ITEMS: Final = Statement(
    lambda: (
        select(item.c.id, item.c.reference_id)
        .where(item.c.dataset_id == bindparam("dataset"))
        .order_by(item.c.position, item.c.id)
    )
)
_LABELS: Final = Statement(
    lambda: (
        select(label.c.id, label.c.name)
        .where(label.c.dataset_id == bindparam("dataset"))
        .order_by(label.c.id)
    )
)


@dataclass(frozen=True, slots=True)
class Part:
    """The objects of some items.

    Attributes:
        truths: Annotations; ``key`` is the primary key of their rows.
        predictions: Predictions, likewise.
        skipped: Number of objects that are not evaluated, by the name of their type.
        items: How many items the part covers.
    """

    truths: Objects
    predictions: Objects
    skipped: dict[str, int]
    items: int


class DatasetArrays:
    """What evaluation reads of one dataset and one run.

    Groups are numbered as :func:`nucleus_lab.evaluation.summary.summarise` expects: the place of
    the item in the dataset, and a number above all places for the categories of a taxonomy and for
    the segments of masks.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the run.
        masks: What reads masks; without it they are not evaluated.

    Attributes:
        item_keys: Primary keys of the items in the order of the dataset.
        reference_ids: Their names.
        label_keys: Primary keys of the labels, ascending.
        labels: Their names; the index is the label number of the objects.
    """

    def __init__(
        self,
        connection: Connection,
        dataset_id: int,
        run_id: int,
        masks: MaskObjects | None = None,
    ) -> None:
        self._connection = connection
        self._masks = masks
        self._scope = {"dataset": dataset_id, "run": run_id}
        items = _ITEMS.rows(connection, dataset=dataset_id)
        self.item_keys: Ints = np.array([row[0] for row in items], np.int64)
        self.reference_ids = [str(row[1]) for row in items]
        self._order = np.argsort(self.item_keys, kind="stable")
        self._ascending = self.item_keys[self._order]
        labels = _LABELS.rows(connection, dataset=dataset_id)
        self.label_keys: Ints = np.array([row[0] for row in labels], np.int64)
        self.labels = [str(row[1]) for row in labels]
        self._numbers = {name: index for index, name in enumerate(self.labels)}
        self._taxonomies: dict[int, int] = {}
        self._geometries = self._shared_geometries(dataset_id, run_id)

    def _shared_geometries(self, dataset_id: int, run_id: int) -> set[int]:
        # Boxes, polygons or both: what truths and predictions have in common. One thing often has a
        # box and an outline (a COCO instance has), and a model of boxes would miss every outline.
        # Where nothing is shared, a box is compared with a polygon. Masks only meet masks.
        every = {_BOX, _POLYGON}
        possible = every if self._masks is None else every | {_MASK}
        truths = {
            row[0] for row in _KINDS[annotation.name].rows(self._connection, dataset=dataset_id)
        }
        found = {row[0] for row in _KINDS[prediction.name].rows(self._connection, run=run_id)}
        return (truths & found & possible) or every

    def parts(self, size: int) -> Iterator[Part]:
        """Read everything, part by part.

        Args:
            size: Items in a part.

        Yields:
            The parts; together they hold every object of every item once.
        """
        for start in range(0, len(self._ascending), size):
            keys = self._ascending[start : start + size]
            skipped: dict[str, int] = {}
            truths = self._read(annotation, keys, skipped)
            yield Part(truths, self._read(prediction, keys, skipped), skipped, len(keys))

    def _read(self, table: Table, keys: Ints, skipped: dict[str, int]) -> Objects:
        first, last = int(keys[0]), int(keys[-1])
        dense = last - first + 1 == len(keys)
        where = {"first": first, "last": last, **self._scope}
        boxes = _by_age(
            np.fromiter(
                _BOXES[table.name, dense].execute(self._connection, **where), _fields(table)
            )
        )
        others = _by_age(
            np.fromiter(
                _OTHERS[table.name, dense].execute(self._connection, **where),
                _fields(table, _KIND),
            )
        )
        if _BOX not in self._geometries and len(boxes):
            skipped["box"] = skipped.get("box", 0) + len(boxes)
            boxes = boxes[:0]
        found = self._objects(boxes, self._places(boxes))
        if len(others) == 0:
            return found
        kept = [_CATEGORY, *self._geometries - {_MASK}]
        compared = np.isin(others["type"], kept) & (others["label"] >= 0)
        segments = None
        if self._masks is not None and _MASK in self._geometries:
            segments = self._masks.read(self._connection, table, where, self._numbers)
        kinds, numbers = np.unique(others["type"][~compared], return_counts=True)
        for code, number in zip(kinds.tolist(), numbers.tolist(), strict=True):
            name = TYPES_BY_CODE[code].name
            read = segments.read if code == _MASK and segments is not None else 0
            if number > read:
                skipped[name] = skipped.get(name, 0) + number - read
        others = others[compared]
        rest = self._objects(others, self._groups(others))
        # A category covers its item: two of one taxonomy overlap fully, so they always pair.
        rest.boxes[others["type"] == _CATEGORY] = (0.0, 0.0, 1.0, 1.0)
        if (others["type"] == _POLYGON).any():
            texts = _POLYGONS[table.name, dense].execute(self._connection, **where)
            rest.polygons = _rings(rest.key, texts.fetchall())
        parts = [found, rest]
        if segments is not None and segments.key:
            parts.append(self._segments(segments))
        return Objects.joined(parts)

    def _segments(self, segments: Segments) -> Objects:
        block = self._taxonomies.setdefault(_MASKS_BLOCK, len(self._taxonomies) + 1)
        places = self._order[np.searchsorted(self._ascending, segments.item)]
        return Objects.of(
            places + block * len(self.item_keys),
            [self._numbers[name] for name in segments.label],
            segments.bounds,
            confidence=segments.confidence,
            key=segments.key,
            masks=dict(enumerate(segments.runs)),
        )

    def _objects(self, rows: Any, groups: Ints) -> Objects:
        scored = "confidence" in rows.dtype.names
        return Objects(
            groups,
            np.searchsorted(self.label_keys, rows["label"]),
            np.column_stack([rows["x"], rows["y"], rows["width"], rows["height"]]),
            rows["confidence"].copy() if scored else np.ones(len(rows)),
            rows["key"].copy(),
        )

    def _places(self, rows: Any) -> Ints:
        places: Ints = self._order[np.searchsorted(self._ascending, rows["item"])]
        return places

    def _groups(self, rows: Any) -> Ints:
        place = self._places(rows)
        category = rows["type"] == _CATEGORY
        if not category.any():
            return place
        for taxonomy in np.unique(rows["taxonomy"][category]).tolist():
            self._taxonomies.setdefault(taxonomy, len(self._taxonomies) + 1)
        known = np.array(sorted(self._taxonomies), np.int64)
        number = np.array([self._taxonomies[key] for key in known.tolist()], np.int64)
        block = number[np.searchsorted(known, np.where(category, rows["taxonomy"], known[0]))]
        return np.where(category, place + block * len(self.item_keys), place)


def _by_age(rows: Any) -> Any:
    """Bring rows into the order of their upload, which no database promises unasked."""
    keys = rows["key"]
    return rows if (keys[1:] > keys[:-1]).all() else rows[np.argsort(keys, kind="stable")]


def _rings(keys: Ints, texts: list[tuple[int, str]]) -> dict[int, Ring]:
    place = {key: index for index, key in enumerate(keys.tolist())}
    # One decoding call for all of them costs a third of one call each.
    geometries = wire.decode(f"[{','.join(text for _, text in texts)}]")
    return {
        place[key]: np.array(
            [(vertex["x"], vertex["y"]) for vertex in geometry["vertices"]], np.float64
        )
        for (key, _), geometry in zip(texts, geometries, strict=True)
        if key in place
    }
