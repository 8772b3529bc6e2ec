"""Routes of benchmarks and of the leaderboards over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import benchmark_items, benchmarks
from nucleus_lab.engine.benchmark_items import MOST_ROWS, Sources
from nucleus_lab.engine.benchmark_taxonomy import Taxonomy
from nucleus_lab.engine.benchmarks import Version
from nucleus_lab.engine.evaluation_config import ExclusionRule, RollupGroup, groups_of, rules_of
from nucleus_lab.engine.evaluation_request import Collapse, Metric, Scope
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_Version = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ItemName(msgspec.Struct):
    """An item by the names of its dataset and its own."""

    dataset_id: str
    ref_id: str


class SourcesBody(msgspec.Struct, kw_only=True):
    """Where items come from; the sources add up.

    Attributes:
        item_ids: Ids of items.
        items: Items by names.
        slice_id: Id of a slice.
        slice_ids: Ids of slices.
        dataset_id: Id of a dataset.
        dataset_ids: Ids of datasets.
        scene_ids: Ids of scenes.
    """

    item_ids: list[str] | None = None
    items: list[ItemName] | None = None
    slice_id: str | None = None
    slice_ids: list[str] | None = None
    dataset_id: str | None = None
    dataset_ids: list[str] | None = None
    scene_ids: list[str] | None = None

    def sources(self) -> Sources:
        """Return the sources.

        Returns:
            All of them.
        """
        return Sources(
            list(self.item_ids or ()),
            [(item.dataset_id, item.ref_id) for item in self.items or ()],
            [*(self.slice_ids or ()), *([self.slice_id] if self.slice_id else ())],
            [*(self.dataset_ids or ()), *([self.dataset_id] if self.dataset_id else ())],
            list(self.scene_ids or ()),
        )


class CreateBody(SourcesBody, kw_only=True):
    """Body of a new benchmark.

    Attributes:
        name: A name for people.
        description: Free text.
        metadata: Anything JSON can hold.
        parent_benchmark_id: The version before.
        bump_type: Which number of the version rises.
        version_major: Given outright.
        version_minor: Given outright.
        version_label: A word for people.
        removed_item_ids: Items that the version does without.
        draft: Items come later.
        rollupGroups: Labels that are compared as one class.
        allowed_label_matches_id: A stored set of such groups.
        class_agnostic: Labels are ignored.
        exclusionRules: What every evaluation on it leaves out.
    """

    name: str
    description: str | None = None
    metadata: dict[str, Any] | None = None
    parent_benchmark_id: str | None = None
    bump_type: Literal["minor", "major"] | None = None
    version_major: _Version | None = None
    version_minor: _Version | None = None
    version_label: str | None = None
    removed_item_ids: list[str] | None = None
    draft: bool = False
    rollupGroups: list[RollupGroup] | None = None
    allowed_label_matches_id: str | None = None
    class_agnostic: bool | None = None
    exclusionRules: list[ExclusionRule] | None = None


class ChangeBody(msgspec.Struct):
    """Body of a change: what is left out stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET
    rollupGroups: list[RollupGroup] | None = None
    allowed_label_matches_id: str | msgspec.UnsetType | None = msgspec.UNSET
    class_agnostic: bool | None = None
    exclusionRules: list[ExclusionRule] | msgspec.UnsetType | None = msgspec.UNSET


@route("POST", "benchmarks", body=CreateBody)
def create_benchmark(engine: Engine, call: Call[CreateBody]) -> dict[str, Any]:
    """Create a benchmark, and submit the job that gathers its items."""
    body = call.body
    sources = body.sources()
    if body.removed_item_ids is not None and body.parent_benchmark_id is None:
        raise InvalidInputError("removed_item_ids needs parent_benchmark_id: there is no parent")
    if not sources and not body.draft and body.parent_benchmark_id is None:
        raise InvalidInputError(
            "no items were named: give item_ids, items, slice_id(s), dataset_id(s), scene_ids or "
            "parent_benchmark_id, or draft=true to add them later"
        )
    groups = groups_of(body.rollupGroups)
    taxonomy = Taxonomy(
        groups,
        body.allowed_label_matches_id,
        body.class_agnostic,
        given=bool(groups) or (body.allowed_label_matches_id, body.class_agnostic) != (None, None),
    )
    version = Version(
        body.parent_benchmark_id,
        body.bump_type,
        body.version_major,
        body.version_minor,
        body.version_label,
    )
    removed = list(body.removed_item_ids or ())
    for public in removed:
        identifiers.decode(identifiers.ITEM, public)
    with engine.store.write() as connection:
        benchmark_items.resolve(connection, sources)  # refuses unknown ids before anything is made
        key = benchmarks.create(
            connection,
            body.name,
            version=version,
            taxonomy=taxonomy,
            draft=body.draft,
            exclusion_rules=None if body.exclusionRules is None else rules_of(body.exclusionRules),
            description=body.description,
            metadata=body.metadata,
            created_by=call.caller,
        )
    job = None
    if sources or body.parent_benchmark_id is not None:
        job = _gather(engine, key, sources, removed, finish=not body.draft)
    return {"benchmark_id": identifiers.encode(identifiers.BENCHMARK, key), "job_id": job}


def _gather(
    engine: Engine, key: int, sources: Sources, removed: list[str] | None, *, finish: bool
) -> str:
    payload = {
        "benchmark_id": key,
        "sources": sources.to_payload(),
        "removed": removed,
        "finish": finish,
    }
    job: str = engine.jobs.submit("buildBenchmark", payload)["job_id"]
    with engine.store.write() as connection:
        benchmarks.note_job(connection, key, identifiers.decode(identifiers.JOB, job))
    return job


@route("GET", "benchmarks")
def list_benchmarks(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List the benchmarks."""
    with engine.store.read() as connection:
        return benchmarks.listing(connection)


@route("GET", "benchmarks/{bm}")
def get_benchmark(engine: Engine, call: Call[None], bm: str) -> dict[str, Any]:
    """Describe a benchmark."""
    with engine.store.read() as connection:
        return benchmarks.describe(connection, bm)


@route("PATCH", "benchmarks/{bm}", body=ChangeBody)
def change_benchmark(engine: Engine, call: Call[ChangeBody], bm: str) -> dict[str, Any]:
    """Change what a benchmark is called; of a draft its taxonomy and what it excludes."""
    body = call.body
    values = {
        name: value
        for name in ("name", "description", "metadata")
        if (value := getattr(body, name)) is not msgspec.UNSET
    }
    if body.exclusionRules is not msgspec.UNSET:
        values["exclusion_rules"] = rules_of(body.exclusionRules)
    groups = groups_of(body.rollupGroups)
    matches = body.allowed_label_matches_id
    taxonomy = Taxonomy(
        groups,
        None if matches is msgspec.UNSET else matches,
        body.class_agnostic,
        given=bool(groups) or matches is not msgspec.UNSET or body.class_agnostic is not None,
    )
    with engine.store.write() as connection:
        return benchmarks.change(connection, bm, values, taxonomy)


@route("DELETE", "benchmarks/{bm}")
def delete_benchmark(engine: Engine, call: Call[None], bm: str) -> dict[str, Any]:
    """Delete a benchmark."""
    with engine.store.write() as connection:
        benchmarks.remove(connection, bm)
    return {"benchmark_id": bm, "deleted": True}


@route("POST", "benchmarks/{bm}/finalize")
def finalize_benchmark(engine: Engine, call: Call[None], bm: str) -> dict[str, Any]:
    """Turn a draft into a benchmark that stays as it is."""
    with engine.store.write() as connection:
        return benchmarks.finalize(connection, bm)


@route("GET", "benchmarks/{bm}/items")
def list_items(engine: Engine, call: Call[None], bm: str) -> dict[str, Any]:
    """Answer a page of the items of a benchmark."""
    limit = _number(call, "limit", 1000, 1, MOST_ROWS)
    offset = _number(call, "offset", 0, 0, 2**62)
    with engine.store.read() as connection:
        return benchmark_items.page(connection, bm, limit, offset)


def _number(call: Call[None], name: str, default: int, least: int, most: int) -> int:
    text = call.query.get(name)
    if not text:
        return default
    good = text.isascii() and text.isdigit() and len(text) < 20
    if not good or not least <= int(text) <= most:
        raise InvalidInputError(f"{name} is {text[:40]!r}: use {least} to {most:,}", path=name)
    return int(text)


@route("POST", "benchmarks/{bm}/items", body=SourcesBody)
def add_items(engine: Engine, call: Call[SourcesBody], bm: str) -> dict[str, Any]:
    """Submit the job that adds items to a draft."""
    sources = call.body.sources()
    if not sources:
        raise InvalidInputError(
            "no items were named: give item_ids, items, slice_id(s), dataset_id(s) or scene_ids"
        )
    with engine.store.read() as connection:
        row = benchmarks.check_draft(connection, bm)
        benchmark_items.resolve(connection, sources)
    return {"benchmark_id": bm, "job_id": _gather(engine, row.id, sources, None, finish=False)}


class RemoveBody(msgspec.Struct):
    """Body of removing items."""

    item_ids: list[str]


@route("DELETE", "benchmarks/{bm}/items", body=RemoveBody)
def remove_items(engine: Engine, call: Call[RemoveBody], bm: str) -> dict[str, Any]:
    """Take items out of a draft."""
    with engine.store.write() as connection:
        gone = benchmark_items.remove(connection, bm, call.body.item_ids)
    return {"benchmark_id": bm, "items_removed": gone}


class RankingBody(msgspec.Struct):
    """Body of ``leaderboard/ranking``."""

    metric_type: Metric
    benchmark_ids: list[str]
    confidence_threshold: _Share | None = None
    model_ids: list[str] | None = None
    scope: Scope | None = None
    collapse: Collapse | None = None


@route("POST", "leaderboard/ranking", body=RankingBody)
def ranking(engine: Engine, call: Call[RankingBody]) -> list[dict[str, Any]]:
    """Rank the evaluations on benchmarks."""
    from nucleus_lab.engine import leaderboards

    body = call.body
    with engine.store.read() as connection:
        return leaderboards.ranking(
            connection,
            body.metric_type,
            body.benchmark_ids,
            confidence_threshold=body.confidence_threshold or 0.0,
            model_ids=body.model_ids,
            mine=call.caller if body.scope == "mine" else None,
            collapse=body.collapse or "bestPerModel",
        )


class CurveBody(msgspec.Struct):
    """Body of ``leaderboard/f1Curve``."""

    benchmark_ids: list[str]
    model_ids: list[str] | None = None
    top_n: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5


@route("POST", "leaderboard/f1Curve", body=CurveBody)
def f1_curve(engine: Engine, call: Call[CurveBody]) -> list[dict[str, Any]]:
    """Answer F1 by confidence threshold for the best models on benchmarks."""
    from nucleus_lab.engine import leaderboards

    body = call.body
    with engine.store.read() as connection:
        return leaderboards.f1_curves(
            connection, body.benchmark_ids, model_ids=body.model_ids, top_n=body.top_n
        )
