"""``%nucleus slice``: named sets of items."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import Bound, given, parameters, query_text
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.result import QueryResult
from nucleus_lab.magics.slicing import make_slice, reference_ids_of
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab import Dataset
    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class SliceCommand(Subcommand):
    """List, make, fill and delete slices."""

    name = "slice"
    summary = "List the slices; make one of a query, a result or reference ids; add to it; delete."
    examples = (
        "%nucleus slice",
        'worst = %nucleus slice worst --query "matches.fn > 3"',
        "%nucleus slice picked $gallery.selected",
        "%nucleus slice picked $result --append",
        "%nucleus slice picked --delete",
    )
    group = "organise"
    order = 150

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("name", nargs="?", kind="slice", help="name or id; all without one")
        parser.add_argument(
            "members", nargs="?", kind="source", help="variable: a result, items or reference ids"
        )
        takes_dataset(parser)
        parser.add_argument("-q", "--query", kind="query", help="the items that match")
        parser.add_argument("-m", "--model", kind="model", help="model that the query speaks of")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--append", action="store_true", help="add to the slice, if it is there")
        how.add_argument("--delete", action="store_true", help="delete it; its items stay")

    def run(self, session: Session, options: Namespace) -> Any:
        """List or change slices.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A table of Slice objects, or the slice.

        Raises:
            Refused: Members are given twice, or beside ``--delete``.
        """
        dataset = session.need_dataset(options.dataset)
        gives = options.query is not None or options.members is not None
        if options.name is None:
            if gives or options.append or options.delete:
                raise Refused("name the slice: %nucleus slice NAME …")
            return _listing(dataset)
        if options.delete:
            if gives:
                raise Refused("--delete takes a name and nothing else")
            found = session.find_slice(dataset, options.name)
            rows = [(found.name, found.id)]
            session.client.delete_slice(found.id)
            return Table(["deleted slice", "id"], rows, rows, "")
        if not gives:
            return session.find_slice(dataset, options.name)
        if options.query is not None and options.members is not None:
            raise Refused("--query and a variable both say what is in the slice: give one of them")
        members = self._members(session, dataset, options)
        if options.append:
            names = {found.name for found in dataset.slices} | {f.id for f in dataset.slices}
            if isinstance(options.name, Bound) or options.name in names:
                return make_slice(
                    dataset, "", members, into=session.find_slice(dataset, options.name)
                )
        return make_slice(dataset, str(given(options.name)), members)

    @staticmethod
    def _members(session: Session, dataset: Dataset, options: Namespace) -> list[str]:
        if options.query is not None:
            query = query_text(options.query)
            model = session.find_model(options.model) if options.model else None
            params = parameters(query, session.namespace)
            ids = dataset.item_ids(query, model=model, params=params)
            return reference_ids_of(dataset, ids)
        value = session.variable(options.members)
        if isinstance(value, QueryResult):
            return value.reference_ids
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise Refused(
                f"{options.members!s} is "
                + ("no variable" if value is None else f"of type {type(value).__name__}")
                + ": a result, a list of items, or a list of reference ids is wanted"
            )
        found: list[Any] = [getattr(each, "reference_id", each) for each in value]
        if wrong := next((each for each in found if not isinstance(each, str)), None):
            raise Refused(f"{options.members!s} holds {wrong!r}, which is no reference id")
        return found


def _listing(dataset: Dataset) -> Table:
    found = dataset.slices
    rows = [
        (
            each.name,
            each.type,
            len(dataset.item_ids(slice_id=each.id)),
            ", ".join(each.tags),
            each.id,
        )
        for each in found
    ]
    empty = 'no slice yet:  %nucleus slice NAME --query "…"  makes one'
    return Table(["name", "of", "items", "tags", "id"], rows, found, empty)
