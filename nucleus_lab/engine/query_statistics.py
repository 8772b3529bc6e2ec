"""What was counted about a dataset for suggestions and warnings, kept while it holds.

It holds until the dataset changes, or gets an index, which knows more than a look at some items.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, bindparam, select
from sqlalchemy import Engine as Database

from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import indexes
from nucleus_lab.engine.schema import dataset
from nucleus_lab.engine.statements import Statement

_T = TypeVar("_T")
_MOST: Final = 64
_LOCK = threading.Lock()
_KEPT: WeakKeyDictionary[Database, OrderedDict[tuple[Any, ...], tuple[Any, Any]]] = (
    WeakKeyDictionary()
)
_CHANGES = Statement(
    lambda: select(dataset.c.change_seq).where(dataset.c.id == bindparam("dataset_id"))
)


def counted(
    connection: Connection, dataset_id: int, about: tuple[Any, ...], count: Callable[[], _T]
) -> _T:
    """Count something about a dataset, or take what was counted since it last changed.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        about: What is counted.
        count: Counts it.

    Returns:
        What ``count`` returned; the caller changes nothing in it.
    """
    row = _CHANGES.first(connection, dataset_id=dataset_id)
    state = (row, indexes.indexed(connection, dataset_id))
    key = (dataset_id, *about)
    with _LOCK:
        kept = _KEPT.setdefault(connection.engine, OrderedDict())
        found = kept.get(key)
        if found is not None and found[0] == state:
            kept.move_to_end(key)
            known: _T = found[1]
            return known
    with collector_paused():  # a look at all other objects costs more than to count a thousand
        made = count()
    with _LOCK:
        kept[key] = (state, made)
        kept.move_to_end(key)
        while len(kept) > _MOST:
            kept.popitem(last=False)
    return made
