"""Route that samples a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import autotags, datasets, embeddings, sampling, slices
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class AutotagFilter(msgspec.Struct):
    """Only what an autotag scores within a range."""

    autotagId: str
    range: list[float]


class Filters(msgspec.Struct):
    """What to sample from."""

    sliceId: str | None = None
    autotag: AutotagFilter | None = None


class BuildBody(msgspec.Struct):
    """Body of ``dataset/{ds}/build_slice``."""

    name: str
    sampleSize: int
    sampleMethod: str
    filters: Filters | None = None


@route("POST", "dataset/{ds}/build_slice", body=BuildBody)
def build_slice(engine: Engine, call: Call[BuildBody], ds: str) -> dict[str, Any]:
    """Submit the job that makes a slice of a sample; its id is given out at once."""
    body = call.body
    method = sampling.check_method(body.sampleMethod)
    if not 1 <= body.sampleSize < 2**63:
        raise InvalidInputError(
            f"sampleSize is {body.sampleSize}: use 1 or more", path="sampleSize"
        )
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id, changes=False)
        filters = _read(connection, row, body.filters or Filters())
        objects = sampling.of_objects(connection, filters)
        if method == "Uniqueness":
            embeddings.needed(connection, row.id, "object" if objects else "image")
        kind = "object" if objects else "dataset_item"
        key = slices.reserve(connection, row.id, body.name, kind)
    payload = {
        "slice_id": key,
        "name": body.name,
        "type": kind,
        "method": method,
        "size": body.sampleSize,
        "filters": filters._asdict(),
    }
    job = engine.jobs.submit(sampling.JOB, payload, dataset_id=row.id)
    return {**job, "sliceId": identifiers.encode(identifiers.SLICE, key)}


def _read(connection: Any, row: datasets.DatasetRow, given: Filters) -> sampling.Filters:
    filters = sampling.Filters()
    if given.sliceId is not None:
        found = slices.get(connection, given.sliceId)
        if found.dataset_id != row.id:
            raise InvalidInputError(
                f"slice {given.sliceId} is no slice of dataset {row.public_id}",
                path="filters.sliceId",
            )
        filters = filters._replace(slice_id=found.id)
    if given.autotag is not None:
        lowest, highest = sampling.check_range(given.autotag.range)
        tag = autotags.get(connection, given.autotag.autotagId)
        if tag.dataset_id != row.id:
            raise InvalidInputError(
                f"autotag {given.autotag.autotagId} is no autotag of dataset {row.public_id}",
                path="filters.autotag.autotagId",
            )
        filters = filters._replace(autotag_id=tag.id, lowest=lowest, highest=highest)
    return filters
