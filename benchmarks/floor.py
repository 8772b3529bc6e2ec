"""The floor beside our figures: the same rows through ``executemany`` and ``fetchall`` alone.

Tables as narrow as the data, one transaction, no checks, no SDK: what SQLite itself costs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nucleus_lab.engine.sqlite_library import sqlite_library


class Floor:
    """A bare SQLite file with items and boxes."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = str(Path(self._folder.name) / "floor.db")
        self.connection = sqlite_library().connect(path, isolation_level=None)
        self.connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE item (id INTEGER PRIMARY KEY, reference_id TEXT UNIQUE, metadata TEXT);"
            "CREATE TABLE box (item_id INT, annotation_id TEXT, label_id INT, x REAL, y REAL,"
            "width REAL, height REAL, PRIMARY KEY (item_id, annotation_id)) WITHOUT ROWID;"
        )

    def ingest(self, items: list[tuple[Any, ...]], boxes: list[tuple[Any, ...]]) -> None:
        """Insert rows, leaving those that are there."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT OR IGNORE INTO item VALUES (?, ?, ?)", items)
        self.connection.executemany("INSERT OR IGNORE INTO box VALUES (?, ?, ?, ?, ?, ?, ?)", boxes)
        self.connection.execute("COMMIT")

    def look_up(self, reference_id: str) -> list[tuple[Any, ...]]:
        """Read one item with its boxes."""
        run = self.connection.execute
        item = run("SELECT * FROM item WHERE reference_id = ?", [reference_id]).fetchone()
        return list(run("SELECT * FROM box WHERE item_id = ?", [item[0]]))

    def read_all(self) -> int:
        """Read all items and boxes."""
        run = self.connection.execute
        return len(run("SELECT * FROM item").fetchall() + run("SELECT * FROM box").fetchall())
