"""Routes that answer the files of a slice, and its objects with all that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import datasets, media_urls, reading, slice_members, slice_objects, slices
from nucleus_lab.errors import ConflictError
from nucleus_lab.routes.table import Call, route
from nucleus_lab.wire import Binary

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@route("GET", "slice/{slc}/exportRawItems")
def export_raw_items(engine: Engine, call: Call[None], slc: str) -> dict[str, Any]:
    """Answer the items of a slice with URLs that read their files and need no key."""
    with engine.store.read() as connection, collector_paused():
        row = slices.get(connection, slc)
        if row.type != "dataset_item":
            raise ConflictError(
                f"slice {slc} holds members of type {row.type}: only the files of a slice of items "
                "can be exported"
            )
        of = datasets.by_key(connection, row.dataset_id)
        keys = [key for _, key, _ in slice_members.listing(connection, row.id)]
        rows = reading.by_keys(connection, row.dataset_id, keys)
    found = []
    for values in rows:
        item = reading.item_payload(values)
        found.append({
            "id": item["id"],
            "ref_id": item["ref_id"],
            "metadata": item["metadata"],
            "original_url": values[3],
            "scale_url": media_urls.accessible(engine, of, values, call.base_url),
        })
    return {"raw_dataset_items": found}


@route("GET", "slice/{slc}/export_raw_json")
def export_raw_json(engine: Engine, call: Call[None], slc: str) -> list[dict[str, Any]]:
    """Answer every object of a slice with its item, its match and its scene."""
    with engine.store.read() as connection, collector_paused():
        return slice_objects.raw(connection, slices.get(connection, slc))


@route("GET", "lab/media/{token}", public=True)
def read_media(engine: Engine, call: Call[None], token: str) -> Binary:
    """Answer a stored file as it was uploaded; the token is the proof."""
    content = engine.media.thumbnails.original(media_urls.source_of(engine, token))
    return Binary(content, media_urls.media_type(content))
