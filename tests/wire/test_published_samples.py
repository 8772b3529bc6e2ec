"""The published edgeimpulse client works with samples on our server, section by section."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from wire.wire_servers import server_process

pytestmark = [
    pytest.mark.clients,
    pytest.mark.shared_data,
    pytest.mark.timeout(900),  # the first one may install, and importing the client takes long
]

DRIVER = Path(__file__).with_name("drive_samples.py")
EXPECTED = json.loads(Path(__file__).with_name("expected_samples.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, edge_impulse_python: Path, shared_data: Path
) -> dict[str, Any]:
    """What the client did and saw."""
    with server_process(tmp_path_factory.mktemp("samples")) as variables:
        root = variables["NUCLEUS_ENDPOINT"].removesuffix("/v1/nucleus")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path_factory.mktemp("home")),
            "EI_API_KEY": variables["NUCLEUS_API_KEY"],
            "EI_API_ENDPOINT": f"{root}/v1",
            "EI_INGESTION_ENDPOINT": root,
        }
        done = subprocess.run(
            [str(edge_impulse_python), str(DRIVER), str(shared_data)],
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("section", EXPECTED)
def test_the_published_client_sees_what_was_to_be_seen(seen: dict[str, Any], section: str) -> None:
    found = seen[section]

    assert found == EXPECTED[section], found


def test_every_section_was_expected(seen: dict[str, Any]) -> None:
    assert set(seen) == set(EXPECTED)
