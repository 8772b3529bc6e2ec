"""Connections to the databases: how they are opened, and how SQLite is set up."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy import Engine as Pool
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from nucleus_lab.engine import sqlite_functions
from nucleus_lab.engine.ownership import compiler_for
from nucleus_lab.engine.sqlite_library import sqlite_library
from nucleus_lab.errors import WorkspaceError

BUSY_MS: Final = 60_000
"""How long a writer waits for the writer before."""

_CACHE_KIB: Final = 65_536


def open_sqlite(place: str) -> Pool:
    """Open a SQLite file.

    Args:
        place: Its path.

    Returns:
        A pool of connections.
    """
    from sqlalchemy.pool import QueuePool

    pool = create_engine(
        URL.create("sqlite", database=place),
        module=sqlite_library(),
        connect_args={
            "timeout": BUSY_MS / 1000,
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


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.executescript(
        f"PRAGMA busy_timeout={BUSY_MS};"
        f"PRAGMA cache_size=-{_CACHE_KIB};"
        "PRAGMA temp_store=MEMORY;"
        # 32 MB instead of 4: an import in portions copies a page back once, not at each commit.
        "PRAGMA wal_autocheckpoint=8000;"
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


def postgresql_url(text: str) -> URL:
    """Read the URL of a PostgreSQL database.

    Args:
        text: As a person wrote it.

    Returns:
        The URL, with the driver that is used here.

    Raises:
        WorkspaceError: It is none.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as fault:  # ValueError: a port that is no number
        raise WorkspaceError(
            "the database URL cannot be read: write postgresql://user:password@host:5432/database"
        ) from fault
    if url.get_backend_name() != "postgresql":
        raise WorkspaceError(
            f"the database URL begins with {url.drivername}: only postgresql:// is possible; leave "
            "the URL out for the SQLite file of the workspace"
        )
    return url.set(drivername="postgresql+psycopg")


def open_postgresql(url: URL) -> Pool:
    """Open a PostgreSQL database.

    Args:
        url: What :func:`postgresql_url` returned.

    Returns:
        A pool of connections; none is made yet.

    Raises:
        WorkspaceError: The driver is not installed.
    """
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


def for_users(pool: Pool) -> Pool:
    """Make a fresh pool one for users, who are shown only some rows (:mod:`engine.ownership`).

    Args:
        pool: A pool that no connection was taken from.

    Returns:
        The same pool. Before anything else a transaction says whose it is (:func:`introduce`).
    """
    dialect: Any = pool.dialect
    dialect.statement_compiler = compiler_for(dialect.statement_compiler, dialect.name)
    if dialect.name == "sqlite":
        event.listen(pool, "connect", _tell_viewer)
    return pool


def _tell_viewer(connection: Any, record: Any) -> None:
    """Let a connection know its user; without one it shows what everyone shares."""
    connection.create_function("nucleus_lab_viewer", 0, lambda: record.info.get("viewer"))


def introduce(connection: Connection, user: str) -> None:
    """Say whose a transaction of a pool for users is.

    Args:
        connection: The transaction; it has begun.
        user: Name of the user.
    """
    if connection.dialect.name == "sqlite":
        connection.info["viewer"] = user
    else:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT set_config('nucleus_lab.viewer', %s, true)", (user,))
