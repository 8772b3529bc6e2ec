"""``%nucleus samples``: from a folder to a chart, and away again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from nucleus_lab.samples import Sample, SampleInfo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings of walking and one of rest."""
    for at, name in enumerate(("training/walk.1.csv", "testing/walk.2.csv", "training/rest.1.csv")):
        path = tmp_path / "gestures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"timestamp,x\n0,{at}\n10,{at + 1}\n")
    return tmp_path / "gestures"


@pytest.fixture
def ids(run: Any, folder: Path) -> list[int]:
    report = run(f"samples upload {folder} --infer")
    assert report.success
    return [each.sample_id for each in report.successes]


def test_a_folder_is_uploaded_and_listed(run: Any, ids: list[int]) -> None:
    table = run("samples")

    assert table.rows == [
        (str(ids[0]), "walk.2", "testing", "walk"),
        (str(ids[1]), "rest.1", "training", "rest"),
        (str(ids[2]), "walk.1", "training", "walk"),
    ]
    assert table[0] == SampleInfo(ids[0], "walk.2", "testing", "walk")
    assert repr(table).endswith("\nwalk 2, rest 1")
    assert repr(run("samples list -n 1")).endswith("the first 1 of 3: walk 2, rest 1")
    assert [row[1] for row in run("samples list --label walk --category training").rows] == [
        "walk.1"
    ]
    assert [row[1] for row in run("samples list --name rest").rows] == ["rest.1"]
    assert repr(run("samples list --label none")) == "no samples"


def test_files_and_variables_are_uploaded(run: Any, shell: InteractiveShell, folder: Path) -> None:
    made = [Sample("a,b\n1,2\n", "one.csv", "anomaly"), Sample("no csv", "bad.csv")]
    shell.push({"made": made, "single": Sample("a\n1\n", "two.csv")})

    one = run(f"samples upload {folder}/training/walk.1.csv --label mine --category testing")
    several = run("samples upload $made single")

    assert (len(one.successes), len(one.fails)) == (1, 0)
    assert ([each.filename for each in several.successes], len(several.fails)) == (
        ["one.csv", "two.csv"],
        1,
    )
    assert run("samples list --label mine").rows[0][2] == "testing"


def test_one_sample_is_shown(run: Any, shell: InteractiveShell, ids: list[int]) -> None:
    sample = run(f"samples show {ids[1]}")
    shell.push({"found": run("samples list --name rest"), "number": ids[1]})

    assert (sample.label, sample.sample_id) == ("rest", ids[1])
    assert run("samples show $found") == run("samples show number") == sample


def test_samples_are_downloaded_as_objects_or_files(
    run: Any, ids: list[int], tmp_path: Path
) -> None:
    objects = run(f"samples download {ids[0]} {ids[2]}")
    written = run(f"samples download --label walk --to {tmp_path}/out")

    assert [each.sample_id for each in objects] == [ids[0], ids[2]]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "walk.1.json",
        "walk.2.json",
    ]
    assert [Path(row[0]).read_text() for row in written.rows] == [each.data for each in written]
    with pytest.raises(UsageError, match=r"out holds walk\.2\.json already"):
        run(f"samples download --label walk --to {tmp_path}/out")


def test_two_samples_of_one_name_become_two_files(
    run: Any, shell: InteractiveShell, tmp_path: Path
) -> None:
    shell.push({"made": [Sample("a\n1\n", "x.csv"), Sample("a\n2\n", "x.csv")]})
    ids = [each.sample_id for each in run("samples upload $made").successes]

    run(f"samples download --to {tmp_path}/out")

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"x.{each}.json" for each in ids
    }


def test_samples_are_deleted_only_when_it_is_confirmed(run: Any, ids: list[int]) -> None:
    with pytest.raises(UsageError, match="deletes 2 samples for good: add --yes"):
        run("samples delete --label walk")
    assert len(run("samples")) == 3

    assert run("samples delete --label walk --yes") == "2 samples deleted"
    assert [each.sample_id for each in run("samples")] == [ids[1]]
    assert run("samples delete --all --yes") == "1 samples deleted"
    assert len(run("samples")) == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("samples upload", "name files, folders or a variable"),
        ("samples upload nowhere/", "neither a variable of this notebook nor a file"),
        ("samples show", "name the sample to show"),
        ("samples show 1 2", "show takes one sample, and 2 are named"),
        ("samples show 99", "there is no sample 99"),
        ("samples show walk", "'walk' is no id of a sample"),
        ("samples list walk", "one word too many after list"),
        ("samples list --yes", "--yes belongs to delete"),
        ("samples show 1 --to x", "--to belongs to download"),
        ("samples delete", "say which"),
        ("samples delete 1 --label x --yes", "not by both"),
        ("samples delete --all --label x --yes", "--all is every sample"),
        ("samples list --category bogus", "category is 'bogus'"),
        ("samples lst", "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Any, ids: list[int], line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(line)


def test_tab_completes_actions_ids_and_files(
    shell: InteractiveShell, ids: list[int], folder: Path
) -> None:
    def offered(text: str) -> set[str]:
        with provisionalcompleter():
            return {one.text for one in shell.Completer.completions(text, len(text))}

    assert {"list", "upload", "show", "download", "delete"} <= offered("%nucleus samples ")
    assert {str(each) for each in ids} <= offered("%nucleus samples show ")
    assert {str(each) for each in ids} <= offered(f"%nucleus samples download {ids[0]} ")
    assert f"{folder}/training/" in offered(f"%nucleus samples upload {folder}/tr")
    assert {"--label", "--category", "--yes"} <= offered("%nucleus samples delete --")


def test_help_explains_the_command(run: Any) -> None:
    assert "upload gestures/ --infer" in repr(run("samples --help"))
    assert "samples" in repr(run("help"))
