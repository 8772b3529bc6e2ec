"""Storing annotations and predictions, which differ in two columns and one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from sqlalchemy import Connection

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES, AnnotationType, ObjectRow
from nucleus_lab.annotation.box_columns import BoxesWire
from nucleus_lab.annotation.segmentation import KEY as MASK_KEY
from nucleus_lab.engine import bulk_write, labels, references, scene_objects, tracks
from nucleus_lab.engine.schema import annotation, prediction
from nucleus_lab.engine.taxonomies import Choices
from nucleus_lab.errors import NotFoundError

_BY_STRUCT: Final[dict[type, AnnotationType]] = {}

_REST: Final = ("x", "y", "width", "height", "geometry", "metadata", "track_reference_id", "extra")
"""Columns of an :data:`ObjectRow` after id, label and taxonomy."""

_CUBOID: Final = "cuboid"

_TRACK: Final = _REST.index("track_reference_id")

_NEVER_UPDATED: Final = frozenset({
    "id",
    "model_run_id",
    "item_id",
    "scene_id",
    "annotation_id",
})


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


def type_of(kind: type) -> AnnotationType:
    """Return the type of validated payloads.

    Args:
        kind: Their class.

    Returns:
        Its entry in the registry.
    """
    if kind not in _BY_STRUCT:
        for entry in ANNOTATION_TYPES.values():
            _BY_STRUCT[entry.wire] = _BY_STRUCT[entry.prediction_wire] = entry
    return _BY_STRUCT[kind]


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
    kinds = {kind: type_of(kind) for kind in set(map(type, values))}
    choices = _choices(connection, dataset_id, values, kinds, outcome)
    if outcome.refused:
        return outcome
    items, on_scenes = _items(connection, dataset_id, values, kinds, outcome)
    if on_scenes:
        placed = [(key, values[at]) for at, key in on_scenes.items()]
        processed = scene_objects.store(
            connection, dataset_id, placed, kinds, choices, run_id=run_id, update=update
        )
        outcome.processed += processed
        outcome.ignored += len(placed) - processed
    if any(kind.name == _CUBOID for kind in kinds.values()):
        _leave_out_flat(connection, values, kinds, items, outcome)
    if None in items:
        values = [value for value, key in zip(values, items, strict=True) if key is not None]
        items = [key for key in items if key is not None]
    if not values:
        return outcome
    rows = _rows(values, kinds, mask_keys or {})
    ids, names, taxonomies, *rest = zip(*rows, strict=True)
    if len(set(zip(items, ids, strict=True))) < len(ids):
        _refuse_twice(values, ids)
    tracks.note(connection, dataset_id, set(rest[_TRACK]) - {None, ""})
    numbers: dict[Any, int | None] = {None: None}
    numbers.update(labels.keys_of(connection, dataset_id, set(names) - {None}))
    columns: dict[str, Sequence[Any]] = {
        "item_id": items,
        "annotation_id": ids,
        "type": [kinds[kind].code for kind in map(type, values)],
        "label_id": list(map(numbers.get, names)),
        "taxonomy_id": list(map(choices.get, taxonomies)),
        **dict(zip(_REST, rest, strict=True)),
    }
    if run_id is not None:
        columns["confidence"] = [value.confidence for value in values]
    put(connection, columns, run_id=run_id, update=update, outcome=outcome)
    return outcome


def store_boxes(
    connection: Connection,
    dataset_id: int,
    boxes: BoxesWire,
    *,
    update: bool,
    run_id: int | None = None,
) -> Outcome | None:
    """Store boxes that are given as columns, where there is nothing to say about any of them.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        boxes: The boxes, checked.
        update: Whether to overwrite those whose id is taken.
        run_id: Primary key of the model run; ``None`` for annotations.

    Returns:
        What became of them; ``None``, with nothing stored, where an item is unknown or an id stands
        twice, which :func:`store` answers box by box.
    """
    known = references.keys_of(connection, dataset_id, set(boxes.reference_id))
    items = list(map(known.get, boxes.reference_id))
    if None in items or len(set(zip(items, boxes.annotation_id, strict=True))) < len(items):
        return None
    numbers = labels.keys_of(connection, dataset_id, set(boxes.label))
    columns: dict[str, Sequence[Any]] = {
        "item_id": items,
        "annotation_id": boxes.annotation_id,
        "type": [ANNOTATION_TYPES["box"].code] * len(items),
        "label_id": list(map(numbers.get, boxes.label)),
        "x": boxes.x,
        "y": boxes.y,
        "width": boxes.width,
        "height": boxes.height,
    }
    if any(boxes.metadata):
        columns["metadata"] = [wire.encode(v).decode() if v else None for v in boxes.metadata]
    if run_id is not None:
        columns["confidence"] = boxes.confidence or [None] * len(items)
    outcome = Outcome()
    put(connection, columns, run_id=run_id, update=update, outcome=outcome)
    return outcome


def _rows(
    values: Sequence[Any], kinds: Mapping[type, AnnotationType], mask_keys: Mapping[int, str]
) -> list[ObjectRow]:
    if mask_keys:
        return [
            _with_file(kinds[type(value)].to_row(value), mask_keys.get(id(value)))
            for value in values
        ]
    if len(kinds) == 1:
        (kind,) = kinds.values()
        return list(map(kind.to_row, values))
    return [kinds[type(value)].to_row(value) for value in values]


def _with_file(row: ObjectRow, key: str | None) -> ObjectRow:
    """Note the stored file of a mask in ``extra``; its payload keeps the caller's path."""
    if key is None:
        return row
    extra = {**(wire.decode(row[10]) if row[10] else {}), "media_key": key}
    return (*row[:10], wire.encode(extra).decode())


def put(
    connection: Connection,
    columns: Mapping[str, Sequence[Any]],
    *,
    run_id: int | None,
    update: bool,
    outcome: Outcome,
    same: Mapping[str, int] | None = None,
) -> None:
    """Write finished columns and count them.

    Args:
        connection: The open write transaction.
        columns: Values by column, all of one length; ``item_id`` and ``annotation_id`` are there.
            Objects without an id of the caller's may come twice.
        run_id: Primary key of the model run; ``None`` for annotations.
        update: Whether to overwrite those that are there.
        outcome: Where to count.
        same: Numbers that all of them have, by column.
    """
    items = columns["item_id"]
    total = len(items)
    order: Sequence[int] | None = None
    if update:
        last = dict(zip(zip(items, columns["annotation_id"], strict=True), count(), strict=False))
        if len(last) < total:  # equal objects without an id: the last one counts
            order = list(last.values())
    # Sorted by item, an index of millions of rows is filled several times as fast; the objects of
    # one item keep their order.
    if sorted(items) != list(items):
        order = sorted(order or range(total), key=items.__getitem__)
    if order is not None:
        columns = {name: [column[at] for at in order] for name, column in columns.items()}
    key: tuple[str, ...] = ("item_id", "annotation_id")
    table, same = annotation, dict(same or {})
    if run_id is not None:
        same["model_run_id"] = run_id
        key, table = ("model_run_id", *key), prediction
    rest = (
        [column.name for column in table.c if column.name not in _NEVER_UPDATED] if update else ()
    )
    changed = bulk_write.upsert_columns(connection, table, columns, key=key, update=rest, same=same)
    outcome.processed += total if update else changed
    outcome.ignored += 0 if update else total - changed


def _choices(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    kinds: Mapping[type, AnnotationType],
    outcome: Outcome,
) -> Mapping[Any, int | None]:
    """Check categories against their taxonomies; return the taxonomies' keys by name."""
    named: list[Any] = []
    if not all(kind.geometric for kind in kinds.values()):
        named = [value for value in values if getattr(value, "taxonomy_name", None)]
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
    kinds: Mapping[type, AnnotationType],
    outcome: Outcome,
) -> tuple[list[int | None], dict[int, int]]:
    """Find the item of each value, and the scenes of those that lie on one.

    Returns:
        Key of the item by place; key of the scene by place. Unknown ones are reported once each.
    """
    wanted = [value.reference_id for value in values]
    known: dict[Any, int | None] = {}
    known.update(references.keys_of(connection, dataset_id, set(wanted) - {None}))
    keys = list(map(known.get, wanted))
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


def _leave_out_flat(
    connection: Connection,
    values: Sequence[Any],
    kinds: Mapping[type, AnnotationType],
    items: list[int | None],
    outcome: Outcome,
) -> None:
    """Leave out cuboids on pictures, which have no depth to place them in."""
    places = [
        at
        for at, value in enumerate(values)
        if items[at] is not None and kinds[type(value)].name == _CUBOID
    ]
    flat = references.pictures_among(connection, {items[at] or 0 for at in places})
    for at in places:
        if items[at] in flat:
            items[at] = None
            value = values[at]
            name = value.reference_id or value.item_id
            outcome.errors.append(
                f"cuboid {value.annotation_id or value.label!r} of item {name!r} was left out: the "
                "item is a picture, and a cuboid lies in a point cloud. Use a box for a picture"
            )


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


def _refuse_twice(values: Sequence[Any], ids: Sequence[str]) -> None:
    """Refuse an id that stands twice on one item; objects without an id may come twice."""
    named = [
        f"{value.annotation_id} (item {value.reference_id})"
        for value, stored in zip(values, ids, strict=True)
        if value.annotation_id is not None and value.annotation_id == stored
    ]
    references.refuse_twice("annotation id", named, "give each object of an item an id of its own")
    masked = [
        f"mask of item {value.reference_id}"
        for value, stored in zip(values, ids, strict=True)
        if stored == MASK_KEY
    ]
    references.refuse_twice("segmentation", masked, "an item has one mask: join them into one")
