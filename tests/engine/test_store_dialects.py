"""What opening a workspace and asking it first load: what they use, and nothing beside it."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

from nucleus_lab import DatasetItem, NucleusClient, engine
from nucleus_lab.engine import whole_schema

PROGRAM = """
import json, sys
from nucleus_lab import NucleusClient
client = NucleusClient(workspace=sys.argv[1])
opened = set(sys.modules)
dataset = client.get_dataset(sys.argv[2])
assert dataset.count("metadata.a = 1") == 1
counted = set(sys.modules)
assert dataset.refloc("r1")["item"].reference_id == "r1"
from nucleus_lab.engine.schema import metadata
records = [
    f"{name}.{kind.__name__}"
    for name, module in list(sys.modules.items())
    if name.split(".")[:2] in (["nucleus_lab", part] for part in ("engine", "query", "routes"))
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == name and hasattr(kind, "__dataclass_fields__")
]
modules = [sorted(each) for each in (opened, counted, sys.modules)]
print(json.dumps([*modules, list(metadata.tables), records]))
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Modules after opening, counting and reading an item in a new process; tables; dataclasses."""
    folder = tmp_path_factory.mktemp("start") / "w"
    with NucleusClient(workspace=folder) as client:
        dataset = client.create_dataset("d")
        dataset.append([
            DatasetItem(f"https://example.org/{n}.jpg", f"r{n}", {"a": n}) for n in (1, 2)
        ])
    command = [sys.executable, "-c", PROGRAM, str(folder), dataset.id]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def test_a_sqlite_workspace_opens_without_what_it_does_not_use(start: list[Any]) -> None:
    loaded = start[2]

    unused = ("numpy", "PIL", "httpx", "starlette", "pydantic", "alembic", "psutil", "tomllib")
    assert [name for name in loaded if name.startswith("sqlalchemy.dialects.postgresql")] == []
    assert [name for name in loaded if name.startswith("sqlalchemy.orm")] == []
    assert sorted(set(loaded) & set(unused)) == []


def test_opening_a_workspace_loads_no_route(start: list[Any]) -> None:
    assert [name for name in start[0] if name.startswith("nucleus_lab.routes.nucleus.")] == []


def test_the_first_requests_load_the_modules_of_their_routes(start: list[Any]) -> None:
    routes = [
        [
            name.rpartition(".")[2]
            for name in loaded
            if name.startswith("nucleus_lab.routes.nucleus.")
        ]
        for loaded in start[1:3]
    ]

    assert routes == [["queries"], ["items", "queries"]]


def test_counting_and_reading_items_load_nothing_of_other_features(start: list[Any]) -> None:
    others = (
        "annotating", "autotag", "benchmark", "bundle", "deletion", "duplicate", "embed", "eval",
        "export", "indexing", "job_runs", "labeling", "leaderboard", "media", "models", "picture",
        "point_cloud", "runs", "scenario", "scene", "similar", "slice", "thumbnail", "track",
        "upload", "vector", "video", "weights", "work",
    )  # fmt: skip
    engine_modules = [
        name.removeprefix("nucleus_lab.engine.")
        for name in start[2]
        if name.startswith("nucleus_lab.engine.")
    ]

    loaded = [name for name in engine_modules if name.startswith(others)]
    # The slots of workers are looked at when a queued job may need one.
    assert loaded == ["worker_slots"]


def test_a_start_describes_only_the_tables_that_it_may_read(start: list[Any]) -> None:
    of_features = {"embedding", "evaluation_v2", "labeling_task", "scenario_test"}
    assert of_features <= set(whole_schema.metadata.tables)
    assert of_features & set(start[3]) == set()


def test_every_module_of_tables_is_in_the_whole_schema() -> None:
    modules = {module.name for module in pkgutil.iter_modules(engine.__path__)}
    tables = {name for name in modules if name.endswith("_schema")} - {"whole_schema"}

    assert {part.__name__.rpartition(".")[2] for part in whole_schema.PARTS} == tables


def test_records_of_a_start_are_structs(start: list[Any]) -> None:
    """Making a dataclass takes as long as making twenty structs: half a millisecond."""
    assert start[4] == []
