"""The package itself: its names, where they live, and what importing them costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import nucleus_lab


def test_names_for_checkers_and_at_run_time_are_the_same() -> None:
    tree = ast.parse(inspect.getsource(nucleus_lab))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    stated = {
        alias.name: str(node.module).removeprefix("nucleus_lab.")
        for node in block.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("nucleus_lab")
        for alias in node.names
    }

    assert stated == nucleus_lab._MODULE_OF
    assert sorted([*stated, "__version__"]) == nucleus_lab.__all__
    for name, module in stated.items():
        value = getattr(nucleus_lab, name)
        assert value.__module__.startswith(f"nucleus_lab.{module}") or module == "prediction"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Datasets'"):
        _ = nucleus_lab.Datasets
    assert set(nucleus_lab.__all__) <= set(dir(nucleus_lab))


def test_the_client_is_imported_without_heavy_libraries() -> None:
    heavy = ["numpy", "sqlalchemy", "httpx", "starlette", "pydantic", "IPython", "PIL", "tqdm"]
    program = (
        "import sys; from nucleus_lab import BoxAnnotation, DatasetItem, NucleusClient;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "[]\n", done.stderr


def test_the_extension_is_handed_to_the_magics(monkeypatch: pytest.MonkeyPatch) -> None:
    shells: list[Any] = []
    stand_in = SimpleNamespace(load=shells.append, unload=shells.remove)
    monkeypatch.setitem(sys.modules, "nucleus_lab.magics", stand_in)
    monkeypatch.setattr(nucleus_lab, "magics", stand_in, raising=False)
    shell: Any = object()

    nucleus_lab.load_ipython_extension(shell)
    assert shells == [shell]
    nucleus_lab.unload_ipython_extension(shell)
    assert shells == []
