"""Versions of models, as the metadata that they are created with tells them.

Nothing else in the protocol says it. ``client.create_model(..., metadata={"version": "2.1-rc1",
"parent_model_id": older.id})`` makes version 2.1, labelled rc1, of the line of an older model.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine.schema import model
from nucleus_lab.errors import NotFoundError

_PARENT: Final = ("parent_model_project_id", "parent_model_id")
_VERSION: Final = re.compile(r"[vV]?(\d{1,9})(?:\.(\d{1,9}))?(?:[.\-+_ ](.+))?")


def version_of(metadata: Any) -> dict[str, Any]:
    """Read the version of a model.

    Args:
        metadata: Its metadata, decoded.

    Returns:
        ``model_version_major``, ``model_version_minor``, ``model_version_label`` and
        ``parent_model_project_id``, ``None`` where the metadata does not say.
    """
    known = metadata if isinstance(metadata, dict) else {}
    major, minor, label = _parts(known.get("version"))
    if _is_number(known.get("version_major")):
        major, minor = known["version_major"], None
        if _is_number(known.get("version_minor")):
            minor = known["version_minor"]
    if isinstance(known.get("version_label"), str):
        label = known["version_label"]
    return {
        "model_version_major": major,
        "model_version_minor": minor,
        "model_version_label": label,
        "parent_model_project_id": _parent(known),
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _parts(version: Any) -> tuple[int | None, int | None, str | None]:
    if isinstance(version, bool) or not isinstance(version, int | float | str):
        return None, None, None
    found = _VERSION.fullmatch(str(version).strip())
    if found is None:
        return None, None, str(version) if version else None
    major, minor, label = found.groups()
    return int(major), None if minor is None else int(minor), label


def _parent(metadata: dict[str, Any]) -> str | None:
    return next((metadata[key] for key in _PARENT if isinstance(metadata.get(key), str)), None)


def family(connection: Connection, model_id: int) -> list[int]:
    """Find the models of the line of a model.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.

    Returns:
        Primary keys of the first version and of all that descend from it, ascending.
    """
    parents: dict[int, int] = {}
    for key, text in connection.execute(select(model.c.id, model.c.metadata)):
        named = _parent(wire.decode(text) or {}) if text else None
        try:
            parents[key] = identifiers.decode(identifiers.MODEL, named or "")
        except NotFoundError:
            parents[key] = key
    roots = {key: _root(key, parents) for key in parents}
    return sorted(key for key, root in roots.items() if root == roots[model_id])


def _root(key: int, parents: dict[int, int]) -> int:
    seen = [key]
    while (parent := parents[seen[-1]]) in parents and parent not in seen:
        seen.append(parent)
    # Models that name each other in a circle have the oldest as their first.
    return min(seen[seen.index(parent) :]) if parent in seen else seen[-1]
