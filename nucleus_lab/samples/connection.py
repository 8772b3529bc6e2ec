"""Where the samples are: a workspace, a Nucleus Lab server, or endpoints of the Edge Impulse API.

Chosen anew for every call: by its ``client`` argument, by :func:`connect`, by the module attributes
``API_ENDPOINT`` and ``INGESTION_ENDPOINT`` or the variables ``EI_API_ENDPOINT`` and
``EI_INGESTION_ENDPOINT``, else as ``NucleusClient()`` chooses.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from nucleus_lab.errors import InvalidInputError, NotFoundError, from_wire
from nucleus_lab.transport.connection import Connection
from nucleus_lab.wire import FilePart, Request, Response

UPLOAD_SOURCE: Final = "NUCLEUS_LAB_PYTHON_SDK"
"""Tells a server that labels and file names are percent-encoded."""

_WANTED_PATH: Final = "/v1"


@dataclass(frozen=True, slots=True)
class Door:
    """What answers the requests of one call.

    Args:
        connection: What carries them.
        api_key: Key for it, if any.
        timeout: Seconds to wait for an answer.
        studio: What listings, downloads and deletions begin with.
        ingestion: What uploads begin with.
    """

    connection: Connection
    api_key: str | None = None
    timeout: float | None = None
    studio: str = "v1/"
    ingestion: str = ""

    @property
    def embedded(self) -> bool:
        """Whether the engine answers inside this process."""
        return self.connection.embedded

    @property
    def own(self) -> bool:
        """Whether Nucleus Lab is at the other end, which takes many samples in one request."""
        return not self.ingestion

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Sequence[FilePart] = (),
    ) -> Response:
        key = {"x-api-key": self.api_key} if self.api_key else {}
        return self.connection.send(
            Request(
                method,
                path,
                query=query or {},
                files=files,
                headers={**key, **(headers or {})},
                timeout=self.timeout,
            )
        )

    def upload(
        self, category: str, headers: Mapping[str, str], files: Sequence[FilePart]
    ) -> Response:
        """Send files.

        Args:
            category: Percent-encoded category.
            headers: What is said of them.
            files: The files.

        Returns:
            The answer, whatever its status.
        """
        headers = {"x-upload-source": UPLOAD_SOURCE, **headers}
        return self._send("POST", f"{self.ingestion}api/{category}/files", None, headers, files)

    def ask(self, method: str, route: str, query: Mapping[str, str] | None = None) -> Any:
        """Ask the API.

        Args:
            method: HTTP method.
            route: Below ``api/``.
            query: Decoded query string.

        Returns:
            Plain values with ``success``, or bytes.

        Raises:
            NucleusAPIError: It refused, with a status of 400 and above.
        """
        response = self._send(method, f"{self.studio}api/{route}", query)
        if response.status >= 400:
            raise from_wire(response.status, response.payload)
        payload = response.payload
        return payload.read_bytes() if isinstance(payload, Path) else payload

    def project(self) -> int:
        """Return the id of the project that the key belongs to.

        Returns:
            The id.

        Raises:
            NotFoundError: There is none.
        """
        projects = succeeded(self.ask("GET", "projects"))["projects"]
        if not projects:
            raise NotFoundError(
                f"{self.connection.target} has no project for this key: make one there, or use the "
                "key of another"
            )
        found: int = projects[0]["id"]
        return found


def succeeded(answer: Any) -> Any:
    """Check an answer that comes with a status of 200 also where it is a refusal.

    Args:
        answer: The answer.

    Returns:
        The answer.

    Raises:
        NotFoundError: It says that there is no such sample.
        InvalidInputError: It says anything else.
    """
    if isinstance(answer, dict) and answer.get("success"):
        return answer
    error = str(answer.get("error")) if isinstance(answer, dict) else repr(answer)[:200]
    if error.startswith("No sample found"):
        raise NotFoundError(error)
    raise InvalidInputError(f"the server refused: {error}")


class Connected:
    """What :func:`connect` returns; as a context manager it brings back what was before.

    Args:
        client: Answers the calls of this module from now on.
        owned: Whether to close it when something else takes its place.
    """

    def __init__(self, client: Connection, *, owned: bool) -> None:
        self.client = client
        self._owned = owned
        self._before = _state.chosen
        _state.chosen = client

    def close(self) -> None:
        """Choose again what was chosen before."""
        _state.chosen = self._before
        if self._owned:
            self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"samples are at {self.client.target!r}"


def connect(
    client: Connection | None = None,
    *,
    workspace: str | os.PathLike[str] | None = None,
    endpoint: str | None = None,
    api_key: str | None = None,
) -> Connected:
    """Choose where the samples are, for all following calls of this module.

    ::

        samples.connect(workspace="~/work/gestures")
        with samples.connect(client):
            samples.get_sample_ids()

    Args:
        client: A NucleusClient.
        workspace: Folder of a workspace, in place of ``client``.
        endpoint: Address of a Nucleus Lab server, in place of ``client``.
        api_key: Key for that server.

    Returns:
        A context manager that brings back what was before, for those who want that.

    Raises:
        InvalidInputError: A client and something else is given.
    """
    if client is None:
        from nucleus_lab.client import NucleusClient

        opened = NucleusClient(api_key, endpoint=endpoint, workspace=workspace)
        return Connected(opened, owned=True)
    if workspace is not None or endpoint or api_key:
        raise InvalidInputError("give a client, or a workspace or an endpoint, not both")
    return Connected(client, owned=False)


def door(
    api_key: str | None = None,
    timeout_sec: float | None = None,
    client: Connection | None = None,
) -> Door:
    """Find what answers a call.

    Args:
        api_key: Argument of the call.
        timeout_sec: Argument of the call.
        client: Argument of the call.

    Returns:
        The way there.

    Raises:
        InvalidInputError: The time is not above 0.
    """
    if timeout_sec is not None and not timeout_sec > 0:
        raise InvalidInputError(f"timeout_sec is {timeout_sec!r}: use seconds above 0, or None")
    if client is None:
        client = _state.chosen
    if client is not None:
        return Door(client, api_key, timeout_sec)
    studio, ingestion = _endpoints(_setting("API_ENDPOINT"), _setting("INGESTION_ENDPOINT"))
    if studio:
        key = api_key or _setting("API_KEY")
        return Door(_state.open(studio, None), key, timeout_sec, f"{studio}/", f"{ingestion}/")
    from nucleus_lab.client.target import choose

    target = choose(api_key or _attribute("API_KEY"), None, None, None)
    return Door(_state.open(str(target.place), target.api_key), None, timeout_sec)


def _setting(name: str) -> str | None:
    return _attribute(name) or os.environ.get(f"EI_{name}") or None


def _attribute(name: str) -> str | None:
    value: str | None = getattr(sys.modules[__package__ or ""], name, None)
    return value or None


def _endpoints(studio: str | None, ingestion: str | None) -> tuple[str, str]:
    """Complete the two endpoints, of which one says where the other is."""
    if not studio and not ingestion:
        return "", ""
    if not studio:
        root = _root(str(ingestion), "INGESTION_ENDPOINT")
        return root.replace("://ingestion.", "://studio.") + _WANTED_PATH, root
    root = _root(studio, "API_ENDPOINT")
    base = studio.rstrip("/")
    if not ingestion:
        return base, root.replace("://studio.", "://ingestion.")
    return base, _root(ingestion, "INGESTION_ENDPOINT")


def _root(endpoint: str, name: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise InvalidInputError(
            f"{name} is {endpoint!r}: use an address such as http://127.0.0.1:8080/v1"
        )
    return f"{parts.scheme}://{parts.netloc}"


class _State:
    """The connection that :func:`connect` chose, and the last one that was opened without it."""

    def __init__(self) -> None:
        self.chosen: Connection | None = None
        self._lock = threading.Lock()
        self._opened: tuple[str, str | None, Connection] | None = None

    def open(self, place: str, api_key: str | None) -> Connection:
        """Return the connection to a place; what was opened for another place is closed."""
        from nucleus_lab.transport import connect as reach

        with self._lock:
            if self._opened is not None and self._opened[:2] != (place, api_key):
                self._close()
            if self._opened is None:
                self._opened = (place, api_key, Connection(reach(place, api_key=api_key)))
            return self._opened[2]

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._opened is not None:
            self._opened[2].close()
            self._opened = None


_state = _State()
atexit.register(_state.close)


def disconnect() -> None:
    """Let go of what :func:`connect` chose and of any workspace that calls have opened.

    The next call chooses and opens anew.
    """
    chosen, _state.chosen = _state.chosen, None
    _state.close()
    del chosen
