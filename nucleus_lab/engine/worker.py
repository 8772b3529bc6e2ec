"""A worker process: ``python -m nucleus_lab.engine.worker``, started by the job queue.

It owns one of the worker slots of its workspace, runs queued jobs one after the other, stays warm
for a while and ends. Its folder and settings come from environment variables.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from nucleus_lab.engine.worker_slots import WorkerSlots
from nucleus_lab.engine.worker_start import SLOT_VARIABLE, WORKSPACE_VARIABLE

if TYPE_CHECKING:
    from types import FrameType

    from nucleus_lab.engine import Engine

_log = logging.getLogger(__name__)


def _told_to_stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def work_until_idle(engine: Engine) -> None:
    """Run queued jobs until none has come for ``settings.worker_idle_s``.

    Args:
        engine: The open workspace.
    """
    from nucleus_lab.engine.job_runs import run_next, waiting

    idle_since = time.monotonic()
    while time.monotonic() - idle_since < engine.settings.worker_idle_s:
        if not engine.workspace.is_dir():  # deleted under us
            return
        if waiting(engine) and run_next(engine):
            idle_since = time.monotonic()
        else:
            time.sleep(engine.settings.worker_poll_s)


def sweep_now_and_then(engine: Engine) -> int:
    """Remove files that nothing refers to, unless that was done not long ago.

    Args:
        engine: The open workspace.

    Returns:
        How many files were removed.
    """
    marker = engine.workspace / "workers" / "swept"
    try:
        if time.time() - marker.stat().st_mtime < engine.settings.sweep_grace_s:
            return 0
    except FileNotFoundError:
        pass  # it was never done
    marker.touch()
    return engine.media.sweep() + engine.vectors.sweep()


def main() -> int:
    """Work for the workspace that the environment names.

    Returns:
        The exit status.
    """
    logging.basicConfig(format="%(asctime)s %(process)d %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, _told_to_stop)
    workspace = Path(os.environ.pop(WORKSPACE_VARIABLE))
    handed_down = os.environ.pop(SLOT_VARIABLE, "")

    from nucleus_lab.engine.settings import Settings

    settings = Settings.load(None)
    slots = WorkerSlots(workspace / "workers", settings.workers)
    slot = int(handed_down) if handed_down else slots.take()
    if slot is not None:
        os.set_inheritable(slot, False)

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.job_runs import waiting

    engine = Engine(workspace, database_url=settings.database_url or None, settings=settings)
    try:
        while slot is not None:
            work_until_idle(engine)
            if workspace.is_dir():
                sweep_now_and_then(engine)
            os.close(slot)
            # A job that was queued while the slot was still held had no worker started for it.
            slot = slots.take() if workspace.is_dir() and waiting(engine) else None
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
