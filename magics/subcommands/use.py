"""``%nucleus use``: choose the dataset that the other commands work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import Bound
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Use(Subcommand):
    """Choose a dataset."""

    name = "use"
    summary = "Work on a dataset from now on; returns it."
    examples = (
        "ds = %nucleus use BCCD",
        "%nucleus use drive-07 --create",
        "%nucleus use drives --create --scenes",
        "%nucleus use $dataset",
    )
    group = "begin"
    order = 30

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "dataset",
            kind="dataset",
            help="name or id of the dataset, or a variable that holds it",
        )
        parser.add_argument("--create", action="store_true", help="make it if it does not exist")
        parser.add_argument(
            "--scenes", action="store_true", help="with --create: a dataset of scenes"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Choose the dataset.

        Args:
            session: Remembers the dataset.
            options: The parsed arguments.

        Returns:
            The dataset.

        Raises:
            Refused: There is no such dataset and ``--create`` was not given.
        """
        if options.scenes and not options.create:
            raise Refused("--scenes says what to create: add --create")
        try:
            session.use(session.need_dataset(options.dataset))
        except Refused as refusal:
            name = options.dataset.value if isinstance(options.dataset, Bound) else options.dataset
            names = {dataset.name for dataset in session.client.datasets}
            if not options.create or not isinstance(name, str) or name in names:
                hint = "" if options.create else "; add --create to make it"
                raise Refused(f"{refusal}{hint}") from None
            session.use(session.client.create_dataset(name, is_scene=options.scenes))
        return session.dataset
