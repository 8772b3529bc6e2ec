"""The transport across machines: HTTP through httpx."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote, unquote

import httpx

from nucleus_lab.errors import InvalidInputError, MediaError, TransportError
from nucleus_lab.wire import JSON, OCTETS, FilePart, Request, Response, decode, encode, plain

TIMEOUT_SECONDS: Final = 120.0
RETRIED: Final = frozenset({503, 504, 520, 524})
RETRY_SECONDS: Final = (1.0, 3.0, 9.0)
# Shorter than the 75 s that our server and most proxies keep an idle connection, so that a request
# never goes into one that is being closed.
KEEP_ALIVE_SECONDS: Final = 30.0
_BYTES: Final = ("image/", "audio/", "video/", OCTETS)


class HttpTransport:
    """Sends requests to a server over connections that stay open.

    Safe to use from several threads, and in a process that was forked.

    Args:
        endpoint: Base URL, such as ``http://127.0.0.1:8765/v1/nucleus``.
        api_key: Key, sent as the user of HTTP Basic authentication with an empty password.
        limited_access_key: Key that is sent as ``x-limited-access-key`` instead.

    Attributes:
        embedded: False.
        target: The endpoint.
    """

    embedded = False

    def __init__(
        self, endpoint: str, *, api_key: str | None = None, limited_access_key: str | None = None
    ) -> None:
        self.target = endpoint.rstrip("/")
        self._auth = httpx.BasicAuth(api_key, "") if api_key else None
        self._headers = {"x-limited-access-key": limited_access_key} if limited_access_key else {}
        self._client: httpx.Client | None = None
        self._owner = 0
        self._closed = False
        self._opening = threading.Lock()

    def _http(self) -> httpx.Client:
        if self._closed:
            raise TransportError(
                f"this client of {self.target} is closed: make a new NucleusClient"
            )
        # A forked child must not write into the connections of its parent, nor wait for its lock.
        if self._owner not in {0, os.getpid()}:
            self._client, self._owner, self._opening = None, 0, threading.Lock()
        with self._opening:
            if self._client is None:
                self._client = httpx.Client(
                    timeout=TIMEOUT_SECONDS,
                    verify="NUCLEUS_SKIP_SSL_VERIFY" not in os.environ,
                    limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS),
                    follow_redirects=False,
                )
                self._owner = os.getpid()
            return self._client

    def send(self, request: Request) -> Response:
        """Send a request, again after a pause where the server is overloaded.

        Args:
            request: The call.

        Returns:
            The answer.

        Raises:
            TransportError: Nothing answers, or not in time, or not with what a Nucleus server says.
        """
        body = _body(request)
        for pause in (*RETRY_SECONDS, None):
            answer = self._once(request, body)
            if answer.status_code not in RETRIED or pause is None:
                break
            time.sleep(2 * random.random() * pause)  # noqa: S311 - spreads retries, no secret
        return self._read(answer)

    def _once(self, request: Request, body: _Body) -> httpx.Response:
        own = not request.path.startswith(("http://", "https://"))
        url = f"{self.target}/{request.path}" if own else request.path
        try:
            with _opened(request.files, encoded=own) as files:
                return self._http().request(
                    request.method,
                    url,
                    params=dict(request.query) or None,
                    # A signed URL carries its own proof and may be another host's.
                    auth=self._auth if own else None,
                    headers={**(self._headers if own else {}), **request.headers, **body.headers},
                    content=body.content,
                    files=[*body.parts, *files] or None,
                    timeout=request.timeout or TIMEOUT_SECONDS,
                )
        except httpx.TimeoutException as fault:
            told = (
                f"{self.target} did not answer {request.method} {request.path} within "
                f"{request.timeout or TIMEOUT_SECONDS:g} s: "
            )
            advice = (
                "send fewer rows or files at once, or use asynchronous=True"
                if request.timeout is None
                else "give it more time"
            )
            raise TransportError(told + advice, endpoint=self.target) from fault
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
            raise InvalidInputError(
                f"{self.target!r} is no endpoint ({fault}): use one such as "
                "http://127.0.0.1:8765/v1/nucleus",
                endpoint=self.target,
            ) from fault
        except httpx.ConnectError as fault:
            if "SSL" in str(fault) or "certificate" in str(fault).lower():
                raise TransportError(
                    f"{self.target} cannot be reached by https ({fault}): write http:// where the "
                    "server has no certificate; nucleus-lab serve has none, what stands before it "
                    "may have",
                    endpoint=self.target,
                ) from fault
            raise TransportError(
                f"no server answers at {self.target} ({fault}): start one by  nucleus-lab serve "
                "--workspace DIR --port N , or correct the endpoint (endpoint=, NUCLEUS_ENDPOINT)",
                endpoint=self.target,
            ) from fault
        except httpx.TransportError as fault:
            raise TransportError(
                f"the connection to {self.target} broke during {request.method} {request.path} "
                f"({fault or type(fault).__name__}): the server stopped, or something between "
                "closed it. Whether the call was done is not known: look, or call again, which "
                "adds nothing twice that has a reference id",
                endpoint=self.target,
            ) from fault

    def save(self, request: Request, path: Path, written: Callable[[int], object]) -> Response:
        """Write an answer to a path as it arrives.

        Args:
            request: The call.
            path: Where to.
            written: Told the size of each piece.

        Returns:
            The answer; without its bytes when they were written.

        Raises:
            TransportError: Nothing answers, or the connection breaks.
        """
        own = not request.path.startswith(("http://", "https://"))
        url = f"{self.target}/{request.path}" if own else request.path
        auth = self._auth if own else None
        headers = self._headers if own else {}
        try:
            with self._http().stream(request.method, url, auth=auth, headers=headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    return self._read(answer)
                with path.open("wb") as file:
                    for piece in answer.iter_bytes():
                        written(file.write(piece))
                return Response(answer.status_code, b"", OCTETS)
        except httpx.TransportError as fault:
            raise TransportError(
                f"the connection to {self.target} broke while {path.name} was written ({fault}): "
                "try again",
                endpoint=self.target,
            ) from fault

    def _read(self, answer: httpx.Response) -> Response:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        content = answer.content
        if kind == JSON:
            try:
                return Response(answer.status_code, decode(content) if content else None)
            except InvalidInputError as fault:
                raise TransportError(_strange(self.target, answer)) from fault
        if answer.status_code < 400 and kind.startswith(_BYTES):
            return Response(answer.status_code, content, kind)
        if answer.status_code >= 400:
            # A missing page of some other server says nothing about a missing dataset.
            code = TransportError.code if answer.status_code == 404 else None
            return Response(
                answer.status_code, {"error": _strange(self.target, answer), "code": code}
            )
        raise TransportError(_strange(self.target, answer), endpoint=self.target)

    def close(self) -> None:
        """Close the connections. A second call does nothing."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None and self._owner == os.getpid():
            client.close()


def _strange(endpoint: str, answer: httpx.Response) -> str:
    """Describe an answer that no Nucleus server gives: that of a proxy, or a wrong address."""
    kind = answer.headers.get("content-type", "no content type")
    return (
        f"{endpoint} answered {answer.status_code} {answer.reason_phrase} ({kind}), not as a "
        f"Nucleus server does: check the endpoint. It said: {answer.text[:200]!r}"
    )


_Part = tuple[str, tuple[str | None, Any, str]]


@dataclass(frozen=True, slots=True)
class _Body:
    """A payload as httpx takes it: text, or the first part of several."""

    content: bytes | None = None
    parts: tuple[_Part, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def _body(request: Request) -> _Body:
    payload = request.payload
    if isinstance(payload, bytes):
        return _Body(payload)
    if payload is None and (request.method == "GET" or request.files):
        return _Body()
    text = encode(plain(payload))
    if request.files:
        # A bare list of items travels as the part "items", anything else as the whole request.
        name = "items" if isinstance(payload, list) else "serialized_request"
        return _Body(parts=((name, (None, text, JSON)),))
    return _Body(text, headers={"Content-Type": JSON})


@contextmanager
def _opened(parts: Sequence[FilePart], *, encoded: bool) -> Iterator[list[_Part]]:
    """Open files for one attempt; httpx reads them while it sends. Others know no encoded names."""
    with ExitStack() as stack:
        opened: list[_Part] = []
        for part in parts:
            content = part.content if part.path is None else _open(stack, part)
            name = quote(part.filename, safe="") if encoded else part.filename
            opened.append((part.field, (name, content, _media_type(part))))
        yield opened


def _open(stack: ExitStack, part: FilePart) -> Any:
    try:
        return stack.enter_context(open(str(part.path), "rb"))  # noqa: PTH123 - a context manager
    except OSError as fault:
        raise MediaError(
            f"{part.filename} cannot be read ({fault.strerror}): check that the file exists and "
            "that "
            "you may read it",
            path=part.filename,
        ) from fault


def _media_type(part: FilePart) -> str:
    extension = PurePath(unquote(part.filename)).suffix.lstrip(".")
    return f"image/{extension}" if extension else OCTETS
