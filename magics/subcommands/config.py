"""``%nucleus config``: the settings of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import whole
from nucleus_lab.magics.card import Card
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Config(Subcommand):
    """Show and set what the commands of this notebook go by."""

    name = "config"
    summary = "Show the settings of this notebook, or set some: dataset, workspace, sizes."
    examples = (
        "%nucleus config",
        "%nucleus config --thumbnail-size 240 --page-size 50",
        "%nucleus config --workspace ~/work/cells --dataset BCCD",
    )
    group = "begin"
    order = 40

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "-d", "--dataset", kind="dataset", help="the dataset that commands work on"
        )
        parser.add_argument("--workspace", kind="file", help="folder of the workspace")
        parser.add_argument(
            "--thumbnail-size", type=whole, help="width of gallery pictures, 96 to 360 pixels"
        )
        parser.add_argument("--page-size", type=whole, help="rows of a table")

    def run(self, session: Session, options: Namespace) -> Any:
        """Set what is given, and show everything.

        Args:
            session: Remembers the settings.
            options: The parsed arguments.

        Returns:
            A card of all settings.

        Raises:
            Refused: A size is out of its range; nothing is set then.
        """
        size = options.thumbnail_size
        if size is not None and not 96 <= size <= 360:
            raise Refused(f"--thumbnail-size is {size}: use 96 to 360")
        if options.workspace is not None:
            from nucleus_lab import NucleusClient

            session.connect(NucleusClient(workspace=options.workspace))
        if options.dataset is not None:
            session.use(session.need_dataset(options.dataset))
        settings = session.settings
        settings.thumbnail_size = size or settings.thumbnail_size
        settings.page_size = options.page_size or settings.page_size
        where = "workspace" if session.client.embedded else "server"
        return Card(
            "settings of this notebook",
            {
                where: session.client.target,
                "dataset": session.dataset.name if session.dataset is not None else None,
                "thumbnail size": settings.thumbnail_size,
                "page size": settings.page_size,
                "server of its own": session.server is not None and session.server.running,
            },
        )
