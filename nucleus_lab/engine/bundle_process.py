"""The other end of ``bundle_child``: starts it, hands it pictures, finds out when it is gone."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.engine.settings import PREFIX
from nucleus_lab.engine.worker_start import import_path
from nucleus_lab.errors import NucleusError
from nucleus_lab.wire import decode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_CHILD: Final = Path(__file__).with_name("bundle_child.py")
_LOOK_S: Final = 0.1


class BundleError(NucleusError):
    """The code of a bundle failed as a whole: it cannot be loaded, or its process keeps dying."""

    code = "bundle_failed"


class BundleDiedError(NucleusError):
    """The process of a bundle died or was too slow over one picture."""

    code = "bundle_died"


class BundleProcess:
    """One running bundle; a context manager.

    Args:
        engine: The open workspace.
        folder: Folder of the bundle.
        look: Called several times a second; what it raises ends the wait.

    Raises:
        BundleError: The code cannot be loaded.
    """

    def __init__(self, engine: Engine, folder: Path, look: Callable[[], None]) -> None:
        self._settings = engine.settings
        self._look = look
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        environment = {
            # Nothing of ours: a database URL may hold a password.
            **{key: value for key, value in os.environ.items() if not key.startswith(PREFIX)},
            "PYTHONPATH": os.pathsep.join(import_path()),
        }
        logs = engine.workspace / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "bundles.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our script; running code is the point
                [sys.executable, "-P", str(_CHILD), str(folder)],
                env=environment,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=self._read, name="nucleus-bundle", daemon=True).start()
        try:
            answer = self._answer(self._settings.bundle_load_s, "bundle_load_s")
        except BundleDiedError as fault:
            self.close()
            raise BundleError(f"the bundle cannot be loaded: {fault.message}") from fault
        except BaseException:
            self.close()
            raise
        if "failed" in answer:
            self.close()
            raise BundleError(f"the bundle cannot be loaded: {answer['failed']}")

    def __enter__(self) -> BundleProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def predict(self, picture: bytes) -> dict[str, Any]:
        """Let the bundle look at one picture.

        Args:
            picture: The file.

        Returns:
            ``predictions``, or ``error`` with what its code raised.

        Raises:
            BundleDiedError: The process died or took too long; it cannot be used any more.
        """
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(len(picture).to_bytes(8, "big"))
                pipe.write(picture)
                pipe.flush()
        except OSError:
            pass  # it is gone; the answer says how
        return self._answer(self._settings.bundle_item_s, "bundle_item_s")

    def close(self) -> None:
        """End the process and what it started."""
        with suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        if pipe is not None:
            with suppress(ValueError, OSError):  # closed meanwhile
                for line in pipe:
                    self._lines.put(line)
        self._lines.put(None)

    def _answer(self, limit_s: float, setting: str) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        while True:
            self._look()
            try:
                line = self._lines.get(timeout=_LOOK_S)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise BundleDiedError(
                        f"it took longer than {limit_s:g} s and was stopped ({setting} in "
                        "settings.toml of the workspace)"
                    ) from None
                continue
            if line is None:
                raise BundleDiedError(f"its process ended {_how(self._process.wait())}")
            found: dict[str, Any] = decode(line)
            return found


def _how(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return f"by the signal {signal.Signals(-status).name}"
        return f"by the signal {-status}"
    return f"with the exit status {status}"
