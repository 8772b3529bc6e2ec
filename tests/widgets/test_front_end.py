"""The front end's own checks, where Node is: its types, its tests, and what its build makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WIDGETS = Path(__file__).resolve().parents[2] / "widgets"
FRONTEND, STATIC = WIDGETS / "frontend", WIDGETS / "static"


def run(npm: str, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the front end."""
    return subprocess.run(
        [npm, "run", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "CI": "true", "NO_COLOR": "1"},
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", ["check", "test"])
def test_the_front_end_passes_its_own_checks(npm: str, script: str) -> None:
    done = run(npm, FRONTEND, script)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.timeout(300)
def test_the_bundles_are_what_the_build_makes(npm: str, tmp_path: Path) -> None:
    copy = tmp_path / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")

    done = run(npm, copy, "build")

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    made = {path.name: path.read_bytes() for path in (tmp_path / "static").iterdir()}
    assert made == {path.name: path.read_bytes() for path in STATIC.iterdir()}
