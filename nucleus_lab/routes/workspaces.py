"""The open workspaces of this process: one engine each, however many clients use it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_lock = threading.Lock()
_open: dict[tuple[int, str, str | None], tuple[Engine, int]] = {}


def acquire(workspace: Path, database_url: str | None = None) -> Engine:
    """Open a workspace, or share it when this process has it open.

    Args:
        workspace: Folder; created when it does not exist.
        database_url: Its database; the SQLite file in the folder when ``None``.

    Returns:
        The engine; give it back by :func:`release`.
    """
    from nucleus_lab.engine import Engine

    # A forked child inherits the table but must not share connections, so the pid is in the key.
    key = (os.getpid(), str(workspace.expanduser().resolve()), database_url)
    with _lock:
        engine, users = _open.get(key, (None, 0))
        if engine is None:
            engine = Engine(Path(key[1]), database_url=database_url)
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
