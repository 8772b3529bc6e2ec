"""``%nucleus items``: rows of the dataset with their pictures."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import whole
from nucleus_lab.magics.binding import parameters, query_text
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Picture, Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session

_SHOWN_KEYS = 6


class Items(Subcommand):
    """List items."""

    name = "items"
    summary = "List items as rows: picture, size, annotations, metadata."
    examples = (
        "%nucleus items",
        'found = %nucleus items --query "annotations.WBC > 1" --limit 50',
        "%nucleus items --slice worst",
    )
    group = "look and ask"
    order = 110

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        takes_dataset(parser)
        parser.add_argument("-q", "--query", kind="query", help="only items that match")
        parser.add_argument("-s", "--slice", kind="slice", help="only the items of a slice")
        parser.add_argument("-n", "--limit", type=whole, help="rows at most (default: page size)")

    def run(self, session: Session, options: Namespace) -> Any:
        """List the items.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the DatasetItem objects.
        """
        dataset = session.need_dataset(options.dataset)
        query = query_text(options.query or "") or None
        chosen = session.find_slice(dataset, options.slice).id if options.slice else None
        params = parameters(query or "", session.namespace)
        ids = dataset.item_ids(query, slice_id=chosen, params=params)
        shown = ids[: options.limit or session.settings.page_size]
        items = list(dataset.query_items("id IN {ids}", params={"ids": shown})) if shown else []
        known = dict(zip((item.reference_id for item in items), items, strict=True))
        rows = dataset.rows(shown)
        keys = list(dict.fromkeys(itertools.chain(*(row["metadata"] or () for row in rows))))
        keys = keys[:_SHOWN_KEYS]
        pictures = dataset.thumbnails(shown, size=128) if shown else []
        table = [
            (
                Picture(picture),
                row["reference_id"],
                f"{row['width']} x {row['height']}" if row["width"] else "",
                len(row["annotations"]),
                *((row["metadata"] or {}).get(key, "") for key in keys),
            )
            for row, picture in zip(rows, pictures, strict=True)
        ]
        head = ["", "reference id", "size", "annotations", *keys]
        note = f"the first {len(shown):,} of {len(ids):,} items" if len(shown) < len(ids) else ""
        objects = [known[row["reference_id"]] for row in rows]
        return Table(head, table, objects, "no item matches", note)
