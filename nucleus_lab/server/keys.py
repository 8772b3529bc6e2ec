"""The keys of a workspace, for the person who runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nucleus_lab.routes import workspaces


def create_key(
    workspace: Path, name: str, *, user: str = "", database_url: str | None = None
) -> str:
    """Make a key.

    Args:
        workspace: Folder; made when it does not exist.
        name: What the key is for.
        user: Whose it is: she sees what she made and what is shared. ``""`` for a key of the
            team, which sees everything.
        database_url: Database of the workspace; the SQLite file in the folder when ``None``.

    Returns:
        The key; it is stored as a hash and cannot be shown again.
    """
    with workspaces.opened(workspace, database_url) as engine:
        return workspaces.create_key(engine, name, user)


def list_keys(workspace: Path, *, database_url: str | None = None) -> list[dict[str, Any]]:
    """List all keys, oldest first.

    Args:
        workspace: Folder.
        database_url: Database of the workspace; the SQLite file in the folder when ``None``.

    Returns:
        ``name``, ``user``, ``created_at`` and ``revoked_at`` of each.
    """
    with workspaces.opened(workspace, database_url) as engine:
        return workspaces.list_keys(engine)


def revoke_key(workspace: Path, name: str, *, database_url: str | None = None) -> None:
    """Make a key useless at once, also on servers that are running.

    Args:
        workspace: Folder.
        name: Its name.
        database_url: Database of the workspace; the SQLite file in the folder when ``None``.
    """
    with workspaces.opened(workspace, database_url) as engine:
        workspaces.revoke_key(engine, name)
