"""Items with all their objects, many at a time: the rows of training exports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, null, or_, select

from nucleus_lab import wire
from nucleus_lab.annotation import ANNOTATION_TYPES, TYPES_BY_CODE
from nucleus_lab.annotation.box_columns import box_payloads_from_rows
from nucleus_lab.engine import labels
from nucleus_lab.engine.reading import GROUPS, SINGLE, ItemValues, item_payload
from nucleus_lab.engine.schema import annotation, prediction, taxonomy
from nucleus_lab.engine.statements import Statement, among, json_list

_BOX: Final = ANNOTATION_TYPES["box"]
_KEY: Final = itemgetter(1)
_LABEL: Final = itemgetter(2)
_METADATA: Final = itemgetter(8)
_TAXONOMY: Final = itemgetter(3)


def _boxes(table: Table) -> Any:
    """Select boxes with nothing but numbers and metadata, of which there may be millions."""
    columns = table.c
    statement = select(
        columns.item_id, columns.id, columns.label_id, columns.annotation_id, columns.x, columns.y,
        columns.width, columns.height, columns.metadata, _confidence(table),
    )  # fmt: skip
    statement = statement.where(
        columns.type == bindparam("box", _BOX.code),
        columns.extra.is_(None),
        columns.track_reference_id.is_(None),
    )
    return _of_items(table, statement)


def _others(table: Table) -> Any:
    columns = table.c
    statement = select(
        columns.item_id, columns.id, columns.label_id, columns.taxonomy_id, columns.type,
        columns.annotation_id, columns.x, columns.y, columns.width, columns.height,
        columns.geometry, columns.metadata, columns.track_reference_id, columns.extra,
        _confidence(table),
    )  # fmt: skip
    statement = statement.where(
        or_(
            columns.type != bindparam("box", _BOX.code),
            columns.extra.is_not(None),
            columns.track_reference_id.is_not(None),
        )
    )
    return _of_items(table, statement)


def _confidence(table: Table) -> Any:
    return table.c.confidence if table is prediction else null()


def _of_items(table: Table, statement: Any) -> Any:
    statement = statement.where(among(table.c.item_id, "items"))
    if table is prediction:
        statement = statement.where(table.c.model_run_id == bindparam("run_id"))
    return statement


_BOXES: Final = Statement(lambda: _boxes(annotation)), Statement(lambda: _boxes(prediction))
_OTHERS: Final = Statement(lambda: _others(annotation)), Statement(lambda: _others(prediction))
_TAXONOMIES: Final = Statement(
    lambda: select(taxonomy.c.id, taxonomy.c.name).where(among(taxonomy.c.id, "wanted"))
)


@dataclass(slots=True)
class _Objects:
    """Objects of some items: boxes that are nothing but numbers and metadata, and all others."""

    boxes: list[tuple[Any, ...]]
    others: list[tuple[Any, ...]]
    names: dict[int | None, str | None]


def _read(connection: Connection, item_keys: Iterable[int], run_id: int | None) -> _Objects:
    which = 0 if run_id is None else 1
    given: dict[str, Any] = {"items": json_list(item_keys)}
    if run_id is not None:
        given["run_id"] = run_id
    boxes = _BOXES[which].rows(connection, **given)
    others = _OTHERS[which].rows(connection, **given)
    names = labels.names_of(connection, {*map(_LABEL, boxes), *map(_LABEL, others)})
    if any(row[4] == _BOX.code for row in others):
        # Boxes of both kinds: one list, so that they keep the order of their upload.
        others += [
            (*row[:3], None, _BOX.code, *row[3:8], None, row[8], None, None, row[9])
            for row in boxes
        ]
        boxes = []
    boxes.sort(key=_KEY)
    return _Objects(boxes, others, names)


def export_rows(
    connection: Connection, items: Sequence[ItemValues], run_id: int | None = None
) -> list[dict[str, Any]]:
    """Return items with all their objects, as training exports answer.

    Args:
        connection: The open transaction.
        items: The items.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        A row an item: ``item`` and every group, the segmentation as one object or null.
    """
    exported: list[dict[str, Any]] = []
    owners: dict[int, tuple[str, dict[str, Any]]] = {}
    takers: dict[int, tuple[str, Callable[[dict[str, Any]], None]]] = {}
    for values in items:
        row: dict[str, Any] = {"item": item_payload(values)}
        for group in GROUPS:
            row[group] = []
        exported.append(row)
        owners[values[0]] = (values[1], row)
        takers[values[0]] = (values[1], row[_BOX.group].append)
    found = _read(connection, owners, run_id)
    box_payloads_from_rows(found.boxes, takers, found.names)
    if found.others:
        _add_others(connection, found.others, owners, found.names)
    for _, row in owners.values():
        masks = row[SINGLE]
        row[SINGLE] = masks[0] if masks else None
    return exported


def narrow_rows(
    connection: Connection, items: Sequence[ItemValues], run_id: int | None = None
) -> dict[str, Any]:
    """Return items with all their objects, plain boxes as bare rows.

    A payload a box costs as much again as reading it; the SDK makes its values from the rows.

    Args:
        connection: The open transaction.
        items: The items.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        ``items``: a row an item, with the groups that it has objects of beside plain boxes;
        ``keys``: what names each of them in a box; ``boxes``: key of the item, place, label,
        annotation id, x, y, width, height, metadata and confidence, in the order of upload;
        ``labels``: number and name of each.
    """
    exported = [{"item": item_payload(values)} for values in items]
    keys = [values[0] for values in items]
    found = _read(connection, keys, run_id)
    if found.others:
        owners: dict[int, tuple[str, dict[str, Any]]] = {}
        for values, row in zip(items, exported, strict=True):
            owners[values[0]] = (values[1], defaultdict(list, row))
        _add_others(connection, found.others, owners, found.names)
        exported = [dict(row) for _, row in owners.values()]
    boxes = found.boxes
    if any(map(_METADATA, boxes)):
        documents = wire.decode(f"[{','.join(row[8] or 'null' for row in boxes)}]")
        boxes = [(*row[:8], known, row[9]) for row, known in zip(boxes, documents, strict=True)]
    return {
        "items": exported,
        "keys": keys,
        "boxes": boxes,
        "labels": list(found.names.items()),
    }


def _add_others(
    connection: Connection,
    others: list[tuple[Any, ...]],
    owners: dict[int, tuple[str, dict[str, Any]]],
    names: dict[int | None, str | None],
) -> None:
    others.sort(key=_KEY)
    wanted = json_list(key for key in set(map(_TAXONOMY, others)) if key is not None)
    taxonomies = {None: None, **dict(_TAXONOMIES.rows(connection, wanted=wanted))}
    for owner, _, label_id, taxonomy_id, code, name, *rest, confidence in others:
        reference_id, row = owners[owner]
        entry = TYPES_BY_CODE[code]
        stored = (name, names[label_id], taxonomies[taxonomy_id], *rest)
        row[entry.group].append(entry.to_payload(reference_id, stored, confidence))
