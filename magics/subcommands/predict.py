"""``%nucleus predict``: predictions of a model, uploaded or computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import Bound
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab import Model
    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Predict(Subcommand):
    """Upload predictions, or run the code of a model."""

    name = "predict"
    summary = "Upload a model's predictions; without a source, run the code of the model."
    examples = (
        "%nucleus predict $detections --model detector --create",
        "%nucleus predict detections.json --model detector",
        "job = %nucleus predict --model bundled --run first",
    )
    group = "models"
    order = 200

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "source", nargs="?", kind="objects", help="variable with predictions, or a file"
        )
        parser.add_argument(
            "-m", "--model", kind="model", required=True, help="name, id or variable"
        )
        takes_dataset(parser)
        parser.add_argument("--create", action="store_true", help="make the model if it is new")
        parser.add_argument(
            "--format", default="auto", kind="format", help="of a file: auto, coco, mot or yolo"
        )
        parser.add_argument(
            "--update", action="store_true", help="overwrite predictions that are there already"
        )
        parser.add_argument(
            "--background", action="store_true", help="return a job at once (variables only)"
        )
        parser.add_argument("--run", help="without a source: name of the run (default: run)")
        parser.add_argument(
            "-s", "--slice", kind="slice", help="without a source: only the items of this slice"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Upload, or start the run.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The counts, or a job.

        Raises:
            Refused: Options that belong to the other way are given.
        """
        dataset = session.need_dataset(options.dataset)
        if options.source is None:
            model = session.find_model(options.model)
            chosen = session.find_slice(dataset, options.slice).id if options.slice else None
            return session.client.get_job(model.run(dataset.id, options.run or "run", chosen))
        if options.run or options.slice:
            raise Refused("--run and --slice run the model's code: leave the source out")
        source = session.source(options.source)
        model = self._model(session, options)
        if isinstance(source, Path):
            return dataset.import_predictions_from(
                model, source, format=options.format, update=options.update
            )
        return dataset.upload_predictions(
            model, source, update=options.update, asynchronous=options.background
        )

    @staticmethod
    def _model(session: Session, options: Namespace) -> Model:
        name = options.model
        if options.create and not isinstance(name, Bound):
            known = session.client.models
            if not any(name in {model.id, model.reference_id, model.name} for model in known):
                return session.client.create_model(name, name)
        return session.find_model(name)
