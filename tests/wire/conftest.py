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

EDGE_IMPULSE = "1.0.20"
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
        packages = [f"scale-nucleus=={version}", *more]
        return _environment(root, "-".join([version, *more]), packages, given=bool(given))

    return find


@pytest.fixture(scope="session")
def edge_impulse_python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of an environment with the published edgeimpulse client."""
    given = os.environ.get("NUCLEUS_LAB_TEST_CLIENTS")
    root = Path(given) if given else Path(request.config.cache.mkdir("published_clients"))
    packages = [f"edgeimpulse=={EDGE_IMPULSE}", "pandas"]
    return _environment(root, "edgeimpulse", packages, given=bool(given))


def _environment(root: Path, name: str, packages: list[str], *, given: bool) -> Path:
    """An environment below ``root``, made where it is not there yet."""
    folder = root / name
    python = folder / "bin" / "python"
    ready = folder / "installed"
    if ready.exists() or (given and python.exists()):
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", folder],
        [python, "-m", "pip", "install", "-q", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = f"{packages[0]} cannot be installed: {done.stderr[-300:]}"
            (pytest.fail if "clients" in REQUIRED else pytest.skip)(reason)
    ready.touch()
    return python


@pytest.fixture(scope="session")
def pictures_and_masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: ``pictures`` under awkward names, ``masks``, ``tones`` and ``film.mp4``."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    for name in ("a.png", "b c.JPEG", "ü.jpg", "d.jpeg"):
        (folder / "pictures").mkdir(exist_ok=True)
        noise = Image.fromarray(random.integers(0, 255, (40, 60, 3), dtype=np.uint8))
        noise.resize((120, 90)).save(folder / "pictures" / name)
    for name in ("0.png", "1.png"):
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.ones((40, 60), np.uint8)).save(folder / "masks" / name)
    (folder / "tones").mkdir()
    for at, name in enumerate("abcxyz"):  # three dark pictures, three light ones
        tone = random.integers(0, 40, (32, 48, 3)) + (10 if at < 3 else 200)
        Image.fromarray(tone.astype(np.uint8)).save(folder / "tones" / f"{name}.png")
    _film(folder / "film.mp4")
    return folder


def _film(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for at in range(4):
            picture = np.full((48, 64, 3), at * 50, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
