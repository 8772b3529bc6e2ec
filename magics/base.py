"""What every magic has: the session, and how errors are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from nucleus_lab.errors import NucleusError
from nucleus_lab.magics.arguments import Help, HelpAskedError

if TYPE_CHECKING:
    from nucleus_lab.magics.session import Session


_NOTHING = SimpleNamespace(strs={})


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

    def complete_after(self, spellings: Sequence[str], complete: Callable[..., list[str]]) -> None:
        """Complete lines that begin with one of some words.

        Args:
            spellings: The words, such as ``%nucleus``.
            complete: Gets the shell and the event of the Tab key, returns what may stand there.
        """
        shell: Any = self.session.shell
        for spelling in spellings:
            # A second load of the extension would otherwise find the first one's session.
            shell.strdispatchers.get("complete_command", _NOTHING).strs.pop(spelling, None)
            shell.set_hook("complete_command", complete, str_key=spelling)

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
