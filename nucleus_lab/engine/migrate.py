"""The version of a workspace: created, brought forward, or refused when it is newer.

A new workspace is created directly from :mod:`nucleus_lab.engine.schema` and stamped; the
migrations run only on one that an older release wrote, and alembic is imported only then. A test
holds the two ways of making the tables against each other.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from nucleus_lab.engine import schema
from nucleus_lab.errors import WorkspaceError, WorkspaceTooNewError

if TYPE_CHECKING:
    from nucleus_lab.engine.store import Store

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_VERSION_TABLE: Final = "alembic_version"
_LOCK: Final = 0x6E75636C656C6162
"""Key of PostgreSQL's advisory lock around creation and migration."""


def prepare(store: Store) -> None:
    """Make a database usable: create its tables, or bring them to this version.

    Args:
        store: The database; nothing in it is changed when it cannot be used.

    Raises:
        WorkspaceTooNewError: A newer release wrote it.
        WorkspaceError: It holds tables that are not ours.
    """
    fresh = store.file is not None and not store.file.exists()
    with store.read() as connection:
        version = None if fresh else version_of(connection)
    if version == schema.SCHEMA_VERSION:
        return
    _check_known(version, store.place)
    if store.dialect == "sqlite":
        _use_write_ahead_log(store)
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        version = version_of(connection)  # another process may have been faster
        _check_known(version, store.place)
        if version is None:
            create(connection, store.place)
        elif version != schema.SCHEMA_VERSION:
            upgrade(connection)


def version_of(connection: Connection) -> str | None:
    """Return the version of the tables.

    Args:
        connection: An open transaction.

    Returns:
        The version, or ``None`` when the database has not been stamped.
    """
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    version = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))
    return None if version is None else str(version)


def create(connection: Connection, place: str) -> None:
    """Create all tables and stamp them.

    Args:
        connection: An open write transaction.
        place: The database as a person would name it.

    Raises:
        WorkspaceError: There are tables already.
    """
    taken = inspect(connection).get_table_names()
    if taken:
        raise WorkspaceError(
            f"{place} holds tables that are not a workspace's ({', '.join(sorted(taken)[:3])} …): "
            "choose another folder or an empty database"
        )
    from nucleus_lab.engine import whole_schema

    if connection.dialect.name == "postgresql":
        whole_schema.complete_for_postgresql()
    whole_schema.metadata.create_all(connection, checkfirst=False)
    connection.execute(
        text(
            f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {_VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(
        text(f"INSERT INTO {_VERSION_TABLE} VALUES (:version)"), {"version": schema.SCHEMA_VERSION}
    )


def upgrade(connection: Connection, *, folder: Path = MIGRATIONS, target: str = "head") -> None:
    """Run the migrations that a database lacks, inside the open transaction.

    Args:
        connection: An open write transaction; foreign keys may be enforced.
        folder: Where the migrations are.
        target: Version to reach.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def known_versions(folder: Path = MIGRATIONS) -> set[str]:
    """Return the versions that this release can read.

    Args:
        folder: Where the migrations are.

    Returns:
        The leading numbers of the file names.
    """
    return {path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py")}


def _check_known(version: str | None, place: str) -> None:
    if version is not None and version not in known_versions():
        raise WorkspaceTooNewError(
            f"{place} has version {version}, and this release knows {schema.SCHEMA_VERSION}: "
            "update nucleus_lab (pip install -U nucleus_lab); the workspace was not touched",
            version=version,
        )


def _use_write_ahead_log(store: Store) -> None:
    """Switch the file to WAL, which it then keeps.

    The busy timeout does not cover this switch, so that two processes that make the same workspace
    at the same time take turns here.

    Raises:
        WorkspaceError: The file system has no shared memory for it.
    """
    deadline = time.monotonic() + 30
    while True:
        mode = store.journal_mode("WAL")
        if mode == "wal":
            return
        if time.monotonic() > deadline:
            raise WorkspaceError(
                f"{store.place} cannot use a write-ahead log (mode {mode}): choose a folder on a "
                "local disk"
            )
        time.sleep(0.02)
