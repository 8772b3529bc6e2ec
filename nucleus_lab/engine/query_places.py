"""Where a page of a query ended, as its token says it.

A token names rows, never positions: positions move up when the gaps of deleted items are closed.
What is looked up is where the row is now or, when it is gone, the last one before it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, and_, bindparam, exists, func, not_, select

from nucleus_lab.engine.pages import place_of
from nucleus_lab.engine.query_select import Selection
from nucleus_lab.engine.schema import item, scene
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import InvalidInputError

LAST_KEY: Final = 2**63 - 1
"""As great as keys get."""


class Place(NamedTuple):
    """A place in the order of ingestion; what is behind it is still to be read.

    Attributes:
        position: Of the item, or of the scene.
        key: Of the last row read there; all of them are behind when it is as great as keys get.
        empty: No row was found up to here.
    """

    position: int
    key: int
    empty: bool


BEGINNING: Final = Place(-1, -1, empty=True)


def _now(table: Table) -> Any:
    columns = table.c
    return (
        select(columns.position, columns.id)
        # Not by an index of the dataset: the row is there, or one of its neighbours is.
        .where(columns.dataset_id + 0 == bindparam("dataset_id"), columns.id <= bindparam("key"))
        .order_by(columns.id.desc())
        .limit(1)
    )


def _at(table: Table) -> Any:
    columns = table.c
    of_dataset = columns.dataset_id == bindparam("dataset_id")
    return (
        select(columns.id)
        .where(of_dataset, columns.position <= bindparam("position"))
        .order_by(columns.position.desc())
        .limit(1)
    )


def _ends(table: Table) -> Any:
    columns = table.c
    of_dataset = columns.dataset_id == bindparam("dataset_id")
    behind = columns.position >= bindparam("position")
    least = select(func.min(columns.position)).where(of_dataset, behind).scalar_subquery()
    greatest = select(func.max(columns.position)).where(of_dataset).scalar_subquery()
    return select(least, greatest)


def _keys() -> Any:
    columns = item.c
    inside = and_(
        columns.dataset_id == bindparam("dataset_id"),
        columns.position.between(bindparam("first"), bindparam("last")),
    )
    by_position = select(columns.id).where(inside).order_by(columns.position)
    first = by_position.limit(1).scalar_subquery()
    last = by_position.order_by(None).order_by(columns.position.desc()).limit(1).scalar_subquery()
    # To look for a key that is not between them costs half of finding the least and the greatest.
    outside = select(columns.id).where(inside, not_(columns.id.between(first, last)))
    return select(first, last, exists(outside))


_KEYS: Final = Statement(_keys)
_OWNERS: Final = {
    table.name: (
        Statement(lambda table=table: _now(table)),  # type: ignore[misc]
        Statement(lambda table=table: _at(table)),  # type: ignore[misc]
        Statement(lambda table=table: _ends(table)),  # type: ignore[misc]
    )
    for table in (item, scene)
}


def _owner(found: Selection) -> str:
    return "scene" if found.row == "scene" else "item"


def read(connection: Connection, found: Selection, token: str | None) -> Place:
    """Read the token of a page.

    Args:
        connection: The open transaction.
        found: The selection, in the order of ingestion.
        token: What the page before returned; ``None`` for the first page.

    Returns:
        Where to go on.

    Raises:
        InvalidInputError: The token was not made here.
    """
    if not token:
        return BEGINNING
    kind, *numbers = token.split("-")
    if kind not in {"k", "w", "e"} or len(numbers) != 2:
        raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
    owner, key = (place_of(number, token) for number in numbers)
    row = _OWNERS[_owner(found)][0].first(connection, dataset_id=found.dataset_id, key=owner)
    if row is None:
        return Place(-1, -1, empty=kind == "e")
    whole = kind != "k" or row[1] != owner
    return Place(row[0], LAST_KEY if whole else key, empty=kind == "e")


def behind_row(connection: Connection, found: Selection, position: int, key: int) -> str:
    """Write the token of a page that ended with a row.

    Args:
        connection: The open transaction.
        found: The selection.
        position: Of the item of the row, or of the scene.
        key: Primary key of the row.

    Returns:
        The token.
    """
    alone = found.row in {"item", "scene"}
    return f"k-{key if alone else _key_at(connection, found, position)}-{key}"


def behind_position(connection: Connection, found: Selection, position: int, *, empty: bool) -> str:
    """Write the token of a page that looked at all items, or scenes, up to a position.

    Args:
        connection: The open transaction.
        found: The selection.
        position: The position; an item is there or before it.
        empty: No row was found, on this page or before.

    Returns:
        The token.
    """
    return f"{'e' if empty else 'w'}-{_key_at(connection, found, position)}-0"


def _key_at(connection: Connection, found: Selection, position: int) -> int:
    statement = _OWNERS[_owner(found)][1]
    row = statement.first(connection, dataset_id=found.dataset_id, position=position)
    return 0 if row is None else int(row[0])


def ends(connection: Connection, found: Selection, position: int) -> tuple[int | None, int]:
    """Return where the items, or scenes, of a dataset begin and end.

    Args:
        connection: The open transaction.
        found: The selection.
        position: Where to begin.

    Returns:
        The first position that is taken from there on, ``None`` for none; and the last of all.
    """
    statement = _OWNERS[_owner(found)][2]
    row = statement.first(connection, dataset_id=found.dataset_id, position=position)
    least, greatest = row or (None, None)
    return least, -1 if greatest is None else greatest


def keys_between(
    connection: Connection, found: Selection, at: int, below: int
) -> tuple[int, int] | None:
    """Return the keys that those of the items of a window lie between.

    Args:
        connection: The open transaction.
        found: The selection.
        at: The first position.
        below: The first position that is not in the window.

    Returns:
        Keys of the first item and of the last one; ``None`` where there is none, or where not all
        others are between them.
    """
    places = {"first": at, "last": below - 1}
    row = _KEYS.first(connection, dataset_id=found.dataset_id, **places)
    if row is None or row[0] is None or row[2]:
        return None
    return row[0], row[1]
