"""What every magic has: the session, and how errors are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import NucleusError
from nucleus_lab.magics.arguments import HelpAskedError
from nucleus_lab.magics.notices import query_warnings
from nucleus_lab.magics.refusal import Refused

if TYPE_CHECKING:
    from nucleus_lab.magics.session import Session


class Magic:
    """One magic; subclasses register their functions.

    Args:
        session: Shared by all magics of the notebook.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def register(self) -> None:
        """Make the magic known to the shell."""
        raise NotImplementedError

    @staticmethod
    def guarded(work: Callable[[], Any]) -> Any:
        """Run a command; show its refusal as one block of text instead of a traceback.

        Args:
            work: The command.

        Returns:
            What the command returns, or the help page that was asked for.

        Raises:
            Refused: The command was refused; IPython shows only its text.
        """
        try:
            with query_warnings() as told:
                value = work()
        except HelpAskedError as asked:
            return asked.page
        except NucleusError as refusal:
            raise Refused(str(refusal)) from refusal
        if told and not hasattr(value, "shows_warnings"):
            sys.stderr.write("\n".join([*told, ""]))
        return value
