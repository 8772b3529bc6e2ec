"""``%nucleus datasets``: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.session import Session


class Datasets(Subcommand):
    """List the datasets."""

    name = "datasets"
    summary = "List the datasets with their sizes."
    examples = ("%nucleus datasets",)
    group = "begin"
    order = 20

    def run(self, session: Session, options: Namespace) -> Any:  # noqa: ARG002 - takes none
        """List the datasets.

        Args:
            session: The connection.
            options: Unused.

        Returns:
            A table whose rows are also the Dataset objects.
        """
        found = session.client.datasets
        current = session.dataset.id if session.dataset else None
        rows = [
            (
                "●" if dataset.id == current else "",
                dataset.name,
                dataset.size,
                len(dataset.model_runs),
                dataset.id,
            )
            for dataset in found
        ]
        empty = "no dataset yet:  %nucleus use NAME --create  makes one"
        return Table(["", "name", "items", "model runs", "id"], rows, found, empty)
