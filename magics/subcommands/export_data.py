"""``%nucleus export``: write annotations to files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.format_names import WRITTEN_FORMATS
from nucleus_lab.magics.binding import given
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session

_SHOWN = 10


class Export(Subcommand):
    """Export the dataset."""

    name = "export"
    summary = "Write the ground truth, or a model's predictions, as files of a format."
    examples = (
        "%nucleus export street.json",
        "files = %nucleus export out/ --format yolo --model detector",
    )
    group = "data in and out"
    order = 80

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("path", kind="source", help="a .json file (COCO) or a folder")
        takes_dataset(parser)
        parser.add_argument(
            "--format",
            choices=WRITTEN_FORMATS,
            default="coco",
            help="of the files (default coco)",
        )
        parser.add_argument("-m", "--model", kind="model", help="write this model's predictions")

    def run(self, session: Session, options: Namespace) -> Any:
        """Export.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the paths of the files.
        """
        dataset = session.need_dataset(options.dataset)
        model = session.find_model(options.model) if options.model else None
        path = Path(given(options.path)).expanduser()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the note says the same
            written = dataset.export_to(path, options.format, model)
        rows = [(str(file), file.stat().st_size) for file in written[:_SHOWN]]
        more = len(written) - len(rows)
        note = "\n".join(filter(None, [f"and {more:,} more files" if more else "", written.told()]))
        return Table(["file", "bytes"], rows, written, "nothing to write", note)
