"""The one SQLite library of this process.

POSIX drops the locks that a process holds on a file when any of its descriptors of that file is
closed, so two copies of SQLite on one database lose commits silently (sqlite.org/howtocorrupt,
section 2.2.1). Whoever opens a workspace's database in this process takes the library from here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

SAFE_VERSION: Final = (3, 51, 3)
"""Older libraries may corrupt a database when two connections write and checkpoint at the same
instant (the WAL-reset fault, sqlite.org/changes.html)."""


@cache
def sqlite_library() -> Any:
    """Return the module to open databases with.

    Returns:
        Python's own ``sqlite3`` where its library is new enough, else ``pysqlite3``.
    """
    import sqlite3

    library: Any = sqlite3
    if sqlite3.sqlite_version_info < SAFE_VERSION:
        import pysqlite3.dbapi2

        library = pysqlite3.dbapi2
    # For a None or a bool the module looks for an adapter along a path that takes 2.4 us a value,
    # more than the rest of inserting the row. Found at once, these give the same value back.
    library.register_adapter(type(None), {}.get)
    library.register_adapter(bool, int)
    return library
