"""The jobs that change the metadata of items and delete their annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.bulk import batches
from nucleus_lab.engine import datasets, deleted_annotations, deletion, items, references, scenes
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_AT_ONCE: Final = 5_000


@job_kind("metadataUpdate")
def update_metadata(engine: Engine, task: Task) -> dict[str, Any]:
    """Merge new values into the metadata of items or scenes.

    Args:
        engine: The open workspace.
        task: Its payload holds ``changes``: new values by key, by reference id; and ``level``.

    Returns:
        How many were changed.
    """
    changes: dict[str, dict[str, Any]] = task.payload["changes"]
    level = task.payload.get("level", "item")
    owner = scenes if level == "scene" else items
    told = scenes.unknown if level == "scene" else references.unknown
    done = updated = 0
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    for names in batches(changes, _AT_ONCE):
        part = {name: changes[name] for name in names}
        with engine.store.write() as connection:
            datasets.lock(connection, row.id)
            unknown = owner.merge_metadata(connection, row.id, part)
        for name in unknown:
            task.error(told(name, row.id).message)
        done += len(names)
        updated += len(names) - len(unknown)
        task.progress(done, len(changes))
    return {"dataset_id": row.public_id, f"updated_{level}s": updated, "errored": done - updated}


@job_kind("annotationDeletion")
def delete_annotations(engine: Engine, task: Task) -> dict[str, Any]:
    """Delete all annotations of items, for good or so that they can be restored.

    Args:
        engine: The open workspace.
        task: Its payload holds ``reference_ids`` and ``keep_history``.

    Returns:
        How many annotations went, and whether they were kept.
    """
    kept = bool(task.payload.get("keep_history", True))
    wanted = list(dict.fromkeys(task.payload["reference_ids"]))
    done = deleted = 0
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    for names in batches(wanted, _AT_ONCE):
        with engine.store.write(bulk=True) as connection:
            datasets.lock(connection, row.id)
            known = references.keys_of(connection, row.id, names)
            if kept:
                deleted_annotations.keep(connection, row.id, list(known.values()))
            else:
                deleted_annotations.forget(connection, row.id, list(known.values()))
            deleted += deletion.delete_annotations(connection, row.id, list(known.values()))
        for name in names:
            if name not in known:
                task.error(references.unknown(name, row.id).message)
        done += len(names)
        task.progress(done, len(wanted))
    return {
        "dataset_id": row.public_id,
        "annotations_deleted": deleted,
        "history_kept": kept,
    }
