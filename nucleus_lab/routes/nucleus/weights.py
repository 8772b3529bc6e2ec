"""Routes of the weights of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nucleus_lab.engine import weights
from nucleus_lab.engine.weights import Announced
from nucleus_lab.errors import NotFoundError
from nucleus_lab.routes.table import Call, route
from nucleus_lab.wire import OCTETS, Response

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_Number = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class PresignBody(msgspec.Struct, rename="camel"):
    """Body of ``weights/presign``.

    Attributes:
        declared_size_bytes: Size of the file.
        content_type: Its media type.
        original_filename: Its name.
        checksum_sha256: Its checksum.
    """

    declared_size_bytes: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    content_type: str | None = None
    original_filename: str | None = None
    checksum_sha256: str | None = None


class Part(msgspec.Struct, rename="camel"):
    """A part that has arrived."""

    part_number: _Number
    etag: str = msgspec.field(name="eTag")


class FinalizeBody(msgspec.Struct, rename="camel"):
    """Body of ``weights/finalize``."""

    upload_id: str
    parts: list[Part] | None = None


@route("POST", "model/{prj}/weights/presign", body=PresignBody)
def presign(engine: Engine, call: Call[PresignBody], prj: str) -> dict[str, Any]:
    """Answer where a file may be sent."""
    body = call.body
    file = Announced(
        body.declared_size_bytes,
        body.content_type or OCTETS,
        body.original_filename,
        body.checksum_sha256,
    )
    return weights.announce(engine, prj, file, call.base_url)


@route("PUT", "lab/weights/{token}", body=bytes, public=True)
def receive(engine: Engine, call: Call[bytes], token: str) -> Response:
    """Take a part in; the token is the proof."""
    etag = weights.receive(engine, token, call.body)
    return Response(200, {"etag": etag}, headers={"ETag": f'"{etag}"'})


@route("POST", "model/{prj}/weights/finalize", body=FinalizeBody)
def finalize(engine: Engine, call: Call[FinalizeBody], prj: str) -> dict[str, Any]:
    """Attach a file that has arrived to its model."""
    body = call.body
    etags = None if body.parts is None else {part.part_number: part.etag for part in body.parts}
    weights.finish(engine, prj, body.upload_id, etags)
    return weights.describe(engine, prj, call.base_url)


@route("GET", "model/{prj}/weights")
def describe(engine: Engine, call: Call[None], prj: str) -> dict[str, Any]:
    """Say what weights a model has."""
    return weights.describe(engine, prj, call.base_url)


@route("GET", "model/{prj}/weights/download")
def download(engine: Engine, call: Call[None], prj: str) -> Any:
    """Answer a URL of the weights, with ``json=1`` as a value and otherwise as a redirection."""
    known = weights.describe(engine, prj, call.base_url)
    if not known["present"]:
        raise NotFoundError(f"model {prj} has no weights: upload some, model.upload_weights(path)")
    url = known["downloadUrl"]
    if call.query.get("json") or not call.base_url:
        return {"url": url}
    return Response(302, {"url": url}, headers={"Location": url})


@route("GET", "lab/weights/{token}", public=True)
def send(engine: Engine, call: Call[None], token: str) -> Response:
    """Answer the file; the token is the proof."""
    return Response(200, weights.file_of(engine, token), OCTETS)


@route("DELETE", "model/{prj}/weights")
def delete(engine: Engine, call: Call[None], prj: str) -> dict[str, Any]:
    """Delete the weights of a model."""
    return {"deleted": weights.remove(engine, prj)}
