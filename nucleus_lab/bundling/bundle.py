"""A bundle: its files, and what to call in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nucleus_lab.bundling.source import source_of
from nucleus_lab.errors import InvalidInputError

_MODULE: Final = "bundle"
_MOST_FILES: Final = 5_000
_SKIPPED: Final = frozenset(("__pycache__", "node_modules"))

# What describes an image of a cloud service; kept with the bundle, without effect here.
_ELSEWHERE: Final = (
    "bundle_url", "env_params", "globals_copy", "pytorch_image_tag", "tensorflow_version",
)  # fmt: skip
_ARGS: Final = (
    "model_bundle_name", "predict_fn_or_cls", "model", "load_predict_fn", "load_model_fn",
    "requirements", "app_config", *_ELSEWHERE,
)  # fmt: skip
_DIR_ARGS: Final = (
    "model_bundle_name", "base_paths", "requirements_path", "load_predict_fn_module_path",
    "load_model_fn_module_path", "app_config", *_ELSEWHERE,
)  # fmt: skip


@dataclass(slots=True)
class Bundle:
    """What is stored of a bundle.

    Attributes:
        name: Name of the bundle.
        manifest: What to call: ``predict``, or ``load_predict_fn`` with ``load_model_fn`` or
            ``model``, each the path of a name in a module; ``requirements`` and ``app_config``.
        sources: Text of files, by their path.
        files: Files on this machine, by their path in the bundle.
        model: Pickled model object, if any.
    """

    name: str
    manifest: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    model: bytes | None = None


def _known(given: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise InvalidInputError(f"{what} has {unknown[0]!r}: known are {', '.join(names)}")


def bundle_from_args(args: Mapping[str, Any]) -> Bundle:
    """Gather a bundle from functions.

    Args:
        args: ``predict_fn_or_cls``; or ``load_predict_fn`` with ``load_model_fn`` or ``model``;
            ``model_bundle_name``, ``requirements`` and ``app_config``.

    Returns:
        The bundle.

    Raises:
        InvalidInputError: The parts do not make a bundle, or a function cannot be written down as
            source.
    """
    _known(args, _ARGS, "bundle_args")
    given = {key: args[key] for key in _ARGS if args.get(key) is not None}
    parts = {"predict_fn_or_cls", "model", "load_predict_fn", "load_model_fn"} & set(given)
    if parts not in (
        {"predict_fn_or_cls"},
        {"load_predict_fn", "model"},
        {"load_predict_fn", "load_model_fn"},
    ):
        raise InvalidInputError(
            f"bundle_args holds {', '.join(sorted(parts)) or 'no function'}: give exactly "
            "predict_fn_or_cls, or load_predict_fn with model, or load_predict_fn with "
            "load_model_fn"
        )
    functions = {key: given[key] for key in sorted(parts - {"model"})}
    text, names = source_of(functions)
    manifest: dict[str, Any] = {
        "requirements": _requirements(given.get("requirements")),
        "app_config": _config(given.get("app_config")),
    }
    for key, name in names.items():
        manifest["predict" if key == "predict_fn_or_cls" else key] = f"{_MODULE}.{name}"
    bundle = Bundle(_name(given), manifest, {f"{_MODULE}.py": text})
    if "model" in given:
        bundle.model = _pickled(given["model"])
    return bundle


def bundle_from_dirs(args: Mapping[str, Any]) -> Bundle:
    """Gather a bundle from folders.

    Args:
        args: ``base_paths``, ``load_predict_fn_module_path``, ``load_model_fn_module_path``;
            ``model_bundle_name``, ``requirements_path`` and ``app_config``.

    Returns:
        The bundle.

    Raises:
        InvalidInputError: A folder, a file or a module that is named does not exist.
    """
    _known(args, _DIR_ARGS, "bundle_from_dir_args")
    paths = args.get("base_paths")
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not paths:
        raise InvalidInputError("bundle_from_dir_args has no base_paths: name the code's folders")
    files: dict[str, Path] = {}
    for path in paths:
        _add_folder(files, Path(path).expanduser().absolute())
    manifest: dict[str, Any] = {"app_config": _config(args.get("app_config")), "requirements": []}
    for key in ("load_predict_fn", "load_model_fn"):
        target = args.get(f"{key}_module_path")
        manifest[key] = _checked_target(files, f"{key}_module_path", target)
    listed = args.get("requirements_path")
    if listed is not None:
        manifest["requirements"] = _requirements(_lines(Path(listed).expanduser()))
    return Bundle(_name(args), manifest, {}, files)


def _name(args: Mapping[str, Any]) -> str:
    name = args.get("model_bundle_name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidInputError("model_bundle_name is missing: give the bundle a name")
    return name


def _config(given: Any) -> Any:
    if not isinstance(given, (str, os.PathLike)):
        return given
    import yaml

    try:
        return yaml.safe_load(Path(given).expanduser().read_text("utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as fault:
        raise InvalidInputError(f"app_config {given} cannot be read: {fault}") from fault


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidInputError(f"requirements_path {path} cannot be read: {fault}") from fault


def _requirements(given: Any) -> list[str]:
    texts = [text.partition("#")[0].strip() for text in given or ()]
    return [text for text in texts if text and not text.startswith("-")]


def _pickled(model: Any) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]

    try:
        pickled: bytes = cloudpickle.dumps(model)
    except Exception as fault:
        raise InvalidInputError(
            f"the model ({type(model).__name__}) cannot be pickled ({fault}): give load_model_fn, "
            "a function that loads it from a file"
        ) from fault
    return pickled


def _add_folder(files: dict[str, Path], folder: Path) -> None:
    if not folder.is_dir():
        raise InvalidInputError(f"base_paths names {folder}, which is no folder")
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in _SKIPPED and not name.startswith(".")
        )
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or name.endswith(".pyc") or path.is_symlink():
                continue
            files[f"{folder.name}/{path.relative_to(folder).as_posix()}"] = path
            if len(files) > _MOST_FILES:
                raise InvalidInputError(
                    f"base_paths holds more than {_MOST_FILES} files: name the folders of the code "
                    "only"
                )


def _checked_target(files: Mapping[str, Path], key: str, target: Any) -> str:
    if not isinstance(target, str) or "." not in target:
        raise InvalidInputError(
            f"{key} is {target!r}: write module and function, such as my_module.inference.load"
        )
    parts = target.split(".")[:-1]
    path = "/".join(parts)
    if f"{path}.py" not in files and f"{path}/__init__.py" not in files:
        raise InvalidInputError(
            f"{key} is {target!r}, and base_paths holds no {path}.py: the path begins with the "
            "name of one of the folders"
        )
    return target
