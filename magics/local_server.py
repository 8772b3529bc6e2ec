"""A server of the notebook's workspace, as a process of its own."""

from __future__ import annotations

import atexit
import html
import queue
import subprocess
import sys
import threading
from typing import Any, Final

from nucleus_lab.magics.refusal import Refused

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 12
_MOST_LINES: Final = 100


class LocalServer:
    """A running ``nucleus-lab serve``; it ends with the kernel.

    Args:
        workspace: Folder that it serves.
        host: Address to listen on.
        port: Port; 0 takes a free one.

    Attributes:
        workspace: As given.
        endpoint: Address for ``NucleusClient(endpoint=…)``.
        note: What the server says about keys.

    Raises:
        Refused: It did not start; the text is the server's own.
    """

    def __init__(self, workspace: str, host: str, port: int) -> None:
        self.workspace = workspace
        command = [sys.executable, "-u", "-m", "nucleus_lab.cli", "serve"]
        command += ["--workspace", workspace, "--host", host, "--port", str(port)]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # an interrupt of the kernel must not stop it
        )
        atexit.register(self.stop)
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        # It goes on reading: a full pipe would stop the server some day.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        lines = [self._next_line(), self._next_line()]
        if not lines[0].startswith("http"):
            self.stop()
            said = " ".join(lines).strip().removeprefix("Error: ") or "it said nothing"
            raise Refused(f"the server did not start: {said}")
        self.endpoint, self.note = lines

    def _listen(self) -> None:
        out: Any = self._process.stdout
        with out:
            for line in out:
                if self._said.qsize() < _MOST_LINES:
                    self._said.put(line.strip())
        self._said.put("")

    def _next_line(self) -> str:
        try:
            return self._said.get(timeout=_START_SECONDS)
        except queue.Empty:
            return ""

    @property
    def running(self) -> bool:
        """Whether it still answers."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        atexit.unregister(self.stop)
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._listener.join(_STOP_SECONDS)

    def _key_command(self) -> str:
        return f'nucleus-lab keys create --workspace "{self.workspace}" --name team'

    def __repr__(self) -> str:
        if not self.running:
            return f"the server of {self.workspace} has stopped"
        return (
            f"serving {self.workspace} at {self.endpoint} (process {self._process.pid})\n"
            f"{self.note}\n"
            f"make a key:  {self._key_command()}\n"
            f"connect:     NucleusClient(endpoint={self.endpoint!r})"
        )

    def _repr_html_(self) -> str:
        if not self.running:
            return f"<div>{html.escape(repr(self))}</div>"
        rows = [
            ("endpoint", self.endpoint),
            ("make a key", self._key_command()),
            ("connect", f"NucleusClient(endpoint={self.endpoint!r})"),
        ]
        body = "".join(
            f"<tr><td style='text-align:left'>{name}</td>"
            f"<td style='text-align:left'><code>{html.escape(text)}</code></td></tr>"
            for name, text in rows
        )
        return (
            f"<div>● serving <code>{html.escape(self.workspace)}</code></div>"
            f"<table>{body}</table><div>{html.escape(self.note)}</div>"
        )
