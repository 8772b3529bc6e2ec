"""The open workspaces of this process and their keys: an engine besides its routes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.bulk import importing

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.keys import Caller

_lock = threading.Lock()
_open: dict[tuple[int, str], tuple[Engine, int]] = {}


def load_engine() -> None:
    """Load the engine, the library of its database included; no workspace is opened."""
    from nucleus_lab.engine import Engine  # noqa: F401 - to have it loaded
    from nucleus_lab.engine.sqlite_library import sqlite_library

    sqlite_library()


def acquire(workspace: Path) -> Engine:
    """Open a workspace, or share it when this process has it open.

    Args:
        workspace: Folder; created when it does not exist.

    Returns:
        The engine; give it back by :func:`release`.
    """
    from nucleus_lab.engine import Engine

    # A forked child inherits the table but must not share connections, so the pid is in the key.
    key = (os.getpid(), str(workspace.expanduser().resolve()))
    with _lock:
        engine, users = _open.get(key, (None, 0))
        if engine is None:
            engine = Engine(Path(key[1]))
        _open[key] = (engine, users + 1)
        return engine


def release(engine: Engine) -> None:
    """Give an engine back; the last user closes it.

    Args:
        engine: What :func:`acquire` returned.
    """
    with _lock:
        for key, (candidate, users) in _open.items():
            if candidate is engine:
                if users > 1:
                    _open[key] = (engine, users - 1)
                    return
                del _open[key]
                break
        else:
            return
    engine.close()


@contextmanager
def opened(
    workspace: Path, database_url: str | None = None, *, serving: bool = False
) -> Iterator[Engine]:
    """Open a workspace for a while.

    Args:
        workspace: Folder; created when it does not exist.
        database_url: Its database; the SQLite file in the folder when ``None``.
        serving: Use the stricter settings of a server, which other people reach.

    Yields:
        The engine.
    """
    with importing():
        from nucleus_lab.engine import Engine
        from nucleus_lab.engine.settings import Settings

        settings = Settings.load(workspace, serving=True) if serving else None
        engine = Engine(workspace, database_url=database_url, settings=settings)
    try:
        yield engine
    finally:
        engine.close()


def caller_of(engine: Engine, key: str) -> Caller | None:
    """Find out whose key was presented.

    Args:
        engine: The open workspace.
        key: The key as it came.

    Returns:
        Name and user of the key; ``None`` when it is unknown or revoked.
    """
    from nucleus_lab.engine import keys

    return keys.verify(engine, key)


def has_keys(engine: Engine) -> bool:
    """Tell whether a workspace has a key in use, and so asks for one.

    Args:
        engine: The open workspace.

    Returns:
        Whether there is at least one.
    """
    from nucleus_lab.engine import keys

    return keys.any_active(engine)


def nobody() -> Caller:
    """Return who asks an open server, or a route that needs no key.

    Returns:
        A caller without a key, who sees everything.
    """
    from nucleus_lab.engine.keys import Caller

    return Caller()


def create_key(engine: Engine, name: str, user: str = "") -> str:
    """Make a key.

    Args:
        engine: The open workspace.
        name: What it is for.
        user: Whose it is; ``""`` for a key of the team.

    Returns:
        The key; it is stored as a hash and cannot be shown again.
    """
    from nucleus_lab.engine import keys

    return keys.create(engine, name, user)


def list_keys(engine: Engine) -> list[dict[str, Any]]:
    """List all keys, oldest first.

    Args:
        engine: The open workspace.

    Returns:
        ``name``, ``user``, ``created_at`` and ``revoked_at`` of each.
    """
    from nucleus_lab.engine import keys

    return keys.listing(engine)


def revoke_key(engine: Engine, name: str) -> None:
    """Make a key useless at once.

    Args:
        engine: The open workspace.
        name: Its name.
    """
    from nucleus_lab.engine import keys

    keys.revoke(engine, name)
