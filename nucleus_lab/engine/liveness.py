"""Which process runs a job, and whether it is still there."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from typing import Final

import msgspec

from nucleus_lab.engine import clock

# A process on another machine cannot be looked at: it counts as gone when it has been silent for
# this long. Its worker reports every few seconds.
SILENCE_US: Final = 120_000_000

# Some systems derive the start time of a process from the wall clock, which may be set while a
# worker runs. A start time that differs proves another process only when the worker is silent too.
_SAME_START_S: Final = 2.0
_RECENT_US: Final = 30_000_000


class Runner(msgspec.Struct, frozen=True):
    """One process: its pid alone would not do, since pids come round again.

    Attributes:
        host: Name of the machine.
        pid: Process id on that machine.
        started: When the process began, in seconds since 1970.
    """

    host: str
    pid: int
    started: float


@lru_cache(maxsize=4)
def _me(pid: int) -> Runner:
    import psutil

    return Runner(socket.gethostname(), pid, psutil.Process(pid).create_time())


def this_process() -> Runner:
    """Return the identity of the calling process.

    Returns:
        The same value for the life of the process, another one in a forked child.
    """
    return _me(os.getpid())


def reason_gone(runner: Runner, heartbeat_at: int) -> str:
    """Say why a process can no longer be running its job.

    Args:
        runner: The process that claimed the job.
        heartbeat_at: When it last reported, in microseconds.

    Returns:
        The reason for people to read; ``""`` while the process lives.
    """
    silent_us = clock.now() - heartbeat_at
    if runner.host != socket.gethostname():
        if silent_us <= SILENCE_US:
            return ""
        return (
            f"worker process {runner.pid} on {runner.host} has not reported for "
            f"{silent_us // 1_000_000} seconds"
        )
    import psutil

    try:
        process = psutil.Process(runner.pid)
        same = abs(process.create_time() - runner.started) <= _SAME_START_S
        if process.status() != psutil.STATUS_ZOMBIE and (same or silent_us <= _RECENT_US):
            return ""
    except psutil.NoSuchProcess:
        pass  # it is gone: what follows says so
    except psutil.AccessDenied:
        return ""  # it exists and belongs to another user
    return (
        f"worker process {runner.pid} on {runner.host} ended before the job did: it was killed, "
        "ran out of memory, or the machine went down"
    )
