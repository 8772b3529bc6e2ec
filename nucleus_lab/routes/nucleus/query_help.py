"""Routes around queries: explanation and saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nucleus_lab.engine import (
    cuboid_points,
    datasets,
    query_catalog,
    query_explain,
    saved_queries,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.fields import LEVELS
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


_MATCH_TYPES: Final = {"", "iou", "false_positive", "false_negative"}


class ExplainBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/explain``."""

    query: str = ""
    level: str = "items"
    model_id: str | None = None
    params: dict[str, Any] | None = None
    match_type: str = ""
    iou_threshold: float | None = None


class SaveBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/savedQueries``."""

    name: str
    query: str
    level: str = "items"


class NameBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/deleteSavedQuery``."""

    name: str


def _check_level(level: str) -> None:
    if level not in LEVELS:
        raise InvalidInputError(f"level is {level!r}: use one of {', '.join(LEVELS)}", path="level")


@route("POST", "lab/dataset/{ds}/explain", body=ExplainBody)
def explain(engine: Engine, call: Call[ExplainBody], ds: str) -> dict[str, Any]:
    """Answer how a query was read, what it costs, and why it finds nothing."""
    body = call.body
    _check_level(body.level)
    if body.match_type not in _MATCH_TYPES:
        known = ", ".join(sorted(_MATCH_TYPES - {""}))
        raise InvalidInputError(
            f"match_type is {body.match_type!r}: use one of {known}", path="match_type"
        )
    cuboid_points.ensure(engine, ds, body.query)
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = query_catalog.run_key(connection, row.id, body.model_id)
        return query_explain.explained(
            connection,
            row.id,
            body.query,
            body.level,
            run_id=run,
            match_type=body.match_type,
            parameters=body.params,
            iou_threshold=body.iou_threshold,
        )


@route("GET", "lab/dataset/{ds}/savedQueries")
def saved(engine: Engine, call: Call[None], ds: str) -> dict[str, Any]:
    """Answer the saved queries of a dataset."""
    del call
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        return {"saved_queries": saved_queries.listed(connection, row.id)}


@route("POST", "lab/dataset/{ds}/savedQueries", body=SaveBody)
def save(engine: Engine, call: Call[SaveBody], ds: str) -> dict[str, Any]:
    """Save a query under a name."""
    body = call.body
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        saved_queries.save(connection, row.id, body.name, body.query, body.level)
    return {"name": body.name}


@route("POST", "lab/dataset/{ds}/deleteSavedQuery", body=NameBody)
def delete(engine: Engine, call: Call[NameBody], ds: str) -> dict[str, Any]:
    """Delete a saved query."""
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        saved_queries.remove(connection, row.id, call.body.name)
    return {"name": call.body.name}
