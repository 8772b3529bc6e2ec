"""``%nucleus index``: embeddings of the pictures, and what rests on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.card import Card
from nucleus_lab.magics.refusal import Refused, did_you_mean
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab import Dataset
    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Index(Subcommand):
    """Embed pictures and objects, and look at autotags."""

    name = "index"
    summary = "Show what is embedded; create the index of pictures or objects; list autotags."
    examples = (
        "%nucleus index",
        "%nucleus index create",
        "job = %nucleus index create --objects --background",
        "%nucleus index autotags",
        "%nucleus index autotags night",
    )
    group = "organise"
    order = 170

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "action",
            nargs="?",
            choices=["status", "create", "autotags"],
            default="status",
            help="what (default status)",
        )
        parser.add_argument("tag", nargs="?", help="with autotags: list what this tag found")
        takes_dataset(parser)
        parser.add_argument(
            "--objects", action="store_true", help="embed objects, not pictures: the ground truth"
        )
        parser.add_argument(
            "-m", "--model", kind="model", help="with --objects: this model's predictions"
        )
        parser.add_argument(
            "--background", action="store_true", help="with create: return the job at once"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Show, embed or list.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A card of what is embedded, the job with ``--background``, or a table of tags.

        Raises:
            Refused: Options do not belong to the action.
        """
        dataset = session.need_dataset(options.dataset)
        if options.tag is not None and options.action != "autotags":
            raise Refused(f"{options.tag!r} is one word too many after {options.action}")
        if options.background and options.action != "create":
            raise Refused("--background belongs to create")
        if options.action == "autotags":
            if options.objects or options.model:
                raise Refused("--objects and --model belong to status and create")
            return _autotags(dataset, options.tag, session.settings.page_size)
        if options.model and not options.objects:
            raise Refused("--model says whose objects: add --objects")
        run_id = _run_of(session, dataset, options.model) if options.model else None
        if options.action == "create":
            if options.objects:
                job = dataset.create_object_index(run_id, gt_only=None if run_id else True)
            else:
                job = dataset.create_image_index()
            if options.background:
                return job
            job.sleep_until_complete(verbose_std_out=False)
        return _status(dataset, run_id)


def _run_of(session: Session, dataset: Dataset, name: str) -> str:
    """Find the run of a model on a dataset."""
    model = session.find_model(name)
    for run_id in dataset.model_runs:
        if session.client.get_model(model_run_id=run_id).id == model.id:
            return run_id
    raise Refused(f"the model {model.name!r} has no predictions on {dataset.name!r}")


def _status(dataset: Dataset, run_id: str | None) -> Card:
    pictures = dataset.get_image_indexing_status()
    objects = dataset.get_object_indexing_status(run_id)
    whose = "annotations" if run_id is None else "predictions"
    return Card(
        f"embeddings of {dataset.name}",
        {
            "pictures embedded": pictures["embedding_count"],
            "pictures": pictures["image_count"],
            f"{whose} embedded": objects["embedding_count"],
            whose: objects["object_count"],
        },
    )


def _autotags(dataset: Dataset, name: str | None, most: int) -> Table:
    tags = dataset.list_autotags()
    if name is None:
        rows = [(tag["name"], tag["autotag_level"], tag["status"], tag["id"]) for tag in tags]
        return Table(["name", "of", "status", "id"], rows, tags, "no autotags yet")
    names = [tag["name"] for tag in tags]
    if name not in names:
        there = f"there are: {', '.join(names) or 'none'}"
        raise Refused(f"there is no autotag {name!r}: {did_you_mean(name, names, there)}")
    found = dataset.autotag_items(name)["autotagItems"]
    shown = [(row["ref_id"], f"{row['score']:.3f}") for row in found[:most]]
    note = f"the first {len(shown):,} of {len(found):,}" if len(shown) < len(found) else ""
    return Table(["item", "score"], shown, found, "it found nothing", note)
