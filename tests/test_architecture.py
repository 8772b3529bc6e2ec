"""The rules of the design, held mechanically: imports, sizes, names, cost of importing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "nucleus_lab"
MODULES = sorted(
    path
    for root in (PACKAGE, REPOSITORY / "widgets", REPOSITORY / "magics")
    for path in root.rglob("*.py")
    if "node_modules" not in path.parts
)
MOST_LINES = 440  # "up to about 400", with room for one long docstring


def _imports_hold(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=root, capture_output=True, text=True)


def test_imports_only_point_downwards() -> None:
    done = _imports_hold(REPOSITORY)

    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize(
    ("place", "line", "contract"),
    [
        ("annotation/planted.py", "import nucleus_lab.client", "Imports only point downwards"),
        ("unheard_of.py", "import json", "Imports only point downwards"),
        ("client/planted.py", "import nucleus_lab.engine", "Only routes import the engine"),
        ("engine/planted.py", "import nucleus_lab.dataset", "Imports only point downwards"),
        (
            "dataset/planted.py",
            "import nucleus_lab.routes",
            "Only the in-process transport and the server",
        ),
        (
            "widgets/planted.py",
            "import nucleus_lab.transport.http",
            "Widgets and magics use only the public SDK",
        ),
        ("client/planted.py", "import httpx", "httpx only in the HTTP transport"),
        (
            "dataset/planted.py",
            "import sqlalchemy",
            "SQL only in the engine and the query compiler",
        ),
        ("engine/planted.py", "import IPython", "IPython and anywidget only in widgets and magics"),
        ("client/planted.py", "import uvicorn", "uvicorn only in the server"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith(".py") else None,
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, line: str, contract: str) -> None:
    shutil.copytree(
        PACKAGE,
        tmp_path / "nucleus_lab",
        ignore=shutil.ignore_patterns("node_modules", "static", "frontend"),
    )
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    (tmp_path / "nucleus_lab" / place).write_text(f"{line}\n")
    # The copy has to be the package that is read, not the installed one.
    program = (
        "import sys; sys.path.insert(0, '.');"
        "from importlinter.cli import lint_imports_command; lint_imports_command()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 1, done.stdout[-3000:]
    verdicts = re.findall(r"^(.*) (KEPT|BROKEN)", done.stdout, re.MULTILINE)
    refused = any(name.startswith(contract) and verdict == "BROKEN" for name, verdict in verdicts)
    assert refused or "unheard_of" in done.stdout, done.stdout[-3000:]


# Scripts for the published package import from modules of these names.
FIXED_BY_THE_PUBLISHED_API = {
    "nucleus_lab/constants.py",
    "nucleus_lab/utils.py",
    "nucleus_lab/validate/constants.py",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_module_has_one_subject(path: Path) -> None:
    lines = path.read_text().count("\n")

    assert lines <= MOST_LINES, f"{lines} lines: split by subject"
    if path.relative_to(REPOSITORY).as_posix() not in FIXED_BY_THE_PUBLISHED_API:
        assert path.stem not in {
            "utils", "util", "helpers", "helper", "common", "constants", "misc"
        }  # fmt: skip


def test_no_two_test_modules_share_a_name() -> None:
    names = [path.name for path in (REPOSITORY / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names)), "pytest imports test modules by their bare name"


HEAVY = [
    "numpy",
    "sqlalchemy",
    "httpx",
    "starlette",
    "uvicorn",
    "pydantic",
    "IPython",
    "anywidget",
    "pandas",
    "PIL",
    "plotly",
    "click",
    "tqdm",
]


def test_importing_the_package_is_light() -> None:
    program = (
        "import json, sys, time; start = time.process_time(); import nucleus_lab;"
        "spent = time.process_time() - start;"
        f"print(json.dumps([spent, [name for name in {HEAVY!r} if name in sys.modules]]))"
    )

    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]

    assert min(spent for spent, _ in runs) < 0.2
    assert runs[0][1] == []


def test_public_names_are_sorted_and_exist() -> None:
    import nucleus_lab

    assert list(nucleus_lab.__all__) == sorted(nucleus_lab.__all__)
    for name in nucleus_lab.__all__:
        assert getattr(nucleus_lab, name) is not None


def test_every_error_survives_the_wire() -> None:
    from nucleus_lab import errors

    kinds = [
        getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)
    ]
    codes = [kind.code for kind in kinds]

    assert sorted(codes) == sorted(set(codes))
    for kind in kinds:
        sent = kind("what happened", reference_id="a/b.jpg", line=3)
        received = errors.from_wire(kind.status_code, json.loads(json.dumps(sent.to_wire())))
        assert (type(received), received.message, received.details) == (
            kind,
            sent.message,
            sent.details,
        )


def test_a_class_without_a_code_of_its_own_arrives_as_its_kin() -> None:
    from nucleus_lab import errors

    class Narrower(errors.ConflictError):
        pass

    received = errors.from_wire(409, Narrower("taken").to_wire())

    assert (type(received), received.message) == (errors.ConflictError, "taken")


def test_an_answer_of_something_else_becomes_an_error_of_its_status() -> None:
    from nucleus_lab import errors

    assert type(errors.from_wire(404, "<html>")) is errors.NotFoundError
    assert type(errors.from_wire(418, {"error": "teapot"})) is errors.NucleusAPIError


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["deptry", "."],
    ],
    ids=" ".join,
)
@pytest.mark.timeout(600)
def test_gate(command: list[str]) -> None:
    program = Path(sys.executable).with_name(command[0])

    done = subprocess.run([program, *command[1:]], cwd=REPOSITORY, capture_output=True, text=True)

    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
