"""The demo notebook runs from top to bottom, on the photographs and on folders of others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nucleus_lab import NucleusClient
from nucleus_lab.cli import main
from nucleus_lab.demo.notebook import cells, notebook, write_notebook


def _cli(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_it_is_a_valid_notebook_without_outputs() -> None:
    import nbformat

    content = notebook("workspace", None)

    nbformat.validate(nbformat.from_dict(content))
    assert len(content["cells"]) <= 25
    assert not any(cell.get("outputs") for cell in content["cells"])
    assert cells("workspace", None)[0][1].startswith("# ")


def test_a_notebook_that_somebody_changed_is_kept(tmp_path: Path) -> None:
    first = write_notebook(tmp_path, tmp_path / "workspace")
    same = write_notebook(tmp_path, tmp_path / "workspace")
    content = json.loads(first.read_text())
    content["cells"][0]["source"] = ["my own notes"]
    first.write_text(json.dumps(content))

    other = write_notebook(tmp_path, tmp_path / "workspace")

    assert (first.name, same.name, other.name) == ("demo.ipynb", "demo.ipynb", "demo-2.ipynb")
    assert "my own notes" in first.read_text()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", [None, "bccd", "coco40_panoptic_yolo"])
def test_all_seven_steps_work(
    tmp_path: Path, request: pytest.FixtureRequest, source: str | None
) -> None:
    path = [] if source is None else [request.getfixturevalue("shared_data") / source]
    done = _cli("demo", *path, "--no-lab", "--workspace", tmp_path / "lab" / "workspace")
    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "lab").glob("*.ipynb")

    # A process of its own: nbval brings its own hooks, and a kernel must not outlive the test.
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider"]
    options = [
        "--nbval-cell-timeout=240",
        "-o",
        "addopts=",
        "-W",
        "default",
        f"--rootdir={tmp_path}",
    ]
    ran = subprocess.run(
        [*command, *options, str(file)], cwd=file.parent, capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]


def test_a_path_that_fits_no_format_is_refused_before_jupyterlab_starts(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")

    done = _cli("demo", tmp_path, "--workspace", tmp_path / "workspace")

    assert done.exit_code == 1
    assert "no known format fits" in done.output


def test_folders_go_in_and_out_from_the_command_line(shared_data: Path, tmp_path: Path) -> None:
    place = ["--workspace", tmp_path / "workspace"]
    folder = shared_data / "coco_keypoints4"

    into = _cli("import", folder / "test_coco.json", "--dataset", "people", *place)
    found = _cli(
        "import", folder / "test_coco_det_AP_H_56.json", "--dataset", "people",
        "--model", "pose", *place,
    )  # fmt: skip
    out = _cli("export", "people", tmp_path / "people.json", *place)
    predicted = _cli("export", "people", tmp_path / "found.json", "--model", "pose", *place)

    assert "4 new items, 45 annotations" in into.output
    assert "118 annotations" in found.output
    assert (out.exit_code, predicted.exit_code) == (0, 0)
    assert len(json.loads((tmp_path / "people.json").read_text())["annotations"]) == 14
    assert len(json.loads((tmp_path / "found.json").read_text())["annotations"]) == 118


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "nothing", "x.json"], "there is no workspace"),
        (["import", "{folder}", "--dataset", "new"], "no known format fits"),
        (["import", "{folder}", "--dataset", "new", "--format", "coco"], "holds no COCO"),
        (["import", "{folder}/missing", "--dataset", "new"], "does not exist"),
    ],
)
def test_mistakes_are_explained_and_leave_nothing_behind(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    place = tmp_path / "workspace"

    done = _cli(*(text.format(folder=folder) for text in arguments), "--workspace", place)

    assert done.exit_code != 0
    assert words in done.output
    assert NucleusClient(workspace=place).datasets == []
