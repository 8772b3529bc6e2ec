"""``%nucleus annotate``: put ground truth or predictions on the items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand, variable_names

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Annotate(Subcommand):
    """Annotate items from a variable or a file."""

    name = "annotate"
    summary = "Add annotations, or with --model a model's predictions, from a variable or a file."
    examples = (
        "%nucleus annotate boxes --update",
        "%nucleus annotate detections.json --model yolo-v2",
    )
    order = 50

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("source", help="variable with annotations, or a file")
        parser.add_argument("-d", "--dataset", help="name, id or variable; default: the one in use")
        parser.add_argument("-m", "--model", help="the source holds predictions of this model")
        parser.add_argument("--format", default="auto", help="auto, coco, pascal_voc or yolo")
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
                return dataset.import_predictions_from(model, source, format=options.format)
            return dataset.import_from(source, format=options.format, update=options.update)
        if model is not None:
            return dataset.upload_predictions(
                model, source, update=options.update, asynchronous=options.background
            )
        return dataset.annotate(source, update=options.update, asynchronous=options.background)

    def complete(self, session: Session, before: list[str]) -> list[str]:
        """Offer lists of annotations and predictions.

        Args:
            session: The connection; its shell has the variables.
            before: Complete words after the command's name.

        Returns:
            Names of variables, or values of an option.
        """
        offered = super().complete(session, before)
        return offered or variable_names(session, "Annotation", "Prediction")
