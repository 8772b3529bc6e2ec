"""Predictions on items of any dataset: each finds its own way to the dataset of its item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, select

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, metadata_schemas, models, objects, reading, references
from nucleus_lab.engine.annotating import with_masks
from nucleus_lab.engine.objects import Outcome
from nucleus_lab.engine.schema import item, model_run
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import ConflictError, NotFoundError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

RunFor = Callable[[Connection, int], int]
"""Finds or makes the run that takes the predictions on a dataset."""

_DATASETS = Statement(
    lambda: select(item.c.id, item.c.dataset_id).where(among(item.c.id, "wanted"))
)
_OF_MODEL = Statement(
    lambda: (
        select(model_run.c.dataset_id, model_run.c.id)
        .where(
            model_run.c.model_id == bindparam("model_id"),
            model_run.c.name == bindparam("name"),
            model_run.c.dataset_id.is_not(None),
        )
        .order_by(model_run.c.dataset_id)
    )
)


def predict(
    engine: Engine,
    values: Sequence[Any],
    files: Sequence[FilePart],
    run_for: RunFor,
    *,
    update: bool,
) -> Outcome:
    """Store predictions on items of any dataset, all or none of them.

    Args:
        engine: The workspace.
        values: Validated payloads, each with ``item_id`` or ``reference_id``.
        files: Masks: one a mask in the same order, or found by their names.
        run_for: Finds the run of a dataset.
        update: Whether to overwrite those whose id is taken.

    Returns:
        What became of them.
    """
    outcome = Outcome()
    kept, keys = with_masks(engine, None, values, files, outcome)
    with engine.store.write(bulk=True) as connection:
        for dataset_id, part in sorted(_distribute(connection, kept, outcome).items()):
            datasets.lock(connection, dataset_id)
            schema = datasets.by_key(connection, dataset_id).annotation_metadata_schema
            part = metadata_schemas.fitting(schema, part, outcome.errors)  # noqa: PLW2901
            run = run_for(connection, dataset_id)
            outcome.add(
                objects.store(
                    connection, dataset_id, part, update=update, run_id=run, mask_keys=keys
                )
            )
    return outcome


def _distribute(
    connection: Connection, values: Sequence[Any], outcome: Outcome
) -> dict[int, list[Any]]:
    """Put each prediction to the dataset of its item; those that have none are reported."""
    by_id = _datasets_of_ids(connection, {value.item_id for value in values if value.item_id})
    names = {value.reference_id for value in values if not value.item_id and value.reference_id}
    by_name = _datasets_of_names(connection, names)
    found: dict[int, list[Any]] = {}
    missing: dict[str, str] = {}
    for value in values:
        if value.item_id:
            name, places = str(value.item_id), by_id.get(value.item_id, [])
        else:
            name, places = str(value.reference_id), by_name.get(value.reference_id, [])
            if value.dataset_id:
                places = [
                    key
                    for key in places
                    if identifiers.encode(identifiers.DATASET, key) == value.dataset_id
                ]
        if len(places) == 1:
            found.setdefault(places[0], []).append(value)
        elif places:
            shown = ", ".join(identifiers.encode(identifiers.DATASET, key) for key in places)
            missing[name] = f"Item with id {name} is in several datasets ({shown}): name it by "
            missing[name] += "its dataset_item_id, or name the dataset by dataset_id"
        else:
            where = "any dataset" if not value.dataset_id else f"dataset {value.dataset_id}"
            missing[name] = f"Item with id {name} doesn't exist in {where}"
    outcome.errors += missing.values()
    return found


def _datasets_of_ids(connection: Connection, wanted: set[str]) -> dict[str, list[int]]:
    keys: dict[int, str] = {}
    for public in wanted:
        try:
            keys[identifiers.decode(identifiers.ITEM, public)] = public
        except NotFoundError:
            continue  # no id of an item: the caller names it among the missing
    rows = _DATASETS.rows(connection, wanted=json_list(keys))
    return {keys[key]: [dataset_id] for key, dataset_id in rows}


def _datasets_of_names(connection: Connection, wanted: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    # One dataset after the other: reference ids are indexed below their dataset.
    for row in datasets.listing(connection) if wanted else ():
        for name in references.keys_of(connection, row.id, wanted):
            found.setdefault(name, []).append(row.id)
    return found


def runs_of(connection: Connection, model: str) -> dict[int, int]:
    """Find where a model has predictions of its own.

    Args:
        connection: The open transaction.
        model: Id of the model on the wire.

    Returns:
        Primary key of the run by that of the dataset, oldest dataset first.
    """
    key = models.key_of(connection, model)
    return dict(_OF_MODEL.rows(connection, model_id=key, name=models.RUN_NAME))


def dataset_of(connection: Connection, item_id: str) -> int:
    """Find the dataset of an item.

    Args:
        connection: The open transaction.
        item_id: Id of the item on the wire.

    Returns:
        Primary key of the dataset.

    Raises:
        NotFoundError: There is no such item.
    """
    key = identifiers.decode(identifiers.ITEM, item_id)
    rows = _DATASETS.rows(connection, wanted=json_list([key]))
    if not rows:
        raise NotFoundError(f"there is no item {item_id!r}: it was deleted, or never was")
    dataset_id: int = rows[0][1]
    return dataset_id


def by_id(connection: Connection, model: str, item_id: str) -> list[dict[str, Any]]:
    """Read the predictions of a model on an item.

    Args:
        connection: The open transaction.
        model: Id of the model on the wire.
        item_id: Id of the item on the wire.

    Returns:
        Payloads of any types.

    Raises:
        NotFoundError: There is no such model or item.
    """
    known = runs_of(connection, model)
    dataset_id = dataset_of(connection, item_id)
    values = reading.by_public_id(connection, dataset_id, item_id)
    return _payloads(connection, values, known.get(dataset_id))


def by_name(connection: Connection, model: str, reference_id: str) -> list[dict[str, Any]]:
    """Read the predictions of a model on an item.

    Args:
        connection: The open transaction.
        model: Id of the model on the wire.
        reference_id: The caller's id of the item.

    Returns:
        Payloads of any types.

    Raises:
        NotFoundError: There is no such model or item.
        ConflictError: The model has predictions on several datasets with such an item.
    """
    known = runs_of(connection, model)
    places = _datasets_of_names(connection, {reference_id}).get(reference_id, [])
    if not places:
        raise NotFoundError(f"no dataset has an item {reference_id!r}", reference_id=reference_id)
    predicted = [dataset_id for dataset_id in places if dataset_id in known]
    if len(predicted) > 1:
        raise ConflictError(
            f"several datasets of the model have an item {reference_id!r}: ask by its "
            "dataset_item_id",
            reference_id=reference_id,
        )
    if not predicted:
        return []
    values = reading.by_reference(connection, predicted[0], reference_id)
    return _payloads(connection, values, known[predicted[0]])


def by_index(connection: Connection, model: str, index: int) -> list[dict[str, Any]]:
    """Read the predictions of a model on an item.

    Args:
        connection: The open transaction.
        model: Id of the model on the wire.
        index: Place of the item among those of the datasets that the model has predictions on,
            one dataset after the other, oldest first.

    Returns:
        Payloads of any types.

    Raises:
        NotFoundError: There is no such model, or no so many items.
    """
    left = index
    for dataset_id, run in runs_of(connection, model).items():
        count = datasets.size(connection, dataset_id)
        if left < count:
            wanted = select(item.c.id).where(item.c.dataset_id == dataset_id)
            key = connection.scalar(wanted.order_by(item.c.position).offset(left).limit(1))
            values = reading.by_keys(connection, dataset_id, [key or 0])[0]
            return _payloads(connection, values, run)
        left -= count
    raise NotFoundError(f"the datasets of model {model} have no item at index {index}")


def _payloads(
    connection: Connection, values: reading.ItemValues, run: int | None
) -> list[dict[str, Any]]:
    if run is None:
        return []
    public = identifiers.encode(identifiers.ITEM, values[0])
    return [
        {**reading.payload_of(values[1], row, scored=True), "item_id": public}
        for row in reading.objects_of(connection, values[0], run)
    ]
