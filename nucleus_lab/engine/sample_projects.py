"""Projects: what samples belong to. A workspace has one, made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from nucleus_lab.engine import clock
from nucleus_lab.engine.sample_schema import sample_project
from nucleus_lab.errors import NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

NAME: Final = "samples"


def default(engine: Engine) -> int:
    """Return the project of a workspace.

    Args:
        engine: The workspace.

    Returns:
        Its id.
    """
    only = select(sample_project.c.id).where(sample_project.c.name == NAME)
    with engine.store.read() as connection:
        found = connection.scalar(only)
    if found is None:
        with engine.store.write() as connection:
            row = (NAME, clock.now())
            columns = ("name", "created_at")
            engine.store.upsert(connection, sample_project, columns, [row], key=["name"])
            found = connection.scalar(only)
    return int(found or 0)


def listing(engine: Engine) -> list[dict[str, Any]]:
    """List the projects.

    Args:
        engine: The workspace.

    Returns:
        Their payloads, by id.
    """
    default(engine)
    with engine.store.read() as connection:
        rows = connection.execute(select(sample_project).order_by(sample_project.c.id)).all()
    return [
        {
            "id": row.id,
            "name": row.name,
            "description": "",
            "created": clock.iso(row.created_at),
            "owner": "",
            "isEnterpriseProject": False,
        }
        for row in rows
    ]


def key_of(connection: Connection, text: str) -> int:
    """Find a project.

    Args:
        connection: The open transaction.
        text: Its id as a path has it.

    Returns:
        Its id.

    Raises:
        NotFoundError: There is none.
    """
    if text.isascii() and text.isdigit() and len(text) <= 18:
        found = select(sample_project.c.id).where(sample_project.c.id == int(text))
        if connection.scalar(found) is not None:
            return int(text)
    raise NotFoundError(f"No project found with ID {text}: ask /v1/api/projects for its id")


def lock(connection: Connection, project_id: int) -> None:
    """Let only one transaction at a time look at what a project holds and add to it.

    Args:
        connection: The open write transaction.
        project_id: Row of the project.
    """
    # SQLite has one writer anyway, and SQLAlchemy leaves FOR UPDATE out there.
    own = select(sample_project.c.id).where(sample_project.c.id == project_id)
    connection.execute(own.with_for_update())
