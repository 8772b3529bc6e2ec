"""The one function behind every method of the SDK: ask a route, get plain values or an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from nucleus_lab.errors import InvalidInputError, from_wire
from nucleus_lab.transport.base import Transport
from nucleus_lab.wire import JSON, FilePart, Request, Response, decode, encode

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as it came, for callers of ``make_request(..., return_raw_response=True)``.

    Attributes:
        status_code: HTTP status, below 400.
        content: The body; JSON text unless the route answers with bytes.
        media_type: Type of the body.
    """

    status_code: int
    content: bytes
    media_type: str = JSON

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Read the body as JSON.

        Returns:
            Plain values.
        """
        return decode(self.content)


def method_name(command: str | Callable[..., Any]) -> str:
    """Return the HTTP method that a caller means.

    Args:
        command: ``"POST"`` in any case, or a function of that name such as ``requests.post``.

    Returns:
        The method in upper case.

    Raises:
        InvalidInputError: It names no method.
    """
    name = command if isinstance(command, str) else getattr(command, "__name__", repr(command))
    if name.upper() not in _METHODS:
        raise InvalidInputError(f"requests_command is {name!r}: use one of {', '.join(_METHODS)}")
    return name.upper()


class Connection:
    """A transport and what turns its answers into values and errors.

    Args:
        transport: What carries the requests.
        use_notebook: Whether long uploads show a bar made for notebooks.

    Attributes:
        use_notebook: As given.
    """

    def __init__(self, transport: Transport, *, use_notebook: bool = False) -> None:
        self._transport = transport
        self.use_notebook = use_notebook

    @property
    def embedded(self) -> bool:
        """Whether the engine runs inside this process."""
        return self._transport.embedded

    @property
    def target(self) -> str:
        """What is at the other end: the folder of a workspace, or the endpoint of a server."""
        return self._transport.target

    def make_request(
        self,
        payload: Any,
        route: str,
        requests_command: str | Callable[..., Any] = "POST",
        return_raw_response: bool = False,
        files: Sequence[FilePart] = (),
    ) -> Any:
        """Ask a route; every method of the SDK goes through here.

        Args:
            payload: JSON-like values, numpy included. ``GET`` sends none.
            route: Path below the endpoint, its segments percent-encoded, with an optional query:
                ``dataset/ds_1/annotate?async=1``.
            requests_command: Method name, or a function called like one (``requests.post``).
            return_raw_response: Return status and body instead of values.
            files: Files that travel beside the payload.

        Returns:
            Plain values; ``bytes`` from a route that answers with a picture; a
            :class:`RawResponse` when asked for.

        Raises:
            NucleusAPIError: The route refused; the class says why.
        """
        method = method_name(requests_command)
        path, _, query = route.partition("?")
        response = self._transport.send(
            Request(
                method,
                path.lstrip("/"),
                None if method == "GET" else payload,
                dict(parse_qsl(query, keep_blank_values=True)) if query else {},
                files,
            )
        )
        if response.status >= 400:
            raise from_wire(response.status, response.payload)
        return _raw(response) if return_raw_response else response.payload

    def send(self, request: Request) -> Response:
        """Carry a request as it is, for callers that read answers of any status.

        Args:
            request: The call.

        Returns:
            The answer.
        """
        return self._transport.send(request)

    def put(self, url: str, content: bytes) -> Any:
        """Store bytes at a signed URL.

        Args:
            url: What a ``signedUrl`` route answered.
            content: The bytes.

        Returns:
            Plain values.

        Raises:
            NucleusAPIError: The URL is not valid any more, or the body is too large.
        """
        response = self._transport.send(Request("PUT", url, content))
        if response.status >= 400:
            raise from_wire(response.status, response.payload)
        return response.payload

    def save(self, url: str, path: Path, written: Callable[[int], object]) -> None:
        """Write what is at a signed URL to a file, without holding it in memory.

        Args:
            url: The URL.
            path: Where to.
            written: Told the size of each piece when it is written.

        Raises:
            NucleusAPIError: The URL is not valid any more.
        """
        response = self._transport.save(Request("GET", url), path, written)
        if response.status >= 400:
            raise from_wire(response.status, response.payload)

    def close(self) -> None:
        """Let go of the workspace or the server; the handles made from this client stop working."""
        self._transport.close()


def _raw(response: Response) -> RawResponse:
    body = response.payload
    content = body if isinstance(body, bytes) else encode(body)
    return RawResponse(response.status, content, response.media_type)
