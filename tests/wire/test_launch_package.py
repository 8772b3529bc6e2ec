"""Launch models of the published client, with the real ``scale-launch`` package beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wire.wire_servers import server_process

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]  # the first run may install

PROGRAM = Path(__file__).with_name("drive_launch_package.py")


def test_a_launch_model_of_the_real_package_is_registered(
    client_python: Callable[..., Path], tmp_path: Path
) -> None:
    python = client_python("0.17.5", "scale-launch==0.3.3")
    with server_process(tmp_path / "workspace") as variables:
        (tmp_path / "code").mkdir()
        done = subprocess.run(
            [str(python), str(PROGRAM), str(tmp_path / "code")],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]

    assert json.loads(done.stdout.splitlines()[-1]) == {
        "registered": [["far", "far-1", {"a": 1}], ["dir", "dir-1", {}]],
        "trained": True,
        "bundles": [["far-nucleus-autogen", "cloudpickle"], ["dir-nucleus-autogen", "zip"]],
        "pickled": [{"type": "box", "label": "car", "size": 3}],
        "zipped": ["detector/run.py"],
        "twice": "ModelCreationError",
        "run": "NucleusAPIError 409",  # the code is not here
    }
