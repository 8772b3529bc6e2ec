"""Published clients, each in an environment of its own, and files for them to upload."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REQUIRED = os.environ.get("NUCLEUS_LAB_TESTS_REQUIRE", "").split(",")


@pytest.fixture(scope="session")
def client_python(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Finds the interpreter of an environment with a version of the published client.

    Environments are kept between runs, in ``NUCLEUS_LAB_TEST_CLIENTS`` or in pytest's cache.
    """
    given = os.environ.get("NUCLEUS_LAB_TEST_CLIENTS")
    root = Path(given) if given else Path(request.config.cache.mkdir("published_clients"))

    def find(version: str, *more: str) -> Path:
        """``more`` packages make an environment of their own."""
        folder = root / "-".join([version, *more])
        python = folder / "bin" / "python"
        ready = folder / "installed"
        if ready.exists() or (given and python.exists()):
            return python
        for command in (
            [sys.executable, "-m", "venv", "--clear", folder],
            [python, "-m", "pip", "install", "-q", f"scale-nucleus=={version}", *more],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                reason = f"scale-nucleus {version} cannot be installed: {done.stderr[-300:]}"
                (pytest.fail if "clients" in REQUIRED else pytest.skip)(reason)
        ready.touch()
        return python

    return find


@pytest.fixture(scope="session")
def pictures_and_masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``pictures`` under awkward names and ``masks``."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    for name in ("a.png", "b c.JPEG", "ü.jpg", "d.jpeg"):
        (folder / "pictures").mkdir(exist_ok=True)
        noise = Image.fromarray(random.integers(0, 255, (40, 60, 3), dtype=np.uint8))
        noise.resize((120, 90)).save(folder / "pictures" / name)
    for name in ("0.png", "1.png"):
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.ones((40, 60), np.uint8)).save(folder / "masks" / name)
    return folder
