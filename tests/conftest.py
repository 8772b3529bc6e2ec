"""Fixtures that all tests share: workspaces, engines on both databases, clients on both transports.

A test that needs something a machine may lack (a PostgreSQL server, Chromium, the real datasets,
a published client, Node) skips with the reason. ``NUCLEUS_LAB_TESTS_REQUIRE=postgres,browser,data``
turns those skips into failures; continuous integration sets it.
"""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from forked_workers import Nursery
from live_server import free_port, serving

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIRED = {name for name in os.environ.get("NUCLEUS_LAB_TESTS_REQUIRE", "").split(",") if name}


def lacking(what: str, reason: str) -> NoReturn:
    """Skip, or fail where ``what`` is required."""
    if what in REQUIRED:
        pytest.fail(f"{what} is required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real datasets."""
    root = Path(os.environ.get("NUCLEUS_LAB_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not root.is_dir():
        lacking(
            "data",
            f"the real datasets are not at {root}; name their folder in NUCLEUS_LAB_TEST_DATA",
        )
    return root


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the person who runs the tests out of them.

    Workers end soon after the last job: those of earlier tests, which nobody needs any more, would
    look at their queues thirty times a second for twenty seconds.
    """
    for name in list(os.environ):
        if name.startswith(("NUCLEUS_LAB_", "NUCLEUS_")) and not name.startswith(
            "NUCLEUS_LAB_TEST"
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NUCLEUS_LAB_WORKER_IDLE_S", "1")


@pytest.fixture(scope="session")
def _nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(autouse=True)
def _quick_workers(_nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork workers instead of starting each anew.

    Test modules about how workers start have a fixture of this name that does nothing.
    """
    if sys.platform == "linux":
        from nucleus_lab.engine import worker_start

        monkeypatch.setattr(worker_start, "subprocess", _nursery)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder for a workspace that does not exist yet."""
    return tmp_path / "workspace"


@pytest.fixture
def inline_jobs(workspace: Path) -> None:
    """Let jobs run where they are submitted: for tests of what they do, not of how they run."""
    workspace.mkdir(exist_ok=True)
    (workspace / "settings.toml").write_text("inline_jobs = true\n")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder whose files a web server hands out, and its address."""
    folder = tmp_path / "hosted"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def npm() -> str:
    """The program that runs the scripts of the front end, which is installed."""
    program = shutil.which("npm")
    if program is None or not (REPOSITORY / "widgets" / "frontend" / "node_modules").is_dir():
        lacking("node", "the front end is not installed: run `npm ci` in widgets/frontend")
    return program


# -- PostgreSQL --------------------------------------------------------------------------------


def _postgres_programs() -> Path | None:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).parent
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return candidates[-1].parent if candidates else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server of our own, without the database name; started once a session."""
    given = os.environ.get("NUCLEUS_LAB_TEST_POSTGRES")
    if given:
        yield given.rstrip("/")
        return
    programs = _postgres_programs()
    if programs is None:
        lacking(
            "postgres", "no PostgreSQL server is installed; name one in NUCLEUS_LAB_TEST_POSTGRES"
        )
    # Not below pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="lab-postgres-"))
    prefix: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    data, port = folder / "data", free_port()
    quick = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    )

    def run(*command: str) -> None:
        done = subprocess.run([*prefix, *command], capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

    run(
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        "lab",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
    )
    log = folder / "log"
    run(str(programs / "pg_ctl"), "-D", str(data), "-o", quick, "-l", str(log), "-w", "start")
    try:
        yield f"postgresql+psycopg://lab@127.0.0.1:{port}"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        # Hundreds of databases of three hundred files each take a minute: nobody waits for that.
        away = 'rm -rf "$1" >/dev/null 2>&1 &'
        subprocess.run(["sh", "-c", away, "sh", str(folder)], start_new_session=True)


@pytest.fixture(scope="session")
def _fresh_database(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Make databases on demand, each a copy of another; given servers lose them at the end."""
    import psycopg

    plain = postgres_server.replace("+psycopg", "") + "/postgres"
    names: list[str] = []

    def make(like: str = "template0") -> str:
        name = f"lab_{os.getpid()}_{len(names)}"
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {like} "
                "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        names.append(name)
        return f"{postgres_server}/{name}"

    yield make
    if "NUCLEUS_LAB_TEST_POSTGRES" not in os.environ:
        return  # they go with the server
    with psycopg.connect(plain, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(_fresh_database: Callable[..., str]) -> str:
    """URL of an empty PostgreSQL database."""
    return _fresh_database()


# -- engines and clients -----------------------------------------------------------------------
# Making its tables costs more than most tests do with a workspace: they are made once a session and
# copied. How they are made is tested in engine/test_migrate and engine/test_store.

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def _new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace right after it was made; it is only copied."""
    from nucleus_lab.engine import Engine

    folder = tmp_path_factory.mktemp("new") / "workspace"
    Engine(folder).close()
    return folder


@pytest.fixture(scope="session")
def _new_database(
    _fresh_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Name of the PostgreSQL database of a workspace right after it was made; it is only copied."""
    from nucleus_lab.engine import Engine

    url = _fresh_database()
    Engine(tmp_path_factory.mktemp("new") / "workspace", database_url=url).close()
    return url.rpartition("/")[2]


@pytest.fixture
def new_workspace(workspace: Path, _new_workspace: Path) -> Path:
    """The folder of a workspace that was just made."""
    shutil.copytree(_new_workspace, workspace, dirs_exist_ok=True)
    return workspace


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str | None:
    """``None`` for the SQLite file of the workspace, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Where a workspace that was just made has its tables.

    ``None`` for the SQLite file, which lies in the folder ``workspace``, or the URL of a PostgreSQL
    database.
    """
    if request.param == "sqlite":
        request.getfixturevalue("new_workspace")
        return None
    make = request.getfixturevalue("_fresh_database")
    url: str = make(like=request.getfixturevalue("_new_database"))
    return url


@pytest.fixture
def engine(workspace: Path, database_url: str | None) -> Iterator[Any]:
    """An open workspace, once on SQLite and once on PostgreSQL."""
    from nucleus_lab.engine import Engine

    opened = Engine(workspace, database_url=database_url)
    yield opened
    opened.close()


@pytest.fixture(params=["in_process", "http"])
def client(request: pytest.FixtureRequest, new_workspace: Path) -> Iterator[Any]:
    """A client of an empty workspace, once in-process and once over HTTP."""
    from nucleus_lab import NucleusClient

    if request.param == "in_process":
        with NucleusClient(workspace=new_workspace) as opened:
            yield opened
        return
    from nucleus_lab.engine import Engine

    engine = Engine(new_workspace)
    try:
        with serving(engine) as endpoint, NucleusClient(endpoint=endpoint) as opened:
            yield opened
    finally:
        engine.close()
