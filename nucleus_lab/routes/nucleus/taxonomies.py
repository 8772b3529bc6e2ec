"""Routes of taxonomies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, taxonomies
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class TaxonomyBody(msgspec.Struct):
    """Body of ``dataset/{ds}/add_taxonomy``."""

    taxonomy_name: str
    type: str
    labels: list[str] = []
    update: bool = False


@route("POST", "dataset/{ds}/add_taxonomy", body=TaxonomyBody)
def add_taxonomy(engine: Engine, call: Call[TaxonomyBody], ds: str) -> dict[str, Any]:
    """Create a taxonomy, or append labels to one."""
    body = call.body
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        status = taxonomies.add(
            connection, row.id, body.taxonomy_name, body.type, body.labels, extend=body.update
        )
    return {"dataset_id": row.public_id, "taxonomy_name": body.taxonomy_name, "status": status}


@route("GET", "lab/dataset/{ds}/taxonomies")
def list_taxonomies(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the taxonomies of a dataset."""
    with engine.store.read() as connection:
        return {"taxonomies": taxonomies.listing(connection, datasets.get(connection, ds).id)}


@route("DELETE", "dataset/{ds}/taxonomy/{name:path}")
def delete_taxonomy(engine: Engine, call: Call[None], ds: str, name: str) -> dict[str, Any]:
    """Delete a taxonomy with all that was chosen from it."""
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        taxonomies.remove(connection, row.id, name)
    status = "Taxonomy successfully deleted"
    return {"dataset_id": row.public_id, "taxonomy_name": name, "status": status}
