"""``%nucleus info``: what a dataset holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.card import Card
from nucleus_lab.magics.subcommands.base import Subcommand, takes_dataset
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab import Dataset
    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Info(Subcommand):
    """Show what a dataset holds."""

    name = "info"
    summary = "Show what the dataset holds: size, classes, metadata keys, slices, models."
    examples = ("%nucleus info", 'card = %nucleus info -d BCCD\ncard["items"]')
    group = "look and ask"
    order = 100

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        takes_dataset(parser)

    def run(self, session: Session, options: Namespace) -> Any:
        """Read what is known.

        Args:
            session: The connection and the dataset in use.
            options: The parsed arguments.

        Returns:
            A card; ``card["items"]``, ``card["classes"]`` and so on are its values.
        """
        dataset = session.need_dataset(options.dataset)
        about = dataset.info()
        values = {
            "id": dataset.id,
            "items": about.length,
            "scenes": len(dataset.scenes) if dataset.is_scene else None,
            "slices": [found.name for found in dataset.slices],
            "model runs": about.model_run_ids,
            "taxonomies": [taxonomy.taxonomy_name for taxonomy in dataset.taxonomies],
            "tags": about.tags or [],
            "saved queries": [saved.name for saved in dataset.saved_queries()],
            "classes": _classes(dataset, session.settings.page_size),
            "metadata": _keys(dataset, session.settings.page_size),
        }
        return Card(
            dataset.name, {name: value for name, value in values.items() if value not in (None, [])}
        )


def _classes(dataset: Dataset, most: int) -> Table:
    counts = dataset.label_counts()["ground_truth"]
    rows = [(each["label"], each["count"]) for each in counts]
    rows.sort(key=lambda row: (-row[1], row[0]))
    note = f"and {len(rows) - most:,} more classes" if len(rows) > most else ""
    names = [label for label, _ in rows]
    return Table(["class", "annotations"], rows[:most], names, "no annotations yet", note)


def _keys(dataset: Dataset, most: int) -> Table:
    found = [each for each in dataset.complete_query("metadata.") if each.kind == "key"]
    rows = [(each.text, each.detail) for each in found]
    note = f"and {len(rows) - most:,} more keys" if len(rows) > most else ""
    names = [each.text for each in found]
    return Table(["key", "values"], rows[:most], names, "items have no metadata", note)
