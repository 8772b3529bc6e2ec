"""Routes that give embeddings out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, embedding_export, slices
from nucleus_lab.routes.table import Call, route
from nucleus_lab.wire import Binary

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


def _chosen(engine: Engine, public_id: str) -> tuple[int, list[int] | None]:
    """Return the dataset of a dataset's or a slice's id, and the items of the slice."""
    with engine.store.read() as connection:
        if not public_id.startswith(f"{identifiers.SLICE}_"):
            return datasets.get(connection, public_id).id, None
        row = slices.get(connection, public_id)
        return row.dataset_id, embedding_export.items_of_slice(connection, row)


@route("POST", "dataset/{ds}/async_export_embeddings")
def export_in_background(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Submit the job that writes the embeddings of a dataset, or of a slice, to files."""
    dataset_id, items = _chosen(engine, ds)
    payload = {"item_ids": items, "base_url": call.base_url}
    return engine.jobs.submit("exportEmbeddings", payload, dataset_id=dataset_id)


@route("GET", "dataset/{ds}/embeddings")
def embeddings_of_dataset(engine: Engine, call: Call[None], ds: str) -> list[dict[str, Any]]:
    """Answer the embeddings of a dataset."""
    dataset_id, items = _chosen(engine, ds)
    return [row for part in embedding_export.rows(engine, dataset_id, items) for row in part]


@route("GET", "slice/{slc}/embeddings")
def embeddings_of_slice(engine: Engine, call: Call[None], slc: str) -> list[dict[str, Any]]:
    """Answer the embeddings of the items of a slice."""
    with engine.store.read() as connection:
        row = slices.get(connection, slc)
        items = embedding_export.items_of_slice(connection, row)
    return [row for part in embedding_export.rows(engine, row.dataset_id, items) for row in part]


@route("GET", "lab/export/{token}", public=True)
def exported_file(engine: Engine, call: Call[None], token: str) -> Binary:
    """Answer a file that a job wrote; the token is the proof."""
    content = embedding_export.ExportFiles(engine).read(token)
    return Binary(content, "application/json; charset=utf-8")
