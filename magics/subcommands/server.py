"""``%nucleus server``: let other programs use this notebook's workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import Help, as_text
from nucleus_lab.magics.local_server import LocalServer
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Server(Subcommand):
    """Start, stop and look at a server of the workspace."""

    name = "server"
    summary = "Serve this workspace to other programs: start, stop or status."
    examples = (
        "%nucleus server start",
        "%nucleus server start --port 8765",
        "%nucleus server status",
        "%nucleus server stop",
    )
    group = "behind the scenes"
    order = 310

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "action", nargs="?", choices=["start", "stop", "status"], default="status", help="what"
        )
        parser.add_argument(
            "--port", type=_port, default=0, help="0, the default, takes a free one"
        )
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="address; any but this machine alone needs a key (default 127.0.0.1)",
        )

    def run(self, session: Session, options: Namespace) -> Any:
        """Start, stop or show the server.

        Args:
            session: Remembers the server.
            options: The parsed arguments.

        Returns:
            The server, with its endpoint; or a sentence.

        Raises:
            Refused: It did not start, or the notebook itself works on a server.
        """
        server = session.server
        running = server is not None and server.running
        if options.action == "start":
            if server is not None and running:
                raise Refused(
                    f"the workspace is served already at {server.endpoint}: %nucleus server stop "
                    "ends that"
                )
            if not session.client.embedded:
                raise Refused(
                    f"this notebook works on the server {session.client.target}: only a workspace "
                    "folder can be served from here"
                )
            session.server = LocalServer(session.client.target, options.host, options.port)
            return session.server
        if server is None or not running:
            return Help("no server of this notebook is running:  %nucleus server start")
        if options.action == "stop":
            server.stop()
            session.server = None
            return Help(f"the server at {server.endpoint} has stopped")
        return server


def _port(word: str) -> int:
    text = as_text(word)
    if not text.isdigit() or int(text) > 65535:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{text!r} is no port: use 0 to 65535")
    return int(text)
