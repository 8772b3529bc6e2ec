"""``%nucleus``: the daily commands, each a module of :mod:`nucleus_lab.magics.subcommands`."""

from __future__ import annotations

import difflib
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from nucleus_lab.magics.arguments import Help, words
from nucleus_lab.magics.base import Magic
from nucleus_lab.magics.subcommands import SUBCOMMANDS


class NucleusMagic(Magic):
    """The line magic ``%nucleus COMMAND [options]``.

    ::

        %nucleus connect ~/work/cells
        ds = %nucleus use BCCD --create
        %nucleus append images/
        %nucleus gallery --query "annotations.WBC > 1"
    """

    def register(self) -> None:
        """Register the line magic and its completion."""
        self.session.shell.register_magic_function(self._checked, "line", "nucleus")
        self.complete_after(["%nucleus", "nucleus"], self._complete)

    @property
    def _checked(self) -> Any:
        # IPython reads the help of %nucleus? from the function, and must not expand $x itself:
        # a variable is an object here, never text.
        @no_var_expand
        def nucleus(line: str) -> Any:
            return self.guarded(lambda: self.run(line))

        nucleus.__doc__ = overview()
        return nucleus

    def run(self, line: str) -> Any:
        """Run one command.

        Args:
            line: The text after ``%nucleus``.

        Returns:
            The result of the command.

        Raises:
            UsageError: There is no such command, or its options are wrong.
        """
        given = words(line)
        if not given or given[0] in {"help", "-h", "--help"}:
            return self._help(given[1:])
        command = SUBCOMMANDS.get(given[0])
        if command is None:
            near = difflib.get_close_matches(given[0], list(SUBCOMMANDS), 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(SUBCOMMANDS)}"
            raise UsageError(f"%nucleus has no command {given[0]!r}: {hint}")
        return command.run(self.session, command.parser().parse_args(given[1:]))

    def _help(self, given: list[str]) -> Help:
        if not given:
            return Help(overview())
        if given[0] in {"help", "-h", "--help"}:
            return Help(
                "%nucleus help [COMMAND]  shows all commands, or the options of one of them."
            )
        if given[0] not in SUBCOMMANDS:
            raise UsageError(
                f"%nucleus has no command {given[0]!r}: there are: {', '.join(SUBCOMMANDS)}"
            )
        return Help(SUBCOMMANDS[given[0]].parser().format_help())

    def _complete(self, _shell: Any, event: Any) -> list[str]:
        """Offer commands, then options, then what the command knows (dataset names, variables)."""
        text = event.line.lstrip().lstrip("%")
        before = text[: len(text) - len(event.symbol)].split()[1:]
        if not before:
            return [*SUBCOMMANDS, "help"]
        command = SUBCOMMANDS.get(before[0])
        if command is None:
            return list(SUBCOMMANDS) if before[0] == "help" else []
        if event.symbol.startswith("-"):
            return command.parser().option_names()
        return command.complete(self.session, before[1:])


def overview() -> str:
    """Return the card of all commands.

    Returns:
        One line a command, grouped in the order of a working day.
    """
    width = max(len(name) for name in SUBCOMMANDS)
    rows = [f"  {name:<{width}}  {command.summary}" for name, command in SUBCOMMANDS.items()]
    return "\n".join([
        "%nucleus COMMAND [options]",
        "",
        *rows,
        "",
        "%nucleus COMMAND --help explains one of them; %%nucleus_query asks the data a question.",
    ])
