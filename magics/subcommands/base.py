"""What a command of ``%nucleus`` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nucleus_lab.magics.arguments import Parser

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.session import Session


class Subcommand:
    """One command; a subclass in a module of this package is found by itself.

    Attributes:
        name: The word after ``%nucleus``.
        summary: One line for the card.
        examples: Lines that can be pasted into a cell.
        order: Place on the card, small first.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    examples: ClassVar[Sequence[str]] = ()
    order: ClassVar[int] = 100

    def parser(self) -> Parser:
        """Return the reader of this command's options.

        Returns:
            A fresh parser with the arguments of the command.
        """
        parser = Parser(f"%nucleus {self.name}", self.summary, self.examples)
        self.arguments(parser)
        return parser

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets ``add_argument`` calls.
        """

    def run(self, session: Session, options: Namespace) -> Any:
        """Do the work.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            What the cell shows and assigns.
        """
        raise NotImplementedError

    def complete(self, session: Session, before: list[str]) -> list[str]:
        """Offer values where no option is being typed.

        Args:
            session: The connection and the dataset in use.
            before: Complete words after the command's name.

        Returns:
            What may stand here; names of datasets by default after ``--dataset``.
        """
        if before and before[-1] in {"-d", "--dataset"}:
            return dataset_names(session)
        if before and before[-1] in {"-m", "--model"}:
            return [quoted(model.name) for model in session.client.models]
        return []


def dataset_names(session: Session) -> list[str]:
    """Return the names of all datasets as they would be typed.

    Args:
        session: The connection.

    Returns:
        Names, quoted where they hold a blank.
    """
    return [quoted(dataset.name) for dataset in session.client.datasets]


def quoted(name: str) -> str:
    """Write a name so that the command line reads it as one word.

    Args:
        name: Any text.

    Returns:
        The name, in quotes where it needs them.
    """
    return f'"{name}"' if any(letter in name for letter in " '\\$") or not name else name


def variable_names(session: Session, *kinds: str) -> list[str]:
    """Return the notebook's variables that hold a list, or a list of certain values.

    Args:
        session: The connection; its shell has the variables.
        *kinds: Endings of class names that the first element may have; none for any list.

    Returns:
        Names in alphabetical order.
    """
    found = []
    for name, value in session.shell.user_ns.items():
        if name.startswith("_") or not isinstance(value, (list, tuple)) or not value:
            continue
        if not kinds or type(value[0]).__name__.endswith(kinds):
            found.append(name)
    return sorted(found)
