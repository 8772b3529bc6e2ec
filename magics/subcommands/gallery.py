"""``%nucleus gallery``: look at the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import parameters, query_text
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class ShowGallery(Subcommand):
    """Show the gallery of the dataset in use."""

    name = "gallery"
    summary = "Show the pictures with their annotations."
    examples = (
        "%nucleus gallery",
        '%nucleus gallery --query "annotations.WBC > $least" --model detector',
        "g = %nucleus gallery --slice worst",
    )
    group = "look and ask"
    order = 120

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        takes_dataset(parser)
        parser.add_argument("-q", "--query", kind="query", help="show only items that match")
        parser.add_argument(
            "-s", "--slice", kind="slice", help="show only the items of a slice (name or id)"
        )
        parser.add_argument("-m", "--model", kind="model", help="draw this model's predictions too")

    def run(self, session: Session, options: Namespace) -> Any:
        """Make the gallery.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The widget.
        """
        from nucleus_lab.widgets import Gallery

        dataset = session.need_dataset(options.dataset)
        query = query_text(options.query or "")
        return Gallery(
            dataset,
            query=query,
            slice=session.find_slice(dataset, options.slice) if options.slice else None,
            model=session.find_model(options.model) if options.model else None,
            params=parameters(query, session.namespace),
            thumbnail_size=session.settings.thumbnail_size,
        )
