"""The magics in a real IPython shell: commands, options, errors, completion, query cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image
from traitlets.config import Config

from nucleus_lab import BoxAnnotation, BoxPrediction, Dataset, DatasetItem, NucleusClient
from nucleus_lab.magics import Session
from nucleus_lab.magics.arguments import Help
from nucleus_lab.magics.result import QueryResult
from nucleus_lab.magics.subcommands import SUBCOMMANDS
from nucleus_lab.magics.subcommands.base import Subcommand


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


def test_use_creates_and_finds_a_dataset(run: Any) -> None:
    made = run('use "blood cells" --create')

    assert run('use "blood cells"').id == made.id
    assert run(f"use {made.id}").id == made.id
    assert [dataset.id for dataset in run("datasets")] == [made.id]


def test_use_of_an_unknown_dataset_suggests_the_nearest(run: Any) -> None:
    run("use cells --create")

    with pytest.raises(UsageError, match="there is no dataset 'cels': did you mean 'cells'"):
        run("use cels")


def test_append_and_annotate_take_variables(cells: Dataset, run: Any) -> None:
    assert cells.size == 3
    assert cells.count("annotations.cell = 2") == 1
    again = run("append items")
    assert (again.new_items, again.ignored_items) == (0, 3)


def test_append_takes_a_folder_of_pictures(run: Any, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(tmp_path / "pictures" / f"{name}.png")

    run("use folder --create")
    run(f"append {tmp_path / 'pictures'}")

    assert sorted(item.reference_id for item in run("use folder").items) == ["a.png", "b.png"]


def test_append_in_the_background_returns_a_job_that_jobs_lists(cells: Dataset, run: Any) -> None:
    job = run("append items --update --background")
    job.sleep_until_complete(verbose_std_out=False)

    assert job.job_id in {listed.job_id for listed in run("jobs")}


def test_an_argument_that_is_nothing_is_refused(cells: Dataset, run: Any) -> None:
    with pytest.raises(
        UsageError, match="'itmes' is neither a variable of this notebook nor a file"
    ):
        run("append itmes")


def test_without_a_dataset_in_use_the_remedy_is_named(run: Any) -> None:
    with pytest.raises(UsageError, match=r"no dataset is in use: run  %nucleus use NAME"):
        run("gallery")


def test_gallery_shows_the_dataset_in_use(cells: Dataset, run: Any) -> None:
    shown = run('gallery --query "annotations.cell > 1" --model finder')

    assert type(shown).__name__ == "Gallery"


def test_gallery_shows_a_slice_by_name(cells: Dataset, run: Any) -> None:
    cells.create_slice("few", ["0", "2"])

    shown = run("gallery --slice few")

    assert type(shown).__name__ == "Gallery"


def test_connect_forgets_the_dataset_of_the_old_workspace(
    cells: Dataset, run: Any, tmp_path: Path
) -> None:
    client = run(f"connect {tmp_path / 'other'}")

    assert client.datasets == []
    with pytest.raises(UsageError, match="no dataset is in use"):
        run("gallery")


def test_connect_takes_a_folder_from_a_variable(
    shell: InteractiveShell, run: Any, tmp_path: Path
) -> None:
    shell.push({"folder": tmp_path / "elsewhere"})

    assert str(tmp_path / "elsewhere") in repr(run("connect $folder"))
    with pytest.raises(UsageError, match="is neither a variable"):
        run("connect $nothing")


@pytest.mark.parametrize("name", [*SUBCOMMANDS, "help"])
def test_every_command_explains_itself(run: Any, name: str) -> None:
    shown = run(f"{name} --help")

    assert isinstance(shown, Help)
    assert f"%nucleus {name}" in repr(shown) or name == "help"
    assert isinstance(run(f"help {name}" if name != "help" else "help"), Help)


def test_a_wrong_option_shows_the_usage(run: Any) -> None:
    with pytest.raises(
        UsageError, match=r"unrecognized arguments: --colour(.|\n)*%nucleus append --help"
    ):
        run("append items --colour red")


def test_an_unknown_command_suggests_the_nearest(run: Any) -> None:
    with pytest.raises(UsageError, match="no command 'galery': did you mean 'gallery'"):
        run("galery")


def test_an_open_quote_is_reported(run: Any) -> None:
    with pytest.raises(UsageError, match="No closing quotation"):
        run('use "cells')


def test_a_command_is_one_class(shell: InteractiveShell) -> None:
    class Shout(Subcommand):
        name = "shout"
        summary = "Say the dataset's name loudly."

        def run(self, session: Session, options: Any) -> Any:
            return session.need_dataset().name.upper()

    SUBCOMMANDS["shout"] = Shout()
    try:
        shell.run_line_magic("nucleus", "use cells --create")
        assert shell.run_line_magic("nucleus", "shout") == "CELLS"
        assert "Say the dataset's name loudly." in repr(
            shell.run_line_magic("nucleus", "shout --help")
        )
    finally:
        del SUBCOMMANDS["shout"]


def offered(shell: InteractiveShell, text: str) -> set[str]:
    with provisionalcompleter():
        return {found.text for found in shell.Completer.completions(text, len(text))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%nucleus ", {"use", "gallery", "help"}),
        ("%nucleus ga", {"gallery"}),
        ("%nucleus use ", {"cells"}),
        ("%nucleus gallery --", {"--query", "--slice", "--model"}),
        ("%nucleus append --dataset ", {"cells"}),
        ("%nucleus annotate ", {"boxes", "guess"}),
        ("%nucleus append ", {"items"}),
        ("%nucleus gallery --model ", {"finder"}),
        ("%%nucleus_query --", {"--objects", "--slice", "--limit"}),
        ("%%nucleus_query --model ", {"finder"}),
    ],
)
def test_tab_completes(
    shell: InteractiveShell, cells: Dataset, text: str, expected: set[str]
) -> None:
    assert expected <= offered(shell, text)


def ask(shell: InteractiveShell, line: str, cell: str) -> Any:
    return shell.run_cell_magic("nucleus_query", line, cell)


def test_a_query_cell_returns_the_matches(shell: InteractiveShell, cells: Dataset) -> None:
    result = ask(shell, "", "annotations.cell > 1\n")

    assert isinstance(result, QueryResult)
    assert (len(result), result.reference_ids) == (1, ["1"])
    assert [item.metadata for item in result] == [{"n": 1}]
    assert repr(result).startswith("QueryResult('annotations.cell > 1': 1 items in ")


def test_a_query_cell_fills_a_variable_silently(shell: InteractiveShell, cells: Dataset) -> None:
    assert ask(shell, "late << --as ids", "metadata.n >= 1") is None
    assert shell.user_ns["late"] == ["1", "2"]


def test_a_query_cell_counts_and_slices(shell: InteractiveShell, cells: Dataset) -> None:
    assert ask(shell, "--as count", "metadata.n < 2") == 2
    made = ask(shell, "--slice early -o kept", "metadata.n < 2")
    assert shell.user_ns["kept"] is made
    assert [found.name for found in cells.slices] == ["early"]


def test_a_query_speaks_of_predictions_and_objects(shell: InteractiveShell, cells: Dataset) -> None:
    assert len(ask(shell, "--model finder", "predictions.cell = 1")) == 1
    found = ask(shell, "--objects", "annotations.position.x > 5")
    assert [(box.label, box.x) for box in found] == [("cell", 10)]


def test_the_line_form_reads_the_query_as_it_stands(
    shell: InteractiveShell, cells: Dataset
) -> None:
    assert shell.run_line_magic("nucleus_query", '--as count metadata.n = -1 OR ref_id = "2"') == 1


def test_a_syntax_error_is_one_block_with_a_caret(shell: InteractiveShell, cells: Dataset) -> None:
    with pytest.raises(UsageError) as refused:
        ask(shell, "", "annotations.count bad syntax")

    text = str(refused.value)
    assert "Q012" in text
    assert "annotations.count bad syntax\n" in text
    assert "^" in text


def test_a_query_cell_explains_itself(shell: InteractiveShell) -> None:
    assert "--objects" in repr(ask(shell, "--help", "anything"))


def test_the_result_shows_a_count_and_a_gallery(
    shell: InteractiveShell, cells: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)

    ask(shell, "", 'ref_id != "<b>"')._ipython_display_()

    assert "3 items in" in shown[0].data
    assert "&lt;b&gt;" in shown[0].data
    assert type(shown[1]).__name__ == "Gallery"


def test_tables_escape_what_they_show(shell: InteractiveShell) -> None:
    NucleusClient().create_dataset("<script>alert(1)</script>", is_scene=False)

    shown = shell.run_line_magic("nucleus", "datasets")

    assert "<script>" not in shown._repr_html_()
    assert "&lt;script&gt;" in shown._repr_html_()
    assert "<script>alert(1)</script>" in repr(shown)
