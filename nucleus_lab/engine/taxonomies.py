"""Taxonomies: the lists of labels that categories are chosen from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import deletion
from nucleus_lab.engine.schema import taxonomy
from nucleus_lab.errors import InvalidInputError, NotFoundError

_TYPES: Final = ("category", "multicategory")


def add(
    connection: Connection,
    dataset_id: int,
    name: str,
    kind: str,
    labels: list[str],
    *,
    extend: bool,
) -> str:
    """Create a taxonomy, or append labels to one.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Name of the taxonomy.
        kind: ``category`` or ``multicategory``.
        labels: Its labels.
        extend: Whether to append labels where the taxonomy exists.

    Returns:
        What became of it, in the words of the protocol.

    Raises:
        InvalidInputError: An unknown type, no name, or another type than the existing taxonomy's.
    """
    if kind not in _TYPES:
        raise InvalidInputError(f"type is {kind!r}: use 'category' or 'multicategory'", path="type")
    if not name:
        raise InvalidInputError("taxonomy_name is empty: give the taxonomy a name")
    wanted = list(dict.fromkeys(labels))
    row = connection.execute(
        select(taxonomy.c.id, taxonomy.c.type, taxonomy.c.labels).where(
            taxonomy.c.dataset_id == dataset_id, taxonomy.c.name == name
        )
    ).first()
    if row is None:
        text = wire.encode(wanted).decode()
        values = {"dataset_id": dataset_id, "name": name, "type": kind, "labels": text}
        connection.execute(insert(taxonomy).values(values))
        return "Taxonomy created"
    if not extend:
        return "Taxonomy already exists"
    if row.type != kind:
        raise InvalidInputError(
            f"taxonomy {name!r} is of type {row.type!r} and cannot become {kind!r}: delete it first"
        )
    merged = list(dict.fromkeys([*wire.decode(row.labels), *wanted]))
    change = update(taxonomy).where(taxonomy.c.id == row.id)
    connection.execute(change.values(labels=wire.encode(merged).decode()))
    return "Taxonomy updated"


def remove(connection: Connection, dataset_id: int, name: str) -> None:
    """Delete a taxonomy with the annotations and predictions that were chosen from it.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Name of the taxonomy.

    Raises:
        NotFoundError: The dataset has no such taxonomy.
    """
    key = connection.scalar(
        select(taxonomy.c.id).where(taxonomy.c.dataset_id == dataset_id, taxonomy.c.name == name)
    )
    if key is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(f"Taxonomy {name} does not exist in dataset {shown}")
    deletion.delete_choices(connection, dataset_id, key)
    connection.execute(delete(taxonomy).where(taxonomy.c.id == key))


def listing(connection: Connection, dataset_id: int) -> list[dict[str, Any]]:
    """Return the taxonomies of a dataset, oldest first.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        ``taxonomy_name``, ``type`` and ``labels`` of each.
    """
    columns = taxonomy.c
    rows = connection.execute(
        select(columns.name, columns.type, columns.labels)
        .where(columns.dataset_id == dataset_id)
        .order_by(columns.id)
    )
    return [
        {"taxonomy_name": row.name, "type": row.type, "labels": wire.decode(row.labels)}
        for row in rows
    ]


class Choices:
    """The taxonomies of a dataset, to check categories against.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Attributes:
        keys: Primary key by name.
    """

    def __init__(self, connection: Connection, dataset_id: int) -> None:
        columns = taxonomy.c
        rows = connection.execute(
            select(columns.name, columns.id, columns.labels).where(columns.dataset_id == dataset_id)
        ).all()
        self.keys: dict[str, int] = {row.name: row.id for row in rows}
        self._labels = {row.name: set(wire.decode(row.labels)) for row in rows}
        self._dataset = identifiers.encode(identifiers.DATASET, dataset_id)

    def fault(self, name: str, labels: Iterable[Any]) -> str | None:
        """Say what is wrong with a choice.

        Args:
            name: Name of the taxonomy.
            labels: The chosen labels.

        Returns:
            A sentence in the words of the protocol, or ``None``.
        """
        known = self._labels.get(name)
        if known is None:
            return (
                f"Input validation failed: Taxonomy {name} does not exist in dataset "
                f"{self._dataset}: add it first (Dataset.add_taxonomy); nothing was stored"
            )
        for chosen in labels:
            if chosen not in known:
                return (
                    f"Input validation failed: Label {chosen} does not exist in taxonomy {name} of "
                    f"dataset {self._dataset}: add it first (Dataset.add_taxonomy with "
                    "update=True); nothing was stored"
                )
        return None
