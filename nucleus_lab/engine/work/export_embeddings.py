"""The job that writes embeddings to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import datasets, embedding_export
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@job_kind("exportEmbeddings")
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Write the embeddings of a dataset or a slice.

    Args:
        engine: The open workspace.
        task: Its payload holds ``item_ids`` (``None`` for all items) and ``base_url``.

    Returns:
        ``result``: the URLs of the files.
    """
    with engine.store.read() as connection:
        row = datasets.by_key(connection, task.dataset_id)
    files = embedding_export.ExportFiles(engine)
    files.sweep()
    item_ids = task.payload["item_ids"]
    total = row_count = len(item_ids) if item_ids is not None else _size(engine, row.id)
    done, names = 0, []
    try:
        for part in embedding_export.rows(engine, row.id, item_ids):
            names.append(files.write(part))
            done += len(part)
            task.progress(min(done, row_count), max(total, 1))
    except BaseException:
        files.remove(names)
        raise
    urls = [files.url(name, task.payload["base_url"]) for name in names]
    return {"result": urls, "embeddings_exported": done}


def _size(engine: Engine, dataset_id: int) -> int:
    with engine.store.read() as connection:
        return datasets.size(connection, dataset_id)
