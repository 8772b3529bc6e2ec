"""``%nucleus models``: the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Models(Subcommand):
    """List models, or make one."""

    name = "models"
    summary = "List the models, or make one."
    examples = ("%nucleus models", "model = %nucleus models --create detector")
    group = "models"
    order = 190

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("--create", metavar="NAME", help="make a model of this name")
        parser.add_argument(
            "--reference-id", metavar="ID", help="with --create: a unique id (default: the name)"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """List, or make.

        Args:
            session: The connection.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the Model objects, or the new model.

        Raises:
            Refused: ``--reference-id`` stands alone.
        """
        if options.create is not None:
            return session.client.create_model(
                options.create, options.reference_id or options.create
            )
        if options.reference_id is not None:
            raise Refused("--reference-id is that of a new model: add --create NAME")
        found = session.client.models
        rows = [
            (model.name, model.reference_id, ", ".join(model.tags or ()), model.id)
            for model in found
        ]
        empty = "no model yet:  %nucleus models --create NAME  makes one"
        return Table(["name", "reference id", "tags", "id"], rows, found, empty)
