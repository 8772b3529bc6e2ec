"""Evaluations V2 as things to create, look at, cancel, retry and delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import (
    clock,
    evaluation_deletion,
    evaluation_scope,
    models,
    runs,
    slices,
)
from nucleus_lab.engine.evaluation_config import EvaluationConfig
from nucleus_lab.engine.evaluation_schema import evaluation_v2
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

PENDING, COMPUTING, SUCCEEDED, FAILED, CANCELLED = (
    "pending", "computing", "succeeded", "failed", "cancelled",
)  # fmt: skip
_WAITING: Final = (PENDING, COMPUTING)
_SUBMITTED_WITHIN_US: Final = 60_000_000
_C: Final = evaluation_v2.c
_SHOWN: Final = [column for column in _C if column.name != "results"]


@dataclass(frozen=True, slots=True)
class NewEvaluation:
    """What is to be evaluated.

    Attributes:
        model_id: Primary key of the model.
        run_id: Primary key of one of its runs; ``None`` for the predictions of the model itself.
        benchmark_id: Primary key of a benchmark, or ``None``.
        slice_id: Primary key of a slice, or ``None``.
        name: A name for people.
        created_by: Name of the caller's key.
        config: How to compare.
    """

    model_id: int
    run_id: int | None = None
    benchmark_id: int | None = None
    slice_id: int | None = None
    name: str | None = None
    created_by: str = ""
    config: EvaluationConfig = field(default_factory=EvaluationConfig)


def anchor(connection: Connection, model: str | None, run: str | None) -> tuple[int, int | None]:
    """Find whose predictions are to be evaluated.

    Args:
        connection: The open transaction.
        model: Id of a model on the wire.
        run: Id of a run on the wire; give one of the two.

    Returns:
        Primary keys of the model and of the run.

    Raises:
        InvalidInputError: Both are given, or neither.
    """
    if (model is None) == (run is None):
        raise InvalidInputError(
            f"give model_id or model_run_id: {'neither was' if model is None else 'both were'}"
        )
    if run is not None:
        row = runs.get(connection, run)
        return row.model_id, row.id
    return models.key_of(connection, model or ""), None


def create(engine: Engine, new: NewEvaluation) -> dict[str, Any]:
    """Store an evaluation and submit the job that computes it.

    Args:
        engine: The open workspace.
        new: What is to be evaluated.

    Returns:
        ``evaluation_id`` and ``job_id``.

    Raises:
        InvalidInputError: There are no predictions to evaluate, and no benchmark that says what
            was to be predicted.
    """
    with engine.store.write() as connection:
        predicted = evaluation_scope.runs_by_dataset(connection, new.model_id, new.run_id)
        if not predicted and new.benchmark_id is None:
            raise InvalidInputError(
                "there are no predictions to evaluate: upload some first, "
                "model.upload_predictions(...) or dataset.upload_predictions(model, ...)"
            )
        owner = next(iter(predicted)) if len(predicted) == 1 and new.benchmark_id is None else None
        row = {
            "model_id": new.model_id,
            "model_run_id": new.run_id,
            "dataset_id": owner,
            "benchmark_id": new.benchmark_id,
            "slice_id": new.slice_id,
            "name": new.name,
            "created_by": new.created_by,
            "status": PENDING,
            "options": wire.encode(new.config.given()).decode(),
            "created_at": clock.now(),
        }
        made = insert(evaluation_v2).values(row).returning(_C.id)
        key: int = connection.execute(made).scalar_one()
    job = engine.jobs.submit("evaluationV2", {"evaluation_id": key}, total_steps=100)
    number = identifiers.decode(identifiers.JOB, job["job_id"])
    with engine.store.write() as connection:
        connection.execute(update(evaluation_v2).where(_C.id == key).values(job_id=number))
    return {
        "evaluation_id": identifiers.encode(identifiers.EVALUATION_V2, key),
        "job_id": job["job_id"],
    }


def get(engine: Engine, public_id: str) -> dict[str, Any]:
    """Describe an evaluation.

    Args:
        engine: The open workspace.
        public_id: Id on the wire.

    Returns:
        Its payload.
    """
    with engine.store.read() as connection:
        row = row_of(connection, public_id)
    return _payload(engine, row)


def row_of(connection: Connection, public_id: str) -> Row[Any]:
    """Find an evaluation.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        Its columns without the results.

    Raises:
        NotFoundError: There is none.
    """
    key = identifiers.decode(identifiers.EVALUATION_V2, public_id)
    row = connection.execute(select(*_SHOWN).where(_C.id == key)).first()
    if row is None:
        raise NotFoundError(f"there is no evaluation {public_id!r}: it was deleted, or never was")
    return row


def listing(engine: Engine, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    """List evaluations, newest first.

    Args:
        engine: The open workspace.
        condition: Which ones.

    Returns:
        Their payloads.
    """
    with engine.store.read() as connection:
        statement = select(*_SHOWN).where(condition).order_by(_C.id.desc())
        rows = connection.execute(statement).all()
    return [_payload(engine, row) for row in rows]


def of_model(engine: Engine, model: str) -> list[dict[str, Any]]:
    """List the evaluations of the predictions of a model itself, newest first.

    Args:
        engine: The open workspace.
        model: Id of the model on the wire.

    Returns:
        Their payloads.
    """
    with engine.store.read() as connection:
        key = models.key_of(connection, model)
    return listing(engine, (_C.model_id == key) & _C.model_run_id.is_(None))


def of_run(engine: Engine, run: str) -> list[dict[str, Any]]:
    """List the evaluations of a run, newest first.

    Args:
        engine: The open workspace.
        run: Id of the run on the wire.

    Returns:
        Their payloads.
    """
    with engine.store.read() as connection:
        key = runs.get(connection, run).id
    return listing(engine, _C.model_run_id == key)


def cancel(engine: Engine, public_id: str) -> dict[str, Any]:
    """Stop an evaluation that has not finished.

    Args:
        engine: The open workspace.
        public_id: Id on the wire.

    Returns:
        Its payload afterwards.

    Raises:
        ConflictError: It has finished.
    """
    before = get(engine, public_id)
    key = identifiers.decode(identifiers.EVALUATION_V2, public_id)
    waiting = (_C.id == key) & _C.status.in_(_WAITING)
    changed = 0
    if before["status"] in _WAITING:
        with engine.store.write() as connection:
            # From now on its job stores nothing, whether or not it notices in time.
            stop = update(evaluation_v2).where(waiting).values(status=CANCELLED)
            changed = connection.execute(stop).rowcount
            job = connection.scalar(select(_C.job_id).where(_C.id == key))
    if not changed:
        now = get(engine, public_id)
        raise ConflictError(
            f"evaluation {public_id} is {now['status']} and cannot be cancelled any more: delete "
            "it instead",
            status=now["status"],
        )
    if job is not None:
        engine.jobs.cancel(job)
    return get(engine, public_id)


def retry(engine: Engine, public_id: str, created_by: str) -> dict[str, Any]:
    """Evaluate the same once more, where an evaluation failed or was cancelled.

    Args:
        engine: The open workspace.
        public_id: Id on the wire.
        created_by: Name of the caller's key.

    Returns:
        ``evaluation_id`` and ``job_id`` of a new evaluation.

    Raises:
        ConflictError: It has succeeded, or has not finished.
        NotFoundError: The slice that it was about is gone.
    """
    state = get(engine, public_id)["status"]
    if state not in {FAILED, CANCELLED}:
        raise ConflictError(
            f"evaluation {public_id} is {state}: only one that failed or was cancelled is retried; "
            "create a new one",
            status=state,
        )
    with engine.store.read() as connection:
        row = row_of(connection, public_id)
        if row.slice_id is not None:
            slices.get(connection, identifiers.encode(identifiers.SLICE, row.slice_id))
    return create(
        engine,
        NewEvaluation(
            row.model_id,
            row.model_run_id,
            row.benchmark_id,
            row.slice_id,
            row.name,
            created_by,
            EvaluationConfig.of(wire.decode(row.options)),
        ),
    )


def remove(engine: Engine, public_id: str) -> None:
    """Delete an evaluation; a job that computes it stops.

    Args:
        engine: The open workspace.
        public_id: Id on the wire.
    """
    with engine.store.write() as connection:
        row = row_of(connection, public_id)
        evaluation_deletion.forget(connection, _C.id == row.id)
    if row.status in _WAITING and row.job_id is not None:
        engine.jobs.cancel(row.job_id)


def results_of(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Read the stored results of an evaluation.

    Args:
        connection: The open transaction.
        row: What :func:`row_of` returned.

    Returns:
        ``charts`` and ``curve``.

    Raises:
        ConflictError: It has not succeeded.
    """
    text = connection.scalar(select(_C.results).where(_C.id == row.id))
    if row.status != SUCCEEDED or text is None:
        shown = identifiers.encode(identifiers.EVALUATION_V2, row.id)
        raise ConflictError(
            f"evaluation {shown} is {row.status} and has no results: wait for it, "
            "evaluation.wait_for_completion(), or retry it where it failed",
            status=row.status,
        )
    found: dict[str, Any] = wire.decode(text)
    return found


def _payload(engine: Engine, row: Row[Any]) -> dict[str, Any]:
    status, error = _state(engine, row)
    options = wire.decode(row.options)

    def public(prefix: str, key: int | None) -> str | None:
        return None if key is None else identifiers.encode(prefix, key)

    pairs = options["allowed_label_matches"]
    return {
        "id": identifiers.encode(identifiers.EVALUATION_V2, row.id),
        "model_id": identifiers.encode(identifiers.MODEL, row.model_id),
        "model_run_id": public(identifiers.RUN, row.model_run_id),
        "dataset_id": public(identifiers.DATASET, row.dataset_id),
        "benchmark_id": public(identifiers.BENCHMARK, row.benchmark_id),
        "slice_id": public(identifiers.SLICE, row.slice_id),
        "status": status,
        "name": row.name,
        # The job is what runs it; published clients know it by the name of another scheduler.
        "temporal_workflow_id": public(identifiers.JOB, row.job_id),
        "job_id": public(identifiers.JOB, row.job_id),
        "error_message": error,
        "created_at": clock.iso(row.created_at),
        "rollup_groups": options["rollup_groups"],
        "class_agnostic": options["class_agnostic"],
        "allowed_label_matches": [
            {"ground_truth_label": truth, "model_prediction_label": prediction}
            for truth, prediction in pairs
        ],
        "exclusion_rules": options["exclusion_rules"],
        "exclusion_stats": wire.decode(row.exclusion_stats) if row.exclusion_stats else None,
    }


def _state(engine: Engine, row: Row[Any]) -> tuple[str, str | None]:
    """Say how far an evaluation is; one that waits is as its job is, dead processes included."""
    if row.status not in _WAITING:
        return row.status, None
    if row.job_id is None:  # its job is submitted in the moment after
        lost = clock.now() - row.created_at > _SUBMITTED_WITHIN_US
        return (FAILED, "its job was never submitted: retry it") if lost else (row.status, None)
    try:
        job = engine.jobs.status(row.job_id)
    except NotFoundError:
        return FAILED, "its job was deleted: retry it"
    if job["status"] == "Cancelled":
        return CANCELLED, None
    if job["status"].startswith("Errored"):
        message = job["message"]
        reason = message.get("final_error") if isinstance(message, dict) else message
        return FAILED, str(reason)
    return row.status, None
