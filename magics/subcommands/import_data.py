"""``%nucleus import``: bring a dataset in from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import NucleusError
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset, takes_format

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Import(Subcommand):
    """Import a file or a folder."""

    name = "import"
    summary = "Import pictures and annotations: COCO, Pascal VOC, YOLO, CVAT, KITTI … or a folder."
    examples = (
        "%nucleus import street/ --create street",
        "%nucleus import annotations/instances.json --images photos/ --update",
        "%nucleus import detections.json --model yolo11",
    )
    group = "data in and out"
    order = 70

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("path", kind="source", help="file or folder")
        takes_dataset(parser)
        parser.add_argument(
            "--create", metavar="NAME", help="into a new dataset of this name, used from now on"
        )
        parser.add_argument(
            "-m", "--model", kind="model", help="the files hold predictions of this model"
        )
        takes_format(parser)
        parser.add_argument("--images", kind="file", help="folder of the pictures")
        parser.add_argument("--update", action="store_true", help="replace what exists")

    def run(self, session: Session, options: Namespace) -> Any:
        """Import.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            The report: counts, and what was left out.

        Raises:
            Refused: Options exclude each other, or the name is taken.
            NucleusError: The files cannot be imported; a dataset made for them is gone again.
        """
        path = session.path(session.source(options.path))
        more = {"images": options.images}
        if options.model is not None:
            if options.create:
                raise Refused("predictions belong to items that are there: leave --create out")
            model = session.find_model(options.model)
            return session.need_dataset(options.dataset).import_predictions_from(
                model, path, options.format, options.update, **more
            )
        if options.create is None:
            dataset = session.need_dataset(options.dataset)
            return dataset.import_from(path, options.format, options.update, **more)
        if options.dataset is not None:
            raise Refused("--dataset names an old dataset and --create a new one: give one of them")
        if any(options.create == dataset.name for dataset in session.client.datasets):
            raise Refused(f"there is a dataset {options.create!r} already: use --dataset for it")
        from nucleus_lab.formats import holds_scenes

        scenes = holds_scenes(path, options.format)
        dataset = session.client.create_dataset(options.create, is_scene=scenes)
        try:
            report = dataset.import_from(path, options.format, options.update, **more)
        except NucleusError:
            session.client.delete_dataset(dataset.id)  # it was made for this import alone
            raise
        session.use(dataset)
        return report
