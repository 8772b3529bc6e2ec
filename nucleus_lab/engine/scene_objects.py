"""Annotations and predictions of whole scenes: their categories.

On the wire they are categories whose reference id is that of a scene. Where an item has the same
reference id, it is the item that is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, select, update

from nucleus_lab.annotation import AnnotationType
from nucleus_lab.engine import bulk_write, labels, scenes
from nucleus_lab.engine.schema import annotation, prediction
from nucleus_lab.engine.statements import Statement, among, json_list

_COLUMNS: Final = (
    "scene_id", "annotation_id", "type", "label_id", "taxonomy_id", "geometry", "metadata",
    "track_reference_id", "extra",
)  # fmt: skip


def scenes_of(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    kinds: Mapping[type, AnnotationType],
    keys: Sequence[int | None],
) -> dict[int, int]:
    """Find the scenes of the categories that lie on no item.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        values: Validated payloads.
        kinds: The type of each class of payloads.
        keys: Items of the payloads; ``None`` where there is none.

    Returns:
        Primary key of the scene by place in ``values``.
    """
    open_places = [
        at
        for at, (value, key) in enumerate(zip(values, keys, strict=True))
        if key is None and not kinds[type(value)].geometric
    ]
    wanted = {values[at].reference_id for at in open_places} - {None}
    if not wanted:
        return {}
    known = scenes.keys_of(connection, dataset_id, wanted)
    return {
        at: known[values[at].reference_id] for at in open_places if values[at].reference_id in known
    }


def _known(table: Table) -> Any:
    rows = select(table.c.scene_id, table.c.annotation_id, table.c.id)
    rows = rows.where(among(table.c.scene_id, "scenes"))
    if table is prediction:
        rows = rows.where(prediction.c.model_run_id == bindparam("run_id"))
    return rows


def _change(table: Table) -> Any:
    names = (*_COLUMNS[2:], *(("confidence",) if table is prediction else ()))
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return update(table).where(table.c.id == bindparam("key")).values(new)


_KNOWN: Final = {
    "annotation": Statement(lambda: _known(annotation)),
    "prediction": Statement(lambda: _known(prediction)),
}
_CHANGE: Final = {
    "annotation": Statement(lambda: _change(annotation)),
    "prediction": Statement(lambda: _change(prediction)),
}


def store(
    connection: Connection,
    dataset_id: int,
    placed: Sequence[tuple[int, Any]],
    kinds: Mapping[type, AnnotationType],
    taxonomies: Mapping[Any, int | None],
    *,
    run_id: int | None,
    update: bool,
) -> int:
    """Store categories of scenes.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        placed: Primary key of the scene, and validated payload, of each.
        kinds: The type of each class of payloads.
        taxonomies: Primary key by name.
        run_id: Primary key of the model run; ``None`` for annotations.
        update: Whether to overwrite those that are there.

    Returns:
        How many were stored or overwritten.
    """
    made = [(key, kinds[type(value)], value) for key, value in placed]
    bare = [(key, kind, kind.to_row(value), value) for key, kind, value in made]
    numbers: dict[Any, int | None] = {None: None}
    names = {row[1] for _, _, row, _ in bare if row[1] is not None}
    numbers.update(labels.keys_of(connection, dataset_id, names))
    rows = [
        (key, row[0], kind.code, numbers[row[1]], taxonomies.get(row[2]), *row[7:11])
        + (() if run_id is None else (value.confidence,))
        for key, kind, row, value in bare
    ]
    return _put(connection, rows, run_id=run_id, update=update)


def _put(
    connection: Connection,
    rows: Sequence[tuple[Any, ...]],
    *,
    run_id: int | None,
    update: bool,
) -> int:
    """Write rows; of several for one key the last one counts with ``update``, else the first."""
    table = annotation if run_id is None else prediction
    scene_keys = json_list({row[0] for row in rows})
    values = {"scenes": scene_keys} if run_id is None else {"scenes": scene_keys, "run_id": run_id}
    there = {row[:2]: row[2] for row in _KNOWN[table.name].rows(connection, **values)}
    unique: dict[tuple[Any, Any], tuple[Any, ...]] = {}
    for row in rows:
        if update or row[:2] not in unique:
            unique[row[:2]] = row
    fresh = [row for name, row in unique.items() if name not in there]
    columns: tuple[str, ...] = _COLUMNS
    names = [f"new_{name}" for name in _COLUMNS[2:]]
    if run_id is not None:
        columns = (*columns, "confidence", "model_run_id")
        names.append("new_confidence")
        fresh = [(*row, run_id) for row in fresh]
    bulk_write.upsert(connection, table, columns, fresh, key=())
    if not update:
        return len(fresh)
    changed = [(there[name], *row[2:]) for name, row in unique.items() if name in there]
    _CHANGE[table.name].many(connection, changed, "key", *names)
    return len(rows)
