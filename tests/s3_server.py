"""An S3 server of our own on a free loopback port, without a bucket at first."""

from __future__ import annotations

import importlib.util
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve S3 for a test, which is skipped where that cannot be done; yields the endpoint.

    The machine's own settings of S3 are out of sight meanwhile.
    """
    missing = [name for name in ("moto", "s3fs") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    from moto.server import ThreadedMotoServer

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        # Buckets outlive their server, in the process: those of earlier tests go.
        urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"").close()
        yield endpoint
    finally:
        server.stop()
