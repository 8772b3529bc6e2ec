"""An Azure storage server of our own on a free loopback port: Azurite, where it is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from live_server import free_port

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that Azurite has; its key is a part of its documentation."""

_START_SECONDS = 60


@contextmanager
def azure_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve blobs for a test, which is skipped where that cannot be done.

    Azurite is found on the path, or named in ``NUCLEUS_LAB_TEST_AZURITE``; it is installed by
    ``npm install azurite``. The machine's own settings of Azure are out of sight meanwhile.

    Yields:
        The connection string, which stands in the environment as a user sets it up.
    """
    program = os.environ.get("NUCLEUS_LAB_TEST_AZURITE") or shutil.which("azurite-blob")
    if program is None or importlib.util.find_spec("adlfs") is None:
        pytest.skip("adlfs or Azurite (npm install azurite) is not installed")
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
    options += ["--inMemoryPersistence", "--skipApiVersionCheck"]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY}"
            string = f"{account};BlobEndpoint={endpoint};"
            monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", string)
            yield string
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        time.sleep(0.05)
    raise RuntimeError("Azurite does not start")
