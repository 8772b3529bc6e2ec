"""Routes of autotags: make, refine, score, list, read, delete."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import autotag_scores, autotag_training, autotags, datasets, similarity
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class TaggedBody(msgspec.Struct):
    """Body of ``dataset/{ds}/autotag/{name}/taggedItems``."""

    score_threshold: float = 0.0


class CreateBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/autotag``: reference ids, or ids of objects."""

    name: str
    positives: list[str]
    negatives: list[str] = []
    level: str = "Image"


class RefineBody(msgspec.Struct):
    """Body of ``lab/autotag/{tag}/refine``."""

    positives: list[str] = []
    negatives: list[str] = []
    taken_back: list[str] = []


def _chosen(
    positives: list[str], negatives: list[str], taken_back: list[str]
) -> dict[str, bool | None]:
    chosen: dict[str, bool | None] = {}
    flags: tuple[tuple[list[str], bool | None], ...] = (
        (positives, True),
        (negatives, False),
        (taken_back, None),
    )
    for names, flag in flags:
        for name in names:
            if chosen.setdefault(name, flag) is not flag:
                raise InvalidInputError(
                    f"{name!r} stands in two of positives, negatives and taken_back: choose one"
                )
    return chosen


@route("POST", "lab/dataset/{ds}/autotag", body=CreateBody)
def create_autotag(engine: Engine, call: Call[CreateBody], ds: str) -> dict[str, Any]:
    """Create an autotag from examples and submit the job that scores everything."""
    body = call.body
    level = similarity.level_of(body.level)
    if not body.positives:
        raise InvalidInputError("positives is empty: give at least one example", path="positives")
    chosen = _chosen(body.positives, body.negatives, [])
    with engine.store.write() as connection:
        dataset = datasets.get(connection, ds)
        autotag_training.check()
        datasets.lock(connection, dataset.id, changes=False)
        row = autotags.create(connection, dataset.id, body.name, level)
        refinement = autotags.choose(connection, row, chosen)
    return {**autotags.submit(engine, row, refinement), "autotag": row.payload(at_work=True)}


@route("POST", "lab/autotag/{tag}/refine", body=RefineBody)
def refine_autotag(engine: Engine, call: Call[RefineBody], tag: str) -> dict[str, Any]:
    """Change the examples of an autotag and submit the job that scores everything anew."""
    body = call.body
    chosen = _chosen(body.positives, body.negatives, body.taken_back)
    if not chosen:
        raise InvalidInputError("nothing is chosen: give positives, negatives or taken_back")
    with engine.store.read() as connection:
        row = autotags.get(connection, tag)
    autotag_training.check()
    autotags.refuse_while_at_work(engine, row)
    with engine.store.write() as connection:
        row = autotags.get(connection, tag)
        datasets.lock(connection, row.dataset_id, changes=False)
        refinement = autotags.choose(connection, row, chosen)
    return {**autotags.submit(engine, row, refinement), "autotag": row.payload(at_work=True)}


@route("POST", "autotag/{tag}")
def update_autotag(engine: Engine, call: Call[None], tag: str) -> dict[str, Any]:
    """Submit the job that scores everything anew."""
    with engine.store.read() as connection:
        row = autotags.get(connection, tag)
    autotag_training.check()
    autotags.refuse_while_at_work(engine, row)
    return autotags.submit(engine, row)


@route("DELETE", "autotag/{tag}")
def delete_autotag(engine: Engine, call: Call[None], tag: str) -> dict[str, Any]:
    """Delete an autotag with its scores."""
    with engine.store.write() as connection:
        row = autotags.get(connection, tag)
        datasets.lock(connection, row.dataset_id)
        autotags.remove(connection, row)
    return {}


@route("GET", "autotag/{tag}/refinementMetrics")
def refinement_metrics(engine: Engine, call: Call[None], tag: str) -> dict[str, Any]:
    """Say how an autotag was refined, and how good it is."""
    with engine.store.read() as connection:
        return autotags.metrics(connection, autotags.get(connection, tag))


@route("GET", "{ds}/list_autotags")
def list_autotags(engine: Engine, call: Call[None], ds: str) -> list[dict[str, Any]]:
    """List the autotags of a dataset."""
    with engine.store.read() as connection:
        dataset = datasets.get(connection, ds)
        rows = autotags.listing(connection, dataset.id)
    busy = autotags.at_work(engine, dataset.id) if rows else set()
    return [row.payload(row.id in busy) for row in rows]


def _named(engine: Engine, ds: str, name: str) -> tuple[autotags.AutotagRow, dict[str, Any]]:
    with engine.store.read() as connection:
        dataset = datasets.get(connection, ds)
        row = autotags.by_name(connection, dataset.id, name)
    return row, row.payload(row.id in autotags.at_work(engine, dataset.id))


@route("POST", "dataset/{ds}/autotag/{name:path}/taggedItems", body=TaggedBody)
def tagged_items(engine: Engine, call: Call[TaggedBody], ds: str, name: str) -> dict[str, Any]:
    """Answer what scores above a threshold, by falling score."""
    above = call.body.score_threshold
    if not (math.isfinite(above) and -1 <= above <= 1):
        raise InvalidInputError(
            f"score_threshold is {above}: scores go from -1 to 1", path="score_threshold"
        )
    row, payload = _named(engine, ds, name)
    with engine.store.read() as connection:
        return {
            "autotagItems": autotag_scores.tagged(connection, row.id, above),
            "autotag": payload,
        }


@route("GET", "dataset/{ds}/autotag/{name:path}/trainingItems")
def training_items(engine: Engine, call: Call[None], ds: str, name: str) -> dict[str, Any]:
    """Answer what was chosen as examples."""
    row, payload = _named(engine, ds, name)
    with engine.store.read() as connection:
        found = autotag_scores.positives(connection, row.id)
    return {"autotagPositiveTrainingItems": found, "autotag": payload}
