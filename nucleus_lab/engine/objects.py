"""Storing annotations and predictions, which differ in two columns and one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Table

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES, AnnotationType
from nucleus_lab.annotation.base import ObjectWire
from nucleus_lab.engine import bulk_write, labels, references, scene_objects, tracks
from nucleus_lab.engine.schema import annotation, prediction
from nucleus_lab.engine.taxonomies import Choices
from nucleus_lab.errors import NotFoundError

_BY_STRUCT: Final[dict[type, AnnotationType]] = {}

_SHARED: Final = (
    "annotation_id", "type", "label_id", "taxonomy_id", "x", "y", "width", "height", "geometry",
    "metadata", "track_reference_id", "extra",
)  # fmt: skip
_ANNOTATION: Final = ("item_id", *_SHARED)
_PREDICTION: Final = ("model_run_id", "item_id", *_SHARED, "confidence")
_ANNOTATION_KEY: Final = ("item_id", "annotation_id")
_PREDICTION_KEY: Final = ("model_run_id", "item_id", "annotation_id")


@dataclass(slots=True)
class Outcome:
    """What became of the objects of one call.

    Attributes:
        processed: Stored or updated.
        ignored: Already there, and no update was asked for.
        errors: One sentence for each item that is unknown.
        refused: Whether nothing was stored because a taxonomy or a label of one is unknown.
    """

    processed: int = 0
    ignored: int = 0
    errors: list[str] = field(default_factory=list)
    refused: bool = False

    def add(self, other: Outcome) -> None:
        """Add the outcome of a further part of the call.

        Args:
            other: What became of it.
        """
        self.processed += other.processed
        self.ignored += other.ignored
        self.errors += other.errors
        self.refused = self.refused or other.refused


def type_of(value: ObjectWire) -> AnnotationType:
    """Return the type of a validated payload.

    Args:
        value: The payload.

    Returns:
        Its entry in the registry.
    """
    if not _BY_STRUCT or type(value) not in _BY_STRUCT:
        for entry in ANNOTATION_TYPES.values():
            _BY_STRUCT[entry.wire] = _BY_STRUCT[entry.prediction_wire] = entry
    return _BY_STRUCT[type(value)]


def store(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    *,
    update: bool,
    run_id: int | None = None,
    mask_keys: Mapping[int, str] | None = None,
) -> Outcome:
    """Store annotations, or the predictions of a model run.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        values: Validated payloads.
        update: Whether to overwrite those whose id is taken.
        run_id: Primary key of the model run; ``None`` for annotations.
        mask_keys: Stored files of local masks, by ``id`` of their payload.

    Returns:
        What became of them.

    Raises:
        DuplicateIDError: An id stands twice on one item.
    """
    outcome = Outcome()
    kinds = [type_of(value) for value in values]
    choices = _choices(connection, dataset_id, values, kinds, outcome)
    if outcome.refused:
        return outcome
    items, on_scenes = _items(connection, dataset_id, values, kinds, outcome)
    rows: list[tuple[Any, ...]] = [
        (key, *kind.to_row(value), kind.code, value)
        for key, kind, value in zip(items, kinds, values, strict=True)
        if key is not None
    ]
    of_scenes = [
        (key, *kinds[at].to_row(values[at]), kinds[at].code, values[at])
        for at, key in on_scenes.items()
    ]
    if mask_keys:
        rows = [_with_file(row, mask_keys.get(id(row[13]))) for row in rows]
    _refuse_twice(rows)
    names = {row[2] for row in (*rows, *of_scenes) if row[2] is not None}
    tracks.note(connection, dataset_id, {row[10] for row in rows if row[10]})
    numbers: dict[Any, int | None] = {None: None}
    numbers.update(labels.keys_of(connection, dataset_id, names))
    table = annotation if run_id is None else prediction
    columns: Sequence[str] = _ANNOTATION if run_id is None else _PREDICTION
    key: Sequence[str] = _ANNOTATION_KEY if run_id is None else _PREDICTION_KEY
    ready: list[tuple[Any, ...]]
    if run_id is None:
        ready = [
            (row[0], row[1], row[12], numbers[row[2]], choices.get(row[3]), *row[4:12])
            for row in rows
        ]
    else:
        ready = [
            (run_id, row[0], row[1], row[12], numbers[row[2]], choices.get(row[3]), *row[4:12],
             row[13].confidence)
            for row in rows
        ]  # fmt: skip
    put(connection, table, columns, ready, key=key, update=update, outcome=outcome)
    if of_scenes:
        placed = [
            (row[0], row[1], row[12], numbers[row[2]], choices.get(row[3]), *row[8:12])
            + (() if run_id is None else (row[13].confidence,))
            for row in of_scenes
        ]
        processed = scene_objects.put(connection, placed, run_id=run_id, update=update)
        outcome.processed += processed
        outcome.ignored += len(placed) - processed
    return outcome


def _with_file(row: tuple[Any, ...], key: str | None) -> tuple[Any, ...]:
    """Note the stored file of a mask in ``extra``; its payload keeps the caller's path."""
    if key is None:
        return row
    extra = {**(wire.decode(row[11]) if row[11] else {}), "media_key": key}
    return (*row[:11], wire.encode(extra).decode(), *row[12:])


def put(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: list[tuple[Any, ...]],
    *,
    key: Sequence[str],
    update: bool,
    outcome: Outcome,
) -> None:
    """Write finished rows and count them.

    Args:
        connection: The open write transaction.
        table: ``annotation`` or ``prediction``.
        columns: What the places of a row are; those of the key come first.
        rows: The rows; objects without an id of the caller's may come twice.
        key: Columns that make an object one and the same.
        update: Whether to overwrite those that are there.
        outcome: Where to count.
    """
    width = len(key)
    total = len(rows)
    # Sorted by item, an index of millions of rows is filled several times as fast; the objects of
    # one item keep their order.
    rows.sort(key=itemgetter(width - 2))
    if update:
        unique = {row[:width]: row for row in rows}
        if len(unique) < total:  # equal objects without an id: the last one counts
            rows = list(unique.values())
    rest = columns[width:] if update else ()
    changed = bulk_write.upsert(connection, table, columns, rows, key=key, update=rest)
    outcome.processed += total if update else changed
    outcome.ignored += 0 if update else total - changed


def _choices(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    kinds: Sequence[AnnotationType],
    outcome: Outcome,
) -> Mapping[Any, int | None]:
    """Check categories against their taxonomies; return the taxonomies' keys by name."""
    named = [
        value
        for value, kind in zip(values, kinds, strict=True)
        if not kind.geometric and getattr(value, "taxonomy_name", None)
    ]
    if not named:
        return {None: None}
    choices = Choices(connection, dataset_id)
    for value in named:
        chosen = getattr(value, "labels", None)
        fault = choices.fault(value.taxonomy_name, [value.label] if chosen is None else chosen)
        if fault:
            outcome.refused = True
            outcome.errors.append(fault)
            break
    return {None: None, **choices.keys}


def _items(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    kinds: Sequence[AnnotationType],
    outcome: Outcome,
) -> tuple[list[int | None], dict[int, int]]:
    """Find the item of each value, and the scenes of those that lie on one.

    Returns:
        Key of the item by place; key of the scene by place. Unknown ones are reported once each.
    """
    wanted = [value.reference_id for value in values]
    distinct = {name for name in wanted if name is not None}
    known: dict[Any, int | None] = {}
    known.update(references.keys_of(connection, dataset_id, distinct))
    keys = [known.get(name) for name in wanted]
    missing: dict[str, int] = {}
    on_scenes: dict[int, int] = {}
    if None in keys:
        by_id = _public_items(connection, dataset_id, values)
        on_scenes = scene_objects.scenes_of(connection, dataset_id, values, kinds, keys)
        for index, (value, key) in enumerate(zip(values, keys, strict=True)):
            if key is None and index not in on_scenes:
                public = getattr(value, "item_id", None)
                keys[index] = by_id.get(public) if value.reference_id is None else None
                if keys[index] is None:
                    name = value.reference_id or public or "None"
                    missing[name] = missing.get(name, 0) + 1
    shown = identifiers.encode(identifiers.DATASET, dataset_id)
    outcome.errors += [
        f"Item with id {name} doesn't exist in dataset {shown}: "
        f"{count} {'object was' if count == 1 else 'objects were'} left out"
        for name, count in missing.items()
    ]
    return keys, on_scenes


def _public_items(
    connection: Connection, dataset_id: int, values: Sequence[Any]
) -> dict[str | None, int | None]:
    """Find the items that newer clients name by ``item_id`` instead of a reference id."""
    keys: dict[str | None, int | None] = {}
    for value in values:
        public = getattr(value, "item_id", None)
        if value.reference_id is None and public:
            try:
                keys[public] = identifiers.decode(identifiers.ITEM, public)
            except NotFoundError:
                keys[public] = None
    wanted = [key for key in keys.values() if key is not None]
    ours = references.references_of(connection, dataset_id, wanted) if wanted else {}
    return {public: key if key in ours else None for public, key in keys.items()}


def _refuse_twice(rows: Sequence[tuple[Any, ...]]) -> None:
    """Refuse an id that stands twice on one item; objects without an id may come twice."""
    if len({(row[0], row[1]) for row in rows}) == len(rows):
        return
    named = [
        f"{row[13].annotation_id} (item {row[13].reference_id})"
        for row in rows
        if row[13].annotation_id is not None and row[13].annotation_id == row[1]
    ]
    references.refuse_twice("annotation id", named, "give each object of an item an id of its own")
