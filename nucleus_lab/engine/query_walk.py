"""A page that ends in time: windows of a dataset, one behind the other, until the time is used.

What matches next to nothing, and has no index, is found by looking at everything. A walk looks at
some items, measures how fast that goes, and takes as many for the next window as the time left
allows; what it found so far is the page, and where it stopped is its token.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from nucleus_lab.engine import query_places
from nucleus_lab.engine.query_places import Place
from nucleus_lab.engine.query_run import Prepared, prepare, run_statement
from nucleus_lab.engine.query_select import Selection
from nucleus_lab.query.sql import FALSE, PLACE, Sql, and_, literal, template
from nucleus_lab.query.sql_select import Row

_SHARE: Final = 0.8
"""Of the time left, what the next window may be expected to take."""
_SCENES: Final = 8
"""A scene is looked at as long as several items."""
_SPREAD: Final = 2
"""Keys between those of a window, to its positions, up to which a range of keys is read."""


class Pace(NamedTuple):
    """How a walk goes.

    Attributes:
        first: Items of the first window.
        growth: A window is at most as many times as large as the one before.
        clock: Seconds that have passed.
    """

    first: int = 64
    growth: int = 8
    clock: Callable[[], float] = time.perf_counter


class Stretch(NamedTuple):
    """What a walk has found.

    Attributes:
        rows: Position and key of each row, at most as many as were wanted.
        stopped: The last position it looked at, when time ended it.
        last: The last position of the dataset.
    """

    rows: list[Any]
    stopped: int | None
    last: int


def walk(
    connection: Connection,
    found: Selection,
    after: Place,
    wanted: int,
    within: float,
    pace: Pace,
) -> Stretch:
    """Look at a dataset from a place on; at one window at least, so that each walk gets on.

    Args:
        connection: The open transaction.
        found: A selection that can be walked.
        after: Where to go on.
        wanted: Rows at most.
        within: Seconds.
        pace: How to go.

    Returns:
        What was found, and where the walk stopped.
    """
    began = asked = pace.clock()
    inside = after.key != query_places.LAST_KEY and after.position >= 0
    rows: list[Any] = []
    if inside and found.row not in {"item", "scene"}:
        rows = _rows(
            connection, found, after.position, after.position + 1, wanted, behind=after.key
        )
    first, last = query_places.ends(connection, found, after.position + 1)
    if first is None or len(rows) >= wanted:
        return Stretch(rows, None, last)
    size = max(1, pace.first // (_SCENES if found.row == "scene" else 1))
    least = max(1, size // 4)
    below = first
    while True:
        at, below = below, min(below + size, last + 1)
        # As many as were found so far on as many items: they fit on the page.
        few = at > first and len(rows) * (below - at) <= (wanted - len(rows)) * (at - first)
        keys = _range(connection, found, at, below) if few and found.ranged else None
        rows += _rows(connection, found, at, below, wanted - len(rows), keys=keys)
        if len(rows) >= wanted or below > last:
            return Stretch(rows, None, last)
        now = pace.clock()
        left = within - (now - began)
        size = _next_size(below - at, now - asked, left, pace.growth)
        if size < least:
            return Stretch(rows, below - 1, last)
        asked = now


def _next_size(size: int, spent: float, left: float, growth: int) -> int:
    """Return how many items the time left is enough for; 0 for none."""
    if left <= 0:
        return 0
    most = size * growth
    return most if spent <= 0 else min(most, int(size * _SHARE * left / spent))


def _range(connection: Connection, found: Selection, at: int, below: int) -> tuple[int, int] | None:
    """Return the keys that a window of items lies between; none where others do, too."""
    keys = query_places.keys_between(connection, found, at, below)
    if keys is None or keys[1] - keys[0] >= _SPREAD * (below - at):
        return None
    return keys


def _rows(
    connection: Connection,
    found: Selection,
    at: int,
    below: int,
    wanted: int,
    *,
    behind: int | None = None,
    keys: tuple[int, int] | None = None,
) -> list[Any]:
    """Read what a window holds.

    Args:
        connection: The open transaction.
        found: The selection.
        at: The first position.
        below: The first position that is not in it.
        wanted: Rows at most.
        behind: Only objects behind this key.
        keys: The keys of the items lie between these: read the objects between them, which costs
            less than those of each item, and all of them are read before the first is known.

    Returns:
        Position and key of each row.
    """
    way = "inside" if behind is not None else "item by item" if keys is None else "by keys"
    window = _window(connection, found, way)
    if window is None:
        return []
    place = (at, below, *(() if behind is None else (behind,)), *(keys or ()))
    statement = Prepared(window.text, (*place, *window.values, wanted))
    return run_statement(connection, found.query.source, statement)


def _window(connection: Connection, found: Selection, way: str) -> Prepared | None:
    """Write the statement of a window, with the values of the query; none selects nothing."""
    ready: Prepared | None = found.ready.get(("window", way))
    if ready is None:
        position, key = found.position
        none = literal(0)
        # The window first: the database asks in this order where nothing tells it another.
        place = [template("{} >= {}", position, none), template("{} < {}", position, none)]
        if way == "inside":
            place.append(template("{} > {}", key, none))
        elif way == "by keys":
            owner = Row(found.row).c.item_id
            place += [template("{} >= {}", owner, none), template("{} <= {}", owner, none)]
        where = and_(found.where[0], *place, *found.where[1:])
        if where is FALSE:
            return None
        order = ", ".join(each.text for each in found.sort)
        source = found.ranged if way == "by keys" else found.walked
        text = f"SELECT {position.text}, {key.text} FROM {source} WHERE {where.text} "
        text += f"ORDER BY {order} LIMIT {PLACE}"
        written = prepare(connection, Sql(text, (*where.values, 0)))
        ready = Prepared(written.text, written.values[len(place) : -1])
        found.ready["window", way] = ready
    return ready
