"""Starting a worker process that outlives its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nucleus_lab
from nucleus_lab.engine.worker_slots import HANDED_DOWN

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

SLOT_VARIABLE: Final = "NUCLEUS_LAB_WORKER_SLOT"
WORKSPACE_VARIABLE: Final = "NUCLEUS_LAB_WORKSPACE"
_LONGEST_LOG: Final = 10_000_000


def start_worker(engine: Engine, slot: int) -> None:
    """Start a worker that owns a slot.

    It gets a session of its own, so that neither an interrupt nor the end of a notebook reaches
    it. What it needs to know travels in its environment, since command lines are public and a
    database URL may hold a password.

    Args:
        engine: The workspace to work for.
        slot: File descriptor from :meth:`WorkerSlots.take`; closed here.
    """
    environment = {
        **os.environ,
        **engine.settings.to_environment(),
        WORKSPACE_VARIABLE: str(engine.workspace.resolve()),
        "NUCLEUS_LAB_DATABASE_URL": engine.database_url or "",
        "PYTHONPATH": os.pathsep.join(import_path()),
    }
    if HANDED_DOWN:
        environment[SLOT_VARIABLE] = str(slot)
    try:
        with _log_file(engine.workspace / "logs").open("ab") as log:
            process = subprocess.Popen(
                # -P: a file of the user named like a standard module must not stand in for it.
                [sys.executable, "-P", "-m", "nucleus_lab.engine.worker"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(slot,) if HANDED_DOWN else (),
            )
    finally:
        os.close(slot)
    # Whoever starts a process must also collect it, or a dead worker stays visible as a zombie.
    threading.Thread(target=process.wait, name="nucleus-worker-reaper", daemon=True).start()


def _log_file(folder: Path) -> Path:
    """Return the log of the workers; a long one is set aside for a new one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "worker.log"
    if path.exists() and path.stat().st_size > _LONGEST_LOG:
        path.replace(folder / "worker.1.log")
    return path


def import_path() -> list[str]:
    """Search path under which the worker finds the same package, installed or not."""
    path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    home = Path(nucleus_lab.__file__).resolve().parent.parent
    if home.name not in {"site-packages", "dist-packages"} and str(home) not in path:
        path.append(str(home))
    return path
