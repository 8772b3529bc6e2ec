"""A workspace is created, brought forward, or refused; never damaged."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from nucleus_lab.engine import Engine, migrate, schema
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import WorkspaceError, WorkspaceTooNewError


def shape(store: Store) -> object:
    """Everything that the database says about its tables."""
    with store.read() as connection:
        found = inspect(connection)
        return {
            name: {
                "columns": [
                    {**column, "type": str(column["type"])} for column in found.get_columns(name)
                ],
                "primary_key": found.get_pk_constraint(name),
                "unique": sorted(found.get_unique_constraints(name), key=str),
                "foreign_keys": sorted(found.get_foreign_keys(name), key=str),
                "indexes": sorted(
                    ({**index, "dialect_options": None} for index in found.get_indexes(name)),
                    key=str,
                ),
            }
            for name in sorted(found.get_table_names())
        }


def test_migrations_from_nothing_make_the_same_tables_as_the_schema(engine, tmp_path, request):
    (tmp_path / "other").mkdir()
    url = None if engine.store.dialect == "sqlite" else request.getfixturevalue("_fresh_database")()
    migrated = Store(tmp_path / "other", url)
    with migrated.write() as connection:
        migrate.upgrade(connection)

    assert shape(migrated) == shape(engine.store)
    with migrated.read() as connection:
        assert migrate.version_of(connection) == schema.SCHEMA_VERSION
    migrated.close()


def test_the_schema_version_is_the_head_of_the_migrations():
    assert max(migrate.known_versions()) == schema.SCHEMA_VERSION


def test_a_further_migration_runs_on_a_workspace_and_keeps_its_rows(engine, tmp_path):
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_add_colour.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{schema.SCHEMA_VERSION}'\n"
        "def upgrade():\n"
        "    op.add_column('dataset', sa.Column('colour', sa.Text, server_default='blue'))\n"
    )
    with engine.store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO dataset (name, is_scene, use_privacy_mode, created_at) "
                "VALUES ('kept', false, false, 1)"
            )
        )

    with engine.store.write() as connection:
        migrate.upgrade(connection, folder=folder)

    with engine.store.read() as connection:
        assert connection.execute(text("SELECT name, colour FROM dataset")).all() == [
            ("kept", "blue")
        ]
        assert migrate.version_of(connection) == "9999"


def test_a_failing_migration_leaves_the_workspace_as_it_was(engine, tmp_path):
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_fail.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{schema.SCHEMA_VERSION}'\n"
        "def upgrade():\n"
        "    op.add_column('dataset', sa.Column('colour', sa.Text))\n"
        "    op.execute('SELECT * FROM nowhere')\n"
    )
    before = shape(engine.store)

    with pytest.raises(Exception, match="nowhere"), engine.store.write() as connection:
        migrate.upgrade(connection, folder=folder)

    assert shape(engine.store) == before


def test_a_newer_workspace_is_refused_and_not_touched(workspace: Path):
    Engine(workspace).close()
    store = Store(workspace)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '8000'"))
    store.close()
    before = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in workspace.iterdir()
    }

    with pytest.raises(WorkspaceTooNewError, match=r"version 8000.*pip install -U nucleus_lab"):
        Engine(workspace)

    after = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in workspace.iterdir()
    }
    assert after == before


def test_a_database_of_something_else_is_refused(postgres_url, workspace):
    store = Store(workspace, postgres_url)
    with store.write() as connection:
        connection.execute(text("CREATE TABLE guests (name TEXT)"))
    store.close()

    with pytest.raises(WorkspaceError, match="guests"):
        Engine(workspace, database_url=postgres_url)
