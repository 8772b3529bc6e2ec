"""A workspace as one user sees it: her rows and those that everyone shares."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from nucleus_lab.engine import Engine, pools
from nucleus_lab.engine.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine.media import MediaStore
    from nucleus_lab.engine.uploads import Uploads
    from nucleus_lab.engine.vectors import VectorFiles


class UserView(Engine):
    """The workspace as a user sees it; handlers and jobs take it as they take the whole one.

    Rows are hidden where SQL is written (:mod:`nucleus_lab.engine.ownership`). Files are shared:
    whoever asks for one has found the row that names it.

    Args:
        whole: The open workspace, which outlives this.
        user: Name of the user.
    """

    def __init__(self, whole: Engine, user: str) -> None:
        self._whole = whole
        self.workspace = whole.workspace
        self.settings = whole.settings
        self.database_url = whole.database_url
        self.store = SeenStore(whole.store, user)
        self.store.serve(self)

    @property
    def whole(self) -> Engine:
        """The workspace with all its rows, for work on files and processes."""
        return self._whole

    @property
    def media(self) -> MediaStore:
        """The files: pictures, masks, thumbnails."""
        return self._whole.media

    @property
    def uploads(self) -> Uploads:
        """Payloads that were sent ahead of an asynchronous call."""
        return self._whole.uploads

    @property
    def vectors(self) -> VectorFiles:
        """The files of embeddings."""
        return self._whole.vectors

    def close(self) -> None:
        """Leave the workspace open: it is closed as a whole."""


class SeenStore(Store):
    """The database as a user sees it.

    Args:
        whole: The database, which outlives this.
        user: Name of the user.
    """

    def __init__(self, whole: Store, user: str) -> None:
        # One guard, one turn at writing, one mark of a thread that writes: of the same file.
        self.__dict__.update(whole.__dict__)
        self._user = user
        self._readers, self._pool = whole.for_users()
        self._follow_forks()

    def serve(self, workspace: Engine) -> None:
        """Say whose database this is.

        Args:
            workspace: The engine; connections know it as their option ``workspace``.
        """
        self._served = weakref.ref(workspace)

    def _introduce(self, connection: Connection) -> None:
        # Users take their connections from one pool, one after the other.
        connection.execution_options(workspace=self._served)
        pools.introduce(connection, self._user)
