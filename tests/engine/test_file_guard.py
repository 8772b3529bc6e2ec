"""A database file that goes away or changes under an open workspace is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nucleus_lab.engine import Engine, datasets
from nucleus_lab.errors import WorkspaceError

FILES = ("workspace.db", "workspace.db-wal")


@pytest.fixture
def opened(workspace: Path) -> Iterator[Engine]:
    engine = Engine(workspace)
    made(engine, "first")
    yield engine
    engine.close()


def made(engine: Engine, name: str) -> None:
    with engine.store.write() as connection:
        datasets.create(connection, name)


def names(engine: Engine) -> list[str]:
    with engine.store.read() as connection:
        return [row.name for row in datasets.listing(connection)]


@pytest.mark.parametrize("gone", [FILES[:1], FILES[1:], FILES])
def test_a_deleted_file_is_told_and_nothing_is_written(
    opened: Engine, gone: tuple[str, ...]
) -> None:
    for name in gone:
        (opened.workspace / name).unlink()

    for _ in range(2):
        with pytest.raises(WorkspaceError, match="was deleted or replaced while the workspace"):
            made(opened, "second")
        with pytest.raises(WorkspaceError, match="was deleted or replaced while the workspace"):
            names(opened)


@pytest.mark.parametrize("replaced", FILES)
def test_a_replaced_file_is_told(opened: Engine, replaced: str) -> None:
    path = opened.workspace / replaced
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)

    with pytest.raises(WorkspaceError, match=f"{replaced} was deleted or replaced"):
        made(opened, "second")


def test_other_processes_and_checkpoints_disturb_nothing(opened: Engine) -> None:
    for number in range(3):
        other = Engine(opened.workspace)
        made(other, f"other {number}")
        other.close()
        driver = opened.store._pool.raw_connection()
        driver.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        driver.close()
        made(opened, f"own {number}")

    assert len(names(opened)) == 7


def test_a_workspace_that_was_put_back_opens_again(workspace: Path) -> None:
    engine = Engine(workspace)
    made(engine, "first")
    engine.close()
    kept = (workspace / FILES[0]).read_bytes()
    engine = Engine(workspace)
    names(engine)
    (workspace / FILES[0]).unlink()
    with pytest.raises(WorkspaceError):
        made(engine, "lost")
    engine.close()
    for path in workspace.glob("workspace.db*"):
        path.unlink()
    (workspace / FILES[0]).write_bytes(kept)

    again = Engine(workspace)
    try:
        assert names(again) == ["first"]
    finally:
        again.close()
