"""The job that runs the bundle of a model on items and stores what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import PREDICTION_WIRE
from nucleus_lab.engine import (
    bundles,
    datasets,
    deletion,
    media_references,
    metadata_schemas,
    models,
    objects,
)
from nucleus_lab.engine.bundle_process import BundleDiedError, BundleError, BundleProcess
from nucleus_lab.engine.schema import item, slice_member
from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.errors import InvalidInputError, NotFoundError, NucleusError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine

_AT_ONCE: Final = 32
"""Items whose predictions are stored in one transaction."""

_MOST_DEATHS: Final = 3
"""Deaths of the process in a row after which the job ends."""


def pictures(connection: Connection, dataset_id: int, slice_id: int | None) -> list[int]:
    """Find the items that a bundle is run on.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        slice_id: Primary key of a slice; ``None`` for the whole dataset.

    Returns:
        Primary keys of its pictures, in order.
    """
    rows = select(item.c.id).where(item.c.dataset_id == dataset_id, item.c.kind == "image")
    if slice_id is None:
        return list(connection.scalars(rows.order_by(item.c.position)))
    member = slice_member.c
    rows = rows.join(slice_member, (member.member_id == item.c.id) & (member.member == "item"))
    return list(
        connection.scalars(rows.where(member.slice_id == slice_id).order_by(member.position))
    )


@job_kind("modelInferenceRun")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Run a bundle.

    Args:
        engine: The open workspace.
        task: Its payload holds the primary keys ``model_id`` and ``slice_id``, and ``run_name``.

    Returns:
        ``model_run_id``, and the numbers of items, of those that failed, and of predictions.

    Raises:
        BundleError: The code cannot be loaded, its process keeps dying, or no item worked.
        NotFoundError: The model has no bundle any more.
    """
    payload = task.payload
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
        folder = bundles.folder_of(connection, payload["model_id"])
        keys = pictures(connection, row.id, payload["slice_id"])
    if folder is None:
        raise NotFoundError("the model was deleted, or has no bundle")
    work = _Run(engine, task, bundles.path(engine, folder), row.id)
    return work.run(keys)


class _Run:
    """One run while it goes on."""

    def __init__(self, engine: Engine, task: Task, folder: Path, dataset_id: int) -> None:
        self._engine = engine
        self._task = task
        self._folder = folder
        self._dataset_id = dataset_id
        self._process: BundleProcess | None = None
        self._deaths = 0
        self._counts = {"items": 0, "failed": 0, "predictions": 0}
        self._first_error = ""
        self._run_id: int | None = None

    def run(self, keys: Sequence[int]) -> dict[str, Any]:
        self._task.progress(0, len(keys), {"status_log": "Loading the model"})
        try:
            self._start()
            for start in range(0, len(keys), _AT_ONCE):
                self._batch(keys[start : start + _AT_ONCE], len(keys))
        finally:
            if self._process is not None:
                self._process.close()
        if self._counts["failed"] == self._counts["items"]:
            raise BundleError(
                f"none of the {self._counts['items']} items worked. The first fault: "
                f"{self._first_error}"
            )
        return self._message()

    def _message(self) -> dict[str, Any]:
        run_id = self._run_id
        shown = None if run_id is None else identifiers.encode(identifiers.RUN, run_id)
        return {"model_run_id": shown, **self._counts}

    def _start(self) -> BundleProcess:
        if self._process is None:
            self._process = BundleProcess(self._engine, self._folder, self._task.checkpoint)
        return self._process

    def _batch(self, keys: Sequence[int], total: int) -> None:
        with self._engine.store.read() as connection:
            sources = media_references.sources(connection, self._dataset_id, keys)
            rows = connection.execute(
                select(item.c.id, item.c.reference_id).where(item.c.id.in_(keys))
            )
            names = {row.id: row.reference_id for row in rows}
        done: dict[int, list[Any]] = {}
        for key, source in zip(keys, sources, strict=True):
            if source is None:  # deleted meanwhile
                continue
            try:
                picture = self._engine.media.thumbnails.original(source)
                done[key] = self._predict(picture, names[key])
            except BundleError:
                self._store(done)
                raise
            except NucleusError as fault:
                self._fail(names[key], fault.message)
            self._counts["items"] += 1
            self._task.progress(self._counts["items"], total, self._message())
        self._store(done)

    def _fail(self, name: str, reason: str) -> None:
        text = f"item {name}: {reason}"
        self._first_error = self._first_error or text
        self._counts["failed"] += 1
        self._task.error(text)

    def _predict(self, picture: bytes, name: str) -> list[Any]:
        try:
            answer = self._start().predict(picture)
        except BundleDiedError as fault:
            if self._process is not None:
                self._process.close()
            self._process = None
            self._deaths += 1
            if self._deaths >= _MOST_DEATHS:
                self._task.error(f"item {name}: {fault.message}")
                raise BundleError(
                    f"the bundle failed on {self._deaths} items in a row, last on {name}: "
                    f"{fault.message}"
                ) from fault
            raise
        self._deaths = 0
        if "error" in answer:
            raise InvalidInputError(str(answer["error"]))
        return [_checked(given, name, number) for number, given in enumerate(answer["predictions"])]

    def _store(self, done: dict[int, list[Any]]) -> None:
        """Replace what the run predicted on these items."""
        if not done:
            return
        values = [value for found in done.values() for value in found]
        payload = self._task.payload
        with self._engine.store.write(bulk=True) as connection:
            datasets.lock(connection, self._dataset_id)
            schema = datasets.by_key(connection, self._dataset_id).annotation_metadata_schema
            refused: list[str] = []
            values = metadata_schemas.fitting(schema, values, refused)
            self._run_id = models.ensure_run(
                connection, payload["model_id"], self._dataset_id, payload["run_name"]
            )
            deletion.delete_predictions(connection, self._dataset_id, self._run_id, list(done))
            outcome = objects.store(
                connection, self._dataset_id, values, update=True, run_id=self._run_id
            )
            if outcome.refused:
                raise InvalidInputError(outcome.errors[0])
        self._counts["predictions"] += outcome.processed
        for text in refused + outcome.errors:
            self._task.error(text)


def _checked(given: Any, name: str, number: int) -> Any:
    """Hold one prediction against the shape of its type; the item is the one that was shown."""
    if not isinstance(given, dict):
        raise InvalidInputError(f"prediction {number} is {given!r}: return mappings")
    payload = {**given, "reference_id": name}
    if "classPdf" in payload:
        payload["class_pdf"] = payload.pop("classPdf")
    if payload.get("type") == "mask":
        raise InvalidInputError(f"prediction {number} is a mask: upload masks as predictions")
    try:
        return wire.convert(payload, PREDICTION_WIRE)
    except msgspec.ValidationError as fault:
        raise InvalidInputError(f"prediction {number} does not fit: {fault}") from fault
