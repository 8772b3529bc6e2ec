"""Uploads of annotations and predictions, with the masks that come along."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select

from nucleus_lab import identifiers
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.annotation.box_columns import BoxesWire
from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import (
    datasets,
    mask_sizes,
    metadata_schemas,
    models,
    objects,
    runs,
    uploaded_vectors,
)
from nucleus_lab.engine.objects import Outcome
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import MediaError, NotFoundError
from nucleus_lab.location import is_local
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow
    from nucleus_lab.engine.pictures import Picture

AT_ONCE: Final = 10_000
"""Objects of one transaction of a job: others may write in between."""

_SIZES: Final = Statement(
    lambda: select(item.c.reference_id, item.c.width, item.c.height).where(
        item.c.dataset_id == bindparam("dataset_id"), among(item.c.reference_id, "names")
    )
)
_SIZES_ANYWHERE: Final = Statement(
    lambda: select(item.c.reference_id, item.c.width, item.c.height).where(
        among(item.c.reference_id, "names")
    )
)
_SIZES_BY_KEY: Final = Statement(
    lambda: select(item.c.id, item.c.width, item.c.height).where(among(item.c.id, "keys"))
)
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
    kept, keys = with_masks(engine, row.id, values, files, outcome)
    kept = metadata_schemas.fitting(row.annotation_metadata_schema, kept, outcome.errors)
    kept, vectors = uploaded_vectors.fitting(engine, row.id, kept, outcome.errors)
    with engine.store.write(bulk=True) as connection, collector_paused():
        datasets.lock(connection, row.id)
        _store(connection, row.id, kept, boxes, outcome, update=update, mask_keys=keys)
    return {
        "dataset_id": row.public_id,
        "annotations_processed": outcome.processed,
        "annotations_ignored": outcome.ignored,
        **({"errors": outcome.errors} if outcome.errors else {}),
        **(_indexed(engine, row.id, None, update=update) if vectors else {}),
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
    if boxes is not None and row.annotation_metadata_schema:
        values, boxes = [*values, *boxes.structs(scored=True)], None
    kept, keys = with_masks(engine, row.id, values, files, outcome)
    kept = metadata_schemas.fitting(row.annotation_metadata_schema, kept, outcome.errors)
    kept, vectors = uploaded_vectors.fitting(engine, row.id, kept, outcome.errors)
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
        **(_indexed(engine, row.id, run, update=update) if vectors else {}),
    }


def _indexed(
    engine: Engine, dataset_id: int, run_id: int | None, *, update: bool
) -> dict[str, str]:
    """Have the vectors of the objects taken in; the key is the one that clients know."""
    payload = {"level": "object", "run_id": run_id, "update": update}
    return {"customObjectIndexingJobId": uploaded_vectors.submit(engine, dataset_id, payload)}


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
    engine: Engine,
    dataset_id: int | None,
    values: Sequence[Any],
    files: Sequence[FilePart],
    outcome: Outcome,
) -> tuple[Sequence[Any], dict[int, str]]:
    """Take in the local masks, outside any transaction.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset; ``None`` where each item may be in any.
        values: Validated payloads.
        files: Masks: one a mask in the same order, or found by their names.
        outcome: Where to note masks that cannot be read, or have not the size of their picture;
            they are left out.

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
    sizes = _sizes(engine, dataset_id, local)
    keys: dict[int, str] = {}
    lost: set[int] = set()
    for value, part in zip(local, found, strict=True):
        picture = next(taken) if part is not None else None
        reason = _refusal(engine, value.mask_url, picture, sizes.get(_item_of(value)))
        if picture is None or isinstance(picture, MediaError) or reason:
            lost.add(id(value))
            outcome.errors.append(
                f"the mask {value.mask_url!r} of item {value.reference_id!r} was left out: {reason}"
            )
        else:
            keys[id(value)] = picture.key
    return [value for value in values if id(value) not in lost], keys


def _refusal(
    engine: Engine, name: str, picture: Picture | MediaError | None, size: tuple[Any, ...] | None
) -> str:
    if picture is None:
        return "no file came along"
    if isinstance(picture, MediaError):
        return picture.message
    if picture.format != "PNG":
        return (
            f"it is a {picture.format} file: a mask is a PNG with a class or instance number in "
            "each pixel, which other formats may change"
        )
    wrong = mask_sizes.fault((picture.width, picture.height), size)
    return wrong or mask_sizes.colours(engine.media.path(picture.key), name)


def _item_of(value: Any) -> str:
    return str(getattr(value, "item_id", None) or value.reference_id)


def _sizes(
    engine: Engine, dataset_id: int | None, masks: Sequence[Any]
) -> dict[str, tuple[Any, ...]]:
    """Width and height of items; unknown items are refused where objects are stored."""
    names = json_list({value.reference_id for value in masks if value.reference_id})
    with engine.store.read() as connection:
        if dataset_id is not None:
            rows = _SIZES.rows(connection, dataset_id=dataset_id, names=names)
        else:
            ids: dict[str, int | None] = {_item_of(value): None for value in masks}
            for public in ids:
                with suppress(NotFoundError):
                    ids[public] = identifiers.decode(identifiers.ITEM, public)
            keys = json_list(key for key in ids.values() if key is not None)
            rows = _SIZES_ANYWHERE.rows(connection, names=names)
            rows += [
                (identifiers.encode(identifiers.ITEM, row[0]), *row[1:])
                for row in _SIZES_BY_KEY.rows(connection, keys=keys)
            ]
    return {row[0]: tuple(row[1:]) for row in rows}
