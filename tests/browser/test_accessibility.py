"""What cells show, against the rules of axe: WCAG 2.2 A and AA and axe's best practices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DESK = """%load_ext nucleus_lab
from scenes import *
dataset, model = desk()
%nucleus connect $client
%nucleus use desk"""
# A notebook draws the cells in view alone: few cells each.
NOTEBOOKS = {
    "lists": ["%nucleus datasets", "%nucleus models", "%nucleus items", "%nucleus info"],
    "help": ["%nucleus help", "%nucleus use --help"],
    "gallery": ["%nucleus gallery"],
    "query": ["%%nucleus_query\nmetadata.number > 2"],
    "refused query": ["%%nucleus_query\nmetadata.number >"],
    "objects": ["dataset", "model", "client", "dataset.items[0]"],
    "jobs": ["job = upload(1000)\njob.sleep_until_complete()", "job", "%nucleus jobs"],
    "evaluation": ["%nucleus evaluate --model detector"],
    "review": ["%nucleus review"],
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEME = "(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
DRAWN = """async () => {
  const count = () => window.__notebook.node.querySelectorAll('.jp-OutputArea-output *').length;
  for (let before = -1; count() !== before; await new Promise((go) => setTimeout(go, 700)))
    before = count();
}"""


def breaches(opened: Any) -> list[str]:
    """Rule, element and reason of each breach in the outputs of a notebook."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(
        opened.page,
        context={"include": [[f"#{opened.id} .jp-OutputArea-output"]]},
        options={"runOnly": RULES},
    )
    return [
        f"{breach['id']}: {node['html'][:160]} {node['failureSummary']}"
        for breach in found.response["violations"]
        for node in breach["nodes"]
    ]


@pytest.mark.parametrize("shown", NOTEBOOKS)
def test_outputs_keep_the_rules_of_accessibility(notebook: Callable[..., Any], shown: str) -> None:
    opened = notebook(DESK, *NOTEBOOKS[shown])
    opened.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    opened.page.evaluate(DRAWN)

    found = breaches(opened)
    try:
        opened.page.evaluate(THEME, "JupyterLab Dark")
        # What lies under the curtain of a change of theme is not judged.
        opened.page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
        found += breaches(opened)
    finally:
        opened.page.evaluate(THEME, "JupyterLab Light")

    assert not found, "\n".join(found)
