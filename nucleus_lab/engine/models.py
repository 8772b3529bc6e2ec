"""Models and their runs on datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, slices
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.schema import (
    dataset,
    evaluation,
    match,
    model,
    model_run,
    prediction,
    slice_member,
)
from nucleus_lab.errors import InvalidInputError, ModelCreationError, NotFoundError

RUN_NAME: Final = "default"
"""Name of the run that uploads of predictions fill."""


def create(
    connection: Connection,
    name: str,
    reference_id: str,
    *,
    metadata: dict[str, Any] | None = None,
    tags: list[str] | None = None,
    trained_slice_ids: list[str] | None = None,
    bundle_name: str | None = None,
) -> int:
    """Create a model.

    Args:
        connection: The open write transaction.
        name: Human-readable name.
        reference_id: Unique name that the caller chose.
        metadata: Anything JSON can hold.
        tags: Free words.
        trained_slice_ids: Slices that it was trained on.
        bundle_name: Name of a code bundle.

    Returns:
        The primary key.

    Raises:
        ModelCreationError: Name or reference id is empty, or the reference id is taken.
    """
    if not name or not reference_id:
        raise ModelCreationError("a model needs a name and a reference_id: one of them is empty")
    _check_slices(connection, trained_slice_ids or ())
    taken = connection.scalar(select(model.c.id).where(model.c.reference_id == reference_id))
    if taken is not None:
        raise ModelCreationError(
            f"the reference id {reference_id!r} belongs to model "
            f"{identifiers.encode(identifiers.MODEL, taken)}: use that model, or another id"
        )
    row = {
        "name": name,
        "reference_id": reference_id,
        "metadata": document(metadata),
        "tags": document(list(dict.fromkeys(tags or ()))),
        "trained_slice_ids": document(list(dict.fromkeys(trained_slice_ids or ()))),
        "bundle_name": bundle_name,
        "created_at": clock.now(),
    }
    key: int = connection.scalar(insert(model).values(row).returning(model.c.id))
    return key


def key_of(connection: Connection, public_id: str) -> int:
    """Find a model by its id, or by the id of one of its runs.

    Args:
        connection: The open transaction.
        public_id: An id on the wire, ``prj_…`` or ``run_…``.

    Returns:
        The primary key.

    Raises:
        NotFoundError: There is no such model.
    """
    if public_id.startswith(f"{identifiers.RUN}_"):
        run = identifiers.decode(identifiers.RUN, public_id)
        found = connection.scalar(select(model_run.c.model_id).where(model_run.c.id == run))
    else:
        wanted = identifiers.decode(identifiers.MODEL, public_id)
        found = connection.scalar(select(model.c.id).where(model.c.id == wanted))
    if found is None:
        raise NotFoundError(f"there is no model {public_id!r}: it was deleted, or never was")
    return int(found)


def by_reference(connection: Connection, reference_id: str) -> int:
    """Find a model by the caller's id.

    Args:
        connection: The open transaction.
        reference_id: What the caller calls it.

    Returns:
        The primary key.

    Raises:
        NotFoundError: There is no such model.
    """
    # Users may have models of one name; a team, which sees them all, means its own.
    named = select(model.c.id).where(model.c.reference_id == reference_id)
    found = connection.scalar(named.order_by(model.c.owner, model.c.id).limit(1))
    if found is None:
        raise NotFoundError(f"there is no model with the reference id {reference_id!r}")
    return int(found)


def payloads(connection: Connection, key: int | None = None) -> list[dict[str, Any]]:
    """Describe models.

    Args:
        connection: The open transaction.
        key: Primary key of one; ``None`` for all, oldest first.

    Returns:
        Wire values.
    """
    rows = select(model).order_by(model.c.id)
    if key is not None:
        rows = rows.where(model.c.id == key)
    return [_payload(row) for row in connection.execute(rows)]


def _payload(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": identifiers.encode(identifiers.MODEL, row.id),
        "name": row.name,
        "ref_id": row.reference_id,
        "metadata": wire.decode(row.metadata) if row.metadata else {},
        "tags": wire.decode(row.tags) if row.tags else [],
        "trained_slice_ids": wire.decode(row.trained_slice_ids) if row.trained_slice_ids else [],
        "bundle_name": row.bundle_name,
        "created_at": clock.iso(row.created_at),
    }


def remove(connection: Connection, key: int) -> None:
    """Delete a model with its runs, predictions and evaluations.

    Args:
        connection: The open write transaction.
        key: Primary key.
    """
    # Most calls only read, and what a deletion looks through is eight tables more.
    from nucleus_lab.engine import evaluation_deletion, scenario_deletion
    from nucleus_lab.engine.evaluation_schema import evaluation_v2, model_bundle, model_weights

    runs = select(model_run.c.id).where(model_run.c.model_id == key)
    datasets = select(model_run.c.dataset_id).where(model_run.c.model_id == key)
    evaluations = select(evaluation.c.id).where(evaluation.c.model_run_id.in_(runs))
    predictions = select(prediction.c.id).where(prediction.c.model_run_id.in_(runs))
    scenario_deletion.forget_model(connection, key)
    connection.execute(
        update(dataset)
        .where(dataset.c.id.in_(datasets))
        .values(change_seq=dataset.c.change_seq + 1)
    )
    evaluation_deletion.forget(connection, evaluation_v2.c.model_id == key)
    for statement in (
        delete(slice_member).where(
            slice_member.c.member == "prediction", slice_member.c.member_id.in_(predictions)
        ),
        delete(match).where(match.c.evaluation_id.in_(evaluations)),
        delete(evaluation).where(evaluation.c.model_run_id.in_(runs)),
        delete(prediction).where(prediction.c.model_run_id.in_(runs)),
        delete(model_run).where(model_run.c.model_id == key),
        delete(model_bundle).where(model_bundle.c.model_id == key),
        delete(model_weights).where(model_weights.c.model_id == key),
        delete(model).where(model.c.id == key),
    ):
        connection.execute(statement)


def add_words(connection: Connection, key: int, column: str, words: list[str]) -> list[str]:
    """Add to the tags or the trained slices of a model; those it has are left alone.

    Args:
        connection: The open write transaction.
        key: Primary key.
        column: ``tags`` or ``trained_slice_ids``.
        words: What to add; slices must be there.

    Returns:
        All of them afterwards.
    """
    if column == "trained_slice_ids":
        _check_slices(connection, words)
    now = list(dict.fromkeys([*_words(connection, key, column), *words]))
    _set_words(connection, key, column, now)
    return now


def _check_slices(connection: Connection, public_ids: Sequence[str]) -> None:
    """Refuse slices that were never there: a mistyped id would stay for good."""
    for public in public_ids:
        slices.get(connection, public)


def remove_words(connection: Connection, key: int, column: str, words: list[str]) -> list[str]:
    """Remove from the tags or the trained slices of a model.

    Args:
        connection: The open write transaction.
        key: Primary key.
        column: ``tags`` or ``trained_slice_ids``.
        words: What to remove.

    Returns:
        All that is left.

    Raises:
        InvalidInputError: The model has none of them.
    """
    before = _words(connection, key, column)
    now = [word for word in before if word not in set(words)]
    if len(now) == len(before):
        noun = "tags" if column == "tags" else "trained slices"
        raise InvalidInputError(
            f"Deleted 0 {noun} from model. The specified {noun[:-1]}(s) were not found."
        )
    _set_words(connection, key, column, now)
    return now


def _words(connection: Connection, key: int, column: str) -> list[str]:
    text = connection.scalar(select(model.c[column]).where(model.c.id == key))
    return wire.decode(text) if text else []


def _set_words(connection: Connection, key: int, column: str, words: list[str]) -> None:
    connection.execute(update(model).where(model.c.id == key).values({column: document(words)}))


def run_of(connection: Connection, model_id: int, dataset_id: int) -> int | None:
    """Find the run that holds the predictions of a model on a dataset.

    It is the one that uploads fill; without one, the newest of those that have a name.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.
        dataset_id: Primary key of the dataset.

    Returns:
        The primary key of the run, or ``None`` when there are no predictions yet.
    """
    return connection.scalar(
        select(model_run.c.id)
        .where(model_run.c.model_id == model_id, model_run.c.dataset_id == dataset_id)
        .order_by((model_run.c.name == RUN_NAME).desc(), model_run.c.id.desc())
        .limit(1)
    )


def datasets_of(connection: Connection, model_id: int) -> list[int]:
    """Find the datasets that a model has runs on.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.

    Returns:
        Primary keys, ascending.
    """
    columns = model_run.c
    found = select(columns.dataset_id).where(
        columns.model_id == model_id, columns.dataset_id.is_not(None)
    )
    return list(connection.scalars(found.distinct().order_by(columns.dataset_id)))


def run_on(connection: Connection, public_id: str, dataset_id: int) -> int:
    """Find the run of a model that must have predictions on a dataset.

    Args:
        connection: The open transaction.
        public_id: Id of the model on the wire.
        dataset_id: Primary key of the dataset.

    Returns:
        The primary key of the run.

    Raises:
        NotFoundError: There is no such model, or it has no predictions there.
    """
    run: int | None
    if public_id.startswith(f"{identifiers.RUN}_"):
        run = connection.scalar(
            select(model_run.c.id).where(
                model_run.c.id == identifiers.decode(identifiers.RUN, public_id),
                model_run.c.dataset_id == dataset_id,
            )
        )
    else:
        run = run_of(connection, key_of(connection, public_id), dataset_id)
    if run is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(
            f"model {public_id} has no predictions on dataset {shown}: upload some first"
        )
    return run


def ensure_run(connection: Connection, model_id: int, dataset_id: int, name: str = RUN_NAME) -> int:
    """Find or create the run that takes the predictions of a model on a dataset.

    Args:
        connection: The open write transaction; the dataset is locked.
        model_id: Primary key of the model.
        dataset_id: Primary key of the dataset.
        name: Name of the run; uploads fill the default one.

    Returns:
        The primary key of the run.
    """
    found = connection.scalar(
        select(model_run.c.id).where(
            model_run.c.model_id == model_id,
            model_run.c.dataset_id == dataset_id,
            model_run.c.name == name,
        )
    )
    if found is not None:
        return int(found)
    row = {
        "model_id": model_id,
        "dataset_id": dataset_id,
        "name": name,
        "created_at": clock.now(),
    }
    key: int = connection.scalar(insert(model_run).values(row).returning(model_run.c.id))
    return key
