"""The plots of an evaluation in JupyterLab, with no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

REPORT = """
from nucleus_lab.evaluation.report import *
from nucleus_lab.widgets import confusion_matrix, precision_recall
curve = Curve([0.9, 0.5, 0.1], [1.0, 0.8, 0.5], [0.2, 0.6, 0.9])
def metrics(label):
    return ClassMetrics(label, 10, 12, 8, 4, 2, 0.66, 0.8, 0.7, 0.5, 0.7, 0.4, curve)
cells = [(0, 0, 8), (0, 1, 1), (0, 2, 1), (1, 1, 9), (2, 0, 3)]
report = EvaluationReport(metrics(""), [metrics("cup"), metrics("leaf")],
                          ConfusionMatrix(["cup", "leaf"], cells), ItemResults())
"""


def test_both_plots_are_drawn(notebook: Callable[..., Any]) -> None:
    opened = notebook(REPORT, "precision_recall(report)", "confusion_matrix(report)")
    opened.run_all()
    plots = opened.panel.locator(".js-plotly-plot")

    expect(plots).to_have_count(2)
    expect(plots.nth(0).locator(".legendtext")).to_have_text([
        "all classes · AP50 0.70",
        "cup · AP50 0.70",
        "leaf · AP50 0.70",
    ])
    expect(plots.nth(1).locator(".annotation-text")).to_have_text(["8", "1", "1", "9", "3"])
    plots.nth(1).locator(".updatemenu-button").nth(1).click()
    expect(plots.nth(1).locator(".annotation-text").first).to_have_text("80%")


def test_a_click_on_a_class_hides_its_curve(notebook: Callable[..., Any]) -> None:
    opened = notebook(REPORT, "precision_recall(report)")
    opened.run_all()
    plot = opened.panel.locator(".js-plotly-plot")
    curves = plot.locator(".scatterlayer .trace")
    before = curves.count()

    plot.locator(".legendtoggle").nth(1).click()

    expect(curves).to_have_count(before - 1)
