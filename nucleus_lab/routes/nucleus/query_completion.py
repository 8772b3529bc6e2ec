"""The route that the Tab key asks: how a query may go on.

It stands alone, so that the first answer in a process loads nothing that runs or compiles queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, query_catalog, query_suggestions
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.fields import LEVELS
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class CompleteBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/complete``; without a cursor it is behind the text."""

    text: str
    cursor: int | None = None
    level: str = "items"
    model_id: str | None = None


@route("POST", "lab/dataset/{ds}/complete", body=CompleteBody)
def complete(engine: Engine, call: Call[CompleteBody], ds: str) -> dict[str, Any]:
    """Answer how a query may go on at the cursor."""
    body = call.body
    if body.level not in LEVELS:
        raise InvalidInputError(
            f"level is {body.level!r}: use one of {', '.join(LEVELS)}", path="level"
        )
    cursor = len(body.text) if body.cursor is None else body.cursor
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = query_catalog.run_key(connection, row.id, body.model_id)
        found = query_suggestions.suggest(connection, row.id, body.text, cursor, body.level, run)
    return {"suggestions": found}
