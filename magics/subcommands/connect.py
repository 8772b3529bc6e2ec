"""``%nucleus connect``: choose the workspace or the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import given
from nucleus_lab.magics.refusal import Refused
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
        "%nucleus connect http://127.0.0.1:8080/v1/nucleus",
        "%nucleus connect https://lab.example.org/v1/nucleus --key $key",
        "%nucleus connect $client",
    )
    group = "begin"
    order = 10

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "where",
            nargs="?",
            kind="client",
            help="folder of a workspace, address of a server, or a NucleusClient",
        )
        parser.add_argument(
            "--workspace", metavar="FOLDER", help="the folder, as NucleusClient(workspace=…) has it"
        )
        parser.add_argument(
            "--key",
            kind="text_variable",
            help="of a server that asks for one: variable that holds the API key ($name); else "
            "NUCLEUS_API_KEY is read",
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Connect.

        Args:
            session: Remembers the connection.
            options: The parsed arguments.

        Returns:
            The client.

        Raises:
            Refused: The variable is neither a folder, an address nor a client; or a folder stands
                beside another place.
        """
        from nucleus_lab import NucleusClient

        key = options.key
        if key is not None and isinstance(held := session.variable(key), str):
            key = held
        where = given(options.where)
        if options.workspace is not None:
            if where is not None:
                raise Refused(
                    f"{options.where} and --workspace {options.workspace} are two places: "
                    "give one of them"
                )
            where = Path(options.workspace)
        if hasattr(where, "create_dataset"):
            client = where
        elif where is None:
            client = NucleusClient(api_key=key)
        elif not isinstance(where, (str, Path)):
            raise Refused(
                f"the variable {options.where} is of type {type(where).__name__}: a folder, "
                "an address or a NucleusClient is wanted here"
            )
        elif "://" in str(where):
            client = NucleusClient(api_key=key, endpoint=str(where))
        else:
            client = NucleusClient(workspace=where)
        session.connect(client)
        return client
