"""Items that are asked for by their keys are found by them, however large their dataset is."""

from __future__ import annotations

from typing import Any

import pytest

from nucleus_lab.engine import Engine, media_references, reading, references
from nucleus_lab.engine.statements import cursor_of


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its plans
@pytest.mark.parametrize(
    "statement", [reading._BY_KEYS, references._BY_KEY, media_references._SOURCES]
)
def test_items_are_looked_up_by_their_keys(engine: Engine, statement: Any) -> None:
    with engine.store.read() as connection:
        text, places, _ = statement._text(connection)
        plan = cursor_of(connection).execute(f"EXPLAIN QUERY PLAN {text}", ("[]",) * len(places))
        items = [row[3] for row in plan if row[3].startswith(("SEARCH item", "SCAN item"))]

    assert items == ["SEARCH item USING INTEGER PRIMARY KEY (rowid=?)"]
