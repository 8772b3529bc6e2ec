"""The command line: keys, serving, and errors without a trace."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from nucleus_lab import DatasetItem, NucleusClient, __version__
from nucleus_lab.cli import main
from nucleus_lab.errors import UnauthorizedError


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@contextmanager
def served(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own; yields it with its endpoint."""
    command = [
        sys.executable,
        "-m",
        "nucleus_lab.cli",
        "serve",
        "--port",
        "0",
        *map(str, arguments),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_version_prints_the_version() -> None:
    assert run("version").output == f"{__version__}\n"


@pytest.mark.parametrize(
    "command", ["", "serve", "version", "keys", "keys create", "keys list", "keys revoke"]
)
def test_every_command_has_help(command: str) -> None:
    result = run(*command.split(), "--help")

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {command}".rstrip())
    assert len(result.output.splitlines()) > 4


def test_a_key_is_printed_once_alone_on_the_last_line(workspace: Path) -> None:
    made = run("keys", "create", "--workspace", workspace, "--name", "team")
    key = made.output.splitlines()[-1]

    assert made.exit_code == 0
    assert re.fullmatch(r"\S{40,}", key)
    listed = run("keys", "list", "--workspace", workspace).output
    assert re.fullmatch(r"team\tthe team\t\S+Z\tin use\n", listed)
    assert key not in listed
    assert all(key.encode() not in path.read_bytes() for path in workspace.rglob("*.db*"))


def test_a_key_of_a_user_is_named_after_her_and_listed_as_hers(workspace: Path) -> None:
    made = run("keys", "create", "--workspace", workspace, "--user", "anna")
    run("keys", "create", "--workspace", workspace, "--user", "anna", "--name", "desk")

    assert made.output.splitlines()[0] == "key 'anna' of user anna, shown only now:"
    listed = run("keys", "list", "--workspace", workspace).output
    assert [line.split("\t")[:2] for line in listed.splitlines()] == [
        ["anna", "user anna"],
        ["desk", "user anna"],
    ]


def test_a_revoked_key_is_listed_as_such(new_workspace: Path) -> None:
    assert run("keys", "list", "--workspace", new_workspace).output == "no keys\n"
    run("keys", "create", "--workspace", new_workspace)

    assert run("keys", "revoke", "default", "--workspace", new_workspace).exit_code == 0
    assert "revoked 20" in run("keys", "list", "--workspace", new_workspace).output


def test_an_expected_error_is_one_line(new_workspace: Path) -> None:
    result = run("keys", "revoke", "nobody", "--workspace", new_workspace)

    assert result.exit_code == 1
    assert result.output == "Error: there is no key named 'nobody' in use; there are: none\n"
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_machines_are_refused_without_a_key(workspace: Path, host: str) -> None:
    result = run("serve", "--workspace", workspace, "--host", host, "--port", "0")

    assert result.exit_code == 1
    assert f"nucleus-lab keys create --workspace {workspace}" in result.output


def test_a_taken_port_and_a_strange_host_are_named(workspace: Path) -> None:
    with served("--workspace", workspace) as (_, endpoint):
        port = endpoint.rpartition(":")[2].partition("/")[0]

        taken = run("serve", "--workspace", workspace, "--port", port)
        strange = run("serve", "--workspace", workspace, "--host", "localhost.invalid.localhost")

    assert taken.exit_code == 1
    assert f"port {port}" in taken.output
    assert strange.exit_code == 1
    assert "no address of this machine" in strange.output


def test_a_served_workspace_answers_until_it_is_interrupted(workspace: Path) -> None:
    with served("--workspace", workspace) as (process, endpoint):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1/nucleus", endpoint)
        assert process.stdout is not None
        assert "no key is needed" in process.stdout.readline()
        with NucleusClient(endpoint=endpoint) as client:
            client.create_dataset("x")
            key = run("keys", "create", "--workspace", workspace).output.splitlines()[-1]
            with pytest.raises(UnauthorizedError, match="a key is needed"):
                assert client.datasets
        with NucleusClient(key, endpoint=endpoint) as client:
            assert [dataset.name for dataset in client.datasets] == ["x"]
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0


def test_with_a_key_other_machines_may_be_served(workspace: Path) -> None:
    key = run("keys", "create", "--workspace", workspace).output.splitlines()[-1]

    with served("--workspace", workspace, "--host", "0.0.0.0") as (_, endpoint):
        local = endpoint.replace("0.0.0.0", "127.0.0.1")
        with NucleusClient(key, endpoint=local) as client:
            assert client.datasets == []
        run("keys", "revoke", "default", "--workspace", workspace)
        with NucleusClient(key, endpoint=local) as client, pytest.raises(UnauthorizedError):
            assert client.datasets


def test_the_command_starts_without_heavy_libraries() -> None:
    heavy = ["numpy", "sqlalchemy", "starlette", "uvicorn", "httpx", "pydantic"]
    program = (
        "import sys; from nucleus_lab.cli import main;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "[]\n"


def test_a_folder_of_scenes_becomes_a_dataset_of_scenes(shared_data: Path, workspace: Path) -> None:
    source = shared_data / "kitti_3frames"

    made = CliRunner().invoke(
        main, ["import", str(source), "--dataset", "k", "--workspace", str(workspace)]
    )

    assert made.exit_code == 0, made.output
    assert "(kitti): 3 new scenes, 12 annotations" in made.output


@pytest.mark.parametrize(
    "command", [["keys", "list"], ["keys", "revoke", "x"], ["export", "x", "y"]]
)
def test_a_workspace_that_is_only_read_is_not_made(workspace: Path, command: list[str]) -> None:
    result = run(*command, "--workspace", workspace)

    assert result.exit_code == 1
    assert result.output == (
        f"Error: there is no workspace {workspace}: check --workspace (NUCLEUS_LAB_WORKSPACE)\n"
    )
    assert not workspace.exists()


def test_data_goes_to_a_server_and_back(new_workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (8, 6)).save(tmp_path / "pictures" / "a.png")
    with served("--workspace", new_workspace) as (_, endpoint):
        sent = run("import", tmp_path / "pictures", "--dataset", "street", "--endpoint", endpoint)
        got = run("export", "street", tmp_path / "out.json", "--endpoint", endpoint)

    assert sent.output == f"{tmp_path / 'pictures'} (images): 1 new items\n"
    assert got.output == f"{tmp_path / 'out.json'}\n"


def test_an_export_says_what_it_leaves_out(new_workspace: Path, tmp_path: Path) -> None:
    with NucleusClient(workspace=new_workspace) as client:
        dataset = client.create_dataset("street")
        item = DatasetItem("https://example.org/a.jpg", "a", metadata={"weather": "fog"})
        dataset.append([item])

    result = run(
        "export", "street", tmp_path / "out", "--format", "yolo", "--workspace", new_workspace
    )

    assert result.exit_code == 0
    assert result.stderr == "yolo has no place for metadata of items: weather (1) left out\n"
