"""Launch JupyterLab on loopback, with nothing of the person who runs the tests in it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHROMIUM = next(
    (
        path
        for path in (os.environ.get("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser")
        if path and Path(path).is_file()
    ),
    None,
)
EXTENSIONS = Path(__file__).resolve().parents[2] / "magics" / "labextension"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# No news, no look for updates, no saving behind the tests' back.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/apputils-extension/themes.jupyterlab-settings": {"adaptive-theme": False},
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    url: str
    token: str
    root: Path


@contextlib.contextmanager
def jupyterlab(root: Path, variables: Mapping[str, str], timeout_s: float = 90) -> Iterator[Lab]:
    """Run JupyterLab on a free port until the block ends."""
    with tempfile.TemporaryDirectory(prefix="jupyter-") as folder:
        home = Path(folder)
        for name, values in SETTINGS.items():
            file = home / "settings" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        token = secrets.token_hex(16)
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "JUPYTER_TOKEN": token,
            "JUPYTER_PLATFORM_DIRS": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            **variables,
        }
        log = home / "log"
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"]
        command += ["--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
        command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
        command += ["--LabApp.collaborative=False", "--ServerApp.open_browser=False"]
        # What the wheel puts into share/jupyter, from the sources.
        command += [f"--LabApp.extra_labextensions_path={EXTENSIONS}"]
        with log.open("w") as out:
            server = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, start_new_session=True
            )
            url = ""
            try:
                url = _url(server, home, log, token, timeout_s)
                yield Lab(url, token, root)
            finally:
                _stop(server, url, token)


def _url(
    server: subprocess.Popen[bytes], home: Path, log: Path, token: str, timeout_s: float
) -> str:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and server.poll() is None:
        for file in (home / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, OSError):
                url = f"http://127.0.0.1:{json.loads(file.read_text())['port']}"
                urllib.request.urlopen(f"{url}/api?token={token}", timeout=2).close()
                return url
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-3000:]}")


def _stop(server: subprocess.Popen[bytes], url: str, token: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        request = urllib.request.Request(f"{url}/api/shutdown?token={token}", method="POST")
        urllib.request.urlopen(request, timeout=5).close()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
