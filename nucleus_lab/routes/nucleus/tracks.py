"""Routes of tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, tracks
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class TrackBody(msgspec.Struct):
    """Body of an update of a track."""

    reference_id: str
    metadata: dict[str, Any] | None = None
    overwrite: bool | None = None


class DeleteTracksBody(msgspec.Struct):
    """Body of a deletion of tracks."""

    track_reference_ids: list[str]


@route("GET", "dataset/{ds}/tracks")
def all_tracks(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """List the tracks of a dataset."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return {"tracks": tracks.listing(connection, row.id)}


@route("POST", "dataset/{ds}/tracks", body=TrackBody)
def update_track(engine: Engine, call: Call[TrackBody], ds: str) -> dict[str, Any]:
    """Change the metadata of a track."""
    body = call.body
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        return tracks.change(
            connection,
            row.id,
            body.reference_id,
            body.metadata or {},
            overwrite=bool(body.overwrite) and body.metadata is not None,
        )


@route("DELETE", "dataset/{ds}/tracks", body=DeleteTracksBody)
def delete_tracks(engine: Engine, call: Call[DeleteTracksBody], ds: str) -> dict[str, Any]:
    """Delete tracks; the objects that they join stay."""
    names = call.body.track_reference_ids
    with engine.store.write(bulk=True) as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        count = tracks.remove(connection, row.id, names)
    return {"dataset_id": row.public_id, "message": f"{count} tracks deleted"}
