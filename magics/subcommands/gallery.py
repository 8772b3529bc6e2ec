"""``%nucleus gallery``: look at the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand

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
        '%nucleus gallery --query "annotations.WBC > 1" --model detector',
        "g = %nucleus gallery --slice worst",
    )
    order = 70

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("-d", "--dataset", help="name, id or variable; default: the one in use")
        parser.add_argument("-q", "--query", help="show only items that match")
        parser.add_argument("-s", "--slice", help="show only the items of a slice (name or id)")
        parser.add_argument("-m", "--model", help="draw this model's predictions too")

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
        model = session.find_model(options.model) if options.model else None
        chosen = None
        if options.slice:
            chosen = session.variable(options.slice)
            if not hasattr(chosen, "dataset_id"):
                chosen = _find_slice(session, dataset, options.slice)
        return Gallery(dataset, query=options.query, slice=chosen, model=model)

    def complete(self, session: Session, before: list[str]) -> list[str]:
        """Offer slices after ``--slice``.

        Args:
            session: The connection and the dataset in use.
            before: Complete words after the command's name.

        Returns:
            Names.
        """
        if before and before[-1] in {"-s", "--slice"} and session.dataset is not None:
            return [found.name for found in session.dataset.slices]
        return super().complete(session, before)


def _find_slice(session: Session, dataset: Any, name: str) -> Any:
    """Find a slice by name or id."""
    if name.startswith("slc_"):
        return session.client.get_slice(name)
    return dataset.get_slices(name=name)[0]
