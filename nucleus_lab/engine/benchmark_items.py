"""The items of a benchmark: where they come from, adding, removing, paging."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    benchmarks,
    bulk_write,
    datasets,
    evaluation_scope,
    references,
    slices,
)
from nucleus_lab.engine.evaluation_schema import benchmark, benchmark_item
from nucleus_lab.engine.schema import annotation, item, scene
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import InvalidInputError, NotFoundError

MOST_ROWS: Final = 100_000
"""Items of one page at most."""

_C: Final = benchmark_item.c

_EXISTING = Statement(lambda: select(item.c.id).where(among(item.c.id, "wanted")))
_ANNOTATED = Statement(
    lambda: select(annotation.c.item_id).where(among(annotation.c.item_id, "wanted")).distinct()
)
_OF_SCENES = Statement(lambda: select(item.c.id).where(among(item.c.scene_id, "wanted")))
_SCENES = Statement(lambda: select(scene.c.id).where(among(scene.c.id, "wanted")))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where items come from, as the wire names it.

    Attributes:
        item_ids: Ids of items.
        items: Pairs ``dataset_id`` and ``ref_id``.
        slice_ids: Ids of slices.
        dataset_ids: Ids of datasets.
        scene_ids: Ids of scenes.
    """

    item_ids: list[str] = field(default_factory=list)
    items: list[tuple[str, str]] = field(default_factory=list)
    slice_ids: list[str] = field(default_factory=list)
    dataset_ids: list[str] = field(default_factory=list)
    scene_ids: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def to_payload(self) -> dict[str, Any]:
        """Return the sources as a job takes them.

        Returns:
            Plain values.
        """
        return asdict(self)

    @classmethod
    def of(cls, payload: dict[str, Any]) -> Sources:
        """Read back what :meth:`to_payload` returned.

        Args:
            payload: Plain values.

        Returns:
            The sources.
        """
        pairs = [(owner, name) for owner, name in payload["items"]]
        return cls(**{**payload, "items": pairs})


def resolve(connection: Connection, sources: Sources) -> list[int]:
    """Find the items of sources.

    Args:
        connection: The open transaction.
        sources: Where they come from.

    Returns:
        Primary keys, each once, ascending.

    Raises:
        NotFoundError: One of the ids is unknown.
    """
    found: set[int] = set(_existing(connection, sources.item_ids))
    by_dataset: dict[str, list[str]] = {}
    for owner, name in sources.items:
        by_dataset.setdefault(owner, []).append(name)
    for owner, names in by_dataset.items():
        row = datasets.get(connection, owner)
        known = references.keys_of(connection, row.id, names)
        for name in names:
            if name not in known:
                raise references.unknown(name, row.id)
        found |= set(known.values())
    for public in sources.slice_ids:
        found |= set(evaluation_scope.items_of_slice(connection, slices.get(connection, public).id))
    for public in sources.dataset_ids:
        row = datasets.get(connection, public)
        found |= set(connection.scalars(select(item.c.id).where(item.c.dataset_id == row.id)))
    if sources.scene_ids:
        keys = [identifiers.decode(identifiers.SCENE, public) for public in sources.scene_ids]
        there = {row[0] for row in _SCENES.rows(connection, wanted=json_list(keys))}
        _refuse_missing("scene", identifiers.SCENE, set(keys) - there)
        found |= {row[0] for row in _OF_SCENES.rows(connection, wanted=json_list(keys))}
    return sorted(found)


def _existing(connection: Connection, public_ids: list[str]) -> list[int]:
    keys = [identifiers.decode(identifiers.ITEM, public) for public in public_ids]
    there = [row[0] for row in _EXISTING.rows(connection, wanted=json_list(keys))]
    _refuse_missing("item", identifiers.ITEM, set(keys) - set(there))
    return there


def _refuse_missing(noun: str, prefix: str, missing: set[int]) -> None:
    if missing:
        shown = ", ".join(identifiers.encode(prefix, key) for key in sorted(missing)[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise NotFoundError(f"there is no {noun} {shown}{more}: it was deleted, or never was")


def add(
    connection: Connection, key: int, sources: Sources, removed: list[str] | None, *, finish: bool
) -> dict[str, int]:
    """Add the items of sources that have ground truth.

    Args:
        connection: The open write transaction.
        key: Primary key of the benchmark.
        sources: Where they come from.
        removed: Of a new version: ids of items that it does without; it takes those of its parent
            first. ``None`` when items are added to a draft.
        finish: The benchmark is ready afterwards.

    Returns:
        ``items_added`` and ``skipped_items_without_ground_truth``.

    Raises:
        NotFoundError: The benchmark was deleted meanwhile, or a source is unknown.
        InvalidInputError: The benchmark would be ready and empty.
    """
    public = identifiers.encode(identifiers.BENCHMARK, key)
    row = benchmarks.row_of(connection, public)
    wanted = resolve(connection, sources)
    annotated = {row[0] for row in _ANNOTATED.rows(connection, wanted=json_list(wanted))}
    known = set(connection.scalars(select(_C.item_id).where(_C.benchmark_id == key)))
    new = annotated - known
    if removed is not None:
        parents = select(_C.item_id).where(_C.benchmark_id == row.parent_id)
        gone = {identifiers.decode(identifiers.ITEM, text) for text in removed}
        new = (new | set(connection.scalars(parents))) - gone
    if finish and not new | known:
        raise InvalidInputError(
            f"benchmark {public} would have no items: of the {len(wanted):,} that were given none "
            "has ground truth"
        )
    pairs = [(key, one) for one in sorted(new)]
    names = ["benchmark_id", "item_id"]
    bulk_write.upsert(connection, benchmark_item, names, pairs, key=names)
    skipped = len(wanted) - len(annotated)
    values: dict[str, Any] = {"skipped": benchmark.c.skipped + skipped}
    if finish:
        values["status"] = benchmarks.READY
    connection.execute(update(benchmark).where(benchmark.c.id == key).values(values))
    return {"items_added": len(new), "skipped_items_without_ground_truth": skipped}


def remove(connection: Connection, public_id: str, item_ids: list[str]) -> int:
    """Take items out of a draft; ids that it does not have are ignored.

    Args:
        connection: The open write transaction.
        public_id: Id of the benchmark on the wire.
        item_ids: Ids of the items.

    Returns:
        How many went.
    """
    row = benchmarks.check_draft(connection, public_id)
    keys = [identifiers.decode(identifiers.ITEM, public) for public in item_ids]
    gone = delete(benchmark_item).where(_C.benchmark_id == row.id, among(_C.item_id, "keys"))
    return connection.execute(gone, {"keys": json_list(keys)}).rowcount


def page(connection: Connection, public_id: str, limit: int, offset: int) -> dict[str, Any]:
    """Return a page of the items of a benchmark.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.
        limit: Items at most.
        offset: Items to skip.

    Returns:
        ``item_ids`` and ``total``.
    """
    key = benchmarks.row_of(connection, public_id).id
    mine = _C.benchmark_id == key
    rows = select(_C.item_id).where(mine).order_by(_C.item_id).limit(limit).offset(offset)
    total = connection.scalar(select(func.count()).select_from(benchmark_item).where(mine))
    return {
        "item_ids": [
            identifiers.encode(identifiers.ITEM, found) for found in connection.scalars(rows)
        ],
        "total": total,
    }
