"""Saved queries: a name for the text of a query, used as ``saved("name")``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from nucleus_lab.engine import clock
from nucleus_lab.engine.query_catalog import StoredCatalog
from nucleus_lab.engine.schema import saved_query
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.query.parse import parse
from nucleus_lab.query.resolve import resolve

_LONGEST = 200


class _With(StoredCatalog):
    """The names of a dataset, as they will be when one more query is saved."""

    def __init__(self, connection: Connection, dataset_id: int, name: str, text: str) -> None:
        super().__init__(connection, dataset_id)
        self._new = (name, text)

    def saved(self, name: str) -> str | None:
        """Return the text of a saved query.

        Args:
            name: Its name.

        Returns:
            The text, or ``None`` when there is none of that name.
        """
        return self._new[1] if name == self._new[0] else super().saved(name)


def save(connection: Connection, dataset_id: int, name: str, text: str, level: str) -> None:
    """Save a query under a name; one of that name is replaced.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key of the dataset.
        name: The name.
        text: The query.
        level: What it is about: ``items``, ``annotations``, ``predictions``, ``matches``,
            ``scenes``.

    Raises:
        InvalidInputError: The name is empty or too long, or there is no such level.
        QueryError: The query cannot be read, or uses itself.
    """
    if not name.strip() or len(name) > _LONGEST or "\x00" in name:
        raise InvalidInputError(
            f"the name of a saved query has 1 to {_LONGEST} characters, not {len(name)}",
            path="name",
        )
    if level not in {"items", "annotations", "predictions", "matches", "scenes"}:
        raise InvalidInputError(
            f"level is {level!r}: use items, annotations, predictions, matches or scenes",
            path="level",
        )
    catalog = _With(connection, dataset_id, name, text)
    catalog.run_id = catalog.runs[0].id if catalog.runs else -1
    uses = f"saved({_quoted(name)})"
    resolve(parse(text), level, catalog)
    resolve(parse(uses), level, catalog)
    values = {"query": text, "level": level, "created_at": clock.now()}
    mine = (saved_query.c.dataset_id == dataset_id) & (saved_query.c.name == name)
    if not connection.execute(update(saved_query).where(mine).values(**values)).rowcount:
        row = {"dataset_id": dataset_id, "name": name, **values}
        connection.execute(insert(saved_query).values(**row))


def _quoted(text: str) -> str:
    from nucleus_lab.query.explain import quoted

    return quoted(text)


def listed(connection: Connection, dataset_id: int) -> list[dict[str, Any]]:
    """List the saved queries of a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        Name, query, level and time of each, by name.
    """
    rows = connection.execute(
        select(saved_query)
        .where(saved_query.c.dataset_id == dataset_id)
        .order_by(saved_query.c.name)
    )
    return [
        {
            "name": row.name,
            "query": row.query,
            "level": row.level,
            "created_at": clock.iso(row.created_at),
        }
        for row in rows
    ]


def remove(connection: Connection, dataset_id: int, name: str) -> None:
    """Delete a saved query.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key of the dataset.
        name: Its name.

    Raises:
        NotFoundError: There is none of that name.
    """
    mine = (saved_query.c.dataset_id == dataset_id) & (saved_query.c.name == name)
    if not connection.execute(delete(saved_query).where(mine)).rowcount:
        raise NotFoundError(f"there is no saved query named {name!r} in this dataset")
