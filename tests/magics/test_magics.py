"""``%nucleus`` in a real IPython shell: commands, options, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from nucleus_lab import Dataset, NucleusClient
from nucleus_lab.magics import Session
from nucleus_lab.magics.arguments import Help
from nucleus_lab.magics.subcommands import SUBCOMMANDS
from nucleus_lab.magics.subcommands.base import Subcommand


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
    with pytest.raises(UsageError, match="there is no variable 'nothing' in this notebook"):
        run("connect $nothing")


def test_connect_takes_the_word_workspace_and_no_key(
    shell: InteractiveShell, run: Any, tmp_path: Path
) -> None:
    assert str(tmp_path / "named") in repr(run(f"connect --workspace {tmp_path / 'named'}"))
    with pytest.raises(UsageError, match="are two places: give one of them"):
        run(f"connect here --workspace {tmp_path}")
    with pytest.raises(UsageError, match="did you mean '--workspace'"):
        run(f"connect --workspcae {tmp_path}")
    with pytest.raises(UsageError) as refusal:
        run("connect --folder here")
    assert "arguments: --folder\n" in str(refusal.value)  # nothing is like it


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


def test_tables_escape_what_they_show(shell: InteractiveShell) -> None:
    NucleusClient().create_dataset("<script>alert(1)</script>", is_scene=False)

    shown = shell.run_line_magic("nucleus", "datasets")

    assert "<script>" not in shown._repr_html_()
    assert "&lt;script&gt;" in shown._repr_html_()
    assert "<script>alert(1)</script>" in repr(shown)
