"""Items and boxes as columns: the fastest way in and out."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, bindparam, select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.engine import (
    datasets,
    items,
    labels,
    metadata_schemas,
    models,
    objects,
    reading,
    references,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.objects import Outcome
from nucleus_lab.engine.schema import annotation, prediction
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.engine.uploading import (
    Uploaded,
    all_urls,
    check_takes_items,
    fitting,
    with_pictures,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow

_BOX: Final = ANNOTATION_TYPES["box"]


def ingest(
    engine: Engine,
    row: DatasetRow,
    new: ItemColumns,
    boxes: BoxColumns | None,
    files: Sequence[FilePart],
    *,
    update: bool,
    model_id: str | None,
) -> dict[str, Any]:
    """Store items and their boxes, or the predicted boxes of a model on items that exist.

    Args:
        engine: The workspace.
        row: The dataset.
        new: The items; with a model only their reference ids count.
        boxes: Their boxes.
        files: The pictures of local items, found by their names.
        update: Whether to overwrite what is there.
        model_id: Id of the model on the wire.

    Returns:
        The answer of the route.

    Raises:
        InvalidInputError: Columns of different lengths, an index or a number out of range.
        DuplicateIDError: A reference id, or an id on one item, stands twice.
    """
    references.refuse_twice("reference id", new.reference_id, "give each item one of its own")
    if boxes is not None:
        boxes.check(len(new))
        check_boxes(boxes)
    uploaded = Uploaded()
    outcome = Outcome()
    if boxes is not None and boxes.metadata and row.annotation_metadata_schema:
        boxes = _fitting(row, new, boxes, outcome)
    rows = [] if model_id else _rows(engine, row, new, files, uploaded, update=update)
    with engine.store.write(bulk=True) as connection:
        datasets.lock(connection, row.id)
        if not model_id:
            counts = items.insert(connection, row.id, rows, update=update)
            uploaded.new, uploaded.updated = counts.new, counts.updated
            uploaded.ignored = counts.ignored
        if boxes is not None and len(boxes):
            run, known = None, None
            if model_id:
                run = models.ensure_run(connection, models.key_of(connection, model_id), row.id)
            else:
                known = items.keys_after(connection, row.id, rows, counts)
            store_boxes(
                connection, row.id, new, boxes, outcome, known=known, run_id=run, update=update
            )
    return {
        **uploaded.counters(),
        "error_payload": uploaded.errors + [{"error": text} for text in outcome.errors],
        "annotations_processed": outcome.processed,
        "annotations_ignored": outcome.ignored,
    }


def _rows(
    engine: Engine,
    row: DatasetRow,
    new: ItemColumns,
    files: Sequence[FilePart],
    uploaded: Uploaded,
    *,
    update: bool,
) -> list[ItemRow]:
    check_takes_items(row)
    new.check()
    if not all(new.reference_id):
        index = new.reference_id.index("")
        raise InvalidInputError(f"items.reference_id[{index}] is empty: give each item a name")
    documents = _documents_of(new.metadata)
    rows = list(
        map(
            ItemRow,
            new.reference_id,
            repeat("image"),
            new.location,
            repeat(None),
            new.width,
            new.height,
            documents or repeat(None),
        )
    )
    if not all_urls(new.location):
        rows = with_pictures(engine, row.id, rows, files, uploaded, overwrite=update)
    return fitting(row, rows, uploaded)


def _fitting(row: DatasetRow, new: ItemColumns, boxes: BoxColumns, outcome: Outcome) -> BoxColumns:
    """Leave out boxes whose metadata breaks the schema of the dataset."""
    schema = metadata_schemas.read(row.annotation_metadata_schema)
    faults = [metadata_schemas.fault(schema, extra) for extra in boxes.metadata]
    kept = [place for place, wrong in enumerate(faults) if wrong is None]
    outcome.errors += [
        f"Metadata type conflict: annotation {boxes.annotation_id[place]!r} of item "
        f"{new.reference_id[boxes.item[place]]!r}: {wrong}; it was left out"
        for place, wrong in enumerate(faults)
        if wrong is not None
    ]
    if len(kept) == len(faults):
        return boxes
    columns = {name: getattr(boxes, name) for name in boxes.__slots__}
    return BoxColumns(**{
        name: [values[place] for place in kept] if values else []
        for name, values in columns.items()
    })


def check_boxes(boxes: BoxColumns) -> None:
    """Hold the numbers of boxes against their limits.

    Args:
        boxes: The boxes.

    Raises:
        InvalidInputError: A number is NaN or infinite, a size negative, or a confidence outside
            0 to 1; the message has the index.
    """
    for name in ("x", "y", "width", "height", "confidence"):
        values = getattr(boxes, name)
        total = sum(values)
        low = 0.0 if name in {"width", "height", "confidence"} else None
        high = 1.0 if name == "confidence" else None
        if (
            total - total == 0.0  # neither NaN nor infinite: neither is any summand
            and (low is None or not values or min(values) >= low)
            and (high is None or not values or max(values) <= high)
        ):
            continue
        for index, value in enumerate(values):
            if value - value != 0.0 or (low is not None and value < low) or value > (high or value):
                raise InvalidInputError(
                    f"boxes.{name}[{index}] is {value}: use a finite number"
                    + (" of 0 or more" if low is not None and high is None else "")
                    + (" from 0 to 1" if high is not None else ""),
                    path=f"boxes.{name}[{index}]",
                )


def store_boxes(
    connection: Connection,
    dataset_id: int,
    new: ItemColumns,
    boxes: BoxColumns,
    outcome: Outcome,
    *,
    known: Mapping[str, int] | None = None,
    run_id: int | None,
    update: bool,
) -> None:
    """Store boxes given as columns.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        new: The items they point at; only their reference ids are read.
        boxes: The boxes.
        outcome: Where to count.
        known: Primary keys of the items by reference id; looked up when ``None``.
        run_id: Primary key of the run for predictions; ``None`` for annotations.
        update: Whether to overwrite those whose id is taken.

    Raises:
        DuplicateIDError: An id stands twice on one item.
    """
    if known is None:
        known = references.keys_of(connection, dataset_id, new.reference_id)
    keys = list(map(known.get, new.reference_id))
    numbers = labels.keys_of(connection, dataset_id, set(boxes.label))
    documents = _documents_of(boxes.metadata)
    items = list(map(keys.__getitem__, boxes.item))
    columns: dict[str, Sequence[Any]] = {
        "item_id": items,
        "annotation_id": boxes.annotation_id,
        "label_id": list(map(numbers.get, boxes.label)),
        "x": boxes.x,
        "y": boxes.y,
        "width": boxes.width,
        "height": boxes.height,
    }
    if documents:
        columns["metadata"] = documents
    if run_id is not None and boxes.confidence:
        columns["confidence"] = boxes.confidence
    if None in keys:
        missing = [name for name, key in zip(new.reference_id, keys, strict=True) if key is None]
        outcome.errors += [references.unknown(name, dataset_id).message for name in missing]
        kept = [at for at, key in enumerate(items) if key is not None]
        columns = {name: [values[at] for at in kept] for name, values in columns.items()}
    ignored = outcome.ignored
    if update:
        _refuse_twice(new, boxes)
    same = {"type": _BOX.code}
    objects.put(connection, columns, run_id=run_id, update=update, outcome=outcome, same=same)
    # A box whose id an earlier one of the call has was ignored: where none was, none stands twice.
    if outcome.ignored > ignored or None in keys:
        _refuse_twice(new, boxes)


def _documents_of(metadata: Sequence[Mapping[str, Any] | None]) -> list[str | None]:
    """Return what is stored of metadata: JSON text, nothing for an empty one."""
    if not any(metadata):
        return [None] * len(metadata)
    return [
        text if extra else None
        for text, extra in zip(wire.encode_each(metadata), metadata, strict=True)
    ]


def _refuse_twice(new: ItemColumns, boxes: BoxColumns) -> None:
    """Refuse boxes of which one has the id of another on its item."""
    if (
        len(set(boxes.annotation_id)) < len(boxes)  # only then may one stand twice on an item
        and len(set(zip(boxes.item, boxes.annotation_id, strict=True))) < len(boxes)
    ):
        named = [
            f"{name} (item {new.reference_id[index]})"
            for index, name in zip(boxes.item, boxes.annotation_id, strict=True)
        ]
        references.refuse_twice("annotation id", named, "give each box of an item its own")


def _boxes(table: Table) -> Any:
    columns = table.c
    statement = select(
        columns.item_id, columns.id, columns.label_id, columns.annotation_id, columns.x, columns.y,
        columns.width, columns.height, columns.metadata,
        *([columns.confidence] if table is prediction else []),
    )  # fmt: skip
    statement = statement.where(
        among(columns.item_id, "items"), columns.type == bindparam("box", _BOX.code)
    )
    if table is prediction:
        statement = statement.where(columns.model_run_id == bindparam("run_id"))
    return statement


def _others(table: Table) -> Any:
    condition = among(table.c.item_id, "items") & (table.c.type != bindparam("box", _BOX.code))
    return reading.object_rows(table, condition)


_BOXES: Final = {
    "annotation": Statement(lambda: _boxes(annotation)),
    "prediction": Statement(lambda: _boxes(prediction)),
}
_OTHERS: Final = {
    "annotation": Statement(lambda: _others(annotation)),
    "prediction": Statement(lambda: _others(prediction)),
}


def export(
    connection: Connection,
    dataset_id: int,
    token: str | None,
    size: int,
    run_id: int | None = None,
) -> dict[str, Any]:
    """Read some items with their objects as columns.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        token: What the page before returned; ``None`` for the first page.
        size: Items at most.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        The answer of the route: ``items`` and ``boxes`` as columns, every other object as a
        payload, and the token of the next page.
    """
    rows, following = reading.page(connection, dataset_id, token, size)
    rows = [values for values in rows if values[2] == "image"]  # columns are of pictures only
    places = {values[0]: place for place, values in enumerate(rows)}
    table = "annotation" if run_id is None else "prediction"
    run = {} if run_id is None else {"run_id": run_id}
    wanted = json_list(places)
    found = _BOXES[table].rows(connection, items=wanted, **run)
    if all(map(operator.lt, places, islice(places, 1, None))):
        found.sort()  # by item and then by age
    else:
        found.sort(key=lambda row: (places[row[0]], row[1]))
    columns = list(zip(*found, strict=True)) or [()] * (9 if run_id is None else 10)
    names_of_labels = labels.names_of(connection, set(columns[2]))
    others = _OTHERS[table].rows(connection, items=wanted, **run)
    others.sort(key=lambda row: (places[row[0]], row[1]))
    names = [values[1] for values in rows]
    return {
        "items": {
            "reference_id": names,
            "location": [values[3] for values in rows],
            "width": [values[4] for values in rows],
            "height": [values[5] for values in rows],
            "metadata": _documents([values[6] for values in rows]),
        },
        "boxes": {
            "item": list(map(places.__getitem__, columns[0])),
            "label": list(map(names_of_labels.__getitem__, columns[2])),
            "annotation_id": list(columns[3]),
            "x": list(columns[4]),
            "y": list(columns[5]),
            "width": list(columns[6]),
            "height": list(columns[7]),
            "confidence": [] if run_id is None else list(columns[9]),
            "metadata": _documents(columns[8]),
        },
        "objects": [
            _object(names[places[row[0]]], row, scored=run_id is not None) for row in others
        ],
        "nextPageToken": following,
    }


def _object(name: str, row: reading.ObjectValues, *, scored: bool) -> dict[str, Any]:
    """Return the payload of an object; that of a mask with the id that reads its picture."""
    payload = reading.payload_of(name, row, scored=scored)
    if payload["type"] == "mask":
        prefix = identifiers.PREDICTION if scored else identifiers.ANNOTATION
        payload["id"] = identifiers.encode(prefix, row[1])
    return payload


def _documents(texts: Sequence[str | None]) -> list[Any]:
    """Decode many JSON texts in one go; an empty list when there is none."""
    if not any(texts):
        return []
    documents: list[Any] = wire.decode(f"[{','.join(text or 'null' for text in texts)}]")
    return documents
