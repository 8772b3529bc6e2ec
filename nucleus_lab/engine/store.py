"""The database of a workspace: connections, transactions and bulk writes.

SQLite in WAL mode is a file of the workspace; PostgreSQL is reached by URL. What is above this
module sees a SQLAlchemy connection inside a transaction and no difference.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Table
from sqlalchemy import Engine as Pool

from nucleus_lab.engine import bulk_write, pools
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.file_guard import FileGuard
from nucleus_lab.engine.mounts import NETWORK_FILE_SYSTEMS, file_system_type
from nucleus_lab.engine.sqlite_library import sqlite_library
from nucleus_lab.errors import WorkspaceError

DATABASE_FILE: Final = "workspace.db"
_MOST_IDLE_READERS: Final = 16

_ORPHANS: list[object] = []
"""Connections inherited by a forked child: never used, never closed, since closing one there would
run SQLite's last-connection work on files that the parent has open."""


class Store:
    """Reads and writes of one database, from any number of threads and processes.

    Args:
        workspace: Folder of the workspace; it exists.
        database_url: URL of a PostgreSQL database; ``None`` for the SQLite file of the workspace.

    Raises:
        WorkspaceError: The URL cannot be used, or the SQLite file would lie on a network file
            system.

    Attributes:
        dialect: Kind of database.
        place: The database as a person would name it; never with a password.
    """

    dialect: Literal["sqlite", "postgresql"]

    def __init__(self, workspace: Path, database_url: str | None = None) -> None:
        self._workspace = workspace
        self._guard: FileGuard | None = None
        self._threads = threading.local()
        self._turns = threading.Lock()
        self._readers: deque[_Reader] = deque(maxlen=_MOST_IDLE_READERS)
        self._closed = threading.Event()
        self._open: Callable[[], Pool]
        if database_url is None:
            self.dialect = "sqlite"
            self.place = str(workspace / DATABASE_FILE)
            self._guard = FileGuard(workspace / DATABASE_FILE)
            self._open = self._open_sqlite
        else:
            self.dialect = "postgresql"
            url = pools.postgresql_url(database_url)
            self.place = url.render_as_string(hide_password=True)
            self._open = partial(pools.open_postgresql, url)
        self._pool = self._open()
        self._of_users: tuple[deque[_Reader], Pool] | None = None
        self._follow_forks()

    @property
    def file(self) -> Path | None:
        """The SQLite file; ``None`` on PostgreSQL."""
        return self._workspace / DATABASE_FILE if self.dialect == "sqlite" else None

    def close(self) -> None:
        """Close all connections; the store must not be used afterwards."""
        self._closed.set()
        of_users = () if self._of_users is None else (self._of_users,)
        for readers, pool in ((self._readers, self._pool), *of_users):
            while readers:
                readers.pop().close()
            pool.dispose()

    def for_users(self) -> tuple[deque[_Reader], Pool]:
        """Return the connections that users share who are shown only some rows.

        Returns:
            Idle readers, and the pool.
        """
        with self._turns:
            if self._of_users is None:
                self._of_users = deque(maxlen=_MOST_IDLE_READERS), pools.for_users(self._open())
            return self._of_users

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database from beginning to end.

        Yields:
            The connection.

        Raises:
            WorkspaceError: The database cannot be read.
        """
        with self._failures():
            if self.dialect == "postgresql":
                with self._pool.connect() as connection:
                    connection.execution_options(isolation_level="REPEATABLE READ")
                    with connection.begin():
                        self._introduce(connection)
                        yield connection
                return
            self._check_database()
            try:
                reader = self._readers.pop()
            except IndexError:
                reader = _Reader(self._pool)
            try:
                self._check_files(reader.connection)
                reader.driver.execute("BEGIN")
                if not reader.noted:
                    reader.noted = self._note_files(reader.connection)
                self._introduce(reader.connection)
                yield reader.connection
            finally:
                reader.driver.rollback()  # nothing was written; also right after a failure
                if self._closed.is_set() or len(self._readers) == _MOST_IDLE_READERS:
                    reader.close()
                else:
                    self._readers.append(reader)

    @contextmanager
    def write(self, *, bulk: bool = False, durable: bool = True) -> Iterator[Connection]:
        """Open a transaction that is kept as a whole at the end of the block, or not at all.

        On SQLite one process writes at a time; the others wait for up to a minute. Keep the block
        short, and never open a second one inside it.

        Args:
            bulk: Leave out SQLite's checks of foreign keys, for inserts whose keys were read in the
                same transaction (a third faster).
            durable: Survive a loss of power; off for what may be lost, such as progress.

        Yields:
            The connection.

        Raises:
            StorageFullError: No space is left.
            WorkspaceError: The database cannot be written.
        """
        if getattr(self._threads, "writing", False):
            raise RuntimeError("a write transaction is already open in this thread")
        self._threads.writing = True
        try:
            self._check_database()
            with self._failures(), self._turn(), self._pool.connect() as connection:
                if self.dialect == "sqlite":
                    self._check_files(connection)
                    driver = connection.connection.driver_connection
                    _prepare_write(driver, bulk=bulk, durable=durable)
                    connection.execution_options(writes=True)
                with connection.begin():
                    self._note_files(connection)
                    self._introduce(connection)
                    yield connection
        finally:
            self._threads.writing = False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the threads of this process write to SQLite one after the other.

        SQLite itself lets waiting writers sleep and try again, at random: measured with 32 threads,
        half the writes a second, and some of them wait ten times as long.
        """
        if self.dialect != "sqlite":
            yield
            return
        turns = self._turns
        if not turns.acquire(timeout=pools.BUSY_MS / 1000):
            raise sqlite_library().OperationalError("database is locked")
        try:
            yield
        finally:
            turns.release()

    def serve(self, workspace: Any) -> None:
        """Say whose database this is, for code that is given a connection and needs its files.

        Args:
            workspace: The engine; connections know it as their execution option ``workspace``, a
                weak reference.
        """
        self._pool.update_execution_options(workspace=weakref.ref(workspace))

    def _introduce(self, connection: Connection) -> None:
        """Say who reads or writes: here a program or a team that sees all rows."""

    def journal_mode(self, wanted: str) -> str:
        """Ask SQLite for a journal mode, which the file then keeps.

        Args:
            wanted: ``WAL``.

        Returns:
            The mode now in force, in lower case; the old one while another process is in the way.
        """
        with self._failures():
            connection = self._pool.raw_connection()
            try:
                driver: Any = connection.driver_connection
                return str(driver.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0])
            except sqlite_library().OperationalError as fault:
                if "locked" not in str(fault):
                    raise
                return "locked"
            finally:
                connection.close()

    def upsert(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        key: Sequence[str],
        update: Sequence[str] = (),
    ) -> int:
        """Insert rows; leave or update those whose key is taken (:func:`bulk_write.upsert`).

        Args:
            connection: The open transaction.
            table: Where to.
            columns: What the places of a row are.
            rows: The rows, sorted by the key.
            key: Columns of the unique index that decides; empty for a plain insert.
            update: Columns to overwrite where the key is taken.

        Returns:
            Rows inserted or updated.
        """
        return bulk_write.upsert(connection, table, columns, rows, key=key, update=update)

    def is_gone(self) -> bool:
        """Say whether the database file was deleted or replaced since it was opened.

        Returns:
            Whether nothing can be read or written any more; never true of PostgreSQL.
        """
        try:
            self._check_database()
        except WorkspaceError:
            return True
        return False

    def _check_database(self) -> None:
        if self._guard is not None:
            self._guard.check_database()

    def _check_files(self, connection: Connection) -> None:
        if self._guard is not None:
            self._guard.check_journal(connection.info)

    def _note_files(self, connection: Connection) -> bool:
        return self._guard is not None and self._guard.note(connection.info)

    def _failures(self) -> Any:
        return storage_failures(self.place, self._free_space)

    def _free_space(self) -> int:
        try:
            return shutil.disk_usage(self._workspace).free
        except OSError:
            return sys.maxsize

    def begin_anew(self) -> None:
        """Leave the connections to the parent, right after a fork."""
        _ORPHANS.append((self._pool.pool, self._readers, self._of_users))
        self._readers, self._of_users = deque(maxlen=_MOST_IDLE_READERS), None
        self._pool.dispose(close=False)
        self._threads, self._turns = threading.local(), threading.Lock()

    def _follow_forks(self) -> None:
        """Let a forked child start with no connections of its parent."""
        if not hasattr(os, "register_at_fork"):
            return
        reference = weakref.ref(self)

        def forget() -> None:
            store = reference()
            if store is not None:
                store.begin_anew()

        os.register_at_fork(after_in_child=forget)

    def _open_sqlite(self) -> Pool:
        kind = file_system_type(self._workspace)
        if kind in NETWORK_FILE_SYSTEMS:
            raise WorkspaceError(
                f"{self._workspace} lies on a network file system ({kind}), where a SQLite "
                "database can be damaged: choose a folder on a local disk (NUCLEUS_LAB_WORKSPACE), "
                "or give the URL of a PostgreSQL database (NUCLEUS_LAB_DATABASE_URL)"
            )
        return pools.open_sqlite(self.place)


class _Reader:
    """A connection for short reads, one after the other.

    Checking a connection out of the pool and beginning and ending a transaction of SQLAlchemy's
    cost as much as reading an item with its boxes. For SQLAlchemy a reader is inside one
    transaction for as long as it lives; the database is told of each read by the driver.
    """

    __slots__ = ("connection", "driver", "noted")

    def __init__(self, pool: Pool) -> None:
        self.connection = pool.connect().execution_options(begins_itself=True)
        self.connection.begin()
        self.driver: Any = self.connection.connection.driver_connection
        self.noted = False  # whether the guard knows the files

    def close(self) -> None:
        self.connection.close()


def _prepare_write(driver: Any, *, bulk: bool, durable: bool) -> None:
    """Set what a write transaction needs; SQLite takes neither inside one."""
    driver.execute("PRAGMA foreign_keys=OFF" if bulk else "PRAGMA foreign_keys=ON")
    driver.execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=NORMAL")
