"""How errors of the SDK are shown in a cell."""

from __future__ import annotations

import re
import sys

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nucleus_lab.errors import NotFoundError, NucleusError


def told(shell: InteractiveShell, code: str) -> str:
    with capture_output() as shown:
        shell.run_cell(code)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout + shown.stderr)


LOOK = """
from nucleus_lab import NucleusClient
with NucleusClient() as client:
    client.create_dataset("d").refloc("nothing.jpg")
"""


def test_an_error_shows_the_line_of_the_cell_and_the_message(shell: InteractiveShell) -> None:
    shown = told(shell, LOOK)

    assert 'refloc("nothing.jpg")' in shown
    assert "NotFoundError: Item not found for reference ID nothing.jpg" in shown
    assert "make_request" not in shown
    assert "direct cause" not in shown
    assert issubclass(shell.last_execution_result.error_in_exec.__class__, NotFoundError)


def test_the_whole_traceback_can_be_asked_for(shell: InteractiveShell) -> None:
    told(shell, LOOK)

    assert "make_request" in told(shell, "%tb")
    assert isinstance(sys.last_value, NotFoundError)


def test_other_errors_and_code_of_the_user_inside_are_shown_as_ever(
    shell: InteractiveShell,
) -> None:
    assert "ZeroDivisionError" in told(shell, "1 / 0")
    inside = "from nucleus_lab.errors import InvalidInputError\ndef mine():\n"
    inside += "    raise InvalidInputError('my own')\nlist(map(lambda _: mine(), [1]))"
    shown = told(shell, inside)
    assert ", in mine()" in shown
    assert "my own" in shown


def test_the_way_of_others_is_left_alone(shell: InteractiveShell) -> None:
    assert shell.custom_exceptions == (NucleusError,)
    shell.extension_manager.unload_extension("nucleus_lab")
    assert shell.custom_exceptions == ()
    shell.set_custom_exc((KeyError,), lambda *_args, **_more: None)
    try:
        shell.extension_manager.load_extension("nucleus_lab")
        assert shell.custom_exceptions == (KeyError,)
    finally:
        shell.set_custom_exc((), None)
