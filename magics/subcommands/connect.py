"""``%nucleus connect``: choose the workspace or the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Connect(Subcommand):
    """Open a workspace folder, or reach a server."""

    name = "connect"
    summary = (
        "Open a workspace folder or reach a server; without an argument, the default workspace."
    )
    examples = (
        "%nucleus connect ~/work/cells",
        "%nucleus connect http://127.0.0.1:8080/v1/nucleus --key $key",
    )
    order = 10

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "where", nargs="?", help="folder of a workspace, or address of a server"
        )
        parser.add_argument(
            "--key", help="variable that holds the API key ($name); else NUCLEUS_API_KEY is read"
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Connect.

        Args:
            session: Remembers the connection.
            options: The parsed arguments.

        Returns:
            The client.
        """
        from nucleus_lab import NucleusClient

        key = None
        if options.key is not None:
            key = session.variable(options.key) or options.key
        where = options.where
        if where is not None and where.startswith("$"):
            where = session.source(where)
        if where is None:
            client = NucleusClient(api_key=key)
        elif "://" in str(where):
            client = NucleusClient(api_key=key, endpoint=str(where))
        else:
            client = NucleusClient(workspace=where)
        session.connect(client)
        return client
