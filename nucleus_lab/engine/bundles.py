"""Model bundles: code in folders of the workspace, one for each model that has any."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, insert, select

from nucleus_lab import wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.evaluation_schema import model_bundle
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.errors import ForbiddenError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.wire import FilePart

MODEL: Final = "model"
"""Field of the file that holds a pickled model."""

_TARGETS: Final = ("predict", "load_predict_fn", "load_model_fn")


def check_allowed(engine: Engine, base_url: str) -> None:
    """Refuse code over HTTP unless the owner of the server switched it on.

    Args:
        engine: The open workspace.
        base_url: Where the caller reached the server; ``""`` in this process.

    Raises:
        ForbiddenError: It is not switched on.
    """
    if base_url and not engine.settings.run_bundles:
        raise ForbiddenError(
            "this server runs no code that comes over HTTP: its owner can switch that on by "
            "run_bundles = true in settings.toml of the workspace; in the workspace itself "
            "(NucleusClient(workspace=…)) it needs no leave",
            setting="run_bundles",
        )


def write(engine: Engine, manifest: dict[str, Any], files: Sequence[FilePart]) -> str:
    """Write the files of a bundle; no row points at them yet.

    Args:
        engine: The open workspace.
        manifest: What to call in them.
        files: The files, named by their paths.

    Returns:
        The name of their folder.

    Raises:
        InvalidInputError: A path leads out of the folder, or nothing is said to be called.
    """
    targets = [manifest.get(name) for name in _TARGETS]
    if not any(targets) or not all(target is None or isinstance(target, str) for target in targets):
        raise InvalidInputError("the manifest of the bundle names no function", path="manifest")
    root = engine.workspace / "bundles"
    _sweep(engine, root)
    name = secrets.token_hex(12)
    unfinished = root / f"{name}.part"
    with storage_failures(str(root), lambda: free_bytes(root)):
        try:
            for part in files:
                place = "model.pkl" if part.field == MODEL else f"code/{_inside(part.filename)}"
                target = unfinished / place
                target.parent.mkdir(parents=True, exist_ok=True)
                if part.content is not None:
                    target.write_bytes(part.content)
                else:
                    shutil.copyfile(str(part.path), target)
            (unfinished / "code").mkdir(parents=True, exist_ok=True)
            (unfinished / "manifest.json").write_bytes(wire.encode(manifest))
            unfinished.rename(root / name)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return name


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    odd = "\0" in path or "\\" in path or ":" in path
    if odd or parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise InvalidInputError(
            f"the bundle names the file {path!r}: use a relative path without '..'", path=path
        )
    return str(parts)


def attach(connection: Connection, model_id: int, folder: str, manifest: dict[str, Any]) -> None:
    """Give a model its bundle.

    Args:
        connection: The open write transaction.
        model_id: Primary key of the model.
        folder: What :func:`write` returned.
        manifest: What to call.
    """
    connection.execute(
        insert(model_bundle).values(
            model_id=model_id,
            folder=folder,
            manifest=document(manifest),
            created_at=clock.now(),
        )
    )


def folder_of(connection: Connection, model_id: int) -> str | None:
    """Return the folder of a model's bundle.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.

    Returns:
        Its name, or ``None`` when the model has no bundle.
    """
    return connection.scalar(
        select(model_bundle.c.folder).where(model_bundle.c.model_id == model_id)
    )


def path(engine: Engine, folder: str) -> Path:
    """Return where a bundle lies.

    Args:
        engine: The open workspace.
        folder: Name of its folder.

    Returns:
        The path.

    Raises:
        NotFoundError: It is not in the workspace.
    """
    found = engine.workspace / "bundles" / folder
    if not (found / "manifest.json").is_file():
        raise NotFoundError(f"the bundle {found} is missing from the workspace: make it again")
    return found


def forget(engine: Engine, folder: str | None) -> None:
    """Remove the files of a bundle that no model has any more.

    Args:
        engine: The open workspace.
        folder: Name of the folder, if there was one.
    """
    if folder is not None:
        shutil.rmtree(engine.workspace / "bundles" / folder, ignore_errors=True)


def _sweep(engine: Engine, root: Path) -> None:
    """Remove what a crash left: folders that no row names, once they are old."""
    if not root.is_dir():
        return
    with engine.store.read() as connection:
        known = set(connection.scalars(select(model_bundle.c.folder)))
    oldest = time.time() - engine.settings.sweep_grace_s
    for found in root.iterdir():
        with suppress(OSError):
            if found.name not in known and found.stat().st_mtime < oldest:
                shutil.rmtree(found, ignore_errors=True)
