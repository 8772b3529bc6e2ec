"""Reading the options of a magic: argparse that reports instead of leaving the program."""

from __future__ import annotations

import argparse
import html
import shlex
from collections.abc import Sequence
from typing import NoReturn

from IPython.core.error import UsageError


class Help:
    """A help text that a cell shows as its result.

    Args:
        text: The text, laid out for a fixed-width font.
    """

    def __init__(self, text: str) -> None:
        self.text = text.rstrip()

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre style='margin:0'>{html.escape(self.text)}</pre>"


class HelpAskedError(Exception):
    """``--help`` was given; carries the text to show."""


class _ShowHelp(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, *_unused: object, **_also_unused: object
    ) -> NoReturn:
        raise HelpAskedError(parser.format_help())


class Parser(argparse.ArgumentParser):
    """An argument parser that raises where argparse would end the process.

    Args:
        prog: How the command is written, such as ``%nucleus append``.
        description: What it does, in a sentence or two.
        examples: Lines that can be pasted into a cell.
    """

    def __init__(self, prog: str, description: str, examples: Sequence[str] = ()) -> None:
        epilog = "examples:\n" + "\n".join(f"  {line}" for line in examples) if examples else None
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_argument(
            "-h",
            "--help",
            action=_ShowHelp,
            nargs=0,
            help="show this text",
            default=argparse.SUPPRESS,
        )

    def error(self, message: str) -> NoReturn:
        """Report a fault of the user.

        Args:
            message: What argparse found.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            f"{message}\n{self.format_usage()}  {self.prog} --help  explains the options"
        )

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


def words(line: str) -> list[str]:
    """Split a magic line like a shell does.

    Args:
        line: The text after the magic's name.

    Returns:
        The words without their quotes.

    Raises:
        UsageError: A quote never ends.
    """
    try:
        return shlex.split(line)
    except ValueError as fault:
        raise UsageError(f"cannot read {line!r}: {fault}") from fault
