"""``%nucleus evaluate``: hold a model's predictions against the ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import share
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Evaluate(Subcommand):
    """Compute and show the metrics of a model."""

    name = "evaluate"
    summary = "Compute the metrics of a model on the dataset; returns the report."
    examples = (
        "report = %nucleus evaluate --model detector",
        "%nucleus evaluate --model detector --iou 0.75 --class-aware",
        "%nucleus evaluate --model detector --last",
    )
    group = "models"
    order = 210

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "-m", "--model", kind="model", required=True, help="name, id or variable"
        )
        takes_dataset(parser)
        parser.add_argument("--iou", type=share, help="overlap from which a pair counts (0.5)")
        parser.add_argument(
            "--confidence", type=share, help="predictions below it are left out (0)"
        )
        parser.add_argument(
            "--class-aware", action="store_true", help="pair only objects of the same class"
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--last", action="store_true", help="show the last report, compute nothing"
        )
        how.add_argument("--background", action="store_true", help="return the job at once")

    def run(self, session: Session, options: Namespace) -> Any:
        """Evaluate.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The report, or the job with ``--background``.

        Raises:
            Refused: Options of a computation stand beside ``--last``.
        """
        dataset = session.need_dataset(options.dataset)
        model = session.find_model(options.model)
        wanted = {
            "iou_threshold": options.iou,
            "confidence_threshold": options.confidence,
            "class_agnostic": False if options.class_aware else None,
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if options.last:
            if wanted:
                raise Refused("--last shows what was computed: leave the other options out")
            return dataset.evaluation(model)
        job = dataset.calculate_evaluation_metrics(model, wanted)
        if options.background:
            return job
        job.sleep_until_complete(verbose_std_out=False)
        return dataset.evaluation(model)
