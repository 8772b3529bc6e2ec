"""Routes that list models and slices: what is asked for while somebody types the name of one.

They stand alone, so that the first answer in a process loads nothing that fills or deletes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import datasets, models, slices
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@route("GET", "models/")
def list_models(engine: Engine, call: Call[None]) -> dict[str, Any]:
    """List all models, oldest first."""
    with engine.store.read() as connection:
        return {"models": models.payloads(connection)}


@route("GET", "slice/")
def all_slices(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List the slices of all datasets."""
    with engine.store.read() as connection:
        return [row.payload() for row in slices.listing(connection)]


@route("GET", "dataset/{ds}/slices")
def slices_of_dataset(engine: Engine, call: Call[None], ds: str) -> list[dict[str, Any]]:
    """List the slices of a dataset, all or by name and type."""
    wanted, kind = call.query.get("name"), call.query.get("type")
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        rows = slices.listing(connection, row.id, name=wanted, kind=kind)
    return [found.payload() for found in rows]
