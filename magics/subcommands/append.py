"""``%nucleus append``: put items into the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset, takes_format

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
        "%nucleus append $items",
        "%nucleus append photos/ --dataset holiday",
        "%nucleus append annotations/instances_train.json --format coco",
    )
    group = "data in and out"
    order = 50

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("source", kind="source", help="variable, folder or file")
        takes_dataset(parser)
        takes_format(parser)
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
