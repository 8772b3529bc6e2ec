"""What a person should know about a query besides its answer, from what is counted already.

A warning must not make a query slower. An index of a key knows all its values; without one a
thousand documents spread over the dataset are looked at, once until the dataset changes, and a
warning says so where only they were.
"""

from __future__ import annotations

import difflib
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, literal, or_, select
from sqlalchemy.types import BigInteger

from nucleus_lab.engine import indexes
from nucleus_lab.engine.query_select import Selection
from nucleus_lab.engine.query_statistics import counted
from nucleus_lab.engine.query_values import metadata_sample, values_of
from nucleus_lab.engine.schema import dataset, item, scene
from nucleus_lab.query.habits import NO_VALUE
from nucleus_lab.query.json_path import kind_at, text_at
from nucleus_lab.query.warn import Compared, compared, dates_as_text

_LOOKED_AT: Final = 1_000
"""Oldest and newest items that are looked at for a missing key, where no index knows."""

_SHOWN_VALUES: Final = 5
_NEAR: Final = 0.65
"""How much a text is like a known one that is taken for a slip of the pen."""


def told(connection: Connection, found: Selection) -> list[str]:
    """Return all warnings of a query.

    Args:
        connection: The open transaction.
        found: The query, compiled.

    Returns:
        ``W1`` and ``W3``, which its text gives cause for; ``W2`` for a text that is never seen, or
        a key; ``W4`` for a NOT that keeps items without a key; ``W5`` for a key of scenes.
    """
    dataset_id, query = found.dataset_id, found.query
    warnings = [*found.warnings, *dates_as_text(query.condition)]
    for each in compared(query.condition):
        warnings += counted(
            connection,
            dataset_id,
            ("unseen", query.level, each),
            lambda each=each: _unseen(connection, dataset_id, query.level, each),  # type: ignore[misc]
        )
    for text, path in query.keeping:
        lacking = counted(
            connection,
            dataset_id,
            ("lacking", path),
            lambda path=path: _lacking(connection, dataset_id, path),  # type: ignore[misc]
        )
        warnings += [text] if lacking else []
    return list(dict.fromkeys(warnings))


def _unseen(connection: Connection, dataset_id: int, level: str, one: Compared) -> list[str]:
    sample, complete = metadata_sample(connection, dataset_id)
    known = _known_kinds(connection, dataset_id, one.path)
    held = any(_at(document, one.path) for document in sample)
    if not held and not (known and known - {"null"}):
        if _in_scenes(connection, dataset_id, one.path) and not _in_items(
            connection, dataset_id, one.path
        ):
            written = ".".join(one.path)
            return [f"W5: {written} is scene metadata; write scene.metadata.{written}"]
        if level == "scenes":
            return []
        return _no_key(sample, one.path, complete=complete or known is not None)
    if level == "scenes" or one.text is None:
        return []
    return _no_value(connection, dataset_id, one.path, one.text)


def _no_key(sample: list[dict[str, Any]], path: tuple[str, ...], *, complete: bool) -> list[str]:
    written = ".".join(["metadata", *path])
    beside: set[str] = set()
    for document in sample:
        level = _at(document, path[:-1]) if path[:-1] else document
        beside |= set(level) if isinstance(level, dict) else set()
    cutoff = 0.6 if complete else _NEAR
    near = next(iter(difflib.get_close_matches(path[-1], sorted(beside), n=1, cutoff=cutoff)), "")
    hint = f"; did you mean {'.'.join(['metadata', *path[:-1], near])}?" if near else ""
    if complete:
        return [f"W2: no item has {written}{hint}"]
    if not near:  # a rare key is no slip of the pen
        return []
    return [f"W2: none of {len(sample):,} items looked at has {written}{hint}"]


def _no_value(
    connection: Connection, dataset_id: int, path: tuple[str, ...], wanted: str
) -> list[str]:
    known = _known_kinds(connection, dataset_id, path)
    exact = known is not None and "array" not in known
    if exact and _in_index(connection, dataset_id, path, wanted):
        return []  # before all values are counted, which takes long
    values = values_of(connection, dataset_id, path)
    written = ".".join(["metadata", *path])
    counts = {str(value): number for value, number in values.counts}
    if wanted in counts:
        return []
    if wanted.lower() in NO_VALUE:
        return [f"W2: {wanted!r} is a text here; for no value write {written} IS NULL"]
    exact = exact or values.complete
    near = difflib.get_close_matches(wanted, counts, n=_SHOWN_VALUES, cutoff=0.4)
    if not exact and not difflib.get_close_matches(wanted, counts, n=1, cutoff=_NEAR):
        return []  # a rare value is no slip of the pen
    ordered = [*near, *(name for name in counts if name not in near)][:_SHOWN_VALUES]
    shown = ", ".join(f"{name} {counts[name]}" for name in ordered)
    if not counts:
        below = _keys_below(connection, dataset_id, path)
        if below:
            return [f"W2: {written} holds keys, not a value; write {written}.{below[0]}"]
    where = "" if exact else " of the items looked at"
    return [f"W2: {wanted!r} is never seen in {written}{where}; values: {shown}"]


def _keys_below(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> list[str]:
    sample, _ = metadata_sample(connection, dataset_id)
    held = (_at(document, path) for document in sample)
    return list(dict.fromkeys(key for each in held if isinstance(each, dict) for key in each))


def _known_kinds(
    connection: Connection, dataset_id: int, path: tuple[str, ...]
) -> frozenset[str] | None:
    names = indexes.indexed(connection, dataset_id)
    return indexes.known_kinds(connection, dataset_id, path, names)


def _in_index(connection: Connection, dataset_id: int, path: tuple[str, ...], wanted: str) -> bool:
    one = select(literal(1)).where(
        item.c.dataset_id == _inline(dataset_id), text_at(item.c.metadata, *path) == wanted
    )
    return bool(connection.scalar(select(exists(one))))


def _in_scenes(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> bool:
    one = select(literal(1)).where(
        scene.c.dataset_id == dataset_id, kind_at(scene.c.metadata, *path).is_not(None)
    )
    return bool(connection.scalar(select(exists(one))))


def _in_items(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> bool:
    one = select(literal(1)).where(
        item.c.dataset_id == dataset_id, kind_at(item.c.metadata, *path).is_not(None)
    )
    return bool(connection.scalar(select(exists(one))))


def _lacking(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> bool:
    """Tell whether items lack a key: an index knows of all; else some are looked at."""
    kind = kind_at(item.c.metadata, *path)
    of_dataset = item.c.dataset_id == _inline(dataset_id)
    lacking = select(literal(1)).where(of_dataset, kind.is_(None))
    known = _known_kinds(connection, dataset_id, path)
    if known is not None:
        return "null" in known or bool(connection.scalar(select(exists(lacking))))
    sample, complete = metadata_sample(connection, dataset_id)
    if any(_at(document, path) is None for document in sample):
        return True
    if complete:
        return False
    least = select(dataset.c.next_position - _LOOKED_AT).where(dataset.c.id == dataset_id)
    lacking = select(literal(1)).where(of_dataset, or_(kind.is_(None), kind == "null"))
    parts = (
        lacking.where(item.c.position < _LOOKED_AT),
        lacking.where(item.c.position >= least.scalar_subquery()),
    )
    return any(connection.scalar(select(exists(part))) for part in parts)


def _inline(dataset_id: int) -> Any:
    # The key stands in the text of the statement: a partial index of the dataset needs that.
    return bindparam(None, dataset_id, BigInteger(), literal_execute=True)


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document
