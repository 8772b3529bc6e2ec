"""The ASGI application: from an HTTP request to the route table and back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

from nucleus_lab.errors import NucleusError, TransportError
from nucleus_lab.routes import TABLE, Route, dispatch, refused
from nucleus_lab.routes.workspaces import nobody
from nucleus_lab.server.access import authorize
from nucleus_lab.server.arriving import PATIENCE_SECONDS, Arriving, GoneError
from nucleus_lab.server.body import Body, boundary_of, read_parts, read_plain, too_large
from nucleus_lab.wire import JSON, Request, Response, encode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.keys import Caller

    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]
    ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]

PREFIX: Final = "/v1/nucleus"
"""Where the routes are; they answer at the root as well, since an endpoint may have any prefix."""

MOST_BODY_BYTES: Final = 2 * 1024**3
"""Largest request with files; one without is held to ``max_upload_bytes`` of the settings."""

MOST_UNPROVEN_BYTES: Final = 64 * 1024
"""Largest body that is read before its key was looked at: with it, most requests cross between the
loop and the threads that work once and not twice."""

THREADS: Final = 40
"""Requests that are worked on at a time; most of them wait for the database."""

PIECE_BYTES: Final = 1024**2
"""Of a file that is sent."""

Result = TypeVar("Result")


def create_app(
    engine: Engine,
    *,
    key_required: bool = False,
    most_body_bytes: int = MOST_BODY_BYTES,
    patience: float = PATIENCE_SECONDS,
) -> ASGIApp:
    """Make the ASGI application of a workspace.

    Args:
        engine: The open workspace; it stays open when the application stops.
        key_required: Ask for a key even when the workspace has none; without, a workspace that has
            no keys answers every program on this machine.
        most_body_bytes: Largest request, in bytes.
        patience: How long a sender may be silent in the middle of a body, in seconds.

    Returns:
        The application, for uvicorn or any other ASGI server.
    """
    return _App(engine, key_required, most_body_bytes, patience)


@dataclass(slots=True)
class _Head:
    """What a request says before its body."""

    method: str
    path: str
    base_url: str
    query: dict[str, str]
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Answer:
    """What goes back; a file is sent piece by piece."""

    status: int
    content: bytes | Path
    headers: list[tuple[bytes, bytes]]


class _App:
    def __init__(
        self, engine: Engine, key_required: bool, most_body_bytes: int, patience: float
    ) -> None:
        self._engine = engine
        self._key_required = key_required
        self._most_body = most_body_bytes
        self._most_payload = min(most_body_bytes, engine.settings.max_upload_bytes)
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="nucleus-lab-request")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"this application speaks HTTP, not {scope['type']}")
        arriving = Arriving(receive, self._patience)
        head = _head(scope)
        try:
            answer = await self._answer(head, arriving)
        except GoneError:
            return
        except NucleusError as refusal:
            answer = _refusal(head, refusal)
            await arriving.ignore()
        except asyncio.CancelledError:
            # Only a server that stops cancels, and only what it has waited for long enough.
            stopping = TransportError("the server is stopping: send the request again")
            answer = _refusal(head, stopping)
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        if isinstance(answer.content, Path):
            await self._send_file(answer.content, send)
        else:
            await send({"type": "http.response.body", "body": answer.content})

    async def _answer(self, head: _Head, arriving: Arriving) -> _Answer:
        several = head.headers.get("content-type", "").lower().startswith("multipart")
        caller: Caller | None = None
        if several or _announced(head) > MOST_UNPROVEN_BYTES:
            caller = await self._in_thread(self._caller, head)
        with ExitStack() as stack:
            body = await self._read(head, arriving, stack)
            return await self._in_thread(self._work, head, body, caller)

    async def _read(self, head: _Head, arriving: Arriving, stack: ExitStack) -> Body:
        boundary = boundary_of(head.headers.get("content-type", ""))
        limit = self._most_payload if boundary is None else self._most_body
        if _announced(head, unknown=0) > limit:
            raise too_large(limit)
        if boundary is None:
            return await read_plain(arriving, limit)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nucleus-lab-")))
        entry = _entry(head)
        needed = entry is None or entry.body is not None
        most = self._most_payload
        return await read_parts(arriving, boundary, folder, limit, most, payload_needed=needed)

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Wait for something that a thread does; once begun it is told to its end."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, work, *arguments)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # What was written is written: the caller is told so, although the server stops.
            return await future

    async def _send_file(self, path: Path, send: Send) -> None:
        with await self._in_thread(path.open, "rb") as file:
            while piece := await self._in_thread(file.read, PIECE_BYTES):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _caller(self, head: _Head) -> Caller:
        entry = _entry(head)
        if entry is not None and entry.public:
            return nobody()
        return authorize(self._engine, head.headers, key_required=self._key_required)

    def _work(self, head: _Head, body: Body, caller: Caller | None) -> _Answer:
        caller = self._caller(head) if caller is None else caller
        request = Request(
            head.method,
            head.path,
            None if head.method == "GET" else body.payload,
            head.query,
            body.files,
            caller.key,
            head.base_url,
            head.headers,
            user=caller.user,
        )
        return _respond(dispatch(self._engine, request))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # Whoever closes the workspace next must find no thread that still writes.
                self._threads.shutdown(wait=True, cancel_futures=True)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def _head(scope: Any) -> _Head:
    """The raw path below the endpoint, and the endpoint under which the caller reached us."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    prefix = PREFIX if path.startswith(f"{PREFIX}/") else ""
    text = scope["query_string"].decode("latin-1")
    return _Head(
        scope["method"],
        path[len(prefix) :].lstrip("/"),
        f"{scope['scheme']}://{headers.get('host', '')}{prefix}",
        dict(parse_qsl(text, keep_blank_values=True)) if text else {},
        headers,
    )


def _announced(head: _Head, unknown: int = MOST_BODY_BYTES) -> int:
    """Length of the body; ``unknown`` where it comes in chunks of any number."""
    if "transfer-encoding" in head.headers:
        return unknown
    length = head.headers.get("content-length", "0")
    known = length.isascii() and length.isdigit() and len(length) < 20
    return int(length) if known else unknown


def _entry(head: _Head) -> Route | None:
    try:
        return TABLE.match(head.method, head.path)[0]
    except NucleusError:
        return None


def _respond(response: Response) -> _Answer:
    payload, kind = response.payload, response.media_type
    content = encode(payload) if kind == JSON else payload
    length = content.stat().st_size if isinstance(content, Path) else len(content)
    headers = [
        (b"content-type", kind.encode("latin-1")),
        (b"content-length", b"%d" % length),
        *((name.lower().encode(), text.encode()) for name, text in response.headers.items()),
    ]
    if kind != JSON:
        # Uploaded files are data: a browser must not run what they hold.
        headers.append((b"x-content-type-options", b"nosniff"))
    return _Answer(response.status, content, headers)


def _refusal(head: _Head, refusal: NucleusError) -> _Answer:
    answer = _respond(refused(head.method, head.path, refusal))
    # The body may not have been read: what is left of it must not pass for a request.
    answer.headers.append((b"connection", b"close"))
    if refusal.status_code == 401:
        answer.headers.append((b"www-authenticate", b'Basic realm="Nucleus Lab"'))
    return answer
