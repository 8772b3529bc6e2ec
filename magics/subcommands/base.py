"""What a command of ``%nucleus`` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nucleus_lab.format_names import FORMAT_NAMES
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
        group: Heading of the card that it stands under.
        order: Place on the card, small first.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    examples: ClassVar[Sequence[str]] = ()
    group: ClassVar[str] = "more"
    order: ClassVar[int] = 1000

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
            parser: Gets ``add_argument`` calls; their ``kind=`` says what completion offers.
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


def takes_format(parser: Parser) -> None:
    """Declare ``--format`` of what is read.

    Args:
        parser: Gets the declaration.
    """
    parser.add_argument(
        "--format", default="auto", kind="format", help=f"auto, {', '.join(FORMAT_NAMES)}"
    )


def takes_dataset(parser: Parser) -> None:
    """Declare ``--dataset``.

    Args:
        parser: Gets the declaration.
    """
    parser.add_argument(
        "-d", "--dataset", kind="dataset", help="name, id or variable; default: the one in use"
    )
