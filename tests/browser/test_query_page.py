"""Query cells and commands in JupyterLab: Tab, Shift-Tab, results, refusals, the review."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DESK = """%load_ext nucleus_lab
from scenes import *
dataset, model = desk()
%nucleus connect $client
%nucleus use desk
least = 2"""


def at_end(opened: Any, cell: int, keys: str) -> Any:
    """Put the cursor behind the last letter of a cell and press keys."""
    place = opened.panel.locator(".jp-CodeCell").nth(cell)
    place.locator(".cm-line").last.click()
    opened.page.keyboard.press("Control+End")
    opened.page.keyboard.press(keys)
    return place


def chosen(opened: Any, cell: int) -> Any:
    """Press Tab at the end of a cell and take the first offer; the last line of the cell."""
    place = at_end(opened, cell, "Tab")
    opened.page.locator(".jp-Completer-item").first.wait_for()
    opened.page.keyboard.press("Enter")
    return place.locator(".cm-line").last


def ready(notebook: Callable[..., Any], *cells: str) -> Any:
    """Run the first cell alone."""
    opened = notebook(DESK, *cells)
    opened.execute(DESK)
    return opened


def offered(opened: Any) -> dict[str, str]:
    """What the list of completions shows, and what it says of each."""
    opened.page.locator(".jp-Completer-item").first.wait_for()
    rows = opened.page.locator(".jp-Completer-item").evaluate_all(
        """(rows) => rows.map((row) => [row.querySelector('.jp-Completer-match').textContent,
          row.querySelector('.jp-Completer-typeExtended')?.textContent ?? ''])"""
    )
    return {text: about.replace("\N{NO-BREAK SPACE}", " ") for text, about in rows}


def test_tab_offers_keys_with_type_and_share(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "%%nucleus_query\nmetadata.")

    at_end(opened, 1, "Tab")

    assert offered(opened)["number"] == "key · number, 100 % filled, such as 0"
    opened.page.keyboard.press("Escape")


def test_a_chosen_completion_stands_in_the_query(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "%%nucleus_query\nannotations.lea")

    expect(chosen(opened, 1)).to_have_text("annotations.leaf")


def test_tab_offers_variables_in_a_query(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "%%nucleus_query\nannotations.count > $lea")

    expect(chosen(opened, 1)).to_have_text("annotations.count > $least")


def test_tab_offers_datasets_and_options_of_a_command(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "ds = %nucleus use de", "%nucleus gallery --")

    expect(chosen(opened, 1)).to_have_text("ds = %nucleus use desk")

    at_end(opened, 2, "Tab")
    found = offered(opened)
    assert found["--slice"] == "show only the items of a slice (name or id)"
    assert not any(name.startswith("%") for name in found)
    opened.page.keyboard.press("Escape")


def test_python_cells_keep_their_completion(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "print(leas")
    # The first look of a kernel into Python takes longer than JupyterLab waits for.
    opened.execute(
        "from IPython.core.completer import provisionalcompleter\n"
        "with provisionalcompleter(): list(get_ipython().Completer.completions('leas', 4))"
    )

    expect(chosen(opened, 1)).to_have_text("print(least")


def test_shift_tab_explains_a_field_and_an_option(notebook: Callable[..., Any]) -> None:
    opened = ready(notebook, "%%nucleus_query\nmetadata.number", "%nucleus gallery --slice")
    tip = opened.page.locator(".jp-Tooltip")

    at_end(opened, 1, "Shift+Tab")
    expect(tip).to_contain_text("key: number, 100 % filled")
    opened.page.keyboard.press("Escape")

    at_end(opened, 2, "Shift+Tab")
    expect(tip).to_contain_text("only the items of a slice")
    opened.page.keyboard.press("Escape")


def test_a_result_shows_its_count_and_unfolds_how_it_was_read(notebook: Callable[..., Any]) -> None:
    opened = notebook(DESK, "%%nucleus_query\nannotations.cup >= 1 AND metadata.number < $least")
    opened.run_all()
    panel = opened.panel

    expect(panel.get_by_text("1 item", exact=True).first).to_be_visible()
    panel.locator(".nl-tile img[src]").first.wait_for()
    details = panel.locator("details", has_text="How the query was read")
    expect(details.get_by_text("SELECT")).to_be_hidden()
    details.locator("summary").click()

    expect(details.get_by_text("SELECT")).to_be_visible()
    expect(details.locator("tr", has_text="metadata.number < :least")).to_contain_text("2")


def test_a_refusal_is_a_caret_and_a_hint(notebook: Callable[..., Any]) -> None:
    opened = notebook(DESK, "%%nucleus_query\nannotations.cup > 1 AND metdata.number = 1")
    opened.start()
    shown = opened.panel.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    shown.wait_for()

    expect(shown).to_contain_text("Query error Q020 at line 1, column 25")
    expect(shown).to_contain_text("hint: did you mean metadata.number?")
    assert "Traceback" not in shown.inner_text()
    lines = shown.inner_text().splitlines()
    assert lines[2].index("^") == lines[1].index("metdata")


def test_results_are_assigned(notebook: Callable[..., Any]) -> None:
    opened = notebook(
        DESK,
        "ds = %nucleus use desk",
        "%%nucleus_query found << --as ids\nannotations.cup > 0",
        "n = %nucleus_query --as count metadata.number < $least",
    )
    opened.run_all()

    assert opened.kernel("(ds.id == dataset.id, found, n)") == "(True, ['first.png'], 2)"


def test_buttons_of_a_review_decide_what_is_ticked(notebook: Callable[..., Any]) -> None:
    opened = notebook(DESK, "review = %nucleus review\nreview")
    opened.run_all()
    panel = opened.panel
    panel.locator(".nl-tile img[src]").first.wait_for()
    expect(panel.get_by_text("0 accepted · 0 rejected · 6 open")).to_be_visible()

    opened.execute("review.gallery.selected = ['second.png']")
    panel.get_by_role("button", name=re.compile("Reject ticked$")).click()

    expect(panel.get_by_text("0 accepted · 1 rejected · 5 open")).to_be_visible()
    expect(panel.locator(".nl-tile", has_text="second.png")).to_have_count(0)
    status = "review.dataset.refloc('second.png')['item'].metadata['review_status']"
    assert opened.kernel(status) == "'rejected'"


COLOURED = """%%nucleus_query few << --as count
# of the day
annotations.cup >= 1.5 and metadata."note x" = "a # b" OR NOT lower(ref_id) IN {names}
AND created_at > 2024-05-01 LIMIT 3"""


def coloured(cell: Any) -> list[tuple[str, str]]:
    """Pieces of a cell, each with what it is coloured as."""
    found = cell.locator("[class*=nl-query-]").evaluate_all(
        """(marks) => marks.map((mark) => [mark.textContent,
          [...mark.classList].find((name) => name.startsWith('nl-query-')).slice(9)])"""
    )
    return [(text, kind) for text, kind in found]


def test_query_cells_are_coloured_as_queries(notebook: Callable[..., Any]) -> None:
    opened = notebook(COLOURED, "order = 3 and 4  # %%nucleus_query")
    first, second = (opened.panel.locator(".jp-CodeCell").nth(at) for at in (0, 1))
    first.locator(".nl-query-number").first.wait_for()

    found = coloured(first)

    assert coloured(second) == []
    for piece in [
        ("%%nucleus_query", "keyword"),
        ("--as", "option"),
        ("# of the day", "comment"),
        ("annotations", "root"),
        (".cup", "property"),
        ("1.5", "number"),
        ("and", "keyword"),
        ('"a # b"', "string"),
        ("lower", "call"),
        ("{names}", "param"),
        ("2024-05-01", "number"),
        ("LIMIT", "keyword"),
    ]:
        assert piece in found, found


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_colours_are_those_of_the_theme(notebook: Callable[..., Any], theme: str) -> None:
    opened = notebook(COLOURED)
    change = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    opened.page.evaluate(change, theme)
    try:
        mark = opened.panel.locator(".nl-query-number").first
        mark.wait_for()
        shown, wanted = mark.evaluate(
            """(mark) => {
              const probe = document.body.appendChild(document.createElement('i'));
              probe.style.color = 'var(--jp-mirror-editor-number-color)';
              const innermost = mark.querySelector('span') ?? mark;
              const pair = [getComputedStyle(innermost).color, getComputedStyle(probe).color];
              probe.remove();
              return pair;
            }"""
        )
    finally:
        opened.page.evaluate(change, "JupyterLab Light")
    assert shown == wanted


def test_a_cell_is_coloured_while_it_is_typed(notebook: Callable[..., Any]) -> None:
    opened = notebook("%%nucleus_quer", "")
    cell = at_end(opened, 0, "y")

    opened.page.keyboard.type("\nmetadata.n = 3")

    expect(cell.locator(".nl-query-number")).to_have_text("3")


def test_a_cell_over_a_large_dataset_shows_pictures_while_it_counts(
    notebook: Callable[..., Any],
) -> None:
    slow = (
        "import time\n"
        "import nucleus_lab.widgets.gallery, nucleus_lab.widgets.gallery.widget as widget\n"
        "widget.LARGE = nucleus_lab.widgets.gallery.LARGE = 1\n"
        "count = type(dataset).label_counts\n"
        "def counted(self, *given):\n"
        "    time.sleep(4)\n"
        "    return count(self, *given)\n"
        "type(dataset).label_counts = counted"
    )
    opened = ready(notebook, "%%nucleus_query\nannotations.count >= 0")
    opened.execute(slow)

    result = at_end(opened, 1, "Shift+Enter")

    expect(result.locator(".nl-tile .nl-picture[src]").first).to_be_visible()
    expect(result.locator(".nl-bar .nl-quiet").first).to_have_text("counting …")
    expect(result.locator(".jp-OutputArea")).to_contain_text("The first matches; counting …")
    expect(result.locator(".nl-bar .nl-quiet").first).to_contain_text("items")
    expect(result.locator(".nl-labels .nl-toggle").first).to_be_visible()
    expect(result.locator(".jp-OutputArea")).not_to_contain_text("counting …")
