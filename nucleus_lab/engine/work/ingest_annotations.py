"""The jobs that take in annotations and predictions which were sent ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.annotation import ANNOTATION_WIRE, PREDICTION_WIRE
from nucleus_lab.bulk import batches
from nucleus_lab.engine import annotating, datasets
from nucleus_lab.engine.work import MOST_ERRORS, Task, job_kind
from nucleus_lab.engine.work.reading import converted
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import encode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_ITEM: Final = "Item with id "
_UNKNOWN: Final = " doesn't exist"
_CAMEL: Final = {
    "reference_id": "referenceId",
    "annotation_id": "annotationId",
    "track_reference_id": "trackReferenceId",
    "embedding_vector": "embeddingVector",
}

_REFUSED: Final = "Input validation failed:"


class BadRequestError(InvalidInputError):
    """The whole upload is refused; the name is what published clients look for."""


@job_kind("uploadAnnotations")
def run_annotations(engine: Engine, task: Task) -> dict[str, Any]:
    """Store the annotations of an upload.

    Args:
        engine: The open workspace.
        task: Its payload holds ``requestId`` and ``update``, or ``done`` where the request itself
            has stored them.

    Returns:
        The counters under ``annotation_upload``.
    """
    return _run(engine, task, "annotation")


@job_kind("uploadPredictions")
def run_predictions(engine: Engine, task: Task) -> dict[str, Any]:
    """Store the predictions of an upload.

    Args:
        engine: The open workspace.
        task: Its payload holds ``requestId``, ``update``, ``model_id``, ``trained_slice_id`` and
            ``run_id``, or ``done`` where the request itself has stored them.

    Returns:
        The counters under ``prediction_upload``.
    """
    return _run(engine, task, "prediction")


def _run(engine: Engine, task: Task, noun: str) -> dict[str, Any]:
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    counts = {"total": 0, "errored": 0, "ignored": 0, "processed": 0}
    payload = task.payload
    if "done" in payload:
        _count(counts, payload["done"], noun, task)
        counts["total"] = counts["processed"] + counts["ignored"] + counts["errored"]
        return _message(noun, row.public_id, counts)
    kind = ANNOTATION_WIRE if noun == "annotation" else PREDICTION_WIRE
    refused: list[str] = []
    expected = engine.uploads.count(row.id, payload["requestId"])
    lines = engine.uploads.read(row.id, payload["requestId"])
    for batch in batches(lines, annotating.AT_ONCE):
        values = converted(batch, kind, task, refused.append)
        if noun == "annotation":
            answer = annotating.annotate(engine, row, values, update=payload["update"])
        else:
            answer = annotating.predict(
                engine,
                row,
                payload["model_id"],
                values,
                update=payload["update"],
                trained_slice_id=payload.get("trained_slice_id"),
                run_id=payload.get("run_id"),
            )
        _count(counts, {**answer, "errors": _told(answer.get("errors", []), batch)}, noun, task)
        counts["total"] += len(batch)
        counts["errored"] = counts["total"] - counts["processed"] - counts["ignored"]
        message = _message(noun, row.public_id, counts)
        task.progress(counts["total"], expected, message)
    return _message(noun, row.public_id, counts)


def _told(errors: list[str], batch: list[dict[str, Any]]) -> list[str]:
    """Say of each object on an unknown item which it was, in the form that is documented."""
    told: list[str] = []
    for text in errors:
        name, unknown, _ = text.removeprefix(_ITEM).partition(_UNKNOWN)
        if not text.startswith(_ITEM) or not unknown:
            told.append(text)
            continue
        fault = text.rpartition(": ")[0]
        for payload in batch:
            if name in {payload.get("reference_id"), payload.get("item_id")}:
                shown = {_CAMEL.get(key, key): v for key, v in payload.items() if v is not None}
                told.append(encode({"annotation": shown, "error": f"{fault}."}).decode())
                if len(told) >= MOST_ERRORS:
                    return told
    return told


def _count(counts: dict[str, int], answer: dict[str, Any], noun: str, task: Task) -> None:
    errors = answer.get("errors", [])
    for text in errors:
        if text.startswith(_REFUSED):
            raise BadRequestError(text)
        task.error(text)
    counts["processed"] += answer[f"{noun}s_processed"]
    counts["ignored"] += answer[f"{noun}s_ignored"]
    if "total" not in answer and not counts["total"]:
        counts["errored"] = len(errors)


def _message(noun: str, dataset_id: str, counts: dict[str, int]) -> dict[str, Any]:
    return {f"{noun}_upload": {**counts, "datasetId": dataset_id}}
