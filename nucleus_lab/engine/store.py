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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Table, create_engine, event
from sqlalchemy import Engine as Pool
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from nucleus_lab.engine import bulk_write, sqlite_functions
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.file_guard import FileGuard
from nucleus_lab.engine.mounts import NETWORK_FILE_SYSTEMS, file_system_type
from nucleus_lab.engine.sqlite_library import sqlite_library
from nucleus_lab.errors import WorkspaceError

DATABASE_FILE: Final = "workspace.db"
_BUSY_MS: Final = 60_000
_CACHE_KIB: Final = 65_536
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
        self._closed = False
        if database_url is None:
            self.dialect = "sqlite"
            self.place = str(workspace / DATABASE_FILE)
            self._guard = FileGuard(workspace / DATABASE_FILE)
            self._pool = self._open_sqlite()
        else:
            self.dialect = "postgresql"
            url = _postgresql_url(database_url)
            self.place = url.render_as_string(hide_password=True)
            self._pool = _open_postgresql(url)
        _forget_in_children(self)

    @property
    def file(self) -> Path | None:
        """The SQLite file; ``None`` on PostgreSQL."""
        return self._workspace / DATABASE_FILE if self.dialect == "sqlite" else None

    def close(self) -> None:
        """Close all connections; the store must not be used afterwards."""
        self._closed = True
        while self._readers:
            self._readers.pop().close()
        self._pool.dispose()

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
                yield reader.connection
            finally:
                reader.driver.rollback()  # nothing was written; also right after a failure
                if self._closed or len(self._readers) == _MOST_IDLE_READERS:
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
        if not turns.acquire(timeout=_BUSY_MS / 1000):
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

    def _open_sqlite(self) -> Pool:
        kind = file_system_type(self._workspace)
        if kind in NETWORK_FILE_SYSTEMS:
            raise WorkspaceError(
                f"{self._workspace} lies on a network file system ({kind}), where a SQLite "
                "database can be damaged: choose a folder on a local disk (NUCLEUS_LAB_WORKSPACE), "
                "or give the URL of a PostgreSQL database (NUCLEUS_LAB_DATABASE_URL)"
            )
        from sqlalchemy.pool import QueuePool

        pool = create_engine(
            URL.create("sqlite", database=self.place),
            module=sqlite_library(),
            connect_args={
                "timeout": _BUSY_MS / 1000,
                "isolation_level": None,  # BEGIN is sent below, and not by the driver's guesses
                "check_same_thread": False,
                "cached_statements": 256,
            },
            poolclass=QueuePool,
            pool_size=16,
            max_overflow=-1,
            pool_use_lifo=True,
            # Every transaction here ends in a block; a second rollback on return is a tenth of a
            # short read.
            pool_reset_on_return=None,
        )
        event.listen(pool, "connect", _configure_sqlite)
        event.listen(pool, "begin", _begin_sqlite)
        return pool


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


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.executescript(
        f"PRAGMA busy_timeout={_BUSY_MS};"
        f"PRAGMA cache_size=-{_CACHE_KIB};"
        "PRAGMA temp_store=MEMORY;"
        "PRAGMA journal_size_limit=67108864;"
        "PRAGMA synchronous=FULL;"
        "PRAGMA foreign_keys=ON;"
    )
    sqlite_functions.register(connection)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another process has
    # committed in between, whatever the busy timeout says: a writer takes its lock at the start.
    options = connection.get_execution_options()
    if options.get("begins_itself"):
        return
    writes = options.get("writes")
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_write(driver: Any, *, bulk: bool, durable: bool) -> None:
    """Set what a write transaction needs; SQLite takes neither inside one."""
    driver.execute("PRAGMA foreign_keys=OFF" if bulk else "PRAGMA foreign_keys=ON")
    driver.execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=NORMAL")


def _postgresql_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as fault:
        raise WorkspaceError(
            "the database URL cannot be read: write postgresql://user:password@host:5432/database"
        ) from fault
    if url.get_backend_name() != "postgresql":
        raise WorkspaceError(
            f"the database URL begins with {url.drivername}: only postgresql:// is possible; leave "
            "the URL out for the SQLite file of the workspace"
        )
    return url.set(drivername="postgresql+psycopg")


def _open_postgresql(url: URL) -> Pool:
    try:
        return create_engine(
            url,
            paramstyle="format",
            pool_size=8,
            max_overflow=-1,
            pool_use_lifo=True,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as fault:
        raise WorkspaceError(
            "PostgreSQL needs the psycopg driver: pip install 'nucleus_lab[postgres]'"
        ) from fault


def _forget_in_children(store: Store) -> None:
    """Let a forked child start with no connections of its parent."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(store)

    def forget() -> None:
        opened = reference()
        if opened is not None:
            _ORPHANS.append(opened._pool.pool)  # noqa: SLF001 - this module's own class
            _ORPHANS.append(opened._readers)  # noqa: SLF001
            opened._readers = deque(maxlen=_MOST_IDLE_READERS)  # noqa: SLF001
            opened._pool.dispose(close=False)  # noqa: SLF001
            opened._threads = threading.local()  # noqa: SLF001
            opened._turns = threading.Lock()  # noqa: SLF001

    os.register_at_fork(after_in_child=forget)
