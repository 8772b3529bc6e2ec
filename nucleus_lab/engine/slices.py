"""Slices: named subsets of the items, scenes or objects of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.schema import (
    slice_,
    slice_member,
)
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice.

    Attributes:
        id: Primary key.
        dataset_id: Primary key of its dataset.
        name: Unique in the dataset.
        type: ``dataset_item``, ``object`` or ``scene``.
        description: Free text.
        created_at: Microseconds since 1970 in UTC.
    """

    id: int
    dataset_id: int
    name: str
    type: str
    description: str
    created_at: int

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.SLICE, self.id)

    def payload(self) -> dict[str, Any]:
        """Return the slice as the wire carries it.

        Returns:
            Its payload.
        """
        return {
            "id": self.public_id,
            "slice_id": self.public_id,
            "name": self.name,
            "dataset_id": identifiers.encode(identifiers.DATASET, self.dataset_id),
            "created_at": clock.iso(self.created_at),
            "pending_job_count": 0,
            "type": self.type,
            "description": self.description,
        }


def _columns() -> list[Any]:
    return [slice_.c[name] for name in SliceRow.__dataclass_fields__]


_ONE = Statement(lambda: select(*_columns()).where(slice_.c.id == bindparam("key")))


def get(connection: Connection, public_id: str) -> SliceRow:
    """Return a slice.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The slice.

    Raises:
        NotFoundError: There is no such slice.
    """
    values = _ONE.first(connection, key=identifiers.decode(identifiers.SLICE, public_id))
    if values is None:
        raise NotFoundError(
            f"there is no slice {public_id!r}: it was deleted, or never was; one that is being "
            "built is there when its job has ended"
        )
    return SliceRow(*values)


def listing(
    connection: Connection,
    dataset_id: int | None = None,
    *,
    name: str | None = None,
    kind: str | None = None,
) -> list[SliceRow]:
    """Return slices, oldest first.

    Args:
        connection: The open transaction.
        dataset_id: Only those of this dataset.
        name: Only those of this name.
        kind: Only those of this type, ``object`` or ``SliceType.OBJECT``.

    Returns:
        The slices.
    """
    rows = select(*_columns()).order_by(slice_.c.id)
    if dataset_id is not None:
        rows = rows.where(slice_.c.dataset_id == dataset_id)
    if name is not None:
        rows = rows.where(slice_.c.name == name)
    if kind is not None:
        rows = rows.where(slice_.c.type == kind.rpartition(".")[2].lower())
    return [SliceRow(*values) for values in connection.execute(rows)]


def create(
    connection: Connection, dataset_id: int, name: str, kind: str, *, key: int | None = None
) -> int:
    """Create an empty slice.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Unique in the dataset.
        kind: ``dataset_item``, ``object`` or ``scene``.
        key: The key that :func:`reserve` gave; ``None`` for a new one.

    Returns:
        The primary key.

    Raises:
        InvalidInputError: The name is empty.
        ConflictError: The name is taken.
    """
    if not name.strip():
        raise InvalidInputError("a slice needs a name: name is empty", path="name")
    taken = listing(connection, dataset_id, name=name)
    if taken:
        raise ConflictError(
            f"the dataset has a slice {name!r} already ({taken[0].public_id}): append to it, "
            "delete it, or use another name"
        )
    row = {"dataset_id": dataset_id, "name": name, "type": kind, "created_at": clock.now()}
    if key is not None:
        row["id"] = key
    made: int = connection.scalar(insert(slice_).values(row).returning(slice_.c.id))
    return made


def reserve(connection: Connection, dataset_id: int, name: str, kind: str) -> int:
    """Take the key of a slice that a job will create with its members; until then there is none.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Unique in the dataset; it can still be taken by others before the job is there.
        kind: ``dataset_item``, ``object`` or ``scene``.

    Returns:
        The primary key, which no other slice will get: neither database gives one out twice.
    """
    key = create(connection, dataset_id, name, kind)
    connection.execute(delete(slice_).where(slice_.c.id == key))
    return key


def tags(connection: Connection, slice_id: int) -> list[str]:
    """Return the tags of a slice.

    Args:
        connection: The open transaction.
        slice_id: Primary key.

    Returns:
        Free words.
    """
    text = connection.scalar(select(slice_.c.tags).where(slice_.c.id == slice_id))
    return wire.decode(text) if text else []


def add_tags(connection: Connection, slice_id: int, words: Sequence[str]) -> list[str]:
    """Tag a slice; tags that it has are left alone.

    Args:
        connection: The open write transaction.
        slice_id: Primary key.
        words: Free words.

    Returns:
        All its tags.
    """
    now = list(dict.fromkeys([*tags(connection, slice_id), *words]))
    change = update(slice_).where(slice_.c.id == slice_id)
    connection.execute(change.values(tags=document(now)))
    return now


def remove(connection: Connection, slice_id: int) -> None:
    """Delete a slice; what it holds stays.

    Args:
        connection: The open write transaction.
        slice_id: Primary key.
    """
    connection.execute(delete(slice_member).where(slice_member.c.slice_id == slice_id))
    connection.execute(delete(slice_).where(slice_.c.id == slice_id))
