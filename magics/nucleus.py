"""``%nucleus``: the daily commands, each a module of :mod:`nucleus_lab.magics.subcommands`."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import no_var_expand

from nucleus_lab.magics.arguments import Help
from nucleus_lab.magics.base import Magic
from nucleus_lab.magics.binding import words
from nucleus_lab.magics.help_page import command_page
from nucleus_lab.magics.refusal import Refused, did_you_mean
from nucleus_lab.magics.subcommands import SUBCOMMANDS, Subcommand

_FOOT = (
    "%nucleus COMMAND --help explains one of them; %%nucleus_query asks the data a question.\n"
    "$name and {name} stand for a variable of the notebook; every result can be assigned:\n"
    "ds = %nucleus use NAME"
)


class NucleusMagic(Magic):
    """The line magic ``%nucleus COMMAND [options]``.

    ::

        %nucleus connect ~/work/cells
        ds = %nucleus use BCCD --create
        %nucleus append images/
        %nucleus gallery --query "annotations.WBC > 1"
    """

    def register(self) -> None:
        """Register the line magic."""
        self.session.shell.register_magic_function(self._checked, "line", "nucleus")

    @property
    def _checked(self) -> Any:
        # IPython reads the help of %nucleus? from the function, and must not expand $x itself:
        # a variable is an object here, never text.
        @no_var_expand
        def nucleus(line: str) -> Any:
            return self.guarded(lambda: self.run(line))

        nucleus.__doc__ = overview().text
        return nucleus

    def run(self, line: str) -> Any:
        """Run one command.

        Args:
            line: The text after ``%nucleus``.

        Returns:
            The result of the command.
        """
        given = words(line, self.session.namespace)
        if not given or given[0] in {"help", "-h", "--help"}:
            return self._help(given[1:])
        command = named(given[0])
        return command.run(self.session, command.parser().parse_args(given[1:]))

    @staticmethod
    def _help(given: list[str]) -> Help:
        if not given:
            return overview()
        if given[0] in {"help", "-h", "--help"}:
            return Help(
                "%nucleus help [COMMAND]  shows all commands, or the options of one of them."
            )
        return named(given[0]).parser().help_page()


def named(name: str) -> Subcommand:
    """Find a command.

    Args:
        name: What the user wrote.

    Returns:
        The command.

    Raises:
        Refused: There is none of that name.
    """
    command = SUBCOMMANDS.get(name)
    if command is None:
        hint = did_you_mean(name, SUBCOMMANDS, f"there are: {', '.join(SUBCOMMANDS)}")
        raise Refused(f"%nucleus has no command {name!r}: {hint}")
    return command


def overview() -> Help:
    """Return the card of all commands.

    Returns:
        One line a command, grouped in the order of a working day.
    """
    width = max(len(name) for name in SUBCOMMANDS)
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, command in SUBCOMMANDS.items():
        groups.setdefault(command.group, []).append((name, command.summary))
    lines = ["%nucleus COMMAND [options]"]
    for title, rows in groups.items():
        lines += ["", title, *(f"  {name:<{width}}  {summary}" for name, summary in rows)]
    text = "\n".join([*lines, "", _FOOT])
    page = command_page(
        "%nucleus COMMAND [options]", "The daily work, one command a line.", list(groups.items())
    )
    foot = "".join(f"<div>{line.replace('<', '&lt;')}</div>" for line in _FOOT.splitlines())
    return Help(text, f"{page}{foot}")
