"""A real IPython shell with the magics loaded, and a small dataset in use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nucleus_lab import BoxAnnotation, BoxPrediction, Dataset, DatasetItem, NucleusClient


@pytest.fixture(scope="session")
def ipython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """One IPython for all tests, with no history on the disk."""
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(
        config=config, ipython_dir=str(tmp_path_factory.mktemp("ipython"))
    )
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(
    ipython: InteractiveShell, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InteractiveShell]:
    """The shell with the extension freshly loaded and an empty workspace as the default."""
    monkeypatch.setenv("NUCLEUS_LAB_WORKSPACE", str(workspace))
    ipython.extension_manager.load_extension("nucleus_lab")
    yield ipython
    ipython.extension_manager.unload_extension("nucleus_lab")
    ipython.user_ns.clear()
    ipython.init_user_ns()


@pytest.fixture
def run(shell: InteractiveShell) -> Any:
    """Run the text after ``%nucleus``."""
    return lambda line: shell.run_line_magic("nucleus", line)


@pytest.fixture
def cells(shell: InteractiveShell, run: Any) -> Dataset:
    """A dataset of three items in use; the second has two boxes, one predicted."""
    dataset: Dataset = run("use cells --create")
    items = [
        DatasetItem(
            image_location=f"https://example.org/{n}.jpg", reference_id=f"{n}", metadata={"n": n}
        )
        for n in range(3)
    ]
    boxes = [BoxAnnotation("cell", x, 0, 5, 5, reference_id="1") for x in (0, 10)]
    guess = [BoxPrediction("cell", 0, 0, 5, 5, reference_id="1", confidence=0.5)]
    shell.push({"items": items, "boxes": boxes, "guess": guess})
    run("append items")
    run("annotate boxes")
    shell.push({"model": NucleusClient().create_model("finder", reference_id="finder-1")})
    run("annotate guess --model finder")
    return dataset


@pytest.fixture
def ask(shell: InteractiveShell) -> Any:
    """Run a query cell; IPython itself refuses one without any body."""
    return lambda line, cell: shell.run_cell_magic("nucleus_query", line, cell or "\n")
