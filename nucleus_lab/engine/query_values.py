"""What metadata holds, for suggestions: keys and values with their counts.

A large dataset is looked at in part: keys and values of a few thousand items spread over it, so
that an answer takes milliseconds. Where an index of the key exists it gives the exact counts.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from nucleus_lab import wire
from nucleus_lab.engine import indexes
from nucleus_lab.engine.query_statistics import counted
from nucleus_lab.engine.schema import item
from nucleus_lab.engine.statements import Statement

LOOKED_AT: Final = 1_000
"""Items whose metadata is read."""

MOST_VALUES: Final = 250
"""A key with more different values is free text: none are suggested."""

_SAMPLE = Statement(
    lambda: (
        select(item.c.metadata)
        .where(
            item.c.dataset_id == bindparam("dataset_id"),
            item.c.position >= bindparam("first"),
            item.c.position < bindparam("last"),
        )
        .order_by(item.c.position)
    )
)


class Values(msgspec.Struct, frozen=True):
    """Values of a key.

    Attributes:
        counts: Value and number of items, most frequent first.
        complete: Whether all items were looked at.
    """

    counts: list[tuple[Any, int]]
    complete: bool


def metadata_sample(connection: Connection, dataset_id: int) -> tuple[list[dict[str, Any]], bool]:
    """Read the metadata of some items spread over a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        The metadata, and whether that is of all items.
    """
    return counted(connection, dataset_id, ("sample",), lambda: _sample(connection, dataset_id))


def _sample(connection: Connection, dataset_id: int) -> tuple[list[dict[str, Any]], bool]:
    size = indexes.size_of(connection, dataset_id)
    ranges = [(0, size)]
    if size > LOOKED_AT:
        width = LOOKED_AT // 10
        ranges = [(size * part // 10, size * part // 10 + width) for part in range(10)]
    texts: list[str] = []
    for first, last in ranges:
        rows = _SAMPLE.rows(connection, dataset_id=dataset_id, first=first, last=last)
        texts += [_text(document) for (document,) in rows]
    found: list[dict[str, Any]] = wire.decode(f"[{','.join(texts)}]".encode())  # one call for all
    return found, size <= LOOKED_AT


def _text(document: Any) -> str:
    if isinstance(document, bytes):
        return document.decode()
    return document if isinstance(document, str) and document else "{}"


def values_of(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> Values:
    """Count the values of a key of item metadata.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        path: Keys from the outside in.

    Returns:
        The values.
    """
    return counted(
        connection, dataset_id, ("values", path), lambda: _values(connection, dataset_id, path)
    )


def _values(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> Values:
    names = indexes.indexed(connection, dataset_id)
    kinds = indexes.known_kinds(connection, dataset_id, path, names)
    if kinds is not None and kinds <= {"text", "null"}:
        return Values(
            indexes.text_counts(connection, dataset_id, path, MOST_VALUES + 1), complete=True
        )
    sample, complete = metadata_sample(connection, dataset_id)
    counts: Counter[Any] = Counter()
    for values in sample:
        value: Any = values
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str | int | float):
                counts[each if not isinstance(each, bool) else str(each).lower()] += 1
    return Values(counts.most_common(MOST_VALUES + 1), complete)
