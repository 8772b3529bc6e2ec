"""A server process, and the driver run in an environment of a client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).parent / "drive.py"
VERSIONS = ["0.17.5", "0.18.4", "0.22.3"]


@contextmanager
def server_process(workspace: Path) -> Iterator[dict[str, str]]:
    """``nucleus-lab serve`` with a key; yields the variables that a client needs."""
    command = [sys.executable, "-m", "nucleus_lab.cli"]
    place = ["--workspace", str(workspace)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "NUCLEUS_LAB_FETCH": "http://*",  # the driver hosts a few files on this machine
        "NUCLEUS_LAB_PRIVATE_HOSTS": "127.0.0.1",
        "NUCLEUS_LAB_RUN_BUNDLES": "true",
    }
    made = subprocess.run(
        [*command, "keys", "create", *place],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    key = made.stdout.split()[-1]
    with subprocess.Popen(
        [*command, "serve", *place, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            endpoint = process.stdout.readline().strip()
            yield {"NUCLEUS_ENDPOINT": endpoint, "NUCLEUS_API_KEY": key}
        finally:
            process.kill()


def drive(
    python: Path | str, name: str, folder: Path, variables: dict[str, str], *sections: str
) -> dict[str, Any]:
    """Run the driver in an environment, with nothing but an endpoint and a key."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    if name == "nucleus_lab":
        environment["PYTHONPATH"] = str(REPOSITORY)
    done = subprocess.run(
        [str(python), str(DRIVER), name, str(folder), *sections],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    results: dict[str, Any] = json.loads(done.stdout)
    return results
