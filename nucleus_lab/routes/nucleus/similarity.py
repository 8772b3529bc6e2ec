"""Routes that find what looks alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import (
    datasets,
    embeddings,
    reading,
    similarity,
    slice_reading,
)
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class SimilarBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/similar``: one of the first three, and how many are wanted."""

    reference_id: str | None = None
    object_id: str | None = None
    vector: list[Any] | None = None
    level: str = "Image"
    limit: int = 10


@route("POST", "lab/dataset/{ds}/similar", body=SimilarBody)
def similar(engine: Engine, call: Call[SimilarBody], ds: str) -> dict[str, Any]:
    """Answer what lies nearest to an item, an object or a vector, by falling cosine."""
    body = call.body
    similarity.check_limit(body.limit)
    given = [body.reference_id, body.object_id, body.vector]
    if sum(value is not None for value in given) != 1:
        raise InvalidInputError("give one of reference_id, object_id and vector")
    level = similarity.level_of(body.level)
    if body.object_id is not None:
        level = "object"
    elif body.reference_id is not None:
        level = "image"
    thing: tuple[str, int] | None = None
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        if body.vector is None:
            thing = similarity.of_thing(connection, row.id, body.reference_id, body.object_id)
        index = embeddings.needed(connection, row.id, level)
    if thing is None:
        query = similarity.of_values(index, body.vector or [])
    else:
        shown = repr(body.object_id or body.reference_id)
        query = similarity.vector_of(engine, index, *thing, shown)
    found = similarity.nearest(engine, index, query, body.limit, without=thing)
    return _answer(engine, row.id, found)


@route("POST", "lab/dataset/{ds}/similar_to_picture", body=bytes)
def similar_to_picture(engine: Engine, call: Call[bytes], ds: str) -> dict[str, Any]:
    """Answer what lies nearest to a picture, which is the body; ``limit`` stands in the query."""
    text = call.query.get("limit", "10")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InvalidInputError(f"limit is {text!r}: use a whole number", path="limit")
    similarity.check_limit(int(text))
    level = similarity.level_of(call.query.get("level", "Image"))
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        index = embeddings.needed(connection, row.id, level)
    query = similarity.of_picture(engine, index, call.body)
    return _answer(engine, row.id, similarity.nearest(engine, index, query, int(text)))


def _answer(engine: Engine, dataset_id: int, found: list[similarity.Found]) -> dict[str, Any]:
    payloads: dict[tuple[str, int], Any] = {}
    with engine.store.read() as connection:
        wanted = list(dict.fromkeys(entry.item_id for entry in found))
        items = {values[0]: values for values in reading.by_keys(connection, dataset_id, wanted)}
        for kind, table in embeddings.OBJECTS.items():
            keys = [entry.key for entry in found if entry.member == kind]
            objects = slice_reading.objects(connection, table, keys) if keys else {}
            payloads |= {(kind, key): payload for key, payload in objects.items()}
    rows = []
    for entry in found:
        known = entry.member == "item" or (entry.member, entry.key) in payloads
        if entry.item_id not in items or not known:
            continue  # deleted since the search
        row = {"item": reading.item_payload(items[entry.item_id]), "score": entry.score}
        if entry.member != "item":
            row[entry.member] = payloads[entry.member, entry.key]
        rows.append(row)
    return {"similar": rows}
