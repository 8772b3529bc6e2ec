"""``%nucleus annotate``: put ground truth or predictions on the items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset, takes_format

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Annotate(Subcommand):
    """Annotate items from a variable or a file."""

    name = "annotate"
    summary = "Add annotations, or with --model a model's predictions, from a variable or a file."
    examples = (
        "%nucleus annotate $boxes --update",
        "%nucleus annotate labels/ --format yolo",
        "%nucleus annotate detections.json --model yolo-v2",
    )
    group = "data in and out"
    order = 60

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("source", kind="objects", help="variable with annotations, or a file")
        takes_dataset(parser)
        parser.add_argument(
            "-m", "--model", kind="model", help="the source holds predictions of this model"
        )
        takes_format(parser)
        parser.add_argument(
            "--update", action="store_true", help="overwrite annotations that are there already"
        )
        parser.add_argument(
            "--background", action="store_true", help="return a job at once (variables only)"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Add the annotations.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The counts, or the job with ``--background``.
        """
        dataset = session.need_dataset(options.dataset)
        source = session.source(options.source)
        model = session.find_model(options.model) if options.model else None
        if isinstance(source, Path):
            if model is not None:
                return dataset.import_predictions_from(
                    model, source, format=options.format, update=options.update
                )
            return dataset.import_from(source, format=options.format, update=options.update)
        if model is not None:
            return dataset.upload_predictions(
                model, source, update=options.update, asynchronous=options.background
            )
        return dataset.annotate(source, update=options.update, asynchronous=options.background)
