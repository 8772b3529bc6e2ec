"""The ASGI application: from an HTTP request to the route table and back."""

from __future__ import annotations

import logging
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse
from starlette.responses import Response as HttpResponse

from nucleus_lab.errors import NucleusError
from nucleus_lab.routes import TABLE, dispatch
from nucleus_lab.server.access import authorize
from nucleus_lab.server.body import Body, boundary_of, read_parts, read_plain, too_large
from nucleus_lab.wire import JSON, Request, Response, encode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from nucleus_lab.engine import Engine

PREFIX: Final = "/v1/nucleus"
"""Where the routes are; they answer at the root as well, since an endpoint may have any prefix."""

MOST_BODY_BYTES: Final = 2 * 1024**3
"""Largest request with files; one without is held to ``max_upload_bytes`` of the settings."""

_log = logging.getLogger(__name__)


def create_app(
    engine: Engine, *, key_required: bool = False, most_body_bytes: int = MOST_BODY_BYTES
) -> ASGIApp:
    """Make the ASGI application of a workspace.

    Args:
        engine: The open workspace; it stays open when the application stops.
        key_required: Ask for a key even when the workspace has none; without, a workspace that has
            no keys answers every program on this machine.
        most_body_bytes: Largest request, in bytes.

    Returns:
        The application, for uvicorn or any other ASGI server.
    """
    return _App(engine, key_required, most_body_bytes)


class _App:
    def __init__(self, engine: Engine, key_required: bool, most_body_bytes: int) -> None:
        self._engine = engine
        self._key_required = key_required
        self._most_body = most_body_bytes
        self._most_payload = min(most_body_bytes, engine.settings.max_upload_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"this application speaks HTTP, not {scope['type']}")
        request = HttpRequest(scope, receive)
        try:
            answer = _respond(await self._answer(request))
        except ClientDisconnect:
            return
        except NucleusError as refusal:
            answer = _respond(Response(refusal.status_code, refusal.to_wire()))
            # The body may not have been read: what is left of it must not pass for a request.
            answer.headers["connection"] = "close"
            if refusal.status_code == 401:
                answer.headers["www-authenticate"] = 'Basic realm="Nucleus Lab"'
        await answer(scope, receive, send)

    async def _answer(self, request: HttpRequest) -> Response:
        path, base_url = _place(request)
        caller = ""
        if not _is_public(request.method, path):
            caller = await run_in_threadpool(
                authorize, self._engine, request.headers, key_required=self._key_required
            )
        with ExitStack() as stack:
            body = await self._read(request, stack)
            return await run_in_threadpool(
                dispatch,
                self._engine,
                Request(
                    request.method,
                    path,
                    None if request.method == "GET" else body.payload,
                    dict(request.query_params),
                    body.files,
                    caller,
                    base_url,
                ),
            )

    async def _read(self, request: HttpRequest, stack: ExitStack) -> Body:
        boundary = boundary_of(request.headers.get("content-type", ""))
        limit = self._most_payload if boundary is None else self._most_body
        announced = request.headers.get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced) > limit:
            raise too_large(limit)
        async with AsyncExitStack() as reading:
            chunks = request.stream()
            reading.push_async_callback(chunks.aclose)
            if boundary is None:
                return await read_plain(chunks, limit)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nucleus-lab-")))
            return await read_parts(chunks, boundary, folder, limit, self._most_payload)


def _place(request: HttpRequest) -> tuple[str, str]:
    """The raw path below the endpoint, and the endpoint under which the caller reached us."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    prefix = PREFIX if path.startswith(f"{PREFIX}/") else ""
    base = f"{request.url.scheme}://{request.headers.get('host', '')}{prefix}"
    return path[len(prefix) :].lstrip("/"), base


def _is_public(method: str, path: str) -> bool:
    try:
        return TABLE.match(method, path)[0].public
    except NucleusError:
        return False


def _respond(response: Response) -> HttpResponse:
    headers = dict(response.headers)
    if response.media_type == JSON:
        return HttpResponse(encode(response.payload), response.status, headers, media_type=JSON)
    # Uploaded files are data: a browser must not run what they hold.
    headers["x-content-type-options"] = "nosniff"
    kind = response.media_type
    if isinstance(response.payload, Path):
        return FileResponse(response.payload, response.status, headers, media_type=kind)
    return HttpResponse(response.payload, response.status, headers, media_type=kind)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
