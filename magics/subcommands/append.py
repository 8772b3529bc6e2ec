"""``%nucleus append``: put items into the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand, variable_names

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Append(Subcommand):
    """Append items from a variable, a folder or an annotation file."""

    name = "append"
    summary = (
        "Append items: a variable with DatasetItems, a folder of pictures, or COCO, VOC, YOLO data."
    )
    examples = (
        "%nucleus append items",
        "%nucleus append photos/ --dataset holiday",
        "%nucleus append annotations/instances_train.json --format coco",
    )
    order = 40

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("source", help="variable, folder or file")
        parser.add_argument("-d", "--dataset", help="name, id or variable; default: the one in use")
        parser.add_argument(
            "--format", default="auto", help="auto, coco, pascal_voc, yolo or images"
        )
        parser.add_argument(
            "--update", action="store_true", help="overwrite items that are there already"
        )
        parser.add_argument(
            "--background", action="store_true", help="return a job at once (variables only)"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Append the items.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The counts, or the job with ``--background``.
        """
        dataset = session.need_dataset(options.dataset)
        source = session.source(options.source)
        if isinstance(source, Path):
            return dataset.import_from(source, format=options.format, update=options.update)
        return dataset.append(source, update=options.update, asynchronous=options.background)

    def complete(self, session: Session, before: list[str]) -> list[str]:
        """Offer lists of items.

        Args:
            session: The connection; its shell has the variables.
            before: Complete words after the command's name.

        Returns:
            Names of variables, or values of an option.
        """
        return super().complete(session, before) or variable_names(session, "Item", "Scene")
