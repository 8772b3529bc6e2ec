"""Notices that the files of an open SQLite database were deleted or replaced.

SQLite goes on writing into files that have no name any more, and what it writes there is gone with
the last process that has them open; a new connection would make a new, empty database. Comparing
two numbers before a transaction costs a microsecond each.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from nucleus_lab.errors import WorkspaceError

_KEY: Final = "nucleus_lab_journal"

Identity = tuple[int, int] | None


class FileGuard:
    """The files that connections opened, held against those that have their names now.

    Args:
        database: The database file.
    """

    def __init__(self, database: Path) -> None:
        self._database = str(database)
        self._journal = f"{database}-wal"
        self._known: Identity = None

    def check_database(self) -> None:
        """Refuse to go on when the database file is not the one that was opened.

        Raises:
            WorkspaceError: It was deleted or replaced.
        """
        if self._known is not None and self._known != _identity(self._database):
            raise WorkspaceError(
                f"{self._database} was deleted or replaced while the workspace was open, and "
                "nothing is written into a file that is gone: close the workspace, put the folder "
                "back as it was (or take what is there now), and open it again"
            )

    def check_journal(self, info: dict[Any, Any]) -> None:
        """Refuse a connection whose write-ahead log is not the one it opened.

        Args:
            info: What SQLAlchemy keeps beside the connection as long as it is open.

        Raises:
            WorkspaceError: It was deleted or replaced.
        """
        known = info.get(_KEY)
        if known is not None and known != _identity(self._journal):
            raise WorkspaceError(
                f"{self._journal} was deleted or replaced while the workspace was open: it held "
                "what was written last, which may be lost. Close the workspace in every program, "
                "restore the folder from a backup if something is missing, and open it again"
            )

    def note(self, info: dict[Any, Any]) -> bool:
        """Remember the files of a connection, inside its first transaction.

        Args:
            info: What SQLAlchemy keeps beside the connection as long as it is open.

        Returns:
            Whether both are known now; a log comes into being with the first transaction.
        """
        if self._known is None:
            self._known = _identity(self._database)
        if info.get(_KEY) is None:
            info[_KEY] = _identity(self._journal)
        return info[_KEY] is not None


def _identity(path: str) -> Identity:
    try:
        state = os.stat(path)  # noqa: PTH116 - a microsecond before each transaction
    except OSError:
        return None
    return state.st_dev, state.st_ino
