"""``%%nucleus_query``: cells and lines, options, variables, results, refusals."""

from __future__ import annotations

import datetime
import io
import warnings
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import pandas
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nucleus_lab import BoxPrediction, Dataset
from nucleus_lab.magics.query_options import read
from nucleus_lab.magics.result import QueryResult
from nucleus_lab.query_help import QueryExplanation


def test_a_query_cell_returns_the_matches(ask: Any, cells: Dataset) -> None:
    result = ask("", "annotations.cell > 1\n")

    assert isinstance(result, QueryResult)
    assert (len(result), result.reference_ids) == (1, ["1"])
    assert [item.metadata for item in result] == [{"n": 1}]
    assert repr(result).startswith("QueryResult('annotations.cell > 1': 1 item in ")


def test_a_result_is_a_sequence_in_the_order_of_the_query(ask: Any, cells: Dataset) -> None:
    result = ask("", "ORDER BY metadata.n DESC")

    assert [item.reference_id for item in result] == ["2", "1", "0"]
    assert (result[0].reference_id, result[-1].reference_id) == ("2", "0")
    assert [item.reference_id for item in result[1:]] == ["1", "0"]


def test_a_cell_over_a_large_dataset_shows_the_first_rows_before_the_count(
    ask: Any, cells: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "metadata.n >= 1 OR metadata.n > 5"
    plain = ask("", query)
    monkeypatch.setattr("nucleus_lab.widgets.gallery.LARGE", 1)
    monkeypatch.setattr("nucleus_lab.widgets.gallery.widget.LARGE", 1)
    begun = ask("", query)

    with capture_output() as shown:
        begun._ipython_display_()

    assert "counting" in shown.outputs[0].data["text/html"]
    assert [bool(update.data.get("text/html")) for update in shown.outputs[1:2]] == [True]
    assert (len(begun), begun.ids, begun.reference_ids) == (2, plain.ids, ["1", "2"])
    assert begun.seconds > 0
    assert begun.refine("metadata.n > 1").reference_ids == ["2"]
    with pytest.raises(UsageError, match="Q0"):
        ask("", "metadata.n >= AND")


@pytest.mark.parametrize(("text", "number"), [("metadata.n > 99", 0), ("metadata.n > 1", 1)])
def test_a_large_dataset_is_looked_through_once_for_few_matches(
    text: str, number: int, ask: Any, cells: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nucleus_lab.widgets.gallery.LARGE", 1)
    monkeypatch.setattr("nucleus_lab.widgets.gallery.widget.LARGE", 1)
    asked: list[str] = []
    find = Dataset.item_ids
    monkeypatch.setattr(
        Dataset,
        "item_ids",
        lambda self, *query, **how: asked.append(query[0]) or find(self, *query, **how),
    )

    result = ask("", text)
    with capture_output() as shown:
        result._ipython_display_()

    assert (len(result.ids), asked) == (number, [text])
    assert any("metadata.n" in output.data.get("text/html", "") for output in shown.outputs)
    assert result.seconds > 0


def test_a_result_is_refined_by_one_more_condition(
    shell: InteractiveShell, ask: Any, cells: Dataset
) -> None:
    shell.push({"low": 1})
    result = ask("", "metadata.n >= $low OR ref_id = none # at least")

    assert result.refine("metadata.n < {high}", high=2).reference_ids == ["1"]


@pytest.mark.parametrize(("head", "shown"), [("late <<", False), ("late = <<", True)])
def test_a_target_takes_the_result_and_hides_it_unless_asked(
    shell: InteractiveShell, ask: Any, cells: Dataset, head: str, shown: bool
) -> None:
    returned = ask(f"{head} --as ids", "metadata.n >= 1")

    assert shell.user_ns["late"] == ["1", "2"]
    assert returned == (["1", "2"] if shown else None)


def test_shapes_of_a_result(shell: InteractiveShell, ask: Any, cells: Dataset) -> None:
    assert ask("--as count", "metadata.n < 2") == 2
    assert [item.reference_id for item in ask("--as items --limit 1", "metadata.n < 2")] == ["0"]
    assert ask("--as ids --limit 2", "") == ["0", "1"]
    made = ask("--slice early -o kept", "metadata.n < 2")
    assert shell.user_ns["kept"] is made
    assert ask('--as slice "the late ones"', "metadata.n > 0").name == "the late ones"
    assert [found.name for found in cells.slices] == ["early", "the late ones"]


def test_a_frame_has_a_row_an_item_or_object(ask: Any, cells: Dataset) -> None:
    items = ask("--as frame", "annotations.cell > 0 OR metadata.n = 2")
    boxes = ask("--objects --as frame", "")

    assert isinstance(items, pandas.DataFrame)
    columns = ["reference_id", "metadata.n", "annotations"]
    assert items[columns].to_numpy().tolist() == [["1", 1, 2], ["2", 2, 0]]
    assert boxes[["label", "geometry.x"]].to_numpy().tolist() == [["cell", 0], ["cell", 10]]


def test_levels_of_a_query(ask: Any, cells: Dataset) -> None:
    assert len(ask("--model finder", "predictions.cell = 1")) == 1
    truth = ask("--objects", "annotations.position.x > 5")
    assert [(box.label, box.x) for box in truth] == [("cell", 10)]
    predicted = ask("--objects predictions -m finder", "confidence < 0.9")
    assert [(box.label, box.confidence) for box in predicted] == [("cell", 0.5)]
    assert (truth.reference_ids, predicted.reference_ids) == (["1"], ["1"])


def test_matches_are_found_by_kind(shell: InteractiveShell, ask: Any, cells: Dataset) -> None:
    shell.run_line_magic("nucleus", "evaluate --model finder")

    pairs = ask("--matches -m finder", "iou > 0.5")
    missed = ask("--matches fn -m finder", "")

    assert [str(match.confusion_category) for match in pairs] == ["TP"]
    assert [str(match.confusion_category) for match in missed] == ["FN"]
    assert pairs.reference_ids == ["1"]
    with capture_output() as shown:
        pairs._ipython_display_()
    assert "ground truth" in shown.outputs[1].data["text/html"]


def test_scenes_are_found_in_a_dataset_of_scenes(shell: InteractiveShell, ask: Any) -> None:
    shell.run_line_magic("nucleus", "use drives --create --scenes")

    found = ask("--scenes", "items.count > 3")

    assert (len(found), found.level) == (0, "scenes")


def test_variables_are_bound_and_never_pasted(
    shell: InteractiveShell, ask: Any, cells: Dataset
) -> None:
    shell.push({
        "least": np.int64(1),
        "names": {"1", "2"},
        "array": np.array(["0", "2"]),
        "odd": '" OR ref_id != "',
        "series": pandas.Series(["0"]),
        "day": datetime.date(2000, 1, 1),
    })

    assert ask("--as ids", "metadata.n >= $least") == ["1", "2"]
    assert ask("--as ids", "ref_id IN {names} AND metadata.n > :least") == ["2"]
    assert ask("--as ids", "ref_id IN @array") == ["0", "2"]
    assert ask("--as ids", "ref_id IN $series AND created_at > $day") == ["0"]
    assert ask("--as ids", "ref_id = $odd") == []
    assert ask("--as ids", 'ref_id = "$least" # $nothing here') == []


def test_a_slice_is_bound_by_its_name(shell: InteractiveShell, ask: Any, cells: Dataset) -> None:
    shell.push({"few": cells.create_slice("few", ["0", "2"])})

    assert ask("--as ids", "slice = $few") == ["0", "2"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("metadata.n > $leest", ["Q040", "no variable 'leest'", "did you mean 'least'?", "^~~~~~"]),
        ("ref_id IN {table}", ["Q042", "'table' is of type DataFrame", "^~~~~~~"]),
        ("annotations.count bad", ["Q012", "annotations.count bad\n", "^"]),
        ("metdata.n = 1", ["Q020", "did you mean metadata.n"]),
    ],
)
def test_a_refusal_shows_place_and_hint_and_no_traceback(
    shell: InteractiveShell, cells: Dataset, query: str, words: list[str]
) -> None:
    shell.push({"least": 1, "table": pandas.DataFrame({"a": [1]})})
    out, err = io.StringIO(), io.StringIO()

    with redirect_stdout(out), redirect_stderr(err):
        done = shell.run_cell(f"%%nucleus_query\n{query}")

    shown = out.getvalue() + err.getvalue()
    assert isinstance(done.error_in_exec, UsageError)
    assert all(word in shown for word in words), shown
    assert "Traceback" not in shown
    assert ".py" not in shown


def test_the_line_form_reads_the_query_as_it_stands(
    shell: InteractiveShell, cells: Dataset
) -> None:
    def line(text: str) -> Any:
        return shell.run_line_magic("nucleus_query", text)

    assert line('--as count metadata.n = -1 OR ref_id = "2"') == 1
    assert line("--as count -1 < metadata.n") == 3
    assert len(line("--objects label = cell")) == 2
    assert len(line("--objects predictions --model finder label = cell")) == 1
    assert line("--as slice some metadata.n < 2").name == "some"
    with pytest.raises(UsageError, match="the query is missing"):
        line("")


def test_results_of_lines_can_be_assigned(shell: InteractiveShell, cells: Dataset) -> None:
    shell.run_cell("n = %nucleus_query --as count metadata.n < 2").raise_error()
    shell.run_cell("ds = %nucleus use cells").raise_error()

    assert shell.user_ns["n"] == 2
    assert shell.user_ns["ds"].id == cells.id


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("annotations.cell > 1", "the query belongs below the first line"),
        ("--limt 3", "did you mean '--limit'?"),
        ("--limit none", "'none' is no whole number above 0"),
        ("--limit -3", r"'-3' is no whole number|expected one argument"),
        ("--as slice", "--as slice needs a name"),
        ("--as picture", "invalid choice: 'picture'"),
        ("--model findr", "no model 'findr': did you mean 'finder'?"),
        ("--dataset cels", "no dataset 'cels': did you mean 'cells'?"),
        ("-o a-b", "cannot be the name of a variable"),
    ],
)
def test_wrong_options_are_refused(ask: Any, cells: Dataset, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ask(line, "metadata.n > 0")


def test_a_query_cell_explains_itself(ask: Any, cells: Dataset) -> None:
    page = ask("--help", "anything")

    assert "--objects" in repr(page)
    assert "annotations.car &gt; 3" in page._repr_html_()


def test_explain_tells_how_a_query_is_read(ask: Any, cells: Dataset) -> None:
    told = ask("--explain --objects", "label = cell AND area > 1")

    assert isinstance(told, QueryExplanation)
    assert (told.level, told.count) == ("annotations", 2)
    assert [each.count for each in told.conditions] == [2, 2]


def test_a_saved_query_can_be_used_by_its_name(ask: Any, cells: Dataset) -> None:
    ask("late << --save late", "metadata.n > 0")

    assert [saved.name for saved in cells.saved_queries()] == ["late"]
    assert ask("--as count", 'saved("late") AND metadata.n < 2') == 1


def shown_by(result: QueryResult) -> list[Any]:
    with capture_output() as shown:
        result._ipython_display_()
    return list(shown.outputs)


def test_a_result_shows_count_gallery_and_how_it_was_read(ask: Any, cells: Dataset) -> None:
    outputs = shown_by(ask("", 'ref_id != "<b>" AND metadata.n < 9'))

    first, last = outputs[0].data["text/html"], outputs[-1].data["text/html"]
    assert "<b>3 items</b>" in first
    assert "&lt;b&gt;" in first
    assert "<details" not in first
    assert any("Gallery of 'cells': 3 items" in one.data["text/plain"] for one in outputs)
    assert "How the query was read" in last
    assert "SELECT" in last
    assert "metadata.n &lt; 9" in last
    assert "read as:" in outputs[-1].data["text/plain"]


def test_an_empty_result_says_which_condition_removed_everything(ask: Any, cells: Dataset) -> None:
    outputs = shown_by(ask("", "metadata.n > 5 AND annotations.cell >= 0"))

    page = outputs[-1].data["text/html"]
    assert "<b>0 items</b>" in page
    assert "Nothing found: metadata.n &gt; 5 matches nothing" in page
    assert len(outputs) == 2  # no gallery


def test_warnings_are_shown(ask: Any, cells: Dataset) -> None:
    outputs = shown_by(ask("", "annotations.unicorn = 0"))

    assert (
        "unicorn" in outputs[-1].data["text/html"].partition("<details")[0].partition("</code>")[2]
    )


def test_a_limit_cuts_what_is_shown_and_not_the_count(ask: Any, cells: Dataset) -> None:
    outputs = shown_by(ask("--limit 2", "metadata.n >= 0"))

    assert "<b>3 items</b>" in outputs[0].data["text/html"]
    assert "the first 2 are shown" in outputs[0].data["text/html"]
    assert any("2 items" in one.data["text/plain"] for one in outputs[1:-1])


def test_a_table_of_objects_says_what_it_leaves_out(ask: Any, cells: Dataset) -> None:
    table = shown_by(ask("--objects --limit 1", ""))[1].data["text/html"]

    assert table.count("<tr>") == 2
    assert "the first 1 of 2" in table


def test_a_bound_query_is_shown_in_the_gallery(
    shell: InteractiveShell, ask: Any, cells: Dataset
) -> None:
    shell.push({"least": 1})

    gallery = ask("", "metadata.n >= $least").gallery()

    assert (repr(gallery), gallery.query) == ("Gallery of 'cells': 2 items", "metadata.n >= :least")


def test_options_end_at_the_first_other_word() -> None:
    asked = read("few << --limit 3 -5 < metadata.n AND --as", None, {})

    assert (asked.target, asked.options.limit, asked.query) == (
        "few",
        3,
        "-5 < metadata.n AND --as",
    )


def test_warnings_of_a_query_are_lines_and_others_stay_warnings(
    shell: InteractiveShell, cells: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(*_: Any, **__: Any) -> int:
        for text in ("W1: no such class", "W1: no such class", "something else"):
            warnings.warn(text, UserWarning, stacklevel=2)
        return 7

    monkeypatch.setattr(Dataset, "count", count)
    err = io.StringIO()

    with redirect_stderr(err), pytest.warns(UserWarning, match="something else") as seen:
        found = shell.run_line_magic("nucleus_query", "--as count annotations.unicorn = 0")

    assert (found, err.getvalue(), len(seen)) == (7, "W1: no such class\n", 1)


def test_a_threshold_reads_matches_anew(shell: InteractiveShell, ask: Any, cells: Dataset) -> None:
    shifted = [BoxPrediction("cell", 2, 0, 5, 5, reference_id="1", confidence=0.9)]
    shell.push({"shifted": shifted})
    shell.run_line_magic("nucleus", "predict $shifted --model loose --create")
    shell.run_line_magic("nucleus", "evaluate --model loose")

    assert ask("--as count -m loose", "matches.fp > 0") == 0
    assert ask("--as count -m loose --iou 0.9", "matches.fp > 0") == 1
    assert len(ask("--matches fn -m loose", "iou IS NULL")) == 1
    missed = ask("--matches fn -m loose --iou 0.9", "iou IS NULL")
    assert (len(missed), missed.explain().count) == (2, 2)
    found = ask("-m loose --iou 0.9", "matches.fp > 0")
    assert ([item.reference_id for item in found], repr(found.gallery())) == (
        ["1"],
        "Gallery of 'cells': 1 item",
    )
    with pytest.raises(UsageError, match="no number from 0 to 1"):
        ask("--iou 2", "matches.fp > 0")
