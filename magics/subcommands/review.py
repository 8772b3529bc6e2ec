"""``%nucleus review``: accept and reject items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import parameters, query_text
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class StartReview(Subcommand):
    """Look through items and say which are right."""

    name = "review"
    summary = "Look through the items not reviewed yet; accept or reject what you tick."
    examples = (
        "%nucleus review",
        'review = %nucleus review --query "annotations.count > 20"\nreview.accept()',
        '%nucleus_query metadata.review_status = "rejected"',
    )
    group = "look and ask"
    order = 130

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        takes_dataset(parser)
        parser.add_argument("-q", "--query", kind="query", help="only items that match")
        parser.add_argument("-s", "--slice", kind="slice", help="only the items of a slice")
        parser.add_argument("-m", "--model", kind="model", help="draw this model's predictions too")
        parser.add_argument(
            "--all", action="store_true", help="also those that were reviewed already"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Make the review.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The review: a gallery, and what accepts and rejects.
        """
        from nucleus_lab.magics.review import Review

        dataset = session.need_dataset(options.dataset)
        query = query_text(options.query or "")
        return Review(
            dataset,
            query,
            params=parameters(query, session.namespace),
            chosen=session.find_slice(dataset, options.slice) if options.slice else None,
            model=session.find_model(options.model) if options.model else None,
            everything=options.all,
            thumbnail_size=session.settings.thumbnail_size,
        )
