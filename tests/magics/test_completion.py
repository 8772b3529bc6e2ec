"""Tab and Shift-Tab in the magics, through IPython's completer and as a kernel asks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from nucleus_lab import Dataset
from nucleus_lab.magics import _loaded
from nucleus_lab.magics.completion import offers_at
from nucleus_lab.magics.hooks import Hooks
from nucleus_lab.magics.inspection import help_at
from nucleus_lab.magics.session import Session

QUERY = "%%nucleus_query\n"


def offered(shell: InteractiveShell, text: str) -> dict[str, str]:
    """What stands in the list, with what is said of it, when Tab is pressed at the ``|``."""
    before, _, after = text.partition("|")
    with provisionalcompleter():
        found = shell.Completer.completions(before + after, len(before))
        return {one.text: one.type for one in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%nucleus |", {"use", "gallery", "help", "import", "evaluate"}),
        ("%nucleus ga|", {"gallery"}),
        ("%nucleus help ga|", {"gallery"}),
        ("%nucleus use |", {"cells"}),
        ("ds = %nucleus use c|", {"cells"}),
        ("x = 1\n%nucleus use c|\ny = 2", {"cells"}),
        ("%nucleus gallery --|", {"--query", "--slice", "--model"}),
        ("%nucleus append --dataset |", {"cells"}),
        ("%nucleus append --dataset=c|", {"cells"}),
        ("%nucleus annotate |", {"$boxes", "$guess"}),
        ("%nucleus annotate $b|", {"$boxes"}),
        ("%nucleus annotate {b|", {"{boxes}"}),
        ("%nucleus append |", {"$items"}),
        ("%nucleus gallery --model |", {"finder"}),
        ("%nucleus gallery --slice |", {'"odd ones"'}),
        ("%nucleus import x --format |", {"coco", "yolo"}),
        ("%nucleus server |", {"start", "stop", "status"}),
        ('%nucleus gallery --query "metadata.|', {"n"}),
        ('%nucleus gallery --query "annotations.cell > 0 AND slice = |', {"'odd ones'"}),
        ("%%nucleus_query --|", {"--objects", "--slice", "--limit"}),
        ("%%nucleus_query --model |", {"finder"}),
        ("%%nucleus_query found << --as |\nx", {"gallery", "frame", "count"}),
        ("%%nucleus_query --matches |", {"pairs", "fp", "fn"}),
        (f"{QUERY}|", {"metadata", "annotations", "NOT", "ref_id", "count("}),
        (f"{QUERY}anno|", {"annotations"}),
        (f"{QUERY}metadata.|", {"n", "weather"}),
        (f"{QUERY}metadata.n > 1 AND\n  metadata.weather = |", {"fog", "sun"}),
        (f"{QUERY}annotations.|", {"cell", "count"}),
        (f"{QUERY}slice = |", {'"odd ones"'}),
        (f"{QUERY}predictions[model = |", {"finder"}),
        (f"{QUERY}metadata.n > $|", {"least"}),
        (f"{QUERY}metadata.n > {{l|", {"least}"}),
        (f"{QUERY}metadata.n > {{l|}}", {"least"}),
        (f"{QUERY}metadata.n > :le|", {"least"}),
        ("%%nucleus_query --objects\narea > 1 AND lab|", {"label"}),
        ("%nucleus_query metadata.|", {"n", "weather"}),
        ("n = %nucleus_query --as count metadata.weather = |", {"fog"}),
        ("%nucleus_query --as c|", {"count"}),
    ],
)
def test_tab_completes(
    shell: InteractiveShell, weather: Dataset, text: str, expected: set[str]
) -> None:
    found = offered(shell, text)

    plain = {name.strip('"') for name in found}
    assert expected <= plain | set(found), found


@pytest.fixture
def weather(shell: InteractiveShell, cells: Dataset) -> Dataset:
    """The dataset with text metadata, a slice with a blank in its name, and variables."""
    cells.update_item_metadata({
        "0": {"weather": "fog"},
        "1": {"weather": "fog"},
        "2": {"weather": "sun"},
    })
    cells.create_slice("odd ones", ["1"])
    shell.push({"least": 1, "names": ["1", "2"], "unfit": object()})
    return cells


def test_offers_say_what_they_are(shell: InteractiveShell, weather: Dataset) -> None:
    keys = offered(shell, f"{QUERY}metadata.|")
    values = offered(shell, f"{QUERY}metadata.weather = |")
    classes = offered(shell, f"{QUERY}annotations.|")
    options = offered(shell, "%nucleus append --|")

    assert keys["n"] == "key · number, 100 % filled, such as 0"
    assert [about for text, about in values.items() if "fog" in text] == ["value · 2 items"]
    assert classes["cell"] == "class, 2 objects"
    assert options["--update"] == "overwrite items that are there already"


def test_only_what_a_query_can_hold_is_offered_as_a_variable(
    shell: InteractiveShell, weather: Dataset
) -> None:
    found = offered(shell, f"{QUERY}ref_id IN {{|")

    assert {"least}", "names}"} <= set(found)
    assert not {"unfit}", "items}", "model}"} & set(found)


def test_what_stands_behind_the_cursor_stays(shell: InteractiveShell, weather: Dataset) -> None:
    assert offered(shell, f'{QUERY}slice = "odd|"') == {'"odd ones': "slice"}


def test_python_is_left_to_python(shell: InteractiveShell, weather: Dataset) -> None:
    session = Session(shell)

    assert offers_at(session, "metadata.|", 9) is None
    assert offers_at(session, "print(items) # %nucleus ", 24) is None
    assert offers_at(session, "nucleus = it", 12) is None
    assert help_at(session, "len(items)", 2) is None
    assert "least" in offered(shell, "lea|")


def test_nothing_is_offered_without_a_dataset(shell: InteractiveShell) -> None:
    session = Session(shell)

    found = offers_at(session, f"{QUERY}metadata.", len(QUERY) + 9)

    assert found is not None
    assert found.offers == []


def test_a_second_load_and_an_unload_leave_no_completer_behind(shell: InteractiveShell) -> None:
    shell.extension_manager.reload_extension("nucleus_lab")
    names = [one.matcher_identifier for one in shell.Completer.custom_matchers]
    assert names.count("nucleus_lab") == 1

    shell.extension_manager.unload_extension("nucleus_lab")

    assert shell.Completer.custom_matchers == []
    assert id(shell) not in _loaded


class Kernel:
    """A kernel that answers by itself, like ipykernel's."""

    def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        return {"by": "kernel", "code": code}

    async def do_inspect(self, code: str, cursor_pos: int, detail_level: int = 0) -> dict[str, Any]:
        return {"by": "kernel", "level": detail_level}


@pytest.fixture
def kernel(shell: InteractiveShell, weather: Dataset) -> Any:
    made: Any = Kernel()
    session = Session(shell)
    session.use(weather)
    hooks = Hooks(session)
    hooks._kernel = made
    hooks.set()
    yield made
    hooks.take_back()
    assert vars(made) == {}


def test_a_kernel_answers_tab_with_types(kernel: Any) -> None:
    code = f"{QUERY}metadata.w"

    reply = asyncio.run(kernel.do_complete(code, len(code)))

    about = {"start": 25, "end": 26, "text": "weather"}
    shown = reply["metadata"]["_jupyter_types_experimental"]
    assert (reply["matches"], reply["cursor_start"], reply["cursor_end"]) == (["weather"], 25, 26)
    assert [about | {"type": one["type"]} for one in shown] == shown
    assert shown[0]["type"].replace("\N{NO-BREAK SPACE}", " ") == (
        "key · text, 100 % filled, such as " + shown[0]["type"][34:]
    )
    assert " " not in shown[0]["type"]


def test_a_kernel_answers_other_cells_by_itself(kernel: Any) -> None:
    assert asyncio.run(kernel.do_complete("pri", None)) == {"by": "kernel", "code": "pri"}
    assert asyncio.run(kernel.do_inspect("print", 3, 1)) == {"by": "kernel", "level": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{QUERY}metadata.wea|ther = fog", ["metadata.weather", "key: text", "2 items"]),
        (f"{QUERY}annotations.ce|ll > 1", ["annotations.cell", "2 objects"]),
        (f"{QUERY}low|er(ref_id) = a", ["lower()", "function: text in small letters"]),
        (f"{QUERY}meta|data.n = 1", ["metadata", "metadata"]),
        (f"{QUERY}metadata.n > $lea|st", ["least", "variable of this notebook, int", "1"]),
        (f'{QUERY}slice = "odd o|nes"', ["odd ones", "slice"]),
        (f"{QUERY}metadata.n > 1 AN|D ref_id = a", ["query language on a card", "ORDER BY"]),
        (f"{QUERY}|", ["query language on a card"]),
        ("%%nucleus_query --li|mit 3\nx", ["--limit", "the count is of all"]),
        ("%%nucleus_query |", ["--objects", "query"]),
        ("%nucleus gal|lery", ["%nucleus gallery", "--slice"]),
        ("%nucleus gallery --sl|ice x", ["-s, --slice", "only the items of a slice"]),
        ("%nucleus |", ["%nucleus COMMAND"]),
    ],
)
def test_shift_tab_explains(kernel: Any, text: str, words: list[str]) -> None:
    before, _, after = text.partition("|")

    reply = asyncio.run(kernel.do_inspect(before + after, len(before)))

    assert reply["found"]
    assert all(word in reply["data"]["text/plain"] for word in words), reply["data"]["text/plain"]
    assert set(reply["data"]) == {"text/plain", "text/html"}
