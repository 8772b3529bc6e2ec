"""Functions are written down as source that runs elsewhere, or refused by name."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import bundle_functions as code
import pytest
from PIL import Image

from nucleus_lab.bundling import bundle_from_args, bundle_from_dirs
from nucleus_lab.bundling.source import source_of
from nucleus_lab.errors import InvalidInputError


def png(width: int, height: int = 5) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


def run(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "bundle"}
    exec(compile(text, "bundle.py", "exec"), space)
    return space


def test_what_a_function_refers_to_comes_along() -> None:
    text, names = source_of({"model": code.load_model, "predict": code.load_predict})

    space = run(text)

    assert "bundle_functions" not in text
    loaded = space[names["model"]]()
    assert loaded == {"home": "/models", "pi": 3, "places": code.NAMES}
    found = space[names["predict"]](loaded)(png(7))
    assert found == code.load_predict(code.load_model())(png(7))


def test_values_of_an_enclosing_function_are_constants() -> None:
    text, names = source_of({"predict": code.factory(4)})

    assert run(text)[names["predict"]](b"")[0]["label"] == "4"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (code.uses_network, "uses 'NETWORK', a value of type object"),
        (code.uses_nothing, "the name 'undefined_name', which means nothing"),
        (code.take, "a lambda"),
        (len, "written with def"),
        (code.Detector(), "written with def"),
    ],
)
def test_what_has_no_source_is_refused_by_name(function: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        source_of({"predict_fn_or_cls": function})


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({}, "holds no function"),
        ({"load_predict_fn": code.load_any}, "give exactly"),
        ({"predict_fn_or_cls": code.by_width, "model": 3}, "give exactly"),
        ({"predict_fn": code.by_width}, "bundle_args has 'predict_fn'"),
        ({"predict_fn_or_cls": code.by_width, "model_bundle_name": ""}, "model_bundle_name"),
        (
            {"load_predict_fn": code.load_any, "model": (n for n in "ab")},
            "generator. cannot be pickled",
        ),
        ({"predict_fn_or_cls": code.by_width, "app_config": "/no/such.yaml"}, "app_config"),
    ],
)
def test_arguments_that_make_no_bundle_are_refused(args: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        bundle_from_args({"model_bundle_name": "b", **args})


def test_a_bundle_says_what_to_call() -> None:
    bundle = bundle_from_args({
        "model_bundle_name": "b",
        "load_predict_fn": code.load_any,
        "model": {"weights": [1]},
        "requirements": ["pillow", "# a note", ""],
        "app_config": {"a": 1},
        "pytorch_image_tag": "1.11",
    })

    assert (bundle.name, list(bundle.sources)) == ("b", ["bundle.py"])
    assert bundle.manifest == {
        "requirements": ["pillow"],
        "app_config": {"a": 1},
        "load_predict_fn": "bundle.load_any",
    }
    assert pickle.loads(bundle.model) == {"weights": [1]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "__pycache__").mkdir()
    for name in ("__init__.py", "deep/__init__.py", ".secret", "__pycache__/x.pyc", "w.json"):
        (tmp_path / "mine" / name).write_text("{}")
    (tmp_path / "mine" / "deep" / "infer.py").write_text("def load(model): ...")
    (tmp_path / "requirements.txt").write_text("pillow\n# note\n-r other\nnumpy>=1\n")
    return tmp_path


def test_folders_are_gathered_under_their_names(folder: Path) -> None:
    bundle = bundle_from_dirs({
        "model_bundle_name": "b",
        "base_paths": [folder / "mine"],
        "load_predict_fn_module_path": "mine.deep.infer.load",
        "load_model_fn_module_path": "mine.make",
        "requirements_path": folder / "requirements.txt",
    })

    assert sorted(bundle.files) == [
        "mine/__init__.py",
        "mine/deep/__init__.py",
        "mine/deep/infer.py",
        "mine/w.json",
    ]
    assert bundle.manifest["requirements"] == ["pillow", "numpy>=1"]
    assert bundle.manifest["load_predict_fn"] == "mine.deep.infer.load"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"base_paths": []}, "no base_paths"),
        ({"base_paths": ["/no/such/folder"]}, "which is no folder"),
        ({"load_model_fn_module_path": "other.load"}, "holds no other.py"),
        ({"load_model_fn_module_path": None}, "write module and function"),
        ({"requirements_path": "/no/such.txt"}, "cannot be read"),
        ({"base_path": "x"}, "has 'base_path'"),
    ],
)
def test_folders_that_do_not_fit_are_refused(
    folder: Path, change: dict[str, Any], reason: str
) -> None:
    args = {
        "model_bundle_name": "b",
        "base_paths": [folder / "mine"],
        "load_predict_fn_module_path": "mine.deep.infer.load",
        "load_model_fn_module_path": "mine.make",
    }

    with pytest.raises(InvalidInputError, match=reason):
        bundle_from_dirs({**args, **change})
