"""Making indexes behind the back of whoever asked, one after the other.

An index of a million rows takes a second or more: the query that first needs it is answered
without, and the next one finds it. Each is one write transaction of a thread that ends when nothing
is left to do.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy.exc import DBAPIError

from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nucleus_lab.engine.store import Store

_log = logging.getLogger(__name__)
_PATIENCE: Final = 60.0
"""Seconds to wait for a thread that was told to stop."""

Work = Callable[["Connection"], bool]
"""Makes indexes inside a transaction; says whether they are there now."""


class _Maker:
    """What is to be made in one database."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: deque[tuple[str, Work]] = deque()
        self.asked: set[str] = set()
        self.thread: threading.Thread | None = None
        self.driver: Any = None
        self.closed = False

    def run(self, store: Store) -> None:
        """Make what waits, until nothing does.

        Args:
            store: The database.
        """
        while True:
            with self.changed:
                if not self.waiting:
                    self.thread = None
                    self.changed.notify_all()
                    return
                name, work = self.waiting.popleft()
            made = self._make(store, name, work)
            with self.changed:
                if made:  # else it is not asked for again, which would fail again
                    self.asked.discard(name)

    def _make(self, store: Store, name: str, work: Work) -> bool:
        try:
            with store.write() as connection:
                with self.changed:
                    if self.closed:
                        return False
                    self.driver = connection.connection.driver_connection
                try:
                    return work(connection)
                finally:
                    with self.changed:
                        self.driver = None
        except (NucleusError, DBAPIError) as fault:
            # Nobody waits for it; without the index a query is only slower.
            if not self.closed:
                _log.warning("the index %s could not be made: %s", name, fault)
            return False


_MAKERS: WeakKeyDictionary[Store, _Maker] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _forget() -> None:
    """Begin anew in a forked child, which has none of the threads."""
    global _LOCK  # noqa: PLW0603 - the parent may have held it
    _LOCK = threading.Lock()
    _MAKERS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _maker(store: Store) -> _Maker:
    with _LOCK:
        return _MAKERS.setdefault(store, _Maker())


def soon(store: Store, name: str, work: Work) -> None:
    """Have an index made; nothing happens when it waits already or could not be made before.

    Args:
        store: The database.
        name: Name of the index.
        work: Makes it.
    """
    maker = _maker(store)
    with maker.changed:
        if maker.closed or name in maker.asked:
            return
        maker.asked.add(name)
        maker.waiting.append((name, work))
        if maker.thread is None:
            # As a daemon: a notebook that ends does not wait for an index, which is then not there.
            maker.thread = threading.Thread(
                target=maker.run, args=(store,), name="nucleus-indexes", daemon=True
            )
            maker.thread.start()


def settle(store: Store, seconds: float | None = None) -> bool:
    """Wait until no index is being made.

    Args:
        store: The database.
        seconds: How long at most; ``None`` for as long as it takes.

    Returns:
        Whether nothing is left to do.
    """
    maker = _maker(store)
    with maker.changed:
        return maker.changed.wait_for(lambda: maker.thread is None, seconds)


def stop(store: Store) -> None:
    """Give up what is being made, before the database is closed.

    Args:
        store: The database.
    """
    maker = _maker(store)
    deadline = time.monotonic() + _PATIENCE
    with maker.changed:
        maker.closed = True
        maker.waiting.clear()
        while maker.thread is not None and time.monotonic() < deadline:
            if maker.driver is not None:  # again and again: between two statements nobody hears it
                interrupt = getattr(maker.driver, "interrupt", None) or maker.driver.cancel
                interrupt()
            maker.changed.wait(0.02)
