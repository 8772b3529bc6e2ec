"""Route that looks for duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, duplicates
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route
from nucleus_lab.similar import check_threshold

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class DeduplicateBody(msgspec.Struct):
    """Body of ``dataset/{ds}/deduplicate_async``."""

    threshold: int
    reference_ids: list[str] | None = None
    dataset_item_ids: list[str] | None = None


@route("POST", "dataset/{ds}/deduplicate_async", body=DeduplicateBody)
def deduplicate(engine: Engine, call: Call[DeduplicateBody], ds: str) -> dict[str, Any]:
    """Submit the job that finds items of which no two look alike."""
    body = call.body
    check_threshold(body.threshold)
    if body.reference_ids is not None and body.dataset_item_ids is not None:
        raise InvalidInputError("give reference_ids or dataset_item_ids, not both")
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        keys = duplicates.chosen(connection, row.id, body.reference_ids, body.dataset_item_ids)
    payload = {"threshold": body.threshold, "item_ids": keys}
    return engine.jobs.submit("deduplicate", payload, dataset_id=row.id)
