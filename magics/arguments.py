"""Reading the options of a magic: argparse that reports instead of leaving the program."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from nucleus_lab.magics.binding import Bound, given
from nucleus_lab.magics.help_page import Help, command_page
from nucleus_lab.magics.refusal import Refused, nearest_name

OBJECTS = frozenset({
    "dataset", "model", "slice", "source", "objects", "client", "job", "samples"
})  # fmt: skip
"""Kinds of arguments that take an object; every other takes text or a number."""


class HelpAskedError(Exception):
    """``--help`` was given; carries the page to show."""

    def __init__(self, page: Help) -> None:
        super().__init__(page.text)
        self.page = page


class _ShowHelp(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, *_unused: object, **_also_unused: object
    ) -> NoReturn:
        if not isinstance(parser, Parser):
            raise TypeError(f"--help belongs to a Parser, not a {type(parser).__name__}")
        raise HelpAskedError(parser.help_page())


class Parser(argparse.ArgumentParser):
    """An argument parser that raises where argparse would end the process.

    Every argument says by ``kind=`` what it names (``dataset``, ``model``, ``slice``, ``source``,
    ``query``, ``job`` …): completion offers such names, and kinds of :data:`OBJECTS` take the
    object of a variable.

    Args:
        prog: How the command is written, such as ``%nucleus append``.
        description: What it does, in a sentence or two.
        examples: Lines that can be pasted into a cell.
        notes: More text for the help page.
    """

    def __init__(
        self, prog: str, description: str, examples: Sequence[str] = (), notes: str = ""
    ) -> None:
        lines = [line for each in examples for line in each.split("\n")]
        epilog = "\n".join([
            *([notes, ""] if notes else []),
            *(["examples:", *(f"  {line}" for line in lines)] if lines else []),
        ])
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog or None,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.kinds: dict[str, str] = {}
        self._examples, self._notes = list(examples), notes
        self.add_argument(
            "-h",
            "--help",
            action=_ShowHelp,
            nargs=0,
            help="show this text",
            default=argparse.SUPPRESS,
        )

    def add_argument(self, *names: Any, kind: str = "", **options: Any) -> argparse.Action:
        """Declare an argument.

        Args:
            *names: Its spellings.
            kind: What it names, for completion.
            **options: What argparse takes.

        Returns:
            The declared argument.
        """
        takes_value = options.get("action", "store") == "store"
        if takes_value and kind not in OBJECTS:
            options.setdefault("type", as_text)
        made = super().add_argument(*names, **options)
        if kind:
            self.kinds[made.dest] = kind
        return made

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Read the words of a line.

        Args:
            args: The words.
            namespace: As argparse wants it.

        Returns:
            The values by name.
        """
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            near = ""
            if rest[0].startswith("-"):
                # Without the dashes, which make all options alike.
                names = {name.lstrip("-"): name for name in self.option_names()}
                name = nearest_name(rest[0].lstrip("-"), names)
                near = f": did you mean {names[name]!r}?" if name else ""
            self.error(f"unrecognized arguments: {' '.join(rest)}{near}")
        return found

    def error(self, message: str) -> NoReturn:
        """Report a fault of the user.

        Args:
            message: What argparse found.

        Raises:
            Refused: Always.
        """
        usage = " ".join(self.format_usage().split())
        raise Refused(f"{message}\n  {usage}\n  hint: {self.prog} --help explains the options")

    def actions(self) -> list[argparse.Action]:
        """Return the declared arguments.

        Returns:
            All but ``--help``, in their order.
        """
        return [action for action in self._actions if not isinstance(action, _ShowHelp)]

    def action(self, name: str) -> argparse.Action | None:
        """Find an option by one of its spellings.

        Args:
            name: Such as ``--limit`` or ``-n``.

        Returns:
            The option, or ``None``.
        """
        return next((each for each in self._actions if name in each.option_strings), None)

    def option_names(self) -> list[str]:
        """Return every long option, for completion.

        Returns:
            Names such as ``--update``.
        """
        return sorted(
            name
            for action in self._actions
            for name in action.option_strings
            if name.startswith("--")
        )

    def help_page(self) -> Help:
        """Return the help text.

        Returns:
            The text and its page.
        """
        positional = [each for each in self.actions() if not each.option_strings]
        optional = [each for each in self._actions if each.option_strings]
        page = command_page(
            " ".join(self.format_usage().removeprefix("usage:").split()),
            self.description or "",
            [
                ("arguments", [(shown(each), _about(each)) for each in positional]),
                ("options", [(shown(each), _about(each)) for each in optional]),
            ],
            self._examples,
            self._notes,
        )
        return Help(self.format_help(), page)


def shown(action: argparse.Action) -> str:
    """Write an argument as a help page shows it.

    Args:
        action: The argument.

    Returns:
        Such as ``-n, --limit LIMIT``.
    """
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return action.metavar if isinstance(action.metavar, str) else action.dest
    if action.nargs == 0:
        return ", ".join(action.option_strings)
    return f"{', '.join(action.option_strings)} " + (f"[{value}]" if action.nargs == "?" else value)


def _about(action: argparse.Action) -> str:
    choices = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
    return f"{action.help or ''}{choices}"


def as_text(word: str) -> str:
    """Read a word as text.

    Args:
        word: A word of the line, or a variable that holds text or a number.

    Returns:
        The text.

    Raises:
        ArgumentTypeError: The variable holds something else.
    """
    value = given(word)
    if isinstance(word, Bound) and not isinstance(value, (str, int, float)):
        raise argparse.ArgumentTypeError(
            f"the variable {word} is of type {type(value).__name__}, and text is wanted here"
        )
    return str(value)


def whole(word: str) -> int:
    """Read a word as a whole number above 0.

    Args:
        word: A word of the line, or a variable that holds a number.

    Returns:
        The number.

    Raises:
        ArgumentTypeError: It is none.
    """
    value = given(word)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1 or (isinstance(value, float) and value != number):
        raise argparse.ArgumentTypeError(f"{value!r} is no whole number above 0")
    return number


def share(word: str) -> float:
    """Read a word as a number from 0 to 1.

    Args:
        word: A word of the line, or a variable that holds a number.

    Returns:
        The number.

    Raises:
        ArgumentTypeError: It is none.
    """
    value = given(word)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no number from 0 to 1")
    return number


__all__ = ["Help", "HelpAskedError", "Parser", "as_text", "share", "shown", "whole"]
