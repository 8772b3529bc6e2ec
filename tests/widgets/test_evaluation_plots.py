"""The plots of an evaluation."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation.report import (
    ClassMetrics,
    ConfusionMatrix,
    Curve,
    EvaluationReport,
    ItemResults,
)
from nucleus_lab.widgets import confusion_matrix, precision_recall
from nucleus_lab.widgets.gallery.rows import label_list
from tests.widgets.conftest import HOSTILE

PLOTLY = "application/vnd.plotly.v1+json"


def metrics(label: str, annotations: int) -> ClassMetrics:
    curve = Curve([0.9, 0.5, 0.1], [1.0, 0.8, 0.5], [0.2, 0.6, 0.9])
    return ClassMetrics(
        label, annotations, 12, 8, 4, 2, 0.66, 0.8, None, 0.5, 0.7, 0.4, curve, [1.0] * 101
    )


@pytest.fixture
def report() -> EvaluationReport:
    cells = [(0, 0, 8), (0, 1, 1), (0, 2, 1), (1, 1, 9), (2, 0, 3)]
    return EvaluationReport(
        metrics("", 20),
        [metrics(HOSTILE, 5), metrics("cup", 15)],
        ConfusionMatrix([HOSTILE, "cup"], cells),
        ItemResults(),
    )


def bundle(figure: Any) -> dict[str, Any]:
    found: dict[str, Any] = figure._repr_mimebundle_()
    return found


def test_curves_of_all_classes_and_of_each_the_largest_first(report: EvaluationReport) -> None:
    data = bundle(precision_recall(report))[PLOTLY]["data"]

    named = [trace for trace in data if trace.get("name")]
    assert [trace["name"].split(" · ")[0] for trace in named][:2] == ["all classes", "cup"]
    assert len(named) == 3
    assert named[1]["x"] == [0.2, 0.6, 0.9]
    assert named[1]["customdata"] == [0.9, 0.5, 0.1]


def test_a_label_has_the_colour_that_it_has_in_the_gallery(report: EvaluationReport) -> None:
    report.label_order = ["spoon", HOSTILE, "cup"]
    counts = [{"label": name, "count": 9 - at} for at, name in enumerate(report.label_order)]
    gallery = {one["label"]: one["colour"] for one in label_list({"ground_truth": counts})}

    data = bundle(precision_recall(report))[PLOTLY]["data"]

    drawn = [trace["line"]["color"] for trace in data if trace.get("name")]
    assert drawn[1:] == [gallery["cup"], gallery[HOSTILE]]


def test_a_matrix_of_many_classes_still_has_its_numbers() -> None:
    labels = [f"class {number:02}" for number in range(35)]
    cells = [(number, number, number + 1) for number in range(35)]
    wide = EvaluationReport(
        ClassMetrics("", 0, 0, 0, 0, 0), [], ConfusionMatrix(labels, cells), ItemResults()
    )

    notes = bundle(confusion_matrix(wide))[PLOTLY]["layout"]["annotations"]

    assert [note["text"] for note in notes] == [str(number + 1) for number in range(35)]
    assert {note["font"]["size"] for note in notes} == {9}


def test_cells_hold_shares_of_their_row(report: EvaluationReport) -> None:
    drawn = bundle(confusion_matrix(report))[PLOTLY]

    (heatmap,) = drawn["data"]
    assert heatmap["z"] == [[0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert heatmap["customdata"][1][1] == "9 of 9 <b>cup</b> were found (100.0%)"
    texts = {(note["y"], note["x"]): note["text"] for note in drawn["layout"]["annotations"]}
    assert texts == {(0, 0): "8", (0, 1): "1", (0, 2): "1", (1, 1): "9", (2, 0): "3"}


@pytest.mark.parametrize("plot", [precision_recall, confusion_matrix])
def test_a_table_stands_in_for_the_plot(report: EvaluationReport, plot: Any) -> None:
    table = bundle(plot(report))["text/html"]

    assert table.startswith("<table><caption>")
    assert HOSTILE not in table
    assert "&lt;script&gt;" in table
    assert '<th scope="row">cup</th>' in table


@pytest.mark.parametrize("plot", [precision_recall, confusion_matrix])
def test_labels_cannot_bring_markup_into_the_plot(report: EvaluationReport, plot: Any) -> None:
    assert "<script" not in json.dumps(bundle(plot(report))[PLOTLY], ensure_ascii=False)


@pytest.mark.parametrize("plot", [precision_recall, confusion_matrix])
def test_the_page_shows_through_on_every_theme(report: EvaluationReport, plot: Any) -> None:
    layout = bundle(plot(report))[PLOTLY]["layout"]

    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"


@pytest.mark.parametrize("plot", [precision_recall, confusion_matrix])
def test_an_empty_report_is_drawn(plot: Any) -> None:
    nothing = ClassMetrics("", 0, 0, 0, 0, 0)

    figure = plot(EvaluationReport(nothing, [], ConfusionMatrix(), ItemResults()))

    assert PLOTLY in bundle(figure)


def test_many_classes_keep_the_most_frequent() -> None:
    labels = [f"class {number:03}" for number in range(60)]
    cells = [(number, number, number + 1) for number in range(60)]
    nothing = ClassMetrics("", 0, 0, 0, 0, 0)
    wide = EvaluationReport(nothing, [], ConfusionMatrix(labels, cells), ItemResults())

    drawn = bundle(confusion_matrix(wide))[PLOTLY]

    assert drawn["layout"]["yaxis"]["ticktext"][0] == "class 020"
    assert len(drawn["data"][0]["z"]) == 41
    assert "40 most frequent of 60" in drawn["layout"]["title"]["text"]


@pytest.mark.parametrize("plot", [precision_recall, confusion_matrix])
def test_what_is_no_report_is_refused(plot: Any) -> None:
    with pytest.raises(InvalidInputError, match="is no EvaluationReport"):
        plot({"ap": 1})


def test_importing_the_widgets_imports_nothing_heavy() -> None:
    program = (
        "import sys, nucleus_lab.widgets;"
        "print([name for name in ('anywidget', 'plotly', 'IPython', 'PIL') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
