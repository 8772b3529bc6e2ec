"""From the ids that callers use to rows, many at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, bindparam, select

from nucleus_lab import identifiers
from nucleus_lab.bulk import batches
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import DuplicateIDError, NotFoundError

_AT_ONCE: Final = 20_000

_BY_REFERENCE = Statement(
    lambda: select(item.c.reference_id, item.c.id).where(
        item.c.dataset_id == bindparam("dataset_id"), among(item.c.reference_id, "wanted")
    )
)
_BY_KEY = Statement(
    lambda: select(item.c.id, item.c.reference_id).where(
        # By their keys: SQLite would go through all items of the dataset instead.
        item.c.dataset_id + 0 == bindparam("dataset_id"),
        among(item.c.id, "wanted"),
    )
)
_PICTURES = Statement(
    lambda: select(item.c.id).where(among(item.c.id, "wanted"), item.c.kind == "image")
)
_ONE = Statement(
    lambda: select(item.c.id).where(
        item.c.dataset_id == bindparam("dataset_id"), item.c.reference_id == bindparam("wanted")
    )
)


def keys_of(connection: Connection, dataset_id: int, wanted: Collection[str]) -> dict[str, int]:
    """Find items by their reference ids.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        wanted: Reference ids, none twice.

    Returns:
        Primary key by reference id; unknown ones are absent.
    """
    found: dict[str, int] = {}
    for batch in batches(wanted, _AT_ONCE):
        rows = _BY_REFERENCE.rows(connection, dataset_id=dataset_id, wanted=json_list(batch))
        found.update(rows)
    return found


def references_of(
    connection: Connection, dataset_id: int, wanted: Collection[int]
) -> dict[int, str]:
    """Find the reference ids of items.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        wanted: Primary keys of items.

    Returns:
        Reference id by primary key; items that are not in the dataset are absent.
    """
    found: dict[int, str] = {}
    for batch in batches(wanted, _AT_ONCE):
        rows = _BY_KEY.rows(connection, dataset_id=dataset_id, wanted=json_list(batch))
        found.update(rows)
    return found


def pictures_among(connection: Connection, wanted: Collection[int]) -> set[int]:
    """Tell which items are pictures.

    Args:
        connection: The open transaction.
        wanted: Primary keys of items.

    Returns:
        Those of pictures; the others are point clouds.
    """
    found: set[int] = set()
    for batch in batches(wanted, _AT_ONCE):
        found.update(row[0] for row in _PICTURES.rows(connection, wanted=json_list(batch)))
    return found


def key_of(connection: Connection, dataset_id: int, reference_id: str) -> int:
    """Find one item by its reference id.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: What the caller calls it.

    Returns:
        The primary key.

    Raises:
        NotFoundError: The dataset has no such item.
    """
    row = _ONE.first(connection, dataset_id=dataset_id, wanted=reference_id)
    if row is None:
        raise unknown(reference_id, dataset_id)
    key: int = row[0]
    return key


def unknown(reference_id: str, dataset_id: int) -> NotFoundError:
    """Say that an item does not exist.

    Args:
        reference_id: What the caller calls it.
        dataset_id: Primary key of the dataset.

    Returns:
        The error to raise.
    """
    shown = identifiers.encode(identifiers.DATASET, dataset_id)
    return NotFoundError(
        f"Item not found for reference ID {reference_id} in dataset {shown}!",
        reference_id=reference_id,
    )


def refuse_twice(noun: str, names: Collection[str], remedy: str) -> None:
    """Refuse ids that stand twice in one call.

    Args:
        noun: What the ids are.
        names: The ids.
        remedy: What to do about it.

    Raises:
        DuplicateIDError: One stands twice; the message names up to five.
    """
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    listed = list(twice)
    shown = ", ".join(repr(name) for name in listed[:5])
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    raise DuplicateIDError(
        f"{noun} {shown}{more} {'stands' if len(listed) == 1 else 'stand'} twice in one call: "
        f"{remedy}; nothing was stored",
        duplicates=listed[:100],
    )
