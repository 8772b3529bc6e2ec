"""The store: transactions, failures, processes and threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from nucleus_lab.engine import Engine, datasets
from nucleus_lab.engine import store as store_module
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.mounts import file_system_type
from nucleus_lab.engine.schema import dataset, label
from nucleus_lab.engine.sqlite_library import SAFE_VERSION, sqlite_library
from nucleus_lab.errors import StorageFullError, WorkspaceError


def count(engine: Engine) -> int:
    with engine.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(dataset))


def test_a_write_is_kept_as_a_whole_or_not_at_all(engine):
    def fail() -> None:
        with engine.store.write() as connection:
            datasets.create(connection, "lost")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    with engine.store.write() as connection:
        datasets.create(connection, "kept")

    with engine.store.read() as connection:
        assert connection.scalars(select(dataset.c.name)).all() == ["kept"]


def test_a_read_sees_one_state(engine):
    with engine.store.read() as reading:
        before = reading.scalar(select(func.count()).select_from(dataset))
        with engine.store.write() as connection:
            datasets.create(connection, "later")
        assert reading.scalar(select(func.count()).select_from(dataset)) == before

    assert count(engine) == 1


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(engine):
    with (
        engine.store.write(),
        pytest.raises(RuntimeError, match="already open"),
        engine.store.write(),
    ):
        pass

    with engine.store.write() as connection:
        datasets.create(connection, "after")
    assert count(engine) == 1


@pytest.mark.parametrize("rows", [0, 3, 1000])
def test_upsert_counts_what_it_changes(engine, rows):
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        columns, data = ["dataset_id", "name"], [(key, f"{n:05d}") for n in range(rows)]
        first = engine.store.upsert(connection, label, columns, data, key=["dataset_id", "name"])
        again = engine.store.upsert(
            connection, label, columns, [*data, (key, "new")], key=["dataset_id", "name"]
        )
        updated = engine.store.upsert(
            connection, label, columns, data, key=["dataset_id", "name"], update=["name"]
        )

    assert (first, again, updated) == (rows, 1, rows)


def test_upsert_takes_columns_in_any_order(engine):
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        engine.store.upsert(
            connection, label, ["name", "dataset_id"], [("a", key)], key=["dataset_id", "name"]
        )

    with engine.store.read() as connection:
        assert connection.execute(select(label.c.dataset_id, label.c.name)).all() == [(key, "a")]


def test_the_sqlite_library_is_free_of_the_wal_reset_fault():
    assert sqlite_library().sqlite_version_info >= SAFE_VERSION


def test_a_network_file_system_is_refused_for_sqlite(workspace, monkeypatch):
    monkeypatch.setattr(store_module, "file_system_type", lambda _path: "nfs4")

    with pytest.raises(WorkspaceError, match=r"network file system .nfs4.*local disk"):
        Engine(workspace)


def test_the_file_system_of_a_path_is_that_of_its_longest_mount():
    assert file_system_type(Path("/proc/self")) == "proc"
    assert file_system_type(Path("/proc/there/is/no/such/path")) == "proc"


@pytest.mark.parametrize("url", ["mysql://somewhere/x", "not a url", "postgresql://host:port/lab"])
def test_a_database_url_of_another_kind_is_refused(workspace, url):
    with pytest.raises(WorkspaceError, match="postgresql://"):
        Engine(workspace, database_url=url)


def test_an_unreachable_server_is_named_without_its_password(workspace):
    with pytest.raises(WorkspaceError, match="does not answer") as caught:
        Engine(workspace, database_url="postgresql://me:secret@127.0.0.1:1/nothing")

    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_is_not_there_or_lets_nobody_in_is_told(
    workspace, postgres_url, postgres_server
):
    import psycopg

    server, _, name = postgres_url.rpartition("/")
    role = f"weak_{name}"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    weak = postgres_url.replace("//lab@", f"//{role}:secret@")

    for url, told in (
        (f"{server}/nowhere", "is not there: make the database"),
        (postgres_url.replace("//lab@", "//stranger:secret@"), "refuses the user or the password"),
        (weak, "does not let this user do that: grant"),
    ):
        with pytest.raises(WorkspaceError, match=told) as caught:
            Engine(workspace, database_url=url)
        assert "secret" not in str(caught.value)

    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)
        connection.execute(f"DROP ROLE {role}")
    Engine(workspace, database_url=postgres_url).close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('FATAL:  password authentication failed for user "lab"', "refuses the user"),
        ("fe_sendauth: no password supplied", "refuses the user"),
        ('FATAL:  database "lab" does not exist', "is not there"),
        ("Connection refused", "does not answer"),
    ],
)
def test_a_refusal_is_told_from_silence(text, told):
    from psycopg import OperationalError

    with (
        pytest.raises(WorkspaceError, match=f"^place {told}"),
        storage_failures("place", lambda: 1 << 30),
    ):
        raise OperationalError(f"connection failed: {text}")


def test_a_file_that_is_no_database_is_named(workspace):
    workspace.mkdir()
    (workspace / "workspace.db").write_bytes(b"this is a diary, and no database at all" * 100)

    with pytest.raises(WorkspaceError, match=r"workspace.db holds a damaged database"):
        Engine(workspace)


def test_a_workspace_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceError, match="cannot be made"):
        Engine(tmp_path / "file" / "workspace")


def test_a_full_disk_loses_nothing_and_says_so(workspace):
    engine = Engine(workspace)
    with engine.store.write() as connection:
        key = datasets.create(connection, "kept")
    rows = [(key, f"{number:08d}" + "x" * 200) for number in range(20_000)]

    def fill() -> None:
        with engine.store.write() as connection:
            pages = connection.scalar(text("PRAGMA page_count"))
            connection.execute(text(f"PRAGMA max_page_count = {pages + 20}"))
            columns = ["dataset_id", "name"]
            engine.store.upsert(connection, label, columns, rows, key=columns)

    with pytest.raises(StorageFullError, match="no space left"):
        fill()

    with engine.store.read() as connection:
        assert connection.scalars(select(dataset.c.name)).all() == ["kept"]
        assert connection.scalar(select(func.count()).select_from(label)) == 0
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    engine.close()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a file system")
def test_a_full_file_system_loses_nothing_and_says_so(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)])
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        engine = Engine(folder / "workspace")
        with engine.store.write() as connection:
            key = datasets.create(connection, "kept")
        rows = [(key, f"{number:08d}" + "x" * 200) for number in range(40_000)]

        with pytest.raises(StorageFullError), engine.store.write() as connection:
            engine.store.upsert(
                connection, label, ["dataset_id", "name"], rows, key=["dataset_id", "name"]
            )

        with engine.store.read() as connection:
            assert connection.scalars(select(dataset.c.name)).all() == ["kept"]
            assert connection.scalar(select(func.count()).select_from(label)) == 0
        engine.close()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_threads_write_and_read_at_once(engine):
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                with engine.store.write() as connection:
                    datasets.create(connection, f"{number}-{turn}")
                count(engine)
        except BaseException as fault:  # noqa: BLE001 - carried to the assertion
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert count(engine) == 60


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_uses_connections_of_its_own(engine):
    count(engine)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with engine.store.write() as connection:
                datasets.create(connection, "child")
            code = 0
        finally:
            os._exit(code)
    with engine.store.write() as connection:
        datasets.create(connection, "parent")

    assert os.waitpid(child, 0)[1] == 0
    assert count(engine) == 2


def test_many_processes_open_one_new_workspace_at_once(workspace, empty_database_url):
    program = (
        "import sys; from nucleus_lab.engine import Engine, datasets\n"
        "engine = Engine(sys.argv[1], database_url=sys.argv[2] or None)\n"
        "with engine.store.write() as connection: datasets.create(connection, 'one')\n"
        "engine.close()"
    )
    command = [sys.executable, "-c", program, str(workspace), empty_database_url or ""]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(5)]

    assert [process.communicate()[1] for process in started] == [""] * 5
    engine = Engine(workspace, database_url=empty_database_url)
    assert count(engine) == 5
    engine.close()
