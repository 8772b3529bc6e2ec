"""Uploads of annotations and predictions, with the masks that come along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab import identifiers
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.annotation.box_columns import BoxesWire
from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import datasets, metadata_schemas, models, objects, runs
from nucleus_lab.engine.objects import Outcome
from nucleus_lab.errors import MediaError
from nucleus_lab.location import is_local
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow

AT_ONCE: Final = 10_000
"""Objects of one transaction of a job: others may write in between."""

_MASKS: Final = (ANNOTATION_TYPES["mask"].wire, ANNOTATION_TYPES["mask"].prediction_wire)


def annotate(
    engine: Engine,
    row: DatasetRow,
    values: Sequence[Any],
    files: Sequence[FilePart] = (),
    *,
    update: bool,
    boxes: BoxesWire | None = None,
) -> dict[str, Any]:
    """Store annotations.

    Args:
        engine: The workspace.
        row: The dataset.
        values: Validated payloads.
        files: Masks: one a mask in the same order, or found by their names.
        update: Whether to overwrite those whose id is taken.
        boxes: Further plain boxes, as columns.

    Returns:
        The answer of the route.
    """
    outcome = Outcome()
    if boxes is not None and row.annotation_metadata_schema:
        values, boxes = [*values, *boxes.structs(scored=False)], None
    kept, keys = with_masks(engine, values, files, outcome)
    kept = metadata_schemas.fitting(row.annotation_metadata_schema, kept, outcome.errors)
    with engine.store.write(bulk=True) as connection, collector_paused():
        datasets.lock(connection, row.id)
        _store(connection, row.id, kept, boxes, outcome, update=update, mask_keys=keys)
    return {
        "dataset_id": row.public_id,
        "annotations_processed": outcome.processed,
        "annotations_ignored": outcome.ignored,
        **({"errors": outcome.errors} if outcome.errors else {}),
    }


def predict(
    engine: Engine,
    row: DatasetRow,
    model: str,
    values: Sequence[Any],
    files: Sequence[FilePart] = (),
    *,
    update: bool,
    trained_slice_id: str | None = None,
    run_id: int | None = None,
    boxes: BoxesWire | None = None,
) -> dict[str, Any]:
    """Store predictions of a model.

    Args:
        engine: The workspace.
        row: The dataset.
        model: Id of the model on the wire.
        values: Validated payloads.
        files: Masks: one a mask in the same order, or found by their names.
        update: Whether to overwrite those whose id is taken.
        trained_slice_id: A slice that the model was trained on.
        run_id: Primary key of the run that takes them; ``None`` for the run of all uploads.
        boxes: Further plain boxes, as columns.

    Returns:
        The answer of the route.
    """
    outcome = Outcome()
    kept, keys = with_masks(engine, values, files, outcome)
    with engine.store.write(bulk=True) as connection, collector_paused():
        model_id = models.key_of(connection, model)
        datasets.lock(connection, row.id)
        if run_id is None:
            run = shown = models.ensure_run(connection, model_id, row.id)
        else:
            run, shown = runs.part_for(connection, run_id, row.id), run_id
        if trained_slice_id:
            models.add_words(connection, model_id, "trained_slice_ids", [trained_slice_id])
        _store(connection, row.id, kept, boxes, outcome, update=update, run_id=run, mask_keys=keys)
    return {
        "dataset_id": row.public_id,
        "model_run_id": identifiers.encode(identifiers.RUN, shown),
        "predictions_processed": outcome.processed,
        "predictions_ignored": outcome.ignored,
        **({"errors": outcome.errors} if outcome.errors else {}),
    }


def _store(
    connection: Connection,
    dataset_id: int,
    values: Sequence[Any],
    boxes: BoxesWire | None,
    outcome: Outcome,
    *,
    update: bool,
    mask_keys: dict[int, str],
    run_id: int | None = None,
) -> None:
    if boxes is not None:
        stored = objects.store_boxes(connection, dataset_id, boxes, update=update, run_id=run_id)
        if stored is not None:
            outcome.add(stored)
        else:
            values = [*values, *boxes.structs(scored=run_id is not None)]
    if values:
        outcome.add(
            objects.store(
                connection, dataset_id, values, update=update, run_id=run_id, mask_keys=mask_keys
            )
        )


def with_masks(
    engine: Engine, values: Sequence[Any], files: Sequence[FilePart], outcome: Outcome
) -> tuple[Sequence[Any], dict[int, str]]:
    """Take in the local masks, outside any transaction.

    Args:
        engine: The workspace.
        values: Validated payloads.
        files: Masks: one a mask in the same order, or found by their names.
        outcome: Where to note masks that cannot be read; they are left out.

    Returns:
        The payloads to store, and the stored file of each local mask by ``id(payload)``.
    """
    if not any(kind in _MASKS for kind in set(map(type, values))):
        return values, {}
    masks = [value for value in values if type(value) in _MASKS]
    local = [value for value in masks if is_local(value.mask_url)]
    if not local:
        return values, {}
    parts = [part for part in files if part.field == "mask"]
    by_name = {part.filename: part for part in parts}
    in_order = dict(zip(map(id, masks), parts, strict=True)) if len(parts) == len(masks) else {}
    found = [in_order.get(id(value)) or by_name.get(value.mask_url) for value in local]
    taken = iter(engine.media.ingest_many([part for part in found if part is not None]))
    keys: dict[int, str] = {}
    lost: set[int] = set()
    for value, part in zip(local, found, strict=True):
        picture = next(taken) if part is not None else None
        if picture is None or isinstance(picture, MediaError):
            reason = "no file came along" if picture is None else picture.message
            lost.add(id(value))
            outcome.errors.append(
                f"the mask {value.mask_url!r} of item {value.reference_id!r} was left out: {reason}"
            )
        else:
            keys[id(value)] = picture.key
    return [value for value in values if id(value) not in lost], keys
