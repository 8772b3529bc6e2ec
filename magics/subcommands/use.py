"""``%nucleus use``: choose the dataset that the other commands work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from nucleus_lab.magics.subcommands.base import Subcommand, dataset_names

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Use(Subcommand):
    """Choose a dataset."""

    name = "use"
    summary = "Work on a dataset from now on; returns it."
    examples = ("ds = %nucleus use BCCD", "%nucleus use drive-07 --create")
    order = 30

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "dataset", help="name or id of the dataset, or a variable that holds it"
        )
        parser.add_argument("--create", action="store_true", help="make it if it does not exist")

    def run(self, session: Session, options: Namespace) -> Any:
        """Choose the dataset.

        Args:
            session: Remembers the dataset.
            options: The parsed arguments.

        Returns:
            The dataset.

        Raises:
            UsageError: There is no such dataset and ``--create`` was not given.
        """
        try:
            session.dataset = session.need_dataset(options.dataset)
        except UsageError:
            names = {dataset.name for dataset in session.client.datasets}
            if not options.create or options.dataset in names:
                raise
            session.dataset = session.client.create_dataset(options.dataset, is_scene=False)
        return session.dataset

    def complete(self, session: Session, before: list[str]) -> list[str]:
        """Offer the names of the datasets.

        Args:
            session: The connection.
            before: Complete words after the command's name.

        Returns:
            The names.
        """
        return [] if before else dataset_names(session)
