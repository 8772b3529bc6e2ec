"""What every magic has: the session, and how errors are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from nucleus_lab.errors import NucleusError
from nucleus_lab.magics.arguments import Help, HelpAskedError

if TYPE_CHECKING:
    from nucleus_lab.magics.session import Session


class Magic:
    """One magic; subclasses register their functions and complete their words.

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
            What the command returns, or the help text that was asked for.

        Raises:
            UsageError: The command was refused; IPython shows only its text.
        """
        try:
            return work()
        except HelpAskedError as asked:
            return Help(str(asked))
        except NucleusError as refusal:
            raise UsageError(str(refusal)) from refusal
