"""Compiled queries, kept while what they were made from holds.

Building a statement costs more than reading the few names it depends on: a kept one is used again
when the classes, tags, runs and indexes it was made from are still what they were.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from nucleus_lab.engine.query_catalog import Facts, StoredCatalog

_MOST: Final = 256
_LONGEST: Final = 4000
_LOCK = threading.Lock()
_KEPT: OrderedDict[tuple[Any, ...], tuple[Facts, Any]] = OrderedDict()


def key_of(
    context: tuple[Any, ...], text: str, parameters: Mapping[str, Any] | None
) -> tuple[Any, ...] | None:
    """Return the key under which a query is kept.

    Args:
        context: What else the statement depends on.
        text: The query.
        parameters: Values of ``{name}``.

    Returns:
        The key; ``None`` for a query that is not kept: of the present moment, very long, or with
        parameters that are no plain values.
    """
    if len(text) > _LONGEST or "now" in text.lower():
        return None
    given = tuple(sorted((parameters or {}).items()))
    if not all(isinstance(value, str | int | float) for _, value in given):
        return None
    kinds = tuple(type(value).__name__ for _, value in given)
    return (*context, text, given, kinds)


def recall(key: tuple[Any, ...] | None, catalog: StoredCatalog) -> Any:
    """Return what was kept for a query.

    Args:
        key: What :func:`key_of` returned.
        catalog: The names of the dataset now.

    Returns:
        The compiled query, or ``None``.
    """
    if key is None:
        return None
    with _LOCK:
        kept = _KEPT.get(key)
        if kept is not None:
            _KEPT.move_to_end(key)
    if kept is None or not catalog.holds(kept[0]):
        return None
    return kept[1]


def keep(key: tuple[Any, ...] | None, catalog: StoredCatalog, compiled: Any) -> None:
    """Keep a compiled query.

    Args:
        key: What :func:`key_of` returned.
        catalog: The catalog that it was made from.
        compiled: The compiled query.
    """
    if key is None:
        return
    with _LOCK:
        _KEPT[key] = (catalog.facts(), compiled)
        _KEPT.move_to_end(key)
        while len(_KEPT) > _MOST:
            _KEPT.popitem(last=False)


def forget() -> None:
    """Drop all that was kept, as a new process begins."""
    with _LOCK:
        _KEPT.clear()
