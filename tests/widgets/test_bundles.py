"""The committed bundles and what the distributions hold."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STATIC = REPOSITORY / "widgets" / "static"
FRONTEND = REPOSITORY / "widgets" / "frontend"
BUNDLES = ["gallery.css", "gallery.js", "job_progress.css", "job_progress.js"]


@pytest.fixture(scope="module")
def hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundles_are_those_of_the_sources(hook: Any) -> None:
    built_from = (STATIC / "inputs.sha256").read_text().strip()

    assert built_from == hook.digest(FRONTEND), "run `npm ci && npm run build` in widgets/frontend"
    assert sorted(path.name for path in STATIC.iterdir()) == sorted([*BUNDLES, "inputs.sha256"])


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_small_and_names_no_host(name: str) -> None:
    text = (STATIC / name).read_text()

    hosts = text.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in hosts
    assert "https://" not in hosts
    # Every instance of a widget sends its bundle through the kernel's connection.
    assert len(text) < 64_000


def test_nothing_of_the_data_becomes_markup() -> None:
    sources = "".join(path.read_text() for path in (FRONTEND / "src").rglob("*.ts"))

    assert not any(
        word in sources for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(")
    )


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def _sources(folder: Path, name: str) -> set[str]:
    """Python modules and markers below a folder, as the wheel names them."""
    return {
        f"nucleus_lab/{name}{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.suffix in {".py", ".json", ".typed"} or path.name == "py.typed"
        if not {"frontend", "labextension", "static", "static-dev", "__pycache__"} & set(path.parts)
        if not any(parent.is_symlink() for parent in [path, *path.parents])
    }


@pytest.mark.timeout(400)
def test_a_wheel_by_way_of_the_sdist_holds_every_module(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path)]
    environment = {"PATH": "/nonexistent", "HOME": str(tmp_path)}  # neither Node nor npm

    done = subprocess.run(
        [*build, str(REPOSITORY)], capture_output=True, text=True, env=environment
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = tmp_path.glob("*.tar.gz"), tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
    wanted = (
        _sources(REPOSITORY / "nucleus_lab", "")
        | _sources(REPOSITORY / "widgets", "widgets/")
        | _sources(REPOSITORY / "magics", "magics/")
        | {f"nucleus_lab/widgets/static/{name}" for name in [*BUNDLES, "inputs.sha256"]}
    )
    assert wanted - members == set()
    shared = {name.split(".data/data/")[1] for name in members if ".data/data/" in name}
    extension = REPOSITORY / "magics" / "labextension"
    assert shared == {
        f"share/jupyter/labextensions/{path.relative_to(extension).as_posix()}"
        for path in extension.rglob("*")
        if path.is_file()
    }
    assert not [name for name in members if "frontend" in name or "node_modules" in name]
    outside = {name.split("/")[0] for name in members if ".dist-info" not in name}
    assert {name for name in outside if not name.endswith(".data")} == {"nucleus_lab"}
    with tarfile.open(sdist) as archive:
        packed = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"hatch_build.py", "widgets/frontend/src/gallery/index.ts", "LICENSE"} <= packed
    assert not [name for name in packed if "node_modules" in name]
