"""Worker processes of tests, forked from one that has already imported what jobs need.

A worker takes longer to start than most jobs of tests do to run, and hundreds of tests start one.
Everything else about it stays as it is: it is a process with a session, an environment, a log and a
slot of its own, and runs :func:`nucleus_lab.engine.worker.main`. That workers start as they do for
users is tested in engine/test_worker and engine/test_jobs, and by every test of a server process or
of a notebook.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

WARM = [
    "nucleus_lab.engine.worker",
    "nucleus_lab.engine.job_runs",
    "nucleus_lab.engine.whole_schema",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
    "numpy",
    "PIL.Image",
    "psutil",
]


class Nursery:
    """A process that forks workers; started with the first of them.

    It stands in for the module :mod:`subprocess` where workers are started.
    """

    DEVNULL = subprocess.DEVNULL

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._started: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def Popen(  # noqa: N802 - named like what it stands in for
        self,
        command: Sequence[str],
        *,
        env: dict[str, str],
        stdout: Any,
        pass_fds: Sequence[int],
        **_: Any,
    ) -> Worker:
        """Fork a worker; its command and its own session are always the same."""
        with self._turn:
            _, connection = self._started = self._started or self._start(command, env)
            message = {"environment": env, "folder": str(Path.cwd())}
            descriptors = [stdout.fileno(), *pass_fds]
            socket.send_fds(connection, [json.dumps(message).encode()], descriptors)
            return Worker(int(connection.recv(100)))

    def close(self) -> None:
        """End the process; workers that still run go on until they are idle."""
        if self._started is not None:
            process, connection = self._started
            connection.close()
            process.wait()

    @staticmethod
    def _start(
        command: Sequence[str], environment: dict[str, str]
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [*command[:-2], __file__, str(theirs.fileno())],
                env=environment,
                pass_fds=[theirs.fileno()],
            )
        return process, ours


class Worker:
    """A worker that was forked; the nursery collects it when it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> None:
        """Return at once: there is nothing to collect."""


def main(connection: socket.socket) -> None:
    """Fork a worker for each message."""
    for name in WARM:
        importlib.import_module(name)
    kinds = importlib.import_module("nucleus_lab.engine.work")
    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{module.name}")
    # The search path, but for what the test added that needed the first worker.
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [place for place in sys.path if place not in given]
    signal.signal(signal.SIGCHLD, _collect)
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 4)
        if not message:
            return
        pid = os.fork()
        if not pid:
            connection.close()
            _work(descriptors, **json.loads(message))
        connection.send(str(pid).encode())
        for descriptor in descriptors:
            os.close(descriptor)


def _collect(*_: Any) -> None:
    """Leave no zombies of workers that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _work(descriptors: list[int], environment: dict[str, str], folder: str) -> None:
    """Be a worker, as if just started with this environment and these descriptors."""
    from nucleus_lab.engine import worker

    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        log, slot = descriptors
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.environ.clear()
        os.environ.update(environment)
        os.environ[worker.SLOT_VARIABLE] = str(slot)
        os.chdir(folder)
        sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
        status = worker.main()
    except SystemExit as told:
        status = int(told.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody catches
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
