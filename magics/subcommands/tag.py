"""``%nucleus tag``: free words on datasets, slices and models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.refusal import Refused, did_you_mean
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Tag(Subcommand):
    """Tag a dataset, a slice or a model."""

    name = "tag"
    summary = "Show, add or remove tags of the dataset, of a slice or of a model."
    examples = (
        "%nucleus tag",
        "%nucleus tag night outdoor",
        "%nucleus tag night --remove",
        "%nucleus tag frozen --slice worst",
        "%nucleus tag baseline --model detector",
    )
    group = "organise"
    order = 160

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("tags", nargs="*", help="the words; without any, the tags are shown")
        takes_dataset(parser)
        parser.add_argument("-s", "--slice", kind="slice", help="tag this slice instead")
        parser.add_argument("-m", "--model", kind="model", help="tag this model instead")
        parser.add_argument("--remove", action="store_true", help="take the tags away")

    def run(self, session: Session, options: Namespace) -> Any:
        """Show or change tags.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the tags that there are now.

        Raises:
            Refused: Two things are to be tagged, a tag is not there, or tags of a slice would be
                removed, which cannot be done.
        """
        if options.slice and options.model:
            raise Refused("--slice and --model name two things to tag: give one of them")
        if options.remove and not options.tags:
            raise Refused("name the tags to remove: %nucleus tag WORD --remove")
        if options.model:
            target: Any = session.find_model(options.model)
            have = session.client.get_model(target.id).tags or []
        elif options.slice:
            target = session.find_slice(session.need_dataset(options.dataset), options.slice)
            if options.remove:
                raise Refused(
                    "the tags of a slice stay as long as it does; only adding is possible"
                )
            have = target.tags
        else:
            target = session.need_dataset(options.dataset)
            have = target.get_tags()
        if options.remove:
            for tag in options.tags:
                if tag not in have:
                    there = f"there are: {', '.join(have) or 'none'}"
                    raise Refused(f"there is no tag {tag!r}: {did_you_mean(tag, have, there)}")
            target.remove_tags(options.tags)
            have = [tag for tag in have if tag not in options.tags]
        elif options.tags:
            target.add_tags(options.tags)
            have = list(dict.fromkeys([*have, *options.tags]))
        title = f"tags of {getattr(target, 'name', target)}"
        return Table([title], [(tag,) for tag in have], have, "no tags")
