"""The job that takes in items which were sent ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.bulk import batches
from nucleus_lab.engine import datasets, uploading
from nucleus_lab.engine.uploading import ItemWire, Uploaded
from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.engine.work.reading import converted
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_AT_ONCE = 10_000


@job_kind("uploadDatasetItems")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Store the items of an upload.

    Args:
        engine: The open workspace.
        task: Its payload holds ``requestId`` and ``update``, or ``done`` where the request itself
            has stored them.

    Returns:
        The counters, and the progress of each step under the names of the protocol.
    """
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    total = Uploaded()
    if "done" in task.payload:
        done = task.payload["done"]
        for entry in done.get("error_payload", ()):
            task.error(entry["error"])
        return _message(row.public_id, task, done)
    seen: set[str] = set()
    expected = engine.uploads.count(row.id, task.payload["requestId"])
    lines = engine.uploads.read(row.id, task.payload["requestId"])
    stored = 0
    for batch in batches(lines, _AT_ONCE):
        values = converted(batch, ItemWire, task, _refused(total))
        fresh = [value for value in values if value.reference_id not in seen]
        kept = list({value.reference_id: value for value in fresh}.values())
        seen.update(value.reference_id for value in kept)
        twice = len(values) - len(kept)
        if twice:
            task.error(f"{twice} items repeat a reference id of this upload and were left out")
            total.errors += [{"error": "reference id stands twice"}] * twice
        try:
            part = uploading.append(engine, row, kept, update=task.payload["update"])
        except NucleusError as refusal:
            if not seen:
                raise
            part = Uploaded(errors=[{"error": refusal.message}])
        for entry in part.errors:
            task.error(f"{entry.get('image_url', '')}: {entry['error']}")
        total.new += part.new
        total.updated += part.updated
        total.ignored += part.ignored
        total.errors += part.errors
        stored += len(batch)
        task.progress(stored, expected, _message(row.public_id, task, total.counters()))
    return _message(row.public_id, task, total.counters())


def _refused(total: Uploaded) -> Any:
    return lambda text: total.errors.append({"error": text})


def _message(dataset_id: str, task: Task, counters: dict[str, Any]) -> dict[str, Any]:
    """Return the message of the job in the shape that published clients know."""
    stored = sum(counters[name] for name in ("new_items", "updated_items", "ignored_items"))
    errored = counters["upload_errors"]
    shown = {name: value for name, value in counters.items() if name != "error_payload"}
    return {
        **shown,
        "dataset_id": dataset_id,
        "image_upload_step": {"errored": errored, "pending": 0, "completed": stored},
        "ingest_to_reupload_queue": {
            "epoch": 1,
            "total": stored + errored,
            "datasetId": dataset_id,
            "processed": stored,
        },
        "started_image_processing": f"Dataset: {dataset_id}, Job: {task.id}",
    }
