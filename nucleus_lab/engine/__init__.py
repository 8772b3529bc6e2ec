"""The engine: one workspace folder, which holds a database, media and jobs.

Only :mod:`nucleus_lab.routes` talks to it. Each module beside this one serves one family of tables
with functions that take an open connection first.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nucleus_lab.engine import index_making
from nucleus_lab.engine.migrate import prepare
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import WorkspaceError

if TYPE_CHECKING:
    from nucleus_lab.engine.jobs import JobQueue
    from nucleus_lab.engine.media import MediaStore
    from nucleus_lab.engine.settings import Settings
    from nucleus_lab.engine.uploads import Uploads
    from nucleus_lab.engine.vectors import VectorFiles

__all__ = ["Engine"]


class Engine:
    """An open workspace. Any number of processes may open the same one at once.

    Args:
        workspace: Folder of the workspace; made when it does not exist.
        database_url: URL of a PostgreSQL database; ``None`` for what the settings say, and without
            that for a SQLite file in the folder.
        settings: Settings; ``None`` reads them from the workspace and the environment.

    Raises:
        WorkspaceError: The folder or the database cannot be used.
        WorkspaceTooNewError: A newer release wrote the workspace.

    Attributes:
        workspace: The folder, absolute.
        store: The database.
        database_url: URL of the database; ``None`` for the SQLite file in the folder.
    """

    def __init__(
        self,
        workspace: Path | str,
        *,
        database_url: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.workspace = Path(workspace).expanduser().absolute()
        try:
            self.workspace.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise WorkspaceError(
                f"the workspace {self.workspace} cannot be made ({fault.strerror}): choose a "
                "folder that you may write (NUCLEUS_LAB_WORKSPACE)"
            ) from fault
        if settings is not None:
            self.settings = settings
        self.database_url = database_url or self.settings.database_url or None
        self.store = Store(self.workspace, self.database_url)
        self.store.serve(self)
        try:
            prepare(self.store)
            self.jobs.recover()
        except BaseException:
            self.store.close()
            raise

    @cached_property
    def settings(self) -> Settings:
        """The settings, read on first use."""
        from nucleus_lab.engine.settings import Settings

        return Settings.load(self.workspace)

    @cached_property
    def media(self) -> MediaStore:
        """The files: pictures, masks, thumbnails."""
        from nucleus_lab.engine.media import MediaStore

        return MediaStore(self)

    @cached_property
    def jobs(self) -> JobQueue:
        """The queue of background jobs."""
        from nucleus_lab.engine.jobs import JobQueue

        return JobQueue(self)

    @cached_property
    def uploads(self) -> Uploads:
        """Payloads that were sent ahead of an asynchronous call."""
        from nucleus_lab.engine.uploads import Uploads

        return Uploads(self)

    @cached_property
    def vectors(self) -> VectorFiles:
        """The files of embeddings."""
        from nucleus_lab.engine.vectors import VectorFiles

        return VectorFiles(self)

    @property
    def whole(self) -> Engine:
        """The workspace with the rows of all users."""
        return self

    def seen_by(self, user: str) -> Engine:
        """Return the workspace as a user sees it: her own rows, and those that everyone shares.

        Args:
            user: Name of the user; ``""`` for a team key or a program, which see all.

        Returns:
            What handlers and jobs are given; it needs no closing.
        """
        if not user:
            return self.whole
        if user not in self._seen:
            from nucleus_lab.engine.user_view import UserView

            self._seen.setdefault(user, UserView(self, user))
        return self._seen[user]

    @cached_property
    def _seen(self) -> dict[str, Engine]:
        return {}

    def close(self) -> None:
        """Close the workspace; running jobs go on in their own processes."""
        index_making.stop(self.store)
        self.store.close()
