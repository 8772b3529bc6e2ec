"""Routes that take payloads ahead of an asynchronous call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import datasets
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@route("GET", "dataset/{ds}/signedUrl/{rid}")
def signed_url(engine: Engine, call: Call[None], ds: str, rid: str) -> dict[str, Any]:
    """Answer where the payloads of an asynchronous call may be sent, for a while.

    Args:
        engine: The open workspace.
        call: Says under which endpoint the caller reaches this server.
        ds: Id of the dataset.
        rid: Request id that the caller has made up.

    Returns:
        ``signed_url``: a URL, or in-process the route alone.
    """
    with engine.store.read() as connection:
        key = datasets.get(connection, ds).id
    path = f"lab/uploads/{engine.uploads.sign(key, rid)}"
    base = call.base_url.rstrip("/")
    return {"signed_url": f"{base}/{path}" if base else path}


@route("PUT", "lab/uploads/{token}", body=bytes, public=True)
def receive_upload(engine: Engine, call: Call[bytes], token: str) -> dict[str, Any]:
    """Keep the payloads of an asynchronous call; the token is the proof.

    Args:
        engine: The open workspace.
        call: The raw NDJSON body.
        token: From a signed URL.

    Returns:
        ``bytes``: how many were kept.
    """
    engine.uploads.receive(token, call.body)
    return {"bytes": len(call.body)}
