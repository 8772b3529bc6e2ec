"""The transport of a notebook: a function call into the engine of a workspace folder."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from nucleus_lab.errors import WorkspaceError
from nucleus_lab.routes import TABLE, dispatch
from nucleus_lab.routes.workspaces import acquire, load_engine, release
from nucleus_lab.wire import Request, Response

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_FIRST: Final = (("GET", "dataset/"), ("GET", "models/"), ("POST", "lab/dataset/ds/complete"))
"""What is asked while somebody types."""


class InProcessTransport:
    """Dispatches to an engine in this process, about a microsecond a call.

    Args:
        engine: The open workspace, shared with every other client of the folder in this process.

    Attributes:
        embedded: True.
        target: The workspace folder.
    """

    embedded = True

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine
        self._lock = threading.Lock()
        self.target = str(engine.workspace)

    @classmethod
    def open(cls, workspace: Path) -> Self:
        """Open a workspace folder.

        Args:
            workspace: Folder; created when it does not exist.

        Returns:
            The transport.
        """
        return cls(acquire(workspace))

    @staticmethod
    def load() -> None:
        """Load the engine and what a notebook asks it first; no workspace is opened."""
        load_engine()
        for method, path in _FIRST:
            TABLE.match(method, path)

    def send(self, request: Request) -> Response:
        """Answer a request by calling its handler.

        Args:
            request: The call.

        Returns:
            The answer.

        Raises:
            WorkspaceError: The client was closed.
        """
        if self._engine is None:
            raise WorkspaceError(
                f"this client of {self.target} is closed: make a new NucleusClient"
            )
        return dispatch(self._engine, request)

    def save(self, request: Request, path: Path, written: Callable[[int], object]) -> Response:
        """Copy a file that a handler answers.

        Args:
            request: The call.
            path: Where to.
            written: Told the size of the file.

        Returns:
            The answer.
        """
        answer = self.send(request)
        if isinstance(answer.payload, Path):
            shutil.copyfile(answer.payload, path)
            written(path.stat().st_size)
        elif isinstance(answer.payload, bytes):
            written(path.write_bytes(answer.payload))
        return answer

    def close(self) -> None:
        """Give the engine back, once; the last client of a folder closes it."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            release(engine)
