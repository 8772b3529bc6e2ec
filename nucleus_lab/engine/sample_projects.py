"""Projects: what samples belong to. A workspace has one; so has each user with a key of her own.

They are made when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from nucleus_lab.engine import clock
from nucleus_lab.engine.sample_schema import sample_project
from nucleus_lab.engine.schema_types import viewer
from nucleus_lab.errors import NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

NAME: Final = "samples"


def default(engine: Engine) -> int:
    """Return the project that new samples go to.

    Args:
        engine: The workspace, or what a user sees of it.

    Returns:
        Its id.
    """
    columns = sample_project.c
    only = select(columns.id).where(columns.name == NAME, columns.owner == viewer())
    with engine.store.read() as connection:
        found = connection.scalar(only)
    if found is None:
        with engine.store.write() as connection:
            row = (NAME, clock.now())
            key = ("owner", "name")
            engine.store.upsert(connection, sample_project, ("name", "created_at"), [row], key=key)
            found = connection.scalar(only)
    return int(found or 0)


def listing(engine: Engine) -> list[dict[str, Any]]:
    """List the projects.

    Args:
        engine: The workspace.

    Returns:
        Their payloads, the one that new samples go to first.
    """
    default(engine)
    columns = sample_project.c
    # One's own before those of others: clients take the first.
    rows_of = select(sample_project).order_by(columns.owner != viewer(), columns.id)
    with engine.store.read() as connection:
        rows = connection.execute(rows_of).all()
    return [
        {
            "id": row.id,
            "name": row.name,
            "description": "",
            "created": clock.iso(row.created_at),
            "owner": row.owner,
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
